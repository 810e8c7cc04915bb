-- What share of each museum's objects has a title, artist, date, medium, size, style, place and picture?
-- topic: completeness
-- chart: heat y=museum columns=title,artist,dated,medium,height,style,place,licence,picture format=percent
-- note: A date counts when its years can be used. A museum that never says something has 0 there, like one that rarely does.
select
    museum,
    count(*) as objects,
    round(avg((title is not null)::integer), 3) as title,
    round(avg((artist_key > 0)::integer), 3) as artist,
    round(avg((period_key > 0)::integer), 3) as dated,
    round(avg((medium_key > 0)::integer), 3) as medium,
    round(avg((height_cm is not null)::integer), 3) as height,
    round(avg((style_key > 0)::integer), 3) as style,
    round(avg((place_key > 0)::integer), 3) as place,
    round(avg((licence_key > 0)::integer), 3) as licence,
    round(avg((image_count > 0)::integer), 3) as picture
from fact_artwork
join dim_museum using (museum_key)
where withdrawn_in is null
group by museum
order by objects desc, museum
