-- What does the model take objects for, where it disagrees with their museum?
-- topic: models
-- chart: heat x=says_the_model y=says_the_museum colour=objects
-- note: Only objects of which both say something. The surest is the object where the model is surest of its other opinion.
select
    attribute,
    own_label as says_the_museum,
    label as says_the_model,
    count(*) as objects,
    round(avg(probability), 3) as mean_probability,
    first(fact_artwork.artwork_id order by probability desc, fact_artwork.artwork_id) as surest
from fact_prediction
join fact_artwork using (artwork_key)
where withdrawn_in is null and fact_prediction.rank = 1 and not agrees
group by all
order by objects desc, attribute, says_the_museum, says_the_model
