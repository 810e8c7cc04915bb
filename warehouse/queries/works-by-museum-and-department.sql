-- How many objects does each museum describe, by department, and how many of them have a picture?
select
    museum,
    department,
    count(*) as objects,
    count(*) filter (where image_count > 0) as with_picture
from fact_artwork
join dim_museum using (museum_key)
join dim_department using (department_key)
group by all
order by objects desc, museum, department
