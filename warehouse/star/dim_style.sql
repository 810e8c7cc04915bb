-- grain: one row a style or movement that a source names, one for unknown and one for not applicable
--
-- style_key | bigint, key | style in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- style | varchar, from artworks.style | style or movement, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select style as text, list_contains(describes, 'style') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as style_key, text as style, objects
from terms('said')
