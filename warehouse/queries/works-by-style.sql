-- Which styles and movements do the sources name most often?
-- topic: works
-- chart: bars y=style x=objects
-- note: The share is of the objects whose source names a style, which few sources do.
select
    style,
    count(*) as objects,
    round(count(*) / sum(count(*)) over (), 4) as share,
    count(distinct museum_key) as museums
from fact_artwork
join dim_style using (style_key)
where withdrawn_in is null and style_key > 0
group by style_key, style
order by objects desc, style, style_key
