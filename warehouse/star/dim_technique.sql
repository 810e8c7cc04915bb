-- grain: one row a technique that a source names apart from the medium, one for unknown and one for not applicable
--
-- technique_key | bigint, key | technique in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- technique | varchar, from artworks.technique | how it was made, where the source names that apart from the medium, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select technique as text, list_contains(describes, 'technique') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as technique_key, text as technique, objects
from terms('said')
