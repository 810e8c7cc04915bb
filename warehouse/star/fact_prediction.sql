-- grain: one row an object, attribute, model and rank: the model's first, second… guess
-- sort: museum_key, artwork_key, attribute, model, rank
-- partition: museum_key
--
-- Rows about objects that the catalogue no longer has are left out here; the tables of predictions have them.
--
-- museum_key | bigint, key, -> dim_museum | who describes the object
-- artwork_key | bigint, key, -> fact_artwork | the object, judged by its primary picture
-- attribute | varchar, key, in department / style / genre / artist, from departments.attribute + styles.attribute + genres.attribute + artists.attribute | what is predicted
-- model | varchar, key, from departments.model + styles.model + genres.model + artists.model | fingerprint of the model that said it
-- rank | smallint, key, 1.., from departments.rank + styles.rank + genres.rank + artists.rank | 1 for the most likely label
-- label | varchar, from departments.label + styles.label + genres.label + artists.label | predicted label
-- probability | float, 0..1, from departments.probability + styles.probability + genres.probability + artists.probability | calibrated probability
-- own_label | varchar, null, from artworks.department + artworks.style + artworks.genre + artists.name | what the source itself says
-- agrees | boolean, null | whether label and source agree, also by the label map that was learned with; empty where the source says nothing
with predictions as (
    from predictions_departments
    union all by name
    from predictions_styles
    union all by name
    from predictions_genres
    union all by name
    from predictions_artists
),

said as (
    select artwork_id, 'department' as attribute, department as own_label from catalog_artworks
    union all
    select artwork_id, 'style', style from catalog_artworks
    union all
    select artwork_id, 'genre', genre from catalog_artworks
    union all
    select artworks.artwork_id, 'artist', artists.name
    from catalog_artworks as artworks
    join catalog_artists as artists on artists.artist_id = artworks.artists[1].artist_id
),

-- A label map writes what a source says in other words; a correction is a person's word, not the source's.
mapped as (
    select distinct attribute, as_written as own_label, label
    from training_examples
    where not starts_with(provenance, 'correction ')
),

-- Labels are few: each two are compared once.
compared as (
    select
        attribute,
        label,
        own_label,
        term(label) = term(own_label)
        or (attribute = 'artist' and name_words(label) = name_words(own_label))
        or (attribute, own_label, label) in (from mapped) as agrees
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
