"""`artlake snapshots` and `artlake diff`: what was crawled and published when, and what changed in between."""

import csv
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from pipelines.changes import COLUMNS, COUNTED, PUBLISHED_COLUMNS, print_crawls, print_publications
from scrapers import MUSEUMS, Museum, history
from storage import Lake, snapshots
from storage.snapshots import Snapshot, SnapshotError
from warehouse.profile import RESTORING, SERIES

if TYPE_CHECKING:
    import duckdb


def show(lake: Lake, series: str | None, console: Console) -> None:
    """Print the snapshots of a source and the publications, or those of one series.

    Raises SnapshotError when there is none.
    """
    if series and series not in (*MUSEUMS, SERIES):
        raise SnapshotError(
            f"There is no source {series!r}; there are {', '.join(MUSEUMS)}, and {SERIES}."
        )
    found = snapshots.listed(lake, series)
    if not found:
        whose = f" of {series}" if series else ""
        raise SnapshotError(f"No snapshot{whose} has been taken in {lake.root} yet.")
    crawls = [snapshot for snapshot in found if snapshot.series != SERIES]
    if crawls:
        console.print(_crawls(crawls))
    publications = [snapshot for snapshot in found if snapshot.series == SERIES]
    if publications:
        console.print(_publications(publications, snapshots.sole_bytes(lake, SERIES)))
        for line in _changes(publications):
            console.print(Padding(line, (0, 0, 0, 1)))
    mark = lake.file(RESTORING)
    if mark.is_file():
        name = mark.read_text()
        console.print(
            f"Restoring {name} was stopped half-way: file and Parquet may be of two publications. "
            f"`artlake restore {name} --apply` ends it."
        )


def _crawls(found: list[Snapshot]) -> Table:
    table = Table(title="Snapshots", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    figures = COUNTED[:-1]  # what left a slice is told as a note
    for name in ("snapshot", "taken", "table", *figures):
        table.add_column(name, justify="right" if name in figures else "left", no_wrap=True)
    table.add_column("", overflow="fold")
    for snapshot in found:
        for noun, counts in snapshot.facts["counts"].items():
            table.add_row(
                snapshot.name,
                snapshot.at[:10],
                noun,
                *(f"{counts[what]:,}" for what in figures),
                _note(snapshot, counts["left"]),
            )
    return table


def _publications(found: list[Snapshot], sole: dict[str, int]) -> Table:
    """A line each: how much changed since the one before, and what pruning it would free."""
    table = Table(title="Publications", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("snapshot", "published (UTC)"):
        table.add_column(name, no_wrap=True)
    for name in ("tables changed", "rows", "kept by it alone"):
        table.add_column(name, justify="right")
    table.add_column("")
    for before, snapshot in zip([None, *found], found, strict=False):
        restored = snapshot.facts.get("restored_from")
        notes = [f"{restored} restored"] if restored else []
        notes += ["pruned"] if snapshot.pruned else ["in use"] if snapshot.in_use else []
        table.add_row(
            snapshot.name,
            snapshot.at[:16].replace("T", " "),
            f"{len(_changed(before, snapshot))} of {len(snapshot.tables)}",
            f"{sum(_rows(snapshot, key) for key in snapshot.tables):,}",
            f"{sole[snapshot.name] / 1e6:,.1f} MB" if snapshot.name in sole else "",
            ", ".join(notes),
        )
    return table


def _changes(found: list[Snapshot]) -> Iterator[str]:
    """A line each, but for the first: the tables that changed, their rows, and how many more or fewer they are."""
    for before, snapshot in pairwise(found):
        told = [
            f"{key.removeprefix('star/')} {rows:,} ({rows - _rows(before, key):+,})"
            for key in _changed(before, snapshot)
            for rows in [_rows(snapshot, key)]
        ]
        yield f"{snapshot.name}: {', '.join(told) or 'other views'}"


def _changed(before: Snapshot | None, snapshot: Snapshot) -> list[str]:
    """Keys of the tables that are not as the snapshot before had them."""
    return [
        key
        for key, parts in snapshot.tables.items()
        if before is None or before.tables.get(key) != parts
    ]


def _rows(snapshot: Snapshot | None, key: str) -> int:
    """Rows of a table in a snapshot, 0 where it has no such table."""
    parts = snapshot.tables.get(key, {}) if snapshot else {}
    return sum(part.rows for part in parts.values())


def _note(snapshot: Snapshot, left: int) -> str:
    limit = snapshot.facts["limit"]
    notes = ["pruned"] if snapshot.pruned else ["in use"] if snapshot.in_use else []
    notes += [] if limit is None else [f"limit {limit:,}"]
    notes += [f"{left:,} left the slice"] if left else []
    return ", ".join(notes)


def compare(lake: Lake, one: str, other: str, *, limit: int, form: str, console: Console) -> None:
    """Print what changed between two snapshots of one source, whichever is named first.

    limit: records of each kind of change that are told one by one. Raises SnapshotError when a snapshot is
    not there, was pruned, or the two are of different sources.
    """
    older, newer = sorted(
        (snapshots.named(lake, name) for name in (one, other)), key=lambda taken: taken.number
    )
    published = older.series == SERIES
    if older.series != newer.series or not (published or older.series in MUSEUMS):
        raise SnapshotError(
            f"{one} and {other} are not snapshots of one source; only those can be compared, or two publications."
        )
    if published:
        from warehouse.differences import compare as compare_publications

        found = compare_publications(lake, older, newer, limit)
    else:
        found = _compared(lake, older, newer, limit)
    columns = PUBLISHED_COLUMNS if published else COLUMNS
    if form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows([row[name] for name in columns] for row in found["examples"])
    elif form == "json":
        console.print_json(data={"from": older.name, "to": newer.name} | found)
    elif published:
        print_publications(older, newer, found, limit, console)
    else:
        print_crawls(older, newer, found, limit, console)


def _compared(lake: Lake, older: Snapshot, newer: Snapshot, limit: int) -> dict[str, Any]:
    """Counts by table, the fields changed most, and the first `limit` records of each kind of change."""
    museum = MUSEUMS[newer.series]
    before, after = (_files(lake, snapshot, museum) for snapshot in (older, newer))
    with history.workbench() as connection:
        partial = newer.facts["limit"] is not None
        history.diff(connection, before, after, museum.nouns, partial=partial)
        fields = connection.sql(
            """
            select noun, field, count(*) as records
            from (select noun, unnest(fields) as field from changes)
            group by all order by records desc, noun, field limit 10
            """
        )
        return {
            "counts": history.counts(connection, museum.nouns),
            "fields": fields.to_arrow_table().to_pylist(),
            "examples": [
                row
                for noun, about in museum.nouns.items()
                if about.of is None
                for row in _examples(connection, museum, noun, limit)
            ],
        }


def _files(lake: Lake, snapshot: Snapshot, museum: Museum) -> dict[str, list[Path]]:
    return {
        noun: snapshots.files(lake, snapshot, f"raw/{museum.name}_{noun}") for noun in museum.nouns
    }


def _examples(
    connection: "duckdb.DuckDBPyConnection", museum: Museum, noun: str, limit: int
) -> list[dict[str, str | None]]:
    """A row for each changed field of a record, and one for a record that came or went."""
    connection.execute(
        """
        create or replace temp table chosen as select * from changes where noun = $1
        qualify row_number() over (partition by change order by record_id) <= $2
        """,
        [noun, limit],
    )
    changed = "select record_id from chosen where change = 'changed'"
    before, after = (
        {
            record: json.loads(rows)
            for record, rows in connection.sql(
                history.rows_of(side, noun, museum.nouns, changed)
            ).fetchall()
        }
        for side in ("before", "after")
    )
    found = []
    for record, change, fields in connection.sql(
        "select record_id, change, fields from chosen order by change, record_id"
    ).fetchall():
        told = {"noun": noun, "record": record, "change": change}
        for field in fields:
            values = (_value(side[record], noun, field) for side in (before, after))
            found.append(
                told | {"field": field} | dict(zip(("before", "after"), values, strict=True))
            )
        if not fields:
            found.append(told | {"field": None, "before": None, "after": None})
    return found


def _value(rows: dict[str, list[dict[str, Any]]], noun: str, field: str) -> str | None:
    """What a record says in a column; its rows as JSON where `field` is a table, or it has several."""
    own = rows[noun]
    if len(own) == 1 and field not in rows and field != noun:
        value = own[0].get(field)
        return None if value is None else str(value)
    said: list[Any] = list(rows.get(field, ()))
    if not said and field in own[0]:
        said = [row.get(field) for row in own]
    if said and isinstance(said[0], dict):
        said = [{k: v for k, v in row.items() if k != "source_row"} for row in said]
    return json.dumps(said, ensure_ascii=False) if said else None
