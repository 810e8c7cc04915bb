-- How many works by each artist are there, however many museums describe and picture the same one?
-- topic: artists
-- chart: bars y=artist x=works
-- note: Works are by the artist's own hand (named as artist or maker, first or not, by one source that lists the work), as own_works in the view artists; around has those attributed to, or made by workshop, pupils, followers and copyists. Names without years or number, as "Anonymous", are left out.
with shared as (
    select artwork_key, work_key
    from fact_artwork
    semi join (from dim_work where objects > 1) using (work_key)
),

named as (
    select
        artist_key,
        work_key,
        artwork_key,
        museum_key,
        role_kind in ('artist', 'maker') as is_own,
        role_kind in ('attributed', 'workshop', 'circle', 'follower', 'manner', 'after', 'copy') as is_around,
        -- A work of its own that names one artist is counted as it is; only the others are compared.
        work_key is null and weight = 1 as is_single
    from bridge_artwork_artist
    anti join (from fact_artwork where withdrawn_in is not null) using (artwork_key)
    left join shared using (artwork_key)
    where artist_key > 0
),

by_work as (
    select artist_key, is_own, is_around, is_own::integer as objects
    from named
    where is_single
    union all
    select
        artist_key,
        bool_or(is_own),
        bool_or(is_around),
        count(distinct artwork_key) filter (is_own)
    from named
    where not is_single
    group by artist_key, coalesce(work_key, artwork_key)
),

counted as (
    select
        artist_key,
        count(*) filter (is_own) as works,
        sum(objects)::bigint as objects,
        count(*) filter (is_around) as around
    from by_work
    group by artist_key
),

seen as (
    select artist_key, count(*) as museums
    from (select distinct artist_key, museum_key from named)
    group by artist_key
)

select
    name as artist,
    begin_year as born,
    end_year as died,
    works,
    objects,
    around,
    museums,
    artist_key
from counted
join seen using (artist_key)
join dim_artist using (artist_key)
where begin_year is not null or end_year is not null or ulan is not null or wikidata is not null
order by works desc, objects desc, around desc, artist, artist_key
