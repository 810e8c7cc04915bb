-- grain: one row an object, attribute, model and rank: the model's first, second… guess
-- sort: museum_key, artwork_key, attribute, model, rank
-- partition: museum_key
--
-- Rows about objects that the catalogue no longer has are left out here; the tables of predictions have them.
--
-- museum_key | bigint, key, -> dim_museum | who describes the object
-- artwork_key | bigint, key, -> fact_artwork | the object, judged by its primary picture
-- attribute | varchar, key, in department / style, from departments.attribute + styles.attribute | what is predicted
-- model | varchar, key, from departments.model + styles.model | fingerprint of the model that said it
-- rank | smallint, key, 1.., from departments.rank + styles.rank | 1 for the most likely label
-- label | varchar, from departments.label + styles.label | predicted label
-- probability | float, 0..1, from departments.probability + styles.probability | calibrated probability
-- own_label | varchar, null, from artworks.department + artworks.style | what the source itself says
-- agrees | boolean, null | whether label and source agree; empty where the source says nothing
with predictions as (
    from predictions_departments
    union all by name
    from predictions_styles
),

said as (
    select artwork_id, 'department' as attribute, department as own_label from catalog_artworks
    union all
    select artwork_id, 'style', style from catalog_artworks
),

-- Labels are few: each two are compared once.
compared as (
    select attribute, label, own_label, term(label) = term(own_label) as agrees
    from (select distinct attribute, label from predictions)
    join (select distinct attribute, own_label from said where own_label is not null) using (attribute)
)

select
    museum_key,
    artwork_key,
    attribute,
    model,
    rank,
    label,
    probability,
    own_label,
    agrees
from predictions
join star_fact_artwork as artworks using (artwork_id)
left join said using (artwork_id, attribute)
left join compared using (attribute, label, own_label)
