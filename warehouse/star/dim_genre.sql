-- grain: one row a kind of subject that a source names, one for unknown and one for not applicable
--
-- genre_key | bigint, key | genre in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- genre | varchar, from artworks.genre | kind of subject: portrait, landscape…, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select genre as text, list_contains(describes, 'genre') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as genre_key, text as genre, objects
from terms('said')
