-- What share of each department's objects has a title, artist, date, medium, size and picture?
-- topic: completeness
-- chart: heat y=department columns=title,artist,dated,medium,height,picture format=percent
-- note: The largest departments come first, behind the short code of their museum; "unknown" gathers the objects without one.
select
    source || ' · ' || department as department,
    count(*) as objects,
    round(avg((title is not null)::integer), 3) as title,
    round(avg((artist_key > 0)::integer), 3) as artist,
    round(avg((period_key > 0)::integer), 3) as dated,
    round(avg((medium_key > 0)::integer), 3) as medium,
    round(avg((height_cm is not null)::integer), 3) as height,
    round(avg((image_count > 0)::integer), 3) as picture
from fact_artwork
join dim_museum using (museum_key)
join dim_department using (department_key)
where withdrawn_in is null
group by source, department
order by count(*) desc, source, dim_department.department
