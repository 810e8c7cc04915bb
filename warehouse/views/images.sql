-- grain: one row an image file, with the object it shows
--
-- image_id | varchar | `<artwork_id>#<position>`
-- artwork_id | varchar | the object it shows
-- title | varchar | title of the object
-- museum | varchar | where it came from
-- is_primary | boolean | the source's first picture of the object
-- width | integer, unit px | pixels across
-- height | integer, unit px | pixels down
-- megapixels | double, unit MP | width times height
-- sharpness | float | variance of the Laplacian of the 256-px grey picture
-- copies | integer, unit images | images of the same picture, itself included
-- is_keeper | boolean | whether it is the one to keep of those
-- url | varchar | address it was fetched from
-- path | varchar | file below the image store
select
    fact_image.image_id,
    fact_image.artwork_id,
    fact_artwork.title,
    dim_museum.museum,
    fact_image.is_primary,
    fact_image.width,
    fact_image.height,
    fact_image.megapixels,
    fact_image.sharpness,
    fact_image.group_size as copies,
    fact_image.is_keeper,
    fact_image.url,
    fact_image.path
from fact_image
left join fact_artwork using (artwork_key)
join dim_museum on dim_museum.museum_key = fact_image.museum_key
