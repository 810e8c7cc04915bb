-- grain: one row an object that a museum, gallery or folder describes or has withdrawn
-- sort: artwork_id
-- rows: catalog_artworks
--
-- artwork_key | bigint, unique | the object in the other tables
-- artwork_id | varchar, key | `<source>:<source_id>`, stable for ever
-- source_id | varchar | the source's own identifier of the object
-- museum_key | bigint, -> dim_museum | who describes it
-- department_key | bigint, -> dim_department | the museum's department
-- classification_key | bigint, -> dim_classification | kind of object
-- medium_key | bigint, -> dim_medium | materials and technique
-- style_key | bigint, -> dim_style | style or movement
-- school_key | bigint, -> dim_school | school of art
-- period_key | bigint, -> dim_period | half-century it was made in, by the middle of its possible years
-- artist_key | bigint, -> dim_artist | the artist named first; the bridge has them all
-- artist_count | integer, 0.., unit artists | artists the source names
-- image_count | integer, 0.., unit images | images of it in the lake
-- title | varchar, null | title as the source writes it
-- artist_text | varchar, null | the artist line as the source writes it
-- date_text | varchar, null | date as the source writes it
-- begin_year | integer, null, unit year | first possible year of making; before Christ is negative
-- end_year | integer, null, unit year | last possible year of making; before Christ is negative
-- date_precision | varchar, null, in year / range / decade / about / open / century / unknown | how exact the words of the date are; open is "after 1500"
-- date_doubt | varchar, null, in begins after it ends / too early to be a year / too late to be a year | why its years cannot be used, empty when they can
-- culture | varchar, null | culture or people it comes from
-- genre | varchar, null | subject kind: portrait, landscape…
-- named_period | varchar, null | named period or dynasty
-- place | varchar, null | where it was made or found
-- repository | varchar, null | who keeps it
-- dimensions_text | varchar, null | sizes as written
-- height_cm | double, null, 0.., unit cm | height of the whole object
-- width_cm | double, null, 0.., unit cm | width of the whole object
-- accession_number | varchar, null | the museum's inventory number
-- credit_line | varchar, null | how the museum wants it credited
-- tags | varchar[], null | subject terms of the source
-- is_public_domain | boolean, null | the source says it is in the public domain
-- licence | varchar | licence of the record and, where open, of its images
-- object_url | varchar, null | its page at the source
-- misc | varchar, null | everything the source says that has no column here, as JSON
-- source_row | varchar | address of the row it came from: a URL, or file#row
-- withdrawn_in | varchar, null | the snapshot in which the source lists it no longer; empty for what it lists now
with images as (
    select artwork_id, cast(count(*) as integer) as image_count
    from images_originals
    group by artwork_id
),

records as (
    select artist_key, unnest(artist_ids) as artist_id from star_dim_artist
)

select
    surrogate(artwork_id) as artwork_key,
    artwork_id,
    source_id,
    surrogate(source) as museum_key,
    coalesce(surrogate(source || ':' || term(department)), 0) as department_key,
    term_key(classification) as classification_key,
    term_key(medium) as medium_key,
    term_key(style) as style_key,
    term_key(school) as school_key,
    coalesce(surrogate('half-century ' || half_century(begin_year, end_year)), 0) as period_key,
    coalesce(records.artist_key, 0) as artist_key,
    cast(coalesce(len(artists), 0) as integer) as artist_count,
    coalesce(images.image_count, 0) as image_count,
    title,
    artist_text,
    date_text,
    begin_year,
    end_year,
    date_precision,
    date_doubt(begin_year, end_year) as date_doubt,
    culture,
    genre,
    period as named_period,
    place,
    repository,
    dimensions_text,
    height_cm,
    width_cm,
    accession_number,
    credit_line,
    tags,
    is_public_domain,
    licence,
    object_url,
    misc,
    source_row,
    withdrawn_in
from catalog_artworks
left join records on records.artist_id = artists[1].artist_id
left join images using (artwork_id)
