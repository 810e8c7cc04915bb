-- grain: one row a material, support or technique that an object's medium names, in its order; an object without any has one row, of the material "unknown" or "not applicable"
-- partition: museum_key
--
-- The weights of an object add up to 1: sum(weight) counts objects however many materials each has.
--
-- museum_key | bigint, key, -> dim_museum | who describes the object
-- artwork_key | bigint, key, -> fact_artwork | the object
-- position | integer, key, 1.. | 1 for the first one named
-- material_key | bigint, -> dim_material, from artworks.medium | the material, support or technique
-- role | varchar, null, in material / support / technique | what it is to the object, by the words around it; empty where none is named
-- weight | double, 0..1 | the share of the object that counts for it
-- check: the weights of an object add up to 1 | select artwork_key, sum(weight) as weights from star_bridge_artwork_material group by artwork_key having abs(sum(weight) - 1) > 1e-9
-- check: every object has a row | select artwork_key from star_fact_artwork anti join star_bridge_artwork_material using (artwork_key)
-- check: a material stands once in an object | select artwork_key, material_key, count(*) as times from star_bridge_artwork_material group by all having count(*) > 1
with media as (
    select distinct medium as text from catalog_artworks
),

named as (
    select
        text as medium,
        position,
        surrogate(material) as material_key,
        role,
        1.0::double / count(*) over (partition by text) as weight
    from materials_of('media')
),

objects as (
    select
        museum_key,
        surrogate(artwork_id) as artwork_key,
        medium,
        list_contains(describes, 'medium') as applies
    from catalog_artworks
    join star_dim_museum using (source)
)

select
    museum_key,
    artwork_key,
    coalesce(position, 1) as position,
    key_or(material_key, applies) as material_key,
    role,
    coalesce(weight, 1) as weight
from objects
left join named using (medium)
