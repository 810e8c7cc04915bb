-- Which museums have the same pictures as which others, and as themselves?
-- topic: pictures
-- chart: heat x=also_in y=museum colour=pictures
-- note: A picture is a group of confirmed duplicates. Where both names are the same, the museum has it more than once.
with held as (
    select duplicate_group, museum, count(*) as images
    from fact_image
    join dim_museum using (museum_key)
    where group_size > 1
    group by all
)

select
    held.museum,
    other.museum as also_in,
    count(*) as pictures
from held
join held as other using (duplicate_group)
where held.museum <> other.museum or held.images > 1
group by all
order by held.museum, also_in
