-- grain: one row a kind of object that a source names, and one for unknown
--
-- classification_key | bigint, key | classification in the other tables; 0 is the row "unknown"
-- classification | varchar | kind of object: Paintings, Swords…, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it
with spellings as (
    select term(classification) as term, trim(classification) as spelling, count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    where term(classification) is not null
    group by all
)

select
    surrogate(term) as classification_key,
    first(spelling order by objects desc, spelling) as classification,
    cast(sum(objects) as bigint) as objects
from spellings
group by term
union all
select 0, 'unknown', count(*) filter (withdrawn_in is null) from catalog_artworks where term(classification) is null
