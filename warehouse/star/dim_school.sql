-- grain: one row a school of art that a source names, one for unknown and one for not applicable
--
-- school_key | bigint, key | school in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- school | varchar, from artworks.school | school of art: Dutch, Italian…, in its most frequent spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select school as text, list_contains(describes, 'school') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as school_key, text as school, objects
from terms('said')
