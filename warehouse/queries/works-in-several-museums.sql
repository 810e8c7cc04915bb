-- Which works do several museums describe, and how sure is it that they are one?
-- topic: works
-- chart: none, a list to be read: the evidence is in words
-- note: A gallery's photograph of a painting and the museum's own record of it are one work and several objects.
select
    dim_work.title,
    name as artist,
    dim_work.begin_year,
    dim_work.end_year,
    museums,
    dim_work.objects,
    images,
    confidence,
    dim_work.evidence,
    work_key
from dim_work
join dim_artist using (artist_key)
where len(museums) > 1
order by confidence desc, dim_work.objects desc, dim_work.title, work_key
