-- grain: one row an object that a museum, gallery or folder describes or has withdrawn
-- sort: artwork_id
-- partition: museum_key
-- rows: catalog_artworks
--
-- Counting: objects are the rows of this table (withdrawn_in is null for what is listed now); works are
-- count(distinct work_key), so that what two sources describe counts once; by artist, term or material it is
-- sum(weight) of the bridge.
--
-- artwork_key | bigint, unique | the object in the other tables
-- artwork_id | varchar, key, from artworks.artwork_id | `<source>:<source_id>`, stable for ever
-- source_id | varchar, from artworks.source_id | the source's own identifier of the object
-- museum_key | bigint, -> dim_museum | who describes it
-- work_key | bigint, -> dim_work | the work it is, which other sources may describe too
-- artist_key | bigint, -> dim_artist | the artist named first; the bridge has them all
-- department_key | bigint, -> dim_department | the museum's department
-- classification_key | bigint, -> dim_classification | kind of object
-- medium_key | bigint, -> dim_medium | materials and technique as written
-- technique_key | bigint, -> dim_technique | how it was made, where the source names that apart
-- culture_key | bigint, -> dim_culture | culture or people it comes from
-- school_key | bigint, -> dim_school | school of art
-- style_key | bigint, -> dim_style | style or movement
-- genre_key | bigint, -> dim_genre | subject kind
-- period_key | bigint, -> dim_period | half-century it was made in, by the middle of its possible years
-- place_key | bigint, -> dim_place | where it was made or found, the first place named
-- licence_key | bigint, -> dim_licence | licence of the record
-- first_seen_key | bigint, -> dim_snapshot | the first snapshot that has it
-- changed_key | bigint, -> dim_snapshot | the last snapshot in which its record had changed
-- withdrawn_key | bigint, -> dim_snapshot | the snapshot in which the source lists it no longer
-- artist_count | integer, 0.., unit artists, from artworks.artists | artists the source names
-- image_count | integer, 0.., unit images | images of it in the lake
-- title | varchar, null, from artworks.title | title as the source writes it
-- artist_text | varchar, null, from artworks.artist_text | the artist line as the source writes it
-- date_text | varchar, null, from artworks.date_text | date as the source writes it
-- begin_year | integer, null, unit year, from artworks.begin_year | first possible year of making; before Christ is negative
-- end_year | integer, null, unit year, from artworks.end_year | last possible year of making; before Christ is negative
-- date_precision | varchar, null, in year / range / decade / about / open / century / unknown, from artworks.date_precision | how exact the words of the date are; open is "after 1500"
-- date_doubt | varchar, null, in begins after it ends / too early to be a year / too late to be a year | why its years cannot be used, empty when they can
-- acquired_year | integer, null, unit year, from artworks.acquired_year | year in which it entered the collection
-- named_period | varchar, null, from artworks.period | named period or dynasty
-- repository | varchar, null, from artworks.repository | who keeps it
-- dimensions_text | varchar, null, from artworks.dimensions_text | sizes as written
-- height_cm | double, null, 0.., unit cm, from artworks.height_cm | height of the whole object
-- width_cm | double, null, 0.., unit cm, from artworks.width_cm | width of the whole object
-- accession_number | varchar, null, from artworks.accession_number | the museum's inventory number
-- credit_line | varchar, null, from artworks.credit_line | how the museum wants it credited
-- tags | varchar[], null, from artworks.tags | subject terms of the source
-- notes | varchar, null, from artworks.notes | what the source tells of it in sentences
-- rights | varchar, from artworks.is_public_domain + artworks.licence | whether the source calls the work public domain, and the licence of its record
-- is_public_domain | boolean, null, from artworks.is_public_domain | the source says it is in the public domain
-- citation | varchar | one line to paste: artist, title, date. Medium, size. Keeper, number. Page; what is not known is left out
-- object_url | varchar, null, from artworks.object_url | its page at the source
-- misc | varchar, null, from artworks.misc | everything the source says that has no column here, as JSON
-- source_row | varchar, from artworks.source_row | address of the row it came from: a URL, or file#row
-- withdrawn_in | varchar, null, from artworks.withdrawn_in | the snapshot in which the source lists it no longer; empty for what it lists now
with images as (
    select artwork_id, cast(count(*) as integer) as image_count
    from images_originals
    group by artwork_id
),

artists as (
    from star_dim_artist
),

makers as (
    select artist_id, artist_key, name from records_of('artists') join artists using (artist_key)
),

-- An object without counterparts is a work whose key is its own.
works as (
    select work_key, unnest(artwork_ids) as artwork_id from star_dim_work where len(artwork_ids) > 1
),

snapshots as (
    select snapshot, snapshot_key from star_dim_snapshot where snapshot_key > 0
),

hands as (
    select role, role_kind(role) in ('artist', 'maker') as is_plain
    from (select distinct coalesce(artists[1].role, '') as role from catalog_artworks)
),

-- The key of each text that stands for a term. Texts are few: each is hashed once, not once an object.
spellings as (
    select text, said_key(text) as key
    from (
        select classification as text from catalog_artworks
        union select medium from catalog_artworks
        union select technique from catalog_artworks
        union select culture from catalog_artworks
        union select school from catalog_artworks
        union select style from catalog_artworks
        union select genre from catalog_artworks
        union select first_place(place) from catalog_artworks
        union select licence from catalog_artworks
    )
),

departments as (
    select source, department, if(term(department) is null, null, department_key(source, department, true)) as key
    from (select distinct source, department from catalog_artworks)
),

told as (
    select
        artworks.*,
        surrogate(artwork_id) as artwork_key,
        first_place(place) as first_place,
        museum,
        museum_key,
        describes,
        makers.artist_key,
        sightings.artwork_id is not null as is_sighted,
        sightings.first_seen,
        sightings.changed_in,
        -- The artist by the name all records share, where nothing qualifies the hand; else as written.
        if(is_plain, name, coalesce(artist_text, name)) as cited_artist
    from catalog_artworks as artworks
    join star_dim_museum using (source)
    left join makers on makers.artist_id = artists[1].artist_id
    left join hands on hands.role = coalesce(artists[1].role, '')
    left join catalog_sightings as sightings using (artwork_id)
)

select
    artwork_key,
    artwork_id,
    source_id,
    museum_key,
    coalesce(work_key, artwork_key) as work_key,
    coalesce(artist_key, if(len(artists) > 0 or list_contains(describes, 'artists'), 0, -1)) as artist_key,
    key_or(departments.key, list_contains(describes, 'department')) as department_key,
    key_or(classifications.key, list_contains(describes, 'classification')) as classification_key,
    key_or(media.key, list_contains(describes, 'medium')) as medium_key,
    key_or(techniques.key, list_contains(describes, 'technique')) as technique_key,
    key_or(cultures.key, list_contains(describes, 'culture')) as culture_key,
    key_or(schools.key, list_contains(describes, 'school')) as school_key,
    key_or(styles.key, list_contains(describes, 'style')) as style_key,
    key_or(genres.key, list_contains(describes, 'genre')) as genre_key,
    period_key(begin_year, end_year, list_contains(describes, 'begin_year')) as period_key,
    key_or(places.key, list_contains(describes, 'place')) as place_key,
    key_or(licences.key, list_contains(describes, 'licence')) as licence_key,
    coalesce(seen.snapshot_key, 0) as first_seen_key,
    coalesce(changed.snapshot_key, if(is_sighted and changed_in is null, -1, 0)) as changed_key,
    coalesce(withdrawn.snapshot_key, if(withdrawn_in is null, -1, 0)) as withdrawn_key,
    cast(coalesce(len(artists), 0) as integer) as artist_count,
    coalesce(image_count, 0) as image_count,
    title,
    artist_text,
    date_text,
    begin_year,
    end_year,
    date_precision,
    date_doubt(begin_year, end_year) as date_doubt,
    acquired_year,
    period as named_period,
    repository,
    dimensions_text,
    height_cm,
    width_cm,
    accession_number,
    credit_line,
    tags,
    notes,
    case is_public_domain
        when true then 'public domain'
        when false then 'not in the public domain'
        else 'public domain not stated'
    end || '; record: ' || licence as rights,
    is_public_domain,
    replace(replace(concat_ws(
        '. ',
        nullif(concat_ws(', ', cited(cited_artist), cited(title), cited(date_text)), ''),
        nullif(concat_ws(', ', cited(upper(left(medium, 1)) || substr(medium, 2)), in_cm(height_cm, width_cm)), ''),
        concat_ws(', ', cited(coalesce(repository, museum)), cited(accession_number)),
        object_url
    ) || if(object_url is null, '.', ''), chr(10), ' '), chr(13), '') as citation,
    object_url,
    misc,
    source_row,
    withdrawn_in
from told
left join works using (artwork_id)
left join images using (artwork_id)
left join departments using (source, department)
left join spellings as classifications on classifications.text = classification
left join spellings as media on media.text = medium
left join spellings as techniques on techniques.text = technique
left join spellings as cultures on cultures.text = culture
left join spellings as schools on schools.text = school
left join spellings as styles on styles.text = style
left join spellings as genres on genres.text = genre
left join spellings as licences on licences.text = licence
left join spellings as places on places.text = first_place
left join snapshots as seen on seen.snapshot = first_seen
left join snapshots as changed on changed.snapshot = changed_in
left join snapshots as withdrawn on withdrawn.snapshot = withdrawn_in
