-- grain: one row a licence, one for unknown and one for not applicable
--
-- licence_key | bigint, key | licence in the other tables; 0 is "unknown": the source does not say it of the object; -1 is "not applicable": it says it of none of its objects
-- licence | varchar, from artworks.licence | licence of the record and, where open, of its images, in its most frequent spelling
-- is_open | boolean | whether it lets everybody use the record for any purpose, at most naming the source or sharing alike; what is not recognised is not open
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with said as (
    select licence as text, list_contains(describes, 'licence') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
)

select key as licence_key, text as licence, is_open_licence(text) as is_open, objects
from terms('said')
