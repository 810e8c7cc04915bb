"""Contracts held against data: keys, foreign keys, types, ranges, allowed values, row counts.

The declarations are the headers of the SQL files (`warehouse.headers`); here they are looked up and
checked, and a broken one is shown with the rows that break it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage import Lake
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


def check(lake: Lake, table: str) -> list[Violation]:
    """Hold a star table of the lake against its contract; an empty list means it is kept.

    Reads the tables that its foreign keys, row counts and checks name, which must have been made.
    """
    contract = star_contract(table)
    views = [f"star_{table}", *(f"star_{name}" for name in contract.referenced), *contract.rows]
    views += [name for _, sql in contract.checks for name in tables_read(sql)]
    with lake.connect([lake_key(view) for view in dict.fromkeys(views)]) as connection:
        return violations(connection, contract)


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
        _violation(connection, contract.name, rule, sql) for rule, sql in _rules(contract, this)
    ]
    return [violation for violation in broken if violation.count]


def _rules(contract: Contract, this: str) -> Iterator[tuple[str, str]]:
    """Each rule with the query that returns the rows which break it."""
    show = ", ".join(contract.key)
    if contract.key:
        yield (
            f"{show} is unique",
            f"select {show}, count(*) as times from {this} group by all having count(*) > 1",
        )
    for column in contract.columns:
        for rule, condition in _conditions(column):
            columns = ", ".join(dict.fromkeys([*contract.key, column.name]))
            yield f"{column.name} {rule}", f"select {columns} from {this} where {condition}"
        if column.unique:
            yield (
                f"{column.name} is unique",
                f"select {column.name}, count(*) as times from {this} group by all having count(*) > 1",
            )
        if target := column.references:
            # A dimension's key carries the dimension's name; so does a fact's.
            remote = f"{target.split('_', 1)[1]}_key"
            zero = f"{this}.{column.name} <> 0 and" if column.zero_allowed else ""
            yield (
                f"{column.name} is found in {target}",
                f"select {show}, {column.name} from {this} anti join star_{target} as target "
                f"on target.{remote} = {this}.{column.name} where {zero} {column.name} is not null",
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
