"""What the published file holds, described: each table and column by its contract, with figures and examples.

What is written down stands in the contracts; what is counted comes from the file, by one aggregate a
table and its first rows; which of its own fields a museum's column is read from is told by the museums'
modules (`catalog/fields`). How it looks on a page is `warehouse.dictionary`'s business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from storage.sql import identifier, literal
from warehouse.contracts import star_contract, view_contracts
from warehouse.headers import Column, Contract
from warehouse.origins import origins
from warehouse.questions import Question, questions
from warehouse.star import STAR

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_EXAMPLE_LENGTH = 60
_LOOKED_AT = 200  # rows in which an example is looked for first
_NOBODY = (0, -1)  # keys of the rows "unknown" and "not applicable"
_BLANK = ("", "0", "-1", "[]", "unknown", "not applicable")  # of which nobody learns anything
_EVERYTHING = """
select table_name, 'table', coalesce(comment, '') from duckdb_tables() where not internal
union all
select distinct function_name, 'macro', coalesce(comment, '')
from duckdb_functions() where not internal and function_type = 'table_macro'
order by all
"""


@dataclass(frozen=True)
class Origin:
    """A column of the lake that a column is read from, and the field that each source has for it."""

    column: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Described:
    """A column with what was found in it. `empty`: share of rows without a value, 0–1; None of no rows.

    `unsaid`: the same of a foreign key, for rows that have nobody there (unknown or not applicable).
    """

    column: Column
    origins: tuple[Origin, ...]
    example: str
    empty: float | None
    unsaid: float | None

    @property
    def rules(self) -> tuple[str, ...]:
        """What its values must obey, but for the table that a foreign key refers to."""
        column = self.column
        rules = ["key"] * column.key + ["unique"] * column.unique
        if column.low is not None or column.high is not None:
            low, high = (
                "" if bound is None else f"{bound:g}" for bound in (column.low, column.high)
            )
            rules.append(f"{low}..{high}")
        if column.allowed:
            rules.append("one of: " + ", ".join(column.allowed))
        return tuple(rules)


@dataclass(frozen=True)
class Entry:
    """A table or view with its rows counted and its columns described."""

    contract: Contract
    kind: str
    rows: int
    columns: tuple[Described, ...]


@dataclass(frozen=True)
class Dictionary:
    """What the pages show: views for people first, then the star, then what else the file holds.

    `others`: name, kind and comment of the tables and macros that no contract describes.
    """

    entries: tuple[Entry, ...]
    others: tuple[tuple[str, str, str], ...]
    questions: tuple[Question, ...]

    @property
    def star(self) -> tuple[Contract, ...]:
        """The contracts of the tables that foreign keys join."""
        return tuple(entry.contract for entry in self.entries if entry.kind == "table")


def describe(file: Path, fields: "pa.Table | None" = None) -> Dictionary:
    """The dictionary of a published file.

    fields: rows of `storage.schemas.FIELDS`; without them nothing is told of the sources' own fields.

    Raises duckdb.Error when the file cannot be read.
    """
    import duckdb

    told = _told(fields)
    # Attached, not opened: DuckDB would go on showing a file that a publication has replaced.
    with duckdb.connect() as connection:
        place = literal(str(file.resolve()))
        connection.execute(f"attach {place} as warehouse (read_only); use warehouse")
        held = _held(connection)
        contracts = {"view": view_contracts(), "table": tuple(star_contract(t.name) for t in STAR)}
        entries = tuple(
            _entry(connection, _as_held(contract, held), kind, told)
            for kind, of_kind in contracts.items()
            for contract in of_kind
            if contract.name in held
        )
        known = {entry.contract.name for entry in entries}
        others = tuple(row for row in connection.sql(_EVERYTHING).fetchall() if row[0] not in known)
    return Dictionary(entries, others, questions())


def _held(connection: "duckdb.DuckDBPyConnection") -> dict[str, list[Column]]:
    """What the file holds: table or view → its columns in their order, with their comments."""
    sql = """
        select table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns()
        where database_name = 'warehouse' order by table_name, column_index
    """
    held: dict[str, list[Column]] = {}
    for table, *column in connection.sql(sql).fetchall():
        held.setdefault(table, []).append(Column(*column))
    return held


def _as_held(contract: Contract, held: Mapping[str, Sequence[Column]]) -> Contract:
    """The contract for the columns that the file has: one restored from long ago has other ones."""
    declared = {column.name: column for column in contract.columns}
    columns = [declared.get(column.name, column) for column in held[contract.name]]
    return replace(
        contract,
        columns=tuple(
            column if column.references in held else replace(column, references=None)
            for column in columns
        ),
    )


def _told(fields: "pa.Table | None") -> dict[str, tuple[tuple[str, str], ...]]:
    """Column of the lake (`artworks.title`) → source and the source's field, in the order of sources."""
    told: dict[str, list[tuple[str, str]]] = {}
    for row in [] if fields is None else fields.to_pylist():
        told.setdefault(f"{row['noun']}.{row['column']}", []).append((row["source"], row["field"]))
    return {name: tuple(sorted(said)) for name, said in told.items()}


def _entry(
    connection: "duckdb.DuckDBPyConnection",
    contract: Contract,
    kind: str,
    told: Mapping[str, tuple[tuple[str, str], ...]],
) -> Entry:
    rows, empty, unsaid = _counted(connection, contract)
    examples = _examples(connection, contract, {n for n, count in empty.items() if count < rows})
    read = origins(contract, kind)
    columns = tuple(
        Described(
            column,
            tuple(Origin(name, told.get(name, ())) for name in read.get(column.name, ())),
            examples[column.name],
            empty[column.name] / rows if rows else None,
            unsaid[column.name] / rows if rows and column.references else None,
        )
        for column in contract.columns
    )
    return Entry(contract, kind, rows, columns)


def _counted(
    connection: "duckdb.DuckDBPyConnection", contract: Contract
) -> tuple[int, dict[str, int], dict[str, int]]:
    """Rows of a table; rows in which each column is null; and those in which a foreign key is nobody's."""
    names = [column.name for column in contract.columns]
    keys = [column.name for column in contract.columns if column.references]
    wanted = ["count(*)", *(f"count(*) - count({identifier(name)})" for name in names)]
    wanted += [f"count(*) filter (where {identifier(key)} in {_NOBODY})" for key in keys]
    sql = f"select {', '.join(wanted)} from {identifier(contract.name)}"
    (row,) = connection.sql(sql).fetchall()
    total, empty, unsaid = row[0], row[1 : len(names) + 1], row[len(names) + 1 :]
    return total, dict(zip(names, empty, strict=True)), dict(zip(keys, unsaid, strict=True))


def _examples(
    connection: "duckdb.DuckDBPyConnection", contract: Contract, filled: set[str]
) -> dict[str, str]:
    """A telling value of each column: of the first rows, else the first there is in the table."""
    texts = {
        column.name: f"left(cast({identifier(column.name)} as varchar), {_EXAMPLE_LENGTH + 1})"
        for column in contract.columns
    }
    table = identifier(contract.name)
    sql = f"select {', '.join(texts.values())} from {table} limit {_LOOKED_AT}"
    first = connection.sql(sql).fetchall()
    examples = {}
    for place, (name, text) in enumerate(texts.items()):
        telling = (row[place] for row in first if row[place] not in (None, *_BLANK))
        example = next(telling, None)
        if example is None and name in filled and len(first) == _LOOKED_AT:
            sql = f"select {text} as text from {table} where text not in {_BLANK} limit 1"
            example = next((row[0] for row in connection.sql(sql).fetchall()), None)
        examples[name] = _shortened(example or "")
    return examples


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _EXAMPLE_LENGTH else plain[:_EXAMPLE_LENGTH] + "…"
