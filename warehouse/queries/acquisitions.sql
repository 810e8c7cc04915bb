-- When did the objects enter the collections?
-- topic: works
-- chart: columns x=decade y=objects colour=museum x_title="decade of acquisition"
-- note: The year is the one the source or the accession number says; objects without one are left out.
select
    floor(acquired_year / 10)::integer * 10 as decade,
    museum,
    count(*) as objects,
    min(acquired_year) as first_year,
    max(acquired_year) as last_year
from fact_artwork
join dim_museum using (museum_key)
where withdrawn_in is null and acquired_year is not null
group by decade, museum
order by decade, museum
