-- How large are the pictures, in megapixels?
-- topic: pictures
-- chart: columns x=megapixels y=images colour=museum
-- note: Pixels of the files in the lake, which may be smaller than what the museum has. Files that cannot be decoded are the last row.
with sized as (
    select
        museum,
        case
            when megapixels is null then 7
            else list_count(list_filter([0.25, 1, 4, 16, 64], lambda step: step <= megapixels))
        end as step
    from fact_image
    join dim_museum using (museum_key)
)

select
    case step
        when 0 then 'below 0.25'
        when 1 then '0.25 to 1'
        when 2 then '1 to 4'
        when 3 then '4 to 16'
        when 4 then '16 to 64'
        when 5 then '64 and more'
        else 'not decoded'
    end as megapixels,
    museum,
    count(*) as images
from sized
group by step, museum
order by step, museum
