-- grain: one row a snapshot: what a source said at one crawl; one for unknown and one for not applicable
--
-- snapshot_key | bigint, key | snapshot in the other tables; 0 is "unknown": it happened, no snapshot says when; -1 is "not applicable": it did not happen
-- snapshot | varchar, from snapshots.snapshot | name of the snapshot: the source and a number
-- museum_key | bigint, -> dim_museum | the source that was crawled; 0 where the catalog has no works of it
-- number | integer, null, 1.., from snapshots.number | 1 for the first of the source
-- taken_at | timestamp, null, from snapshots.taken_at | when it was taken, in UTC
-- works | bigint, null, 0.., unit objects, from snapshots.works | objects that the source listed then
-- added | bigint, null, 0.., unit objects, from snapshots.added | objects that the snapshot before did not have
-- changed | bigint, null, 0.., unit objects, from snapshots.changed | objects whose record was another than in the snapshot before
-- withdrawn | bigint, null, 0.., unit objects, from snapshots.withdrawn | objects that the source listed no longer
select
    surrogate(snapshot) as snapshot_key,
    snapshot,
    coalesce(museum_key, 0) as museum_key,
    number,
    crawled_at(taken_at) as taken_at,
    works,
    added,
    changed,
    withdrawn
from catalog_snapshots
left join star_dim_museum using (source)
union all
values (0, 'unknown', 0, null, null, null, null, null, null), (-1, 'not applicable', -1, null, null, null, null, null, null)
