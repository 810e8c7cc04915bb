-- grain: one row an image file, with the object it shows
--
-- image_id | varchar | `<artwork_id>#<position>`
-- artwork_id | varchar | the object it shows
-- title | varchar | title of the object
-- artist | varchar | the artist whom the object names first
-- museum | varchar | where it came from
-- is_primary | boolean | the source's first picture of the object
-- width | integer, unit px | pixels across
-- height | integer, unit px | pixels down
-- megapixels | double, unit MP | width times height
-- sharpness | float | variance of the Laplacian of the 256-px grey picture
-- main_colour | varchar | the colour that covers most of it, as #rrggbb
-- taken_at | timestamp | when the picture was taken, as the file says
-- camera | varchar | the camera, as the file says
-- copies | integer, unit images | images of the same picture, itself included
-- is_keeper | boolean | whether it is the one to keep of those
-- may_be_shown | boolean | whether its source lets pictures appear on pages and slides
-- url | varchar | address it was fetched from
-- path | varchar | file below the image store
-- small_path | varchar | its JPEG of 256 px below the image store; empty where the file could not be decoded
select
    fact_image.image_id,
    fact_image.artwork_id,
    fact_artwork.title,
    dim_artist.name as artist,
    dim_museum.museum,
    fact_image.is_primary,
    fact_image.width,
    fact_image.height,
    fact_image.megapixels,
    fact_image.sharpness,
    fact_image.main_colour,
    fact_image.taken_at,
    fact_image.camera,
    fact_image.group_size as copies,
    fact_image.is_keeper,
    fact_image.may_be_shown,
    fact_image.url,
    'original/' || fact_image.sha256[:2] || '/' || fact_image.sha256 || fact_image.suffix as path,
    if(
        fact_image.width is null, null, 'derivative/' || fact_image.sha256[:2] || '/' || fact_image.sha256 || '.jpg'
    ) as small_path
from fact_image
left join fact_artwork on fact_artwork.artwork_key = fact_image.artwork_key
left join dim_artist on dim_artist.artist_key = fact_artwork.artist_key
join dim_museum on dim_museum.museum_key = fact_image.museum_key
