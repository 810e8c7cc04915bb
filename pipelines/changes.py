"""What changed between two snapshots, for people to read: of a source's records, or of publications."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scrapers import MUSEUMS
from storage.snapshots import Snapshot

COUNTED = ("records", "added", "changed", "withdrawn", "left")
COLUMNS = ("noun", "record", "change", "field", "before", "after")
PUBLISHED_COLUMNS = ("table", "says", "row", "change", "field", "before", "after")
_CELL = 60
_FIELDS = 10


def print_crawls(
    older: Snapshot, newer: Snapshot, found: dict[str, Any], limit: int, console: Console
) -> None:
    """Print what differs between two crawls of one source, as `pipelines.snapshots` found it."""
    title = f"{MUSEUMS[newer.series].title}: {older.name} → {newer.name}"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    table.add_column("table")
    for name in COUNTED:
        table.add_column(name, justify="right")
    for noun, counts in found["counts"].items():
        table.add_row(noun, *(f"{counts[what]:,}" for what in COUNTED))
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
    _print_examples(found["examples"], COLUMNS, limit, console)


def print_publications(
    older: Snapshot, newer: Snapshot, found: dict[str, Any], limit: int, console: Console
) -> None:
    """Print what differs between two publications, as `warehouse.differences.compare` found it."""
    from warehouse import differences

    table = Table(title=f"{older.name} → {newer.name}", title_justify="left", box=SIMPLE)
    table.add_column("table")
    for name in differences.COUNTED:
        table.add_column(name, justify="right")
    changed = {
        name: counts
        for name, counts in found["counts"].items()
        if any(counts[what] for what in differences.COUNTED[1:])
    }
    for name, counts in changed.items():
        table.add_row(name, *(f"{counts[what]:,}" for what in differences.COUNTED))
    console.print(table)
    equal = len(found["counts"]) - len(changed)
    console.print(f"[dim]{equal} of {len(found['counts'])} tables are equal.[/dim]")
    for column in found["columns"]:
        console.print(f"{column['table']}.{column['column']}: {column['change']}", markup=False)
    if found["fields"]:
        fields = Table("table", "field", title="Changed most", title_justify="left", box=SIMPLE)
        fields.add_column("rows", justify="right")
        for field in found["fields"][:_FIELDS]:
            fields.add_row(field["table"], field["field"], f"{field['rows']:,}")
        console.print(fields)
    _print_examples(found["examples"], PUBLISHED_COLUMNS, limit, console)


def _print_examples(
    rows: list[dict[str, Any]], columns: Sequence[str], limit: int, console: Console
) -> None:
    if not rows:
        return
    examples = Table(title="Examples", title_justify="left", box=SIMPLE)
    for name in columns:
        examples.add_column(name, overflow="fold")
    for row in rows:
        examples.add_row(*(escape(_cell(row[name])) for name in columns))
    console.print(examples)
    console.print(f"[dim]At most {limit:,} records of each kind; --limit shows more.[/dim]")


def _cell(value: str | None) -> str:
    text = value or ""
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
