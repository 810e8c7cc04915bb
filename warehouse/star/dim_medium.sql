-- grain: one row a description of materials and technique as written, and one for unknown
--
-- medium_key | bigint, key | medium in the other tables; 0 is the row "unknown"
-- medium | varchar | materials and technique as written, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it
with spellings as (
    select term(medium) as term, trim(medium) as spelling, count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    where term(medium) is not null
    group by all
)

select
    surrogate(term) as medium_key,
    first(spelling order by objects desc, spelling) as medium,
    cast(sum(objects) as bigint) as objects
from spellings
group by term
union all
select 0, 'unknown', count(*) filter (withdrawn_in is null) from catalog_artworks where term(medium) is null
