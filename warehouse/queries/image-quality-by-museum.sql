-- How good are each museum's pictures?
-- topic: pictures
-- chart: points x=median_megapixels y=median_sharpness colour=museum
-- note: Sharpness is the variance of the Laplacian at full resolution: paper grain and noise raise it too. Shares are of the pictures that could be decoded.
select
    museum,
    count(*) as images,
    count(width) as decoded,
    round(median(megapixels), 2) as median_megapixels,
    round(median(sharpness_full), 1) as median_sharpness,
    round(median(noise), 2) as median_noise,
    round(avg((megapixels < 1)::integer), 3) as below_1_megapixel,
    round(avg((clipped_dark + clipped_bright > 0.1)::integer), 3) as tenth_clipped,
    round(avg((border > 0.02)::integer), 3) as with_border,
    round(avg(has_chart::integer), 3) as with_colour_chart
from fact_image
join dim_museum using (museum_key)
group by museum
order by images desc, museum
