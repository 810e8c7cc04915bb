-- Which objects stand out most among their kind, and why?
-- topic: models
-- chart: points x=centroid_distance y=uncertainty colour=attribute y_title="uncertainty of the model" x_title="cosine distance to the centre of its kind"
-- note: Odd pictures come first: misfiled objects, details, frames, and pictures of something else. Not every one is a mistake.
select
    attribute,
    rank,
    title,
    museum,
    round(uncertainty::double, 3) as uncertainty,
    round(centroid_distance::double, 3) as centroid_distance,
    reason,
    fact_artwork.artwork_id
from fact_outlier
join fact_artwork using (artwork_key)
join dim_museum on dim_museum.museum_key = fact_artwork.museum_key
where withdrawn_in is null
order by rank, attribute, fact_artwork.artwork_id
