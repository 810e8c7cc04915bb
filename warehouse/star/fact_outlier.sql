-- grain: one row an object and attribute: how much it stands out among its kind
-- sort: attribute, rank, artwork_id
-- rows: predictions_outliers
--
-- artwork_key | bigint, -> fact_artwork or 0 | the object; 0 where the catalogue no longer has it
-- artwork_id | varchar, key | the object
-- attribute | varchar, key, in department / style | the attribute whose model was asked
-- rank | integer, 1.. | 1 for the oddest
-- uncertainty | float, 0..1 | 1 − highest softmax probability
-- centroid_distance | float, null, -0.001..2.001 | cosine distance to the centroid of its own label
-- reason | varchar | why it stands out, in words
select
    if(known.artwork_id is null, 0, surrogate(artwork_id)) as artwork_key,
    artwork_id,
    attribute,
    rank,
    uncertainty,
    centroid_distance,
    reason
from predictions_outliers
left join (select distinct artwork_id from catalog_artworks) as known using (artwork_id)
