"""Snapshots stage: each museum's records as they were crawled, by name, and the history of every record."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.stage import Results, Work, spec, stage
from scrapers import MUSEUMS
from scrapers.museum import Site
from storage import Lake

_SORT = ["noun", "record_id"]


def snapshots_key(museum: str) -> str:
    """The key of a museum's history; its snapshots are the series of the museum's name."""
    return f"snapshots/{museum}"


def _snapshots(name: str) -> dg.AssetsDefinition:
    museum = MUSEUMS[name]
    key = snapshots_key(name)
    nouns = {noun: f"raw/{name}_{noun}" for noun in museum.nouns}

    @stage(
        spec(
            key,
            list(nouns.values()),
            f"{museum.title}: when each record was first and last seen, changed and withdrawn.",
            code_version="1",
            kinds={"duckdb", "parquet"},
        )
    )
    def take(
        lake: dg.ResourceParam[Lake],
        site: dg.ResourceParam[Site],
        keep_snapshots: dg.ResourceParam[int],
    ) -> Results:
        """Compare the records with those of the last snapshot, and name them when they differ."""
        import pyarrow.parquet as pq

        from scrapers import history
        from storage import schemas, snapshots

        work = Work(lake)
        with lake.lock(f"snapshots-{name}", f"the snapshot of {museum.title}"):
            taken = snapshots.draft(lake, name, list(nouns.values()), _now())
            before = snapshots.newest(lake, name)
            rows = sum(part.rows for parts in taken.tables.values() for part in parts.values())
            # Not taken in; or begun, and not through: what still comes would look new at the museum.
            begun = any(len(parts) < len(museum.partitions) for parts in taken.tables.values())
            if not taken.tables or not (before or rows) or (begun and not before):
                yield work.table(key, schemas.HISTORY.empty_table(), _SORT)
                return
            limit = site.net.limit
            equal = before and taken.tables == {k: v for k, v in before.tables.items() if k != key}
            # What left a slice and is not in the whole either is withdrawn, though no table changed.
            if before and equal and (limit is not None or before.facts["limit"] is None):
                (was,) = snapshots.files(lake, before, key)
                again = pq.read_table(was).cast(schemas.HISTORY)
                yield work.table(key, again, _SORT, metadata=_told(before))
                return
            now = {noun: snapshots.files(lake, taken, raw) for noun, raw in nouns.items()}
            then, known = {}, None
            if before:
                then = {noun: snapshots.files(lake, before, raw) for noun, raw in nouns.items()}
                known = before.name, snapshots.files(lake, before, key)[0]
            partial = limit is not None
            with history.workbench() as connection:
                history.diff(connection, then, now, museum.nouns, partial=partial)
                counts = history.counts(connection, museum.nouns)
                table = history.history(
                    connection, name, museum.nouns, taken.name, known, partial=partial
                )
            taken = dataclasses.replace(taken, facts={"limit": limit, "counts": counts})
            result = work.table(key, table, _SORT, metadata=_told(taken))
            # The manifest comes last: killed before it, the next run does all of this again.
            tables = {**taken.tables, **snapshots.keep(lake, name, [key])}
            snapshots.record(lake, dataclasses.replace(taken, tables=tables))
            snapshots.prune(lake, name, keep_snapshots)
            yield result

    return take


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _told(snapshot: Any) -> dict[str, Any]:
    """A snapshot's name and figures as metadata for the UI."""
    return {"snapshot": snapshot.name} | {
        f"{noun} {what}": count
        for noun, counts in snapshot.facts["counts"].items()
        for what, count in counts.items()
    }


snapshot_assets = [_snapshots(name) for name in MUSEUMS]
