-- grain: one row an artist whom an object names that its source lists now, over all museums
--
-- artist | varchar | name in reading order
-- begin_year | integer, unit year | year of birth or first activity
-- end_year | integer, unit year | year of death or last activity
-- birth_place | varchar | place of birth
-- death_place | varchar | place of death
-- nationality | varchar | nationality as a source writes it
-- gender | varchar | gender, where a source states one
-- works | bigint, unit works | works that name the artist, in any role; what two museums describe counts once
-- own_works | bigint, unit works | those of them that name the artist as the maker, not as printer, after, workshop of…
-- objects | bigint, unit objects | objects that name the artist, in any role
-- museums | varchar[] | who describes those objects
-- aliases | varchar[] | other names
-- evidence | varchar | why several records are one artist
-- doubt | varchar | what a person should look at
-- ulan | varchar | Getty ULAN number
-- wikidata | varchar | Wikidata item, Q…
-- artist_key | bigint | the artist in the star's tables
with named as (
    select
        bridge_artwork_artist.artist_key,
        count(distinct work_key) as works,
        count(distinct work_key) filter (role_kind in ('artist', 'maker')) as own_works,
        count(distinct artwork_key) as objects,
        list_sort(list(distinct museum)) as museums
    from bridge_artwork_artist
    join fact_artwork using (artwork_key)
    join dim_museum on dim_museum.museum_key = fact_artwork.museum_key
    where bridge_artwork_artist.artist_key > 0 and withdrawn_in is null
    group by bridge_artwork_artist.artist_key
)

select
    name as artist,
    begin_year,
    end_year,
    birth_place,
    death_place,
    nationality,
    gender,
    works,
    own_works,
    objects,
    museums,
    aliases,
    evidence,
    doubt,
    ulan,
    wikidata,
    artist_key
from named
join dim_artist using (artist_key)
