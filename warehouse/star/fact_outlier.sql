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
-- entropy | float, null, -0.001.., from outliers.entropy | entropy of the softmax probabilities, in nats
-- energy | float, null, from outliers.energy | negative logsumexp of the logits (Liu et al. 2020); higher is odder
-- mahalanobis | float, null, 0.., from outliers.mahalanobis | distance to the mean of its own label under one covariance, features of length one
-- knn_distance | float, null, -0.001..2.001, from outliers.knn_distance | distance to the 10th nearest picture of other folds, features of length one
-- label_issue | boolean, null, from outliers.label_issue | whether the label itself is likely to be wrong
-- suggested_label | varchar, null, from outliers.suggested_label | the label that fits better, where the own one is doubted
-- suggested_probability | float, null, 0..1.001, from outliers.suggested_probability | its calibrated probability
select
    museum_key,
    artwork_key,
    attribute,
    rank,
    uncertainty,
    centroid_distance,
    reason,
    entropy,
    energy,
    mahalanobis,
    knn_distance,
    label_issue,
    suggested_label,
    suggested_probability
from predictions_outliers
join star_fact_artwork as artworks using (artwork_id)
