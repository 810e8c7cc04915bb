-- Which schools do the objects of each half-century belong to?
-- topic: works
-- chart: columns x=period y=objects colour=school x_title=half-century
-- note: Only sources that name schools count. What is older than 1001 is one period.
select
    if(dim_period.begin_year < 1001, 'before 1001', period) as period,
    school,
    count(*) as objects
from fact_artwork
join dim_period using (period_key)
join dim_school using (school_key)
where withdrawn_in is null and period_key > 0 and school_key > 0
group by all
order by min(dim_period.begin_year), objects desc, school
