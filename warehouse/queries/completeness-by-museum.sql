-- What share of each museum's objects has a title, artist, date, medium, size, style and picture?
select
    museum,
    count(*) as objects,
    round(avg((title is not null)::int), 3) as title,
    round(avg((artist_key <> 0)::int), 3) as artist,
    round(avg((period_key <> 0)::int), 3) as dated,
    round(avg((medium_key <> 0)::int), 3) as medium,
    round(avg((height_cm is not null)::int), 3) as height,
    round(avg((style_key <> 0)::int), 3) as style,
    round(avg((image_count > 0)::int), 3) as picture
from fact_artwork
join dim_museum using (museum_key)
group by museum
order by objects desc, museum
