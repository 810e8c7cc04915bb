-- In which museum does each museum's nearest look-alike lie?
-- topic: models
-- chart: heat x=nearest_in y=museum colour=objects
-- note: Each object's nearest look-alike by the model's embedding, its own duplicates aside. The example is the pair that is most alike.
with counted as (
    select
        fact_similar.museum_key,
        near.museum_key as near_museum_key,
        count(*) as objects,
        round(avg(cosine), 3) as mean_cosine,
        first(fact_similar.artwork_key order by cosine desc, fact_similar.artwork_key) as artwork_key,
        first(neighbour_key order by cosine desc, fact_similar.artwork_key) as neighbour_key
    from fact_similar
    join fact_artwork as near on near.artwork_key = neighbour_key
    anti join (from fact_artwork where withdrawn_in is not null) as gone
        on gone.artwork_key = fact_similar.artwork_key
    where rank = 1 and near.withdrawn_in is null
    group by all
)

select
    dim_museum.museum,
    other.museum as nearest_in,
    counted.objects,
    mean_cosine,
    asked.artwork_id as example,
    found.artwork_id as looks_like
from counted
join fact_artwork as asked using (artwork_key)
join fact_artwork as found on found.artwork_key = neighbour_key
join dim_museum on dim_museum.museum_key = counted.museum_key
join dim_museum as other on other.museum_key = near_museum_key
order by dim_museum.museum, nearest_in
