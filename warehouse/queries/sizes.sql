-- How large are the objects of each kind?
-- topic: works
-- chart: points y=classification columns=median_height_cm,median_width_cm value_title="median (cm)"
-- note: Medians, since a few tapestries and a few misread sizes pull every average; only objects with both sides known. The kinds with the most objects come first.
select
    classification,
    count(*) as objects,
    round(median(height_cm), 1) as median_height_cm,
    round(median(width_cm), 1) as median_width_cm,
    max(height_cm) as tallest_cm,
    max(width_cm) as widest_cm
from fact_artwork
join dim_classification using (classification_key)
where withdrawn_in is null and height_cm > 0 and width_cm > 0
group by classification_key, classification
order by objects desc, classification, classification_key
