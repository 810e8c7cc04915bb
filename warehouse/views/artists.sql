-- grain: one row an artist whom an object names, with the objects of all museums
--
-- artist | varchar | name in reading order
-- begin_year | integer, unit year | year of birth or first activity
-- end_year | integer, unit year | year of death or last activity
-- birth_place | varchar | place of birth
-- death_place | varchar | place of death
-- nationality | varchar | nationality as a source writes it
-- objects | bigint, unit objects | objects that name the artist, in any role
-- museums | varchar[] | who describes those objects
-- aliases | varchar[] | other names
-- evidence | varchar | why several records are one artist
-- ulan | varchar | Getty ULAN number
-- wikidata | varchar | Wikidata item, Q…
-- artist_key | bigint | the artist in the star's tables
select
    dim_artist.name as artist,
    dim_artist.begin_year,
    dim_artist.end_year,
    dim_artist.birth_place,
    dim_artist.death_place,
    dim_artist.nationality,
    count(distinct bridge_artwork_artist.artwork_id) as objects,
    list_sort(list(distinct dim_museum.museum)) as museums,
    dim_artist.aliases,
    dim_artist.evidence,
    dim_artist.ulan,
    dim_artist.wikidata,
    artist_key
from dim_artist
join bridge_artwork_artist using (artist_key)
join fact_artwork on fact_artwork.artwork_key = bridge_artwork_artist.artwork_key
join dim_museum using (museum_key)
where artist_key <> 0
group by all
