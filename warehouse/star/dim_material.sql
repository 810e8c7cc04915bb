-- grain: one row a material, support or technique that the words of a medium name; one for unknown and one for not applicable
--
-- "Oil on canvas" names oil and canvas. Words that are not understood are a row as they stand.
--
-- material_key | bigint, key | material in the other tables; 0 is "unknown": the source names none for the object; -1 is "not applicable": it names none for any of its objects
-- material | varchar, from artworks.medium | material, support or technique, in small letters and British spelling
-- objects | bigint, 0.., unit objects | objects that name it, without withdrawn ones
with media as (
    select distinct medium as text from catalog_artworks
),

named as (
    select text as medium, material from materials_of('media')
),

said as (
    select material as text, list_contains(describes, 'medium') as applies, withdrawn_in
    from catalog_artworks
    join star_dim_museum using (source)
    left join named using (medium)
)

select key as material_key, text as material, objects
from terms('said')
