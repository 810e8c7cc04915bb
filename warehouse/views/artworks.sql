-- grain: one row an object that its source lists now, with everything about it in words
--
-- artwork_id | varchar | `<source>:<source_id>`, stable for ever
-- title | varchar | title as the source writes it
-- artist | varchar | the artist named first
-- made | varchar | date as the source writes it
-- begin_year | integer, unit year | first possible year of making; before Christ is negative
-- end_year | integer, unit year | last possible year of making; before Christ is negative
-- date_precision | varchar | how exact the words of the date are
-- period | varchar | half-century it was made in
-- medium | varchar | materials and technique
-- classification | varchar | kind of object
-- style | varchar | style or movement
-- school | varchar | school of art
-- culture | varchar | culture or people it comes from
-- genre | varchar | subject kind: portrait, landscape…
-- museum | varchar | who describes it
-- department | varchar | the museum's department
-- height_cm | double, unit cm | height of the whole object
-- width_cm | double, unit cm | width of the whole object
-- images | integer, unit images | images of it in the lake
-- is_public_domain | boolean | the source says it is in the public domain
-- licence | varchar | licence of the record and, where open, of its images
-- credit_line | varchar | how the museum wants it credited
-- object_url | varchar | its page at the source
select
    artwork_id,
    title,
    dim_artist.name as artist,
    date_text as made,
    fact_artwork.begin_year,
    fact_artwork.end_year,
    date_precision,
    period,
    medium,
    classification,
    style,
    school,
    culture,
    genre,
    museum,
    department,
    height_cm,
    width_cm,
    image_count as images,
    is_public_domain,
    licence,
    credit_line,
    object_url
from fact_artwork
join dim_museum using (museum_key)
join dim_department using (department_key)
join dim_classification using (classification_key)
join dim_medium using (medium_key)
join dim_style using (style_key)
join dim_school using (school_key)
join dim_period using (period_key)
join dim_artist using (artist_key)
where withdrawn_in is null
