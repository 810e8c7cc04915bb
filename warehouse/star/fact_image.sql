-- grain: one row an image file of an object
-- sort: image_id
-- partition: museum_key
-- rows: images_originals
--
-- A file that could not be decoded has no size and no measures; the rejects say why.
--
-- image_key | bigint, key | the image in the other tables
-- image_id | varchar, unique, from originals.image_id | `<artwork_id>#<position>`
-- artwork_key | bigint, -> fact_artwork or 0 | the object it shows; 0 where the catalogue no longer has it
-- artwork_id | varchar, from originals.artwork_id | the object it shows, also where the catalogue no longer has it
-- museum_key | bigint, -> dim_museum | where it came from; 0 where the catalogue has nothing of that source
-- may_be_shown | boolean | whether its source lets pictures appear on pages and slides
-- is_primary | boolean | the source's first picture of the object
-- url | varchar, from originals.url | address it was fetched from
-- sha256 | varchar, from originals.sha256 | content of the file, and its name in the image store
-- suffix | varchar, from originals.path | ending of its name in the image store; the view images has whole paths
-- bytes | bigint, 0.., unit bytes, from originals.bytes | size of the file
-- media_type | varchar, from originals.media_type | what the bytes are
-- width | integer, null, 1.., unit px, from measures.width | pixels across, as it should be seen
-- height | integer, null, 1.., unit px, from measures.height | pixels down, as it should be seen
-- megapixels | double, null, 0.., unit MP | width times height
-- mode | varchar, null, from measures.mode | colour mode of the file as Pillow names it
-- format | varchar, null, from measures.format | file format as Pillow names it
-- sharpness | float, null, 0.., from measures.sharpness | variance of the Laplacian of the 256-px grey picture
-- sharpness_full | float, null, 0.., from measures.sharpness_full | variance of the Laplacian at full resolution, the 90th percentile of its tiles
-- noise | float, null, 0.., unit grey levels, from measures.noise | standard deviation of noise, Immerkær 1996
-- brightness | float, null, 0..1, from measures.brightness | mean luma
-- contrast | float, null, 0..1, from measures.contrast | standard deviation of luma
-- clipped_dark | float, null, 0..1, from measures.clipped_dark | share of the picture at the black end
-- clipped_bright | float, null, 0..1, from measures.clipped_bright | share of the picture at the white end
-- colourfulness | float, null, 0.., from measures.colourfulness | Hasler and Süsstrunk 2003, 0 for grey
-- entropy | float, null, 0..8, unit bits, from measures.entropy | Shannon entropy of luma
-- main_colour | varchar, null, from measures.colours | the colour that covers most of it, as #rrggbb
-- main_colour_share | float, null, 0..1, from measures.colours | the share that this colour covers
-- has_chart | boolean, null, from measures.has_chart | a colour chart or grey scale lies beside the object
-- border | float, null, 0..1, from measures.border_left + measures.border_top + measures.border_right + measures.border_bottom | the widest plain border, as a share of the side it lies along
-- taken_at | timestamp, null, from measures.taken_at | when the picture was taken by the camera's clock, as the file says
-- camera | varchar, null, from measures.camera | make, model and serial number of the camera, as the file says
-- phash | ubigint, null, from measures.phash | 64-bit perceptual hash
-- duplicate_group | varchar, null, from groups.group_id | the images that show the same picture share it; empty where the file was not compared
-- group_size | integer, 1.., unit images, from groups.group_size | images in its duplicate group
-- is_keeper | boolean, from keepers.is_keeper | whether it is the one to keep of its group; true for an image without duplicates
-- keeper_reason | varchar, null, from keepers.reason | why it is kept or not, in words
-- similar_set | varchar, null, from similar.set_id | pictures that look alike without being confirmed as the same share it
-- similar_size | integer, null, 2.., unit images, from similar.set_size | pictures in that set
-- check: a file of the image store is named by its content | select image_id, path from images_originals where path is null or not starts_with(path, 'original/' || sha256[:2] || '/' || sha256)
with artworks as (
    select artwork_id, artwork_key from star_fact_artwork
)

select
    surrogate(image_id) as image_key,
    image_id,
    coalesce(artwork_key, 0) as artwork_key,
    artwork_id,
    coalesce(museum_key, 0) as museum_key,
    coalesce(images_may_be_shown, false) as may_be_shown,
    ends_with(image_id, '#0') as is_primary,
    originals.url,
    originals.sha256,
    -- The rest of the path says the content again; at a million files that was more than all the measures.
    regexp_extract(originals.path, '(\.[^./]*)?$') as suffix,
    originals.bytes,
    originals.media_type,
    measures.width,
    measures.height,
    measures.width::double * measures.height / 1e6 as megapixels,
    measures.mode,
    measures.format,
    measures.sharpness,
    measures.sharpness_full,
    measures.noise,
    measures.brightness,
    measures.contrast,
    measures.clipped_dark,
    measures.clipped_bright,
    measures.colourfulness,
    measures.entropy,
    colours[1].rgb as main_colour,
    colours[1].share as main_colour_share,
    measures.has_chart,
    greatest(border_left, border_top, border_right, border_bottom) as border,
    try_cast(measures.taken_at as timestamp) as taken_at,
    measures.camera,
    measures.phash,
    groups.group_id as duplicate_group,
    coalesce(groups.group_size, 1) as group_size,
    coalesce(keepers.is_keeper, true) as is_keeper,
    keepers.reason as keeper_reason,
    set_id as similar_set,
    set_size as similar_size
from images_originals as originals
left join artworks using (artwork_id)
left join star_dim_museum as museums on museums.source = originals.source
left join images_measures as measures using (sha256)
left join duplicates_groups as groups using (image_id)
left join duplicates_keepers as keepers using (image_id)
left join duplicates_similar using (image_id)
