-- grain: one row an image file of an object
-- sort: image_id
-- rows: images_originals
--
-- A file that could not be decoded has no size and no measures; the rejects say why.
--
-- image_key | bigint, unique | the image in the other tables
-- image_id | varchar, key | `<artwork_id>#<position>`
-- artwork_key | bigint, -> fact_artwork or 0 | the object it shows; 0 where the catalogue no longer has it
-- artwork_id | varchar | the object it shows
-- museum_key | bigint, -> dim_museum or 0 | where it came from
-- is_primary | boolean | the source's first picture of the object
-- url | varchar | address it was fetched from
-- sha256 | varchar | content of the file, and its name in the image store
-- path | varchar | file below the image store
-- derivative_path | varchar, null | its small JPEG below the image store
-- bytes | bigint, 0.., unit bytes | size of the file
-- media_type | varchar | what the bytes are
-- width | integer, null, 1.., unit px | pixels across, as it should be seen
-- height | integer, null, 1.., unit px | pixels down, as it should be seen
-- megapixels | double, null, 0.., unit MP | width times height
-- mode | varchar, null | colour mode of the file as Pillow names it
-- format | varchar, null | file format as Pillow names it
-- sharpness | float, null, 0.. | variance of the Laplacian of the 256-px grey picture
-- brightness | float, null, 0..1 | mean luma
-- contrast | float, null, 0..1 | standard deviation of luma
-- colourfulness | float, null, 0.. | Hasler and Süsstrunk 2003, 0 for grey
-- entropy | float, null, 0..8, unit bits | Shannon entropy of luma
-- phash | ubigint, null | 64-bit perceptual hash
-- duplicate_group | varchar, null | the images that show the same picture share it; empty where the file was not compared
-- group_size | integer, 1.., unit images | images in its duplicate group
-- is_keeper | boolean | whether it is the one to keep of its group; true for an image without duplicates
-- keeper_reason | varchar, null | why it is kept or not, in words
with known as (
    select distinct artwork_id from catalog_artworks
),

sources as (
    select distinct source from catalog_artworks
)

select
    surrogate(originals.image_id) as image_key,
    originals.image_id,
    if(known.artwork_id is null, 0, surrogate(originals.artwork_id)) as artwork_key,
    originals.artwork_id,
    if(sources.source is null, 0, surrogate(originals.source)) as museum_key,
    ends_with(originals.image_id, '#0') as is_primary,
    originals.url,
    originals.sha256,
    originals.path,
    derivatives.path as derivative_path,
    originals.bytes,
    originals.media_type,
    measures.width,
    measures.height,
    measures.width::double * measures.height / 1e6 as megapixels,
    measures.mode,
    measures.format,
    measures.sharpness,
    measures.brightness,
    measures.contrast,
    measures.colourfulness,
    measures.entropy,
    measures.phash,
    groups.group_id as duplicate_group,
    coalesce(groups.group_size, 1) as group_size,
    coalesce(keepers.is_keeper, true) as is_keeper,
    keepers.reason as keeper_reason
from images_originals as originals
left join known on known.artwork_id = originals.artwork_id
left join sources on sources.source = originals.source
left join images_measures as measures on measures.sha256 = originals.sha256
left join images_derivatives as derivatives on derivatives.sha256 = originals.sha256
left join duplicates_groups as groups on groups.image_id = originals.image_id
left join duplicates_keepers as keepers on keepers.image_id = originals.image_id
