"""What differs between two publications, table by table: rows added, changed and removed, by key.

Read from the kept Parquet files; parts that both share are not read at all.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from storage import Lake
from storage.snapshots import Kept, Snapshot
from storage.sql import identifier, literal
from warehouse.manifest import ExportedTable
from warehouse.publications import files_of, manifest_of

COUNTED = ("rows", "added", "changed", "removed")


def compare(lake: Lake, older: Snapshot, newer: Snapshot, limit: int) -> dict[str, Any]:
    """Tell what changed from `older` to `newer`.

    limit: rows of each table and kind of change that are told one by one. Returns `counts` by table (those
    in COUNTED), `fields` (table, field, rows in which it changed), `examples` (table, row: its key, says:
    its first text, change, field, before, after) and `columns` (table, column, change) that came, went or
    changed their type. Tables and rows without a change are in `counts` alone.

    Raises SnapshotError when the tables of one were pruned or a file is gone.
    """
    was, now = (manifest_of(taken).tables for taken in (older, newer))
    paths = {taken.name: files_of(lake, taken) for taken in (older, newer)}
    found: dict[str, Any] = {"counts": {}, "fields": [], "examples": [], "columns": []}
    for table in dict.fromkeys([*now, *was]):
        one, other = was.get(table), now.get(table)
        found["columns"] += _columns(table, one, other)
        if one is None or other is None or one.key != other.key:
            gone, new = (side.rows if side else 0 for side in (one, other))
            found["counts"][table] = dict(zip(COUNTED, (new, new, 0, gone), strict=True))
            continue
        mine = _differing(one, other, paths[older.name][table])
        theirs = _differing(other, one, paths[newer.name][table])
        with duckdb.connect() as connection:
            sides = _Sides(connection, one, other, mine, theirs)
            found["counts"][table] = {"rows": other.rows} | sides.counts()
            found["fields"] += [{"table": table} | field for field in sides.fields()]
            found["examples"] += [{"table": table} | row for row in sides.examples(limit)]
    found["fields"].sort(key=lambda field: (-field["rows"], field["table"], field["field"]))
    return found


def _differing(
    table: ExportedTable, other: ExportedTable, paths: dict[str, Path]
) -> dict[str, tuple[Path, Kept]]:
    return {
        part: (paths[part], file)
        for part, file in table.files.items()
        if other.files.get(part) != file
    }


def _columns(
    table: str, one: ExportedTable | None, other: ExportedTable | None
) -> list[dict[str, str]]:
    if one is None or other is None:
        return [
            {"table": table, "column": "*", "change": "table added" if other else "table removed"}
        ]
    changes = {
        name: "removed" if name not in other.columns else f"was {kind}, is {other.columns[name]}"
        for name, kind in one.columns.items()
        if other.columns.get(name) != kind
    } | {name: "added" for name in other.columns if name not in one.columns}
    if one.key != other.key:
        changes[", ".join(other.key)] = f"is the key; it was {', '.join(one.key)}"
    return [{"table": table, "column": name, "change": says} for name, says in changes.items()]


class _Sides:
    """A table before and after as two views, and its keys that changed as the table `changes`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        before: ExportedTable,
        after: ExportedTable,
        mine: dict[str, tuple[Path, Kept]],
        theirs: dict[str, tuple[Path, Kept]],
    ):
        self._connection = connection
        self._key = [identifier(name) for name in after.key]
        shared = [name for name in after.columns if name in before.columns]
        self._shared = [name for name in shared if name not in after.key]
        # A column that changed its type is compared as text.
        texts = {name for name in shared if before.columns[name] != after.columns[name]}
        for name, table, parts in (("before", before, mine), ("after", after, theirs)):
            paths = [path for path, _ in parts.values()]
            connection.execute(f"create view {name} as {_rows(table, shared, texts, paths)}")
        key = ", ".join(self._key)
        hashed = f"hash({', '.join(map(identifier, self._shared or after.key))})"
        connection.execute(f"""
            create table changes as
            select {key}, case when b.content is null then 'added' when a.content is null then 'removed'
                else 'changed' end as change
            from (select {key}, {hashed} as content from before) b
            full join (select {key}, {hashed} as content from after) a using ({key})
            where a.content is distinct from b.content
            """)

    def counts(self) -> dict[str, int]:
        found = self._connection.sql("select change, count(*) from changes group by all").fetchall()
        return dict.fromkeys(COUNTED[1:], 0) | dict(found)

    def fields(self) -> list[dict[str, Any]]:
        """Rows in which each field changed, of those that changed in any."""
        if not self._shared:
            return []
        counted = ", ".join(
            f"count_if(b.{name} is distinct from a.{name})"
            for name in map(identifier, self._shared)
        )
        key = ", ".join(self._key)
        counts = self._connection.sql(
            f"select {counted} from changes join before b using ({key}) join after a using ({key}) "
            "where change = 'changed'"
        ).fetchall()[0]
        told = zip(self._shared, counts, strict=True)
        return [{"field": field, "rows": rows} for field, rows in told if rows]

    def examples(self, limit: int) -> list[dict[str, Any]]:
        """The first rows of each kind of change: one line each, of a changed row one a field."""
        key = ", ".join(self._key)
        chosen = f"(from changes qualify row_number() over (partition by change order by {key}) <= {limit})"
        before, after = (
            {self._named(row): row for row in self._read(
                f"select change, this.* from {side} this join {chosen} using ({key}) order by change, {key}"
            )}
            for side in ("before", "after")
        )  # fmt: skip
        found = []
        for row, now in (before | after).items():
            change = now["change"]
            told = {"row": row, "says": self._says(now), "change": change}
            fields = self._shared if change == "changed" else []
            changed = [name for name in fields if before[row][name] != now[name]]
            if not changed:
                found.append(told | {"field": None, "before": None, "after": None})
            for name in changed:
                values = {"before": _text(before[row][name]), "after": _text(now[name])}
                found.append(told | {"field": name} | values)
        return sorted(found, key=lambda example: example["change"])

    def _read(self, sql: str) -> list[dict[str, Any]]:
        return self._connection.sql(sql).to_arrow_table().to_pylist()

    def _named(self, row: dict[str, Any]) -> str:
        return "/".join(str(row[name.strip('"')]) for name in self._key)

    def _says(self, row: dict[str, Any]) -> str | None:
        return next((row[name] for name in self._shared if isinstance(row[name], str)), None)


def _rows(
    table: ExportedTable, columns: Sequence[str], texts: set[str], paths: Sequence[Path]
) -> str:
    """SQL of the rows in these files, of which there may be none."""
    cast = {name: "varchar" if name in texts else table.columns[name] for name in columns}
    selected = ", ".join(
        f"{identifier(name) if paths else 'null'}::{kind} as {identifier(name)}"
        for name, kind in cast.items()
    )
    if not paths:
        return f"select {selected} where false"
    files = ", ".join(literal(str(path)) for path in paths)
    return f"select {selected} from read_parquet([{files}], hive_partitioning = false)"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
