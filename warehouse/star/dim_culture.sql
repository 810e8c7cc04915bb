-- grain: one row a culture or people that a source names, one for unknown and one for not applicable
--
-- culture_key | bigint, key | culture in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- culture | varchar, from artworks.culture | culture or people an object comes from, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select culture as text, list_contains(describes, 'culture') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as culture_key, text as culture, objects
from terms('said')
