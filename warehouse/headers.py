"""The header of a SQL file, read: what its table or view means and must obey, declared beside the SQL.

A header line is `name | facts | meaning`. Facts are separated by commas: the DuckDB type, then any of
`key` (part of the primary key), `unique`, `null` (may be empty), `-> table` (foreign key), `-> table or
0` (0 where the target is missing), `low..high` (either side may be left open), `in a / b` (allowed
values), `unit u`, `from noun.column + noun.column` (the catalog's columns it is read from). Besides:
`grain:`, `sort:`, `partition:` (the key of the dimension by which its published Parquet is divided),
`rows:` (tables whose rows add up to this one's), and `check: sentence | SQL that returns the offending
rows`. Any other line is a note for the reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# A name before a bracket is a function or a macro, no table.
_READ = re.compile(r"\b(?:from|join)\s+([a-z_]\w*)\b(?!\s*\()", re.IGNORECASE)
_DEFINED = re.compile(r"\b([a-z_]\w*)(?:\s*\([^()]*\))?\s+as\s+\(", re.IGNORECASE)
_COMMENT_OR_STRING = re.compile(r"--[^\n]*|'(?:[^']|'')*'")
_RANGE = re.compile(r"(-?[\d.]*?)\.\.(-?[\d.]*)")


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, what it means, and what its values must obey.

    origin: the catalog's columns it is read from, as `noun.column`; empty for what is made here.
    """

    name: str
    type: str
    meaning: str
    key: bool = False
    unique: bool = False
    nullable: bool = False
    references: str | None = None
    zero_allowed: bool = False
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    unit: str | None = None
    origin: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """One table or view: its grain, its columns, and what its rows must obey together.

    partition: the column by which the published Parquet is divided, a key of dim_museum.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    notes: str = ""
    sort_by: tuple[str, ...] = ()
    partition: str | None = None
    rows: tuple[str, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that together name a row."""
        return tuple(column.name for column in self.columns if column.key)

    @property
    def referenced(self) -> tuple[str, ...]:
        """Tables that foreign keys and checks look at, without the table itself."""
        names = [column.references for column in self.columns if column.references]
        names += [
            table.removeprefix("star_")
            for _, sql in self.checks
            for table in tables_read(sql)
            if table.startswith("star_")
        ]
        return tuple(dict.fromkeys(name for name in names if name != self.name))


def tables_read(sql: str) -> tuple[str, ...]:
    """Names after FROM and JOIN that the statement does not define itself, in order of appearance.

    A full SQL parser costs more than the definitions may take to load; a test holds this against one.
    """
    bare = _COMMENT_OR_STRING.sub(" ", sql)
    own = {name.lower() for name in _DEFINED.findall(bare)}
    names = (name.lower() for name in _READ.findall(bare))
    return tuple(dict.fromkeys(name for name in names if name not in own))


def lake_key(view: str) -> str:
    """The lake's key of a view's name: catalog_artworks is catalog/artworks."""
    return view.replace("_", "/", 1)


def parse(name: str, sql: str) -> Contract:
    """Read the header of a SQL file. Raises ValueError naming table and line when it is not understood."""
    grain, partition, notes = "", None, []
    columns: list[Column] = []
    named: dict[str, tuple[str, ...]] = {"sort": (), "rows": ()}
    checks: list[tuple[str, str]] = []
    for line in _header(sql):
        word, _, rest = line.partition(": ")
        if word == "grain":
            grain = rest
        elif word == "partition":
            partition = rest.strip()
        elif word in named:
            named[word] = tuple(re.split(r"\s*[,+]\s*", rest.strip()))
        elif word == "check":
            sentence, _, query = rest.partition(" | ")
            checks.append((sentence, query))
        elif line.count(" | ") >= 2:
            columns.append(_column(name, line))
        elif line:
            notes.append(line)
    if not grain:
        raise ValueError(f"{name}: the header does not say the grain")
    keys = tuple(column.name for column in columns if column.key)
    sort_by = named["sort"] or keys
    if partition and partition not in {column.name for column in columns}:
        raise ValueError(f"{name}: it is divided by {partition!r}, which is none of its columns")
    return Contract(
        name,
        grain,
        tuple(columns),
        " ".join(notes),
        sort_by,
        partition,
        named["rows"],
        tuple(checks),
    )


def _header(sql: str) -> Iterator[str]:
    for line in sql.splitlines():
        if not line.startswith("--"):
            return
        yield line[2:].strip()


def _column(table: str, line: str) -> Column:
    name, facts, meaning = (part.strip() for part in line.split(" | ", 2))
    kind, *rest = (fact.strip() for fact in facts.split(","))
    known: dict[str, Any] = {}
    for fact in rest:
        if fact in ("key", "unique"):
            known[fact] = True
        elif fact == "null":
            known["nullable"] = True
        elif fact.startswith("-> "):
            target = fact.removeprefix("-> ")
            known["references"] = target.removesuffix(" or 0")
            known["zero_allowed"] = target.endswith(" or 0")
        elif fact.startswith("in "):
            known["allowed"] = tuple(fact.removeprefix("in ").split(" / "))
        elif fact.startswith("unit "):
            known["unit"] = fact.removeprefix("unit ")
        elif fact.startswith("from "):
            known["origin"] = tuple(re.split(r"\s*\+\s*", fact.removeprefix("from ")))
        elif bounds := _RANGE.fullmatch(fact):
            low, high = bounds.groups()
            known["low"] = float(low) if low else None
            known["high"] = float(high) if high else None
        else:
            raise ValueError(f"{table}.{name}: {fact!r} is no known fact of a column")
    return Column(name, kind.upper(), meaning, **known)
