-- grain: one row a half-century in which a work was made, and one for unknown
--
-- period_key | bigint, key | half-century in the other tables; 0 is the row "unknown"
-- period | varchar | the half-century in words: 1601–1650, or 100–51 BC
-- begin_year | integer, null, unit year | its first year; before Christ is negative, there is no year 0
-- end_year | integer, null, unit year | its last year; before Christ is negative, there is no year 0
-- century | integer, null | 17 for the years 1601 to 1700, -1 for the last hundred before Christ
-- objects | bigint, 0.., unit objects | objects whose possible years have their middle in it
with halves as (
    select half_century(begin_year, end_year) as half, count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    group by half
),

years as (
    select
        half,
        calendar_year(half) as begin_year,
        calendar_year(half + 49) as end_year,
        objects
    from halves
    where half is not null
)

select
    surrogate('half-century ' || half) as period_key,
    if(half > 0, begin_year || '–' || end_year, -begin_year || '–' || -end_year || ' BC') as period,
    begin_year,
    end_year,
    cast(if(half > 0, (half - 1) // 100 + 1, -((-half) // 100 + 1)) as integer) as century,
    objects
from years
union all
select 0, 'unknown', null, null, null, cast(coalesce(sum(objects), 0) as bigint) from halves where half is null
