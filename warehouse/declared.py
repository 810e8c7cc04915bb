"""How a table stands in the published file: its columns, the keys DuckDB keeps for it, and its comments.

DuckDB keeps an index for every primary key, unique column and foreign key, and has no way to declare a key
without one. On two cores (DuckDB 2.0, with other work beside it), a table of 700,000 rows took 5.4 s and 205 MB
without foreign keys, 8.7 s and 240 MB with 6, 30 s and 323 MB with 17; 7 million look-alikes took 2 s without
any key, 4 s and 140 MB more with a primary key, and 51 s and 400 MB more with two foreign keys besides. So a table
has real keys while its index entries (rows times keys) stay below a limit: primary key first, then unique columns,
then all foreign keys or none. A table of k such keys has them all up to `_ENTRIES` / k rows, each table for itself:
a small lake's largest may pass it when the others do not. Where they are left out, the
table's comment says so, and `foreign_key` in the file lists every one; contracts hold all of them before publishing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from storage.sql import identifier, literal
from warehouse.contracts import key_of, star_contract
from warehouse.headers import Column, Contract

# About 3 s of indexing and 60 MB of file.
_ENTRIES = 1_500_000


@dataclass(frozen=True)
class Declared:
    """One table of the file.

    contract: what is known of it; `columns`, with types, are those it has. exact: they are the contract's.
    keys: primary key and unique columns that DuckDB keeps; foreign: columns that it keeps as foreign keys.
    """

    name: str
    rows: int
    columns: tuple[tuple[str, str], ...]
    contract: Contract
    exact: bool
    keys: tuple[tuple[str, ...], ...]
    foreign: tuple[Column, ...]

    @property
    def create(self) -> str:
        """The statement that makes it, empty."""
        filled = {c.name for c in self.contract.columns if self.exact and not c.nullable}
        lines = [
            f"{identifier(name)} {kind}{' not null' if name in filled else ''}"
            for name, kind in self.columns
        ]
        for key in self.keys:
            kind = "primary key" if key == self.contract.key else "unique"
            lines.append(f"{kind} ({', '.join(key)})")
        for column in self.foreign:
            lines.append(f"foreign key ({column.name}) references {_target(column)}")
        return f"create table {self.name} ({', '.join(lines)})"

    @property
    def comment(self) -> str:
        """Grain and notes, and which keys DuckDB does not keep."""
        about = f"{self.contract.grain}. {self.contract.notes}".strip()
        left = [", ".join(key) for key in _keys(self.contract) if key not in self.keys]
        left += [
            f"{column.name} → {column.references}"
            for column in _references(self.contract)
            if column not in self.foreign
        ]
        if not left:
            return about
        return f"{about} Checked before publishing, and not declared as keys of the file: {'; '.join(left)}."


def declare(
    connection: duckdb.DuckDBPyConnection, names: Iterable[str], known: Iterable[str]
) -> dict[str, Declared]:
    """How each table stands in the file, from its rows in the view `star_<name>`.

    names: each after those it refers to. known: tables that have a contract today; one without a contract, or
    with other columns than its contract, has its columns and no keys.
    """
    there: dict[str, Declared] = {}
    known = set(known)
    for name in names:
        rows = int(connection.sql(f"select count(*) from star_{name}").fetchall()[0][0])
        described = connection.sql(f"describe star_{name}").fetchall()
        columns = tuple((str(row[0]), str(row[1])) for row in described)
        contract = star_contract(name) if name in known else Contract(name, name, ())
        exact = columns == tuple((column.name, column.type) for column in contract.columns)
        affordable = _ENTRIES // max(rows, 1) if exact else 0
        keys = _keys(contract)[:affordable]
        foreign = [
            column
            for column in _references(contract)
            if not column.zero_allowed and _is_key(there, column)
        ]
        if len(keys) + len(foreign) > affordable:
            foreign = []
        there[name] = Declared(name, rows, columns, contract, exact, tuple(keys), tuple(foreign))
    return there


def comment(
    connection: duckdb.DuckDBPyConnection, contract: Contract, about: str, kind: str = "table"
) -> None:
    """Write what the table or view and each of its columns means into the file."""
    name = identifier(contract.name)
    there = {row[0] for row in connection.sql(f"describe {name}").fetchall()}
    connection.execute(f"comment on {kind} {name} is {literal(about)}")
    for column in contract.columns:
        if column.name in there:
            meaning = column.meaning + (f" [{column.unit}]" if column.unit else "")
            meaning += f" → {column.references}" if column.references else ""
            connection.execute(f"comment on column {name}.{column.name} is {literal(meaning)}")


def add_foreign_keys(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Declared]) -> None:
    """Make the table `foreign_key`: every reference of the star, whether or not DuckDB keeps it as a key."""
    connection.execute(
        "create or replace table foreign_key (table_name varchar, column_name varchar, "
        "referenced_table varchar not null, referenced_column varchar not null, "
        "is_declared boolean not null, primary key (table_name, column_name))"
    )
    rows = [
        (table.name, column.name, column.references, _remote(column), column in table.foreign)
        for table in tables.values()
        for column in _references(table.contract)
        if column.references in tables
    ]
    if rows:
        connection.executemany("insert into foreign_key values (?, ?, ?, ?, ?)", sorted(rows))
    connection.execute(
        "comment on table foreign_key is 'how the tables join: table_name.column_name is found in "
        "referenced_table.referenced_column; is_declared where DuckDB keeps it as a foreign key too'"
    )


def _keys(contract: Contract) -> list[tuple[str, ...]]:
    """The primary key, then each unique column."""
    keys = [contract.key] if contract.key else []
    keys += [(column.name,) for column in contract.columns if column.unique]
    return list(dict.fromkeys(keys))


def _references(contract: Contract) -> list[Column]:
    return [column for column in contract.columns if column.references not in (None, contract.name)]


def _remote(column: Column) -> str:
    return key_of(str(column.references))


def _target(column: Column) -> str:
    return f"{column.references} ({_remote(column)})"


def _is_key(there: Mapping[str, Declared], column: Column) -> bool:
    target = there.get(str(column.references))
    return target is not None and (_remote(column),) in target.keys
