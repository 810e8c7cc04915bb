-- How exactly are the objects dated?
-- topic: completeness
-- chart: bars y=museum x=objects colour=precision share=yes x_title="share of the objects"
-- note: By the words of the date: "about 1650" is about, "after 1500" is open. "not told" has no date at all; usable counts those whose years fit a half-century.
select
    museum,
    coalesce(date_precision, 'not told') as precision,
    count(*) as objects,
    count(*) filter (where period_key > 0) as usable
from fact_artwork
join dim_museum using (museum_key)
where withdrawn_in is null
group by all
order by museum, objects desc, precision
