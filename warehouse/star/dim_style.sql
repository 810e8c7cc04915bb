-- grain: one row a style or movement that a source names, and one for unknown
--
-- style_key | bigint, key | style in the other tables; 0 is the row "unknown"
-- style | varchar | style or movement, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it
with spellings as (
    select term(style) as term, trim(style) as spelling, count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    where term(style) is not null
    group by all
)

select
    surrogate(term) as style_key,
    first(spelling order by objects desc, spelling) as style,
    cast(sum(objects) as bigint) as objects
from spellings
group by term
union all
select 0, 'unknown', count(*) filter (withdrawn_in is null) from catalog_artworks where term(style) is null
