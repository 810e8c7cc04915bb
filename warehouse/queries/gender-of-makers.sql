-- How many of the objects of each half-century were made by women, as far as the sources say?
-- topic: artists
-- chart: columns x=period y=objects colour=gender share=yes x_title=half-century y_title="share of the objects"
-- note: Some sources state the gender of women only, so "not stated" does not mean men. An object of several makers counts for each by its share.
select
    if(dim_period.begin_year < 1001, 'before 1001', period) as period,
    coalesce(lower(gender), 'not stated') as gender,
    round(sum(weight), 2) as objects
from bridge_artwork_artist
join dim_artist using (artist_key)
join fact_artwork using (artwork_key)
join dim_period using (period_key)
where withdrawn_in is null and period_key > 0 and artist_key > 0
group by all
order by min(dim_period.begin_year), gender
