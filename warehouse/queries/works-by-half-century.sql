-- When were the objects made, in half-centuries, and how many of each are paintings?
select
    period,
    count(*) as objects,
    count(*) filter (where classification ilike 'painting%') as paintings
from fact_artwork
join dim_period using (period_key)
join dim_classification using (classification_key)
group by period, dim_period.begin_year
order by dim_period.begin_year nulls last
