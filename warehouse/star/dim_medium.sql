-- grain: one row a description of materials as written, one for unknown and one for not applicable
--
-- medium_key | bigint, key | medium in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- medium | varchar, from artworks.medium | materials and technique as written, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select medium as text, list_contains(describes, 'medium') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as medium_key, text as medium, objects
from terms('said')
