-- grain: one row an object and attribute, with the model's first guess beside what the museum says
--
-- artwork_id | varchar | the object
-- title | varchar | title of the object
-- museum | varchar | who describes it
-- attribute | varchar | what is predicted: department, style
-- says_the_museum | varchar | what the source itself says
-- says_the_model | varchar | the most likely label
-- probability | float | calibrated probability of that label
-- agrees | boolean | whether both say the same; empty where the source says nothing
-- oddness | integer | 1 for the object that stands out most, by the outlier ranking
-- odd_because | varchar | why it stands out
-- object_url | varchar | its page at the source
-- model | varchar | fingerprint of the model that said it
select
    fact_artwork.artwork_id,
    fact_artwork.title,
    dim_museum.museum,
    fact_prediction.attribute,
    fact_prediction.own_label as says_the_museum,
    fact_prediction.label as says_the_model,
    fact_prediction.probability,
    fact_prediction.agrees,
    fact_outlier.rank as oddness,
    fact_outlier.reason as odd_because,
    fact_artwork.object_url,
    fact_prediction.model
from fact_prediction
join fact_artwork on fact_artwork.artwork_key = fact_prediction.artwork_key
join dim_museum on dim_museum.museum_key = fact_prediction.museum_key
left join fact_outlier
    on fact_outlier.artwork_key = fact_prediction.artwork_key
    and fact_outlier.attribute = fact_prediction.attribute
where fact_prediction.rank = 1
