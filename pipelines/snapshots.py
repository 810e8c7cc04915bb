"""`artlake snapshots` and `artlake diff`: what was crawled when, and what a source changed in between."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scrapers import MUSEUMS, Museum, history
from storage import Lake, snapshots
from storage.snapshots import Snapshot, SnapshotError

if TYPE_CHECKING:
    import duckdb

_CELL = 60
_COUNTED = ("records", "added", "changed", "withdrawn", "left")
_COLUMNS = ("noun", "record", "change", "field", "before", "after")


def show(lake: Lake, source: str | None, console: Console) -> None:
    """Print the snapshots of a source, or of all.

    Raises SnapshotError when there is none.
    """
    if source and source not in MUSEUMS:
        raise SnapshotError(f"There is no source {source!r}; there are {', '.join(MUSEUMS)}.")
    found = snapshots.listed(lake, source)
    if not found:
        whose = f" of {source}" if source else ""
        raise SnapshotError(f"No snapshot{whose} has been taken in {lake.root} yet.")
    table = Table(title="Snapshots", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    figures = _COUNTED[:-1]  # what left a slice is told as a note
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
    console.print(table)


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
    if older.series != newer.series or older.series not in MUSEUMS:
        raise SnapshotError(
            f"{one} and {other} are not snapshots of one source; only those can be compared."
        )
    found = _compared(lake, older, newer, limit)
    if form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(_COLUMNS)
        writer.writerows([row[name] for name in _COLUMNS] for row in found["examples"])
    elif form == "json":
        console.print_json(data={"from": older.name, "to": newer.name} | found)
    else:
        _print(older, newer, found, limit, console)


def _print(
    older: Snapshot, newer: Snapshot, found: dict[str, Any], limit: int, console: Console
) -> None:
    title = f"{MUSEUMS[newer.series].title}: {older.name} → {newer.name}"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    table.add_column("table")
    for name in _COUNTED:
        table.add_column(name, justify="right")
    for noun, counts in found["counts"].items():
        table.add_row(noun, *(f"{counts[what]:,}" for what in _COUNTED))
    console.print(table)
    if newer.facts["limit"] is not None:
        console.print(
            f"{newer.name} has at most {newer.facts['limit']:,} works: records missing there have "
            "left the slice; whether they were withdrawn cannot be told."
        )
    if found["fields"]:
        fields = Table("table", "field", title="Changed most", title_justify="left", box=SIMPLE)
        fields.add_column("records", justify="right")
        for field in found["fields"]:
            fields.add_row(field["noun"], escape(field["field"]), f"{field['records']:,}")
        console.print(fields)
    if found["examples"]:
        examples = Table(title="Examples", title_justify="left", box=SIMPLE)
        for name in _COLUMNS:
            examples.add_column(name, overflow="fold")
        for row in found["examples"]:
            examples.add_row(*(escape(_cell(row[name])) for name in _COLUMNS))
        console.print(examples)
        console.print(f"[dim]At most {limit:,} records of each kind; --limit shows more.[/dim]")


def _cell(value: str | None) -> str:
    text = value or ""
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


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
