-- grain: one row a place that a source names, one for unknown and one for not applicable
--
-- place_key | bigint, key | place in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- place | varchar, from artworks.place | where objects were made or found: the first place that the source names, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select first_place(place) as text, list_contains(describes, 'place') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as place_key, text as place, objects
from terms('said')
