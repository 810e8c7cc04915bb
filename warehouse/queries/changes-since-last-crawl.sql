-- What did the last crawl of each source add, change and withdraw?
-- topic: completeness
-- chart: bars y=museum columns=added,changed,withdrawn value_title=objects
-- note: Against the crawl before; the first crawl of a source adds everything.
select
    museum,
    snapshot,
    taken_at,
    works,
    added,
    changed,
    withdrawn
from dim_snapshot
join dim_museum using (museum_key)
where snapshot_key > 0
qualify row_number() over (partition by museum_key order by number desc) = 1
order by taken_at desc, museum, snapshot
