-- grain: one row a kind of object that a source names, one for unknown and one for not applicable
--
-- classification_key | bigint, key | classification in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- classification | varchar, from artworks.classification | kind of object: Paintings, Swords…, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select classification as text, list_contains(describes, 'classification') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as classification_key, text as classification, objects
from terms('said')
