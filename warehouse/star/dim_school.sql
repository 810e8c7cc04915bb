-- grain: one row a school of art that a source names, and one for unknown
--
-- school_key | bigint, key | school in the other tables; 0 is the row "unknown"
-- school | varchar | school: Dutch, Italian…, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it
with spellings as (
    select term(school) as term, trim(school) as spelling, count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    where term(school) is not null
    group by all
)

select
    surrogate(term) as school_key,
    first(spelling order by objects desc, spelling) as school,
    cast(sum(objects) as bigint) as objects
from spellings
group by term
union all
select 0, 'unknown', count(*) filter (withdrawn_in is null) from catalog_artworks where term(school) is null
