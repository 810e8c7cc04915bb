-- grain: one row an object and attribute: how much it stands out among its kind
-- sort: museum_key, artwork_key, attribute
-- partition: museum_key
--
-- Rows about objects that the catalogue no longer has are left out here; the table of outliers has them.
--
-- museum_key | bigint, key, -> dim_museum | who describes the object
-- artwork_key | bigint, key, -> fact_artwork | the object
-- attribute | varchar, key, in department / style / genre / artist, from outliers.attribute | the attribute whose model was asked
-- rank | integer, 1.., from outliers.rank | 1 for the oddest
-- uncertainty | float, 0..1, from outliers.uncertainty | 1 − highest softmax probability
-- centroid_distance | float, null, -0.001..2.001, from outliers.centroid_distance | cosine distance to the centroid of its own label
-- reason | varchar, from outliers.reason | why it stands out, in words
select
    museum_key,
    artwork_key,
    attribute,
    rank,
    uncertainty,
    centroid_distance,
    reason
from predictions_outliers
join star_fact_artwork as artworks using (artwork_id)
