-- Under which licences may the objects of each museum be used?
-- topic: completeness
-- chart: bars y=museum x=objects colour=licence
-- note: The licence is the record's, and the picture's where it is open. A licence that is not recognised as open counts as closed.
select
    museum,
    licence,
    is_open,
    count(*) as objects,
    count(*) filter (where image_count > 0) as with_picture
from fact_artwork
join dim_museum using (museum_key)
join dim_licence using (licence_key)
where withdrawn_in is null
group by museum, licence_key, licence, is_open
order by objects desc, museum, licence, licence_key
