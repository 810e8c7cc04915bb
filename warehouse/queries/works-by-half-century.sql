-- When were the objects made, and how many of each half-century are paintings?
-- topic: works
-- chart: columns x=period y=objects x_title=half-century
-- note: An object counts in the half-century of the middle of its possible years. What is older than 1001 is one row; objects without usable years are left out.
select
    if(dim_period.begin_year < 1001, 'before 1001', period) as period,
    count(*) as objects,
    count(*) filter (where classification ilike 'painting%') as paintings
from fact_artwork
join dim_period using (period_key)
join dim_classification using (classification_key)
where withdrawn_in is null and period_key > 0
group by all
order by min(dim_period.begin_year)
