-- grain: one row a source of records (a museum, a web gallery, a folder), and one for unknown
--
-- museum_key | bigint, key | source in the other tables; 0 is the row "unknown"
-- source | varchar | short code of the source, as in artwork_id
-- museum | varchar | name of the museum or gallery; the code itself for a source without a known name
-- images_may_be_shown | boolean | whether its pictures may appear in reports and pages (the Web Gallery of Art's may not)
-- licences | varchar[] | licences its records carry
-- objects | bigint, 0.., unit objects | objects it describes
with sources as (
    select source, list_sort(list(distinct licence)) as licences, count(*) filter (withdrawn_in is null) as objects
    from catalog_artworks
    group by source
)

select
    surrogate(source) as museum_key,
    source,
    coalesce(museum, source) as museum,
    coalesce(images_may_be_shown, false) as images_may_be_shown,
    licences,
    objects
from sources
left join catalog_sources using (source)
union all
select 0, 'unknown', 'unknown', false, [], 0
