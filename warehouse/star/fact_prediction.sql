-- grain: one row an object, attribute, model and rank: the model's first, second… guess
-- sort: artwork_id, attribute, model, rank
-- rows: predictions_departments + predictions_styles
--
-- artwork_key | bigint, -> fact_artwork or 0 | the object, judged by its primary picture; 0 where the catalogue no longer has it
-- artwork_id | varchar, key | the object
-- attribute | varchar, key, in department / style | what is predicted
-- model | varchar, key | fingerprint of the model that said it
-- rank | smallint, key, 1.. | 1 for the most likely label
-- label | varchar | predicted label
-- probability | float, 0..1 | calibrated probability
-- own_label | varchar, null | what the source itself says
-- agrees | boolean, null | whether label and source agree; empty where the source says nothing
with predictions as (
    from predictions_departments
    union all by name
    from predictions_styles
),

own as (
    select artwork_id, department, style from catalog_artworks
)

select
    if(own.artwork_id is null, 0, surrogate(artwork_id)) as artwork_key,
    artwork_id,
    attribute,
    model,
    rank,
    label,
    probability,
    case attribute when 'department' then department when 'style' then style end as own_label,
    term(label) = term(own_label) as agrees
from predictions
left join own using (artwork_id)
