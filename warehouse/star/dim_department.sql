-- grain: one row a department of a museum, and one for unknown
--
-- department_key | bigint, key | department in the other tables; 0 is the row "unknown"
-- department | varchar | the museum's name for it, in its most frequent spelling
-- museum_key | bigint, -> dim_museum | the museum it belongs to
-- objects | bigint, 0.., unit objects | objects it keeps
with spellings as (
    select source, term(department) as term, trim(department) as spelling, count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    where term(department) is not null
    group by all
)

select
    surrogate(source || ':' || term) as department_key,
    first(spelling order by objects desc, spelling) as department,
    surrogate(source) as museum_key,
    cast(sum(objects) as bigint) as objects
from spellings
group by source, term
union all
select 0, 'unknown', 0, count(*) filter (withdrawn_in is null) from catalog_artworks where term(department) is null
