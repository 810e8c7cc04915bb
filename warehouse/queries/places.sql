-- Which places do the objects come from?
-- topic: works
-- chart: bars y=place x=objects
-- note: The first place that the source names, made or found there, as it is written: a city, a region and its country are places of their own.
select
    place,
    count(*) as objects,
    count(distinct museum_key) as museums,
    count(*) filter (where image_count > 0) as with_picture
from fact_artwork
join dim_place using (place_key)
where withdrawn_in is null and place_key > 0
group by place_key, place
order by objects desc, place, place_key
