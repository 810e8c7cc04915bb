-- grain: one row an image that has duplicates; those of one picture share the group
--
-- duplicate_group | varchar | the images that show the same picture share it
-- image_id | varchar | the image
-- title | varchar | title of the object it shows
-- museum | varchar | where it came from
-- is_keeper | boolean | whether it is the one to keep
-- reason | varchar | why it is kept or not
-- width | integer, unit px | pixels across
-- height | integer, unit px | pixels down
-- across_museums | boolean | whether several museums have the picture
-- one_work | boolean | whether all its objects are counted as one work
select
    fact_image.duplicate_group,
    fact_image.image_id,
    fact_artwork.title,
    dim_museum.museum,
    fact_image.is_keeper,
    fact_image.keeper_reason as reason,
    fact_image.width,
    fact_image.height,
    min(dim_museum.source) over same <> max(dim_museum.source) over same as across_museums,
    coalesce(min(fact_artwork.work_key) over same = max(fact_artwork.work_key) over same, false) as one_work
from fact_image
left join fact_artwork on fact_artwork.artwork_key = fact_image.artwork_key
join dim_museum on dim_museum.museum_key = fact_image.museum_key
where fact_image.group_size > 1
window same as (partition by fact_image.duplicate_group)
