-- grain: one row a half-century in which a work was made, one for unknown and one for not applicable
--
-- period_key | bigint, key | half-century in the other tables; 0 is "unknown": no year, or years that cannot be used; -1 is "not applicable": the source dates none of its objects
-- period | varchar, from artworks.begin_year + artworks.end_year | the half-century in words: 1601–1650, or 100–51 BC
-- begin_year | integer, null, unit year | its first year; before Christ is negative, there is no year 0
-- end_year | integer, null, unit year | its last year; before Christ is negative, there is no year 0
-- century | integer, null | 17 for the years 1601 to 1700, -1 for the last hundred before Christ
-- objects | bigint, 0.., unit objects | objects whose possible years have their middle in it, without withdrawn ones
with halves as (
    select
        period_key(begin_year, end_year, list_contains(describes, 'begin_year')) as period_key,
        half_century(begin_year, end_year) as half,
        count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    join star_dim_museum using (source)
    group by all
    union all
    values (0, null, 0), (-1, null, 0)
)

select
    period_key,
    case
        when period_key = 0 then 'unknown'
        when period_key = -1 then 'not applicable'
        when half > 0 then half || '–' || half + 49
        else -calendar_year(half) || '–' || -calendar_year(half + 49) || ' BC'
    end as period,
    calendar_year(half) as begin_year,
    calendar_year(half + 49) as end_year,
    cast(if(half > 0, (half - 1) // 100 + 1, -((-half) // 100 + 1)) as integer) as century,
    cast(sum(objects) as bigint) as objects
from halves
group by period_key, half
