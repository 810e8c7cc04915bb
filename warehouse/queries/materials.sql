-- What are the objects made of, on and with?
-- topic: works
-- chart: bars y=material x=objects colour=role
-- note: An object counts for each of its materials; weighted has it by shares, which add up to objects. Read out of the medium as written.
with counted as (
    -- A material stands once in an object, by the bridge's contract: its rows are objects.
    select material_key, role, count(*) as objects, round(sum(weight), 2) as weighted
    from bridge_artwork_material
    anti join (from fact_artwork where withdrawn_in is not null) using (artwork_key)
    where material_key > 0
    group by all
)

select material, role, counted.objects, weighted
from counted
join dim_material using (material_key)
order by counted.objects desc, material, role, material_key
