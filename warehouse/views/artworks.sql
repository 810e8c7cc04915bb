-- grain: one row an object that its source lists now, with everything about it in words
--
-- artwork_id | varchar | `<source>:<source_id>`, stable for ever
-- title | varchar | title as the source writes it
-- artist | varchar | the artist named first, whatever the part in it: see attribution
-- attribution | varchar | that artist's part in one word: artist, maker, attributed, workshop, after, printer…; empty where nobody is named
-- own_hand | boolean | whether it is that artist's own work: the part is artist or maker
-- made | varchar | date as the source writes it
-- begin_year | integer, unit year | first possible year of making; before Christ is negative
-- end_year | integer, unit year | last possible year of making; before Christ is negative
-- date_precision | varchar | how exact the words of the date are
-- period | varchar | half-century it was made in
-- medium | varchar | materials and technique
-- technique | varchar | how it was made, where the source names that apart
-- classification | varchar | kind of object
-- style | varchar | style or movement
-- school | varchar | school of art
-- culture | varchar | culture or people it comes from
-- genre | varchar | subject kind: portrait, landscape…
-- place | varchar | where it was made or found
-- museum | varchar | who describes it
-- department | varchar | the museum's department
-- keeper | varchar | who keeps it, as the source writes it
-- accession_number | varchar | the museum's inventory number
-- acquired_year | integer, unit year | year in which it entered the collection
-- height_cm | double, unit cm | height of the whole object
-- width_cm | double, unit cm | width of the whole object
-- images | integer, unit images | images of it in the lake
-- described_by | bigint, unit objects | objects in the lake that are this same work, itself included
-- is_public_domain | boolean | the source says it is in the public domain
-- rights | varchar | whether the source calls it public domain, and the licence of its record
-- credit_line | varchar | how the museum wants it credited
-- citation | varchar | one line to paste where it is cited
-- object_url | varchar | its page at the source
-- first_seen | timestamp | when a crawl first found it, in UTC; empty where no snapshot says so
select
    artwork_id,
    fact_artwork.title,
    dim_artist.name as artist,
    role_kind as attribution,
    coalesce(role_kind in ('artist', 'maker'), false) as own_hand,
    date_text as made,
    fact_artwork.begin_year,
    fact_artwork.end_year,
    date_precision,
    period,
    medium,
    technique,
    classification,
    style,
    school,
    culture,
    genre,
    place,
    museum,
    department,
    repository as keeper,
    accession_number,
    acquired_year,
    height_cm,
    width_cm,
    image_count as images,
    dim_work.objects as described_by,
    is_public_domain,
    rights,
    credit_line,
    citation,
    object_url,
    dim_snapshot.taken_at as first_seen
from fact_artwork
join dim_museum using (museum_key)
join dim_work using (work_key)
join dim_artist on dim_artist.artist_key = fact_artwork.artist_key
join bridge_artwork_artist as named on named.artwork_key = fact_artwork.artwork_key and named.position = 1
join dim_department using (department_key)
join dim_classification using (classification_key)
join dim_medium using (medium_key)
join dim_technique using (technique_key)
join dim_style using (style_key)
join dim_school using (school_key)
join dim_culture using (culture_key)
join dim_genre using (genre_key)
join dim_period using (period_key)
join dim_place using (place_key)
join dim_snapshot on dim_snapshot.snapshot_key = fact_artwork.first_seen_key
where withdrawn_in is null
