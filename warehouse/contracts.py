"""Contracts held against data: keys, foreign keys, types, ranges, allowed values, counts, losses.

The declarations are the headers of the SQL files (`warehouse.headers`); here they are looked up and
checked, and a broken one is shown with the rows that break it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage import Lake
from storage.files import sha256_files, write_text
from warehouse import profile
from warehouse.headers import Column, Contract, lake_key, parse, tables_read

if TYPE_CHECKING:
    import duckdb

HERE = Path(__file__).parent
_SHOWN = 10


@dataclass(frozen=True)
class Violation:
    """A rule that some rows break: how many, and the first of them as dictionaries."""

    table: str
    rule: str
    count: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        shown = "; ".join(str(row) for row in self.rows[:3])
        return f"{self.table}: {self.rule}: {self.count} rows" + (
            f", first {shown}" if shown else ""
        )


@cache
def star_contract(table: str) -> Contract:
    """The contract of a star table, read from its SQL file."""
    return parse(table, (HERE / "star" / f"{table}.sql").read_text(encoding="utf-8"))


@cache
def view_contracts() -> tuple[Contract, ...]:
    """The contracts of the views made for people, in the order of their names."""
    files = sorted((HERE / "views").glob("*.sql"))
    return tuple(parse(file.stem, file.read_text(encoding="utf-8")) for file in files)


def key_of(table: str) -> str:
    """The column that foreign keys to a table are found in: it carries the table's name without its kind."""
    return f"{table.split('_', 1)[1]}_key"


def check(lake: Lake, table: str, *, accept_loss: bool = False) -> list[Violation]:
    """Hold a star table of the lake against its contract; an empty list means it is kept.

    Also against the last publication, unless `accept_loss`: neither its rows nor the filled share of a
    column may halve. Reads the tables that its foreign keys, row counts and checks name, which must have
    been made. That the contract is kept is remembered (`kept`).
    """
    contract = star_contract(table)
    held = _held(lake, contract)
    with lake.connect(_tables(contract)) as connection:
        broken = violations(connection, contract)
        was = None if accept_loss or broken else profile.before(lake, table)
        if was:
            lost = profile.losses(was, profile.profile(connection, contract))
            rule = "at least half is left of what was published last (ARTLAKE_ACCEPT_LOSS=true takes less)"
            broken = [Violation(table, rule, len(lost), lost)] if lost else []
    if not broken:
        write_text(_mark(lake, table), held)
    return broken


def kept(lake: Lake, table: str) -> bool:
    """Whether `check` has found the contract kept for the bytes that the table and what it is held against have now."""
    mark = _mark(lake, table)
    return mark.is_file() and mark.read_text() == _held(lake, star_contract(table))


def _mark(lake: Lake, table: str) -> Path:
    return lake.file(f"star/.kept/{table}")


def _held(lake: Lake, contract: Contract) -> str:
    """A fingerprint of the contract and of the bytes it is held against."""
    parts = [part for key in _tables(contract) for part in lake.parts(key)]
    return hashlib.sha256(f"{contract!r}\n{sha256_files(parts)}".encode()).hexdigest()


def _tables(contract: Contract) -> list[str]:
    """Keys of the lake that a table's contract is held against, its own first."""
    names = [f"star_{contract.name}", *(f"star_{name}" for name in contract.referenced)]
    names += [*contract.rows, *(name for _, sql in contract.checks for name in tables_read(sql))]
    return [lake_key(name) for name in dict.fromkeys(names)]


def violations(connection: "duckdb.DuckDBPyConnection", contract: Contract) -> list[Violation]:
    """Every rule of the contract that rows of the view `star_<table>` break.

    connection: one that knows the star's tables and inputs as `Lake.connect` names them.
    """
    this = f"star_{contract.name}"
    described = connection.sql(f"describe {this}").fetchall()
    found = [(row[0], row[1]) for row in described]
    wanted = [(column.name, column.type) for column in contract.columns]
    if found != wanted:
        differing = sorted(set(found) ^ set(wanted))
        rows = [{"column": name, "type": kind} for name, kind in differing]
        return [Violation(contract.name, "columns and types as declared", len(rows), rows)]
    broken = [
        _violation(connection, contract.name, rule, sql)
        for rule, sql in [*_broken_conditions(connection, contract, this), *_rules(contract, this)]
    ]
    return [violation for violation in broken if violation.count]


def _broken_conditions(
    connection: "duckdb.DuckDBPyConnection", contract: Contract, this: str
) -> list[tuple[str, str]]:
    """The conditions on single rows that some break, all looked for in one pass over the table."""
    all_conditions = [
        (column, rule, condition)
        for column in contract.columns
        for rule, condition in _conditions(column)
    ]
    if not all_conditions:
        return []
    counted = ", ".join(f"count_if({condition})" for _, _, condition in all_conditions)
    counts = connection.sql(f"select {counted} from {this}").fetchall()[0]
    found = []
    for (column, rule, condition), count in zip(all_conditions, counts, strict=True):
        if count:
            shown = ", ".join(dict.fromkeys([*contract.key, column.name]))
            found.append((f"{column.name} {rule}", f"select {shown} from {this} where {condition}"))
    return found


def _rules(contract: Contract, this: str) -> Iterator[tuple[str, str]]:
    """Each rule on the rows together, with the query that returns those which break it."""
    show = ", ".join(contract.key)
    if contract.key:
        yield (
            f"{show} is unique",
            f"select {show}, count(*) as times from {this} group by all having count(*) > 1",
        )
    for column in contract.columns:
        if column.unique:
            yield (
                f"{column.name} is unique",
                f"select {column.name}, count(*) as times from {this} group by all having count(*) > 1",
            )
        if target := column.references:
            zero = f"{this}.{column.name} <> 0 and" if column.zero_allowed else ""
            yield (
                f"{column.name} is found in {target}",
                f"select {show}, {column.name} from {this} anti join star_{target} as target "
                f"on target.{key_of(target)} = {this}.{column.name} where {zero} {column.name} is not null",
            )
    if contract.rows:
        total = " + ".join(f"(select count(*) from {name})" for name in contract.rows)
        yield (
            f"as many rows as {' and '.join(lake_key(name) for name in contract.rows)}",
            f"select * from (select (select count(*) from {this}) as found, {total} as expected) "
            "where found <> expected",
        )
    yield from contract.checks


def _conditions(column: Column) -> Iterator[tuple[str, str]]:
    """Each rule on a value, with the condition of the rows that break it."""
    if not column.nullable:
        yield "is never empty", f"{column.name} is null"
    if column.type in ("FLOAT", "DOUBLE"):
        # Not left to the range: Parquet's statistics ignore NaN, and a filter by range trusts them.
        yield "is a number", f"not isfinite({column.name})"
    if column.low is not None:
        yield f"is at least {column.low:g}", f"{column.name} < {column.low}"
    if column.high is not None:
        yield f"is at most {column.high:g}", f"{column.name} > {column.high}"
    if column.allowed:
        values = ", ".join(f"'{value}'" for value in column.allowed)
        yield f"is one of {', '.join(column.allowed)}", f"{column.name} not in ({values})"


def _violation(
    connection: "duckdb.DuckDBPyConnection", table: str, rule: str, sql: str
) -> Violation:
    count = connection.sql(f"select count(*) from ({sql})").fetchall()[0][0]
    if not count:
        return Violation(table, rule, 0)
    # Sorted by every column, so that the same fault is shown the same way each time.
    relation = connection.sql(f"select * from ({sql}) order by all limit {_SHOWN}")
    names = relation.columns
    return Violation(
        table, rule, count, [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
    )
