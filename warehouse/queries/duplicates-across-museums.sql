-- Which pictures lie in more than one museum, and under which titles?
select
    duplicate_group,
    list_sort(list(distinct museum)) as museums,
    count(*) as images,
    list_sort(list(distinct title)) as titles,
    first(image_id order by image_id) filter (where is_keeper) as keeper
from duplicates
where across_museums
group by duplicate_group
order by images desc, duplicate_group
