-- grain: one row a work that a source lists now, however many museums describe it
--
-- How many Rembrandts are there: select count(*) from works join artists using (artist_key) where ulan = '500011051' and own_hand
-- Names may be two persons', the key is one's. What names another artist first is in own_works of `artists` too.
--
-- title | varchar | title, as its keeper writes it where that is known
-- artist | varchar | the artist named first, whatever the part in it: see attribution
-- attribution | varchar | that artist's part in one word, the closest that an object of it says: artist, maker, attributed, workshop, after, printer…; empty where none listed now names the artist
-- own_hand | boolean | whether it is that artist's own work: the part is artist or maker
-- begin_year | integer, unit year | first possible year of making; before Christ is negative
-- end_year | integer, unit year | last possible year of making; before Christ is negative
-- objects | bigint, unit objects | records of it that sources list now
-- museums | varchar[] | who describes it
-- images | bigint, unit images | images of it in the lake
-- confidence | double | how sure it is that these objects are one work
-- evidence | varchar | why they are one work
-- artwork_ids | varchar[] | the objects
-- artist_key | bigint | the artist in the star's tables and in `artists`
-- work_key | bigint | the work in the star's tables
with closest as (
    select
        fact_artwork.work_key,
        bridge_artwork_artist.artist_key,
        arg_min(role_kind, list_position(
            ['artist', 'maker', 'attributed', 'workshop', 'circle', 'follower', 'manner', 'after', 'copy',
             'printer', 'publisher', 'other', 'related'],
            role_kind
        )) as role_kind
    from bridge_artwork_artist
    join fact_artwork using (artwork_key)
    where withdrawn_in is null
    group by fact_artwork.work_key, bridge_artwork_artist.artist_key
)

select
    title,
    dim_artist.name as artist,
    role_kind as attribution,
    coalesce(role_kind in ('artist', 'maker'), false) as own_hand,
    dim_work.begin_year,
    dim_work.end_year,
    objects,
    museums,
    images,
    confidence,
    dim_work.evidence,
    artwork_ids,
    artist_key,
    work_key
from dim_work
join dim_artist using (artist_key)
left join closest using (work_key, artist_key)
where objects > 0
