-- grain: one row a department of a museum, one for unknown and one for not applicable
--
-- department_key | bigint, key | department in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- department | varchar, from artworks.department | the museum's name for it, in its most frequent spelling
-- museum_key | bigint, -> dim_museum | the museum it belongs to
-- objects | bigint, 0.., unit objects | objects it keeps, without withdrawn ones
with spellings as (
    select
        department_key(source, department, list_contains(describes, 'department')) as department_key,
        if(department_key > 0, museum_key, department_key) as museum_key,
        trim(department) as spelling,
        count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    join star_dim_museum using (source)
    group by all
    union all
    values (0, 0, null, 0), (-1, -1, null, 0)
)

select
    department_key,
    case department_key
        when 0 then 'unknown'
        when -1 then 'not applicable'
        else first(spelling order by objects desc, spelling)
    end as department,
    museum_key,
    cast(sum(objects) as bigint) as objects
from spellings
group by department_key, museum_key
