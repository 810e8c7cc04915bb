"""Publishing: the star as one DuckDB file with real tables, comments and views, swapped in whole.

Built beside the old file and moved over it at the end, so that readers are never blocked and a build
that fails leaves what was there.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from storage import Lake
from storage.errors import MendableError
from storage.files import replacing, sha256_file
from storage.sql import literal
from warehouse.contracts import HERE, star_contract, view_contracts, violations
from warehouse.headers import Contract, lake_key, tables_read
from warehouse.star import STAR

# A DuckDB file takes up to about four times the space of the zstd Parquet it is built from.
_GROWTH = 4
_SPARE = 64 * 1024 * 1024


class PublishError(MendableError):
    """Nothing was published; the message says why, and the old file is untouched."""


@dataclass(frozen=True)
class Published:
    """What was published: `rows` by table, `version` a sha256 of its content (not of the file's bytes)."""

    path: Path
    rows: dict[str, int]
    bytes: int
    version: str


def publish(lake: Lake, target: Path, snapshot: Mapping[str, str]) -> Published:
    """Build the warehouse file from the lake's star and put it in the place of `target`.

    snapshot: names and versions to keep in the file's table `snapshot` (code, inputs; a time only where
    the caller gives one); the versions of the star's own tables are added.

    Raises PublishError when a table is missing, a contract is broken (with the offending rows), or the
    disk is too full. The old file then stays as it is.
    """
    _check_space(lake, target)
    versions = {table.key: sha256_file(lake.path(table.key)) for table in STAR}
    versions |= {name: str(version) for name, version in snapshot.items()}
    try:
        with replacing(target) as part, lake.connect(_needed()) as connection:
            try:
                _check_contracts(connection)
                connection.execute(f"attach {literal(str(part))} as published; begin")
                rows = {table.name: _copy(connection, table.name) for table in STAR}
                connection.execute("use published")
                _add_views(connection)
                _add_snapshot(connection, versions)
                connection.execute("commit; use memory; detach published")
            finally:
                for left in (".wal", ".tmp"):
                    _remove(part.with_name(part.name + left))
    except duckdb.Error as error:
        raise PublishError(f"{target} was not published: {error}") from error
    return Published(target, rows, target.stat().st_size, _version(versions))


def _needed() -> list[str]:
    sources = [name for table in STAR for name in star_contract(table.name).rows]
    checks = [sql for table in STAR for _, sql in star_contract(table.name).checks]
    read = [name for sql in checks for name in tables_read(sql)]
    return list(dict.fromkeys([*(table.key for table in STAR), *map(lake_key, sources + read)]))


def _check_space(lake: Lake, target: Path) -> None:
    missing = [table.key for table in STAR if not lake.has(table.key)]
    if missing:
        raise PublishError(f"{target} was not published: {', '.join(missing)} has not been made")
    target.parent.mkdir(parents=True, exist_ok=True)
    need = _GROWTH * sum(lake.path(table.key).stat().st_size for table in STAR) + _SPARE
    free = shutil.disk_usage(target.parent).free
    if free < need:
        raise PublishError(
            f"{target} was not published: it may need {need / 1e6:.0f} MB and {free / 1e6:.0f} MB are "
            "free there. Make room, or name another place."
        )


def _check_contracts(connection: duckdb.DuckDBPyConnection) -> None:
    broken = [
        violation
        for table in STAR
        for violation in violations(connection, star_contract(table.name))
    ]
    if broken:
        raise PublishError("Not published, contracts are broken:\n" + "\n".join(map(str, broken)))


def _copy(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Make the real table with its primary key and comments; return its rows."""
    contract = star_contract(table)
    columns = [
        f"{column.name} {column.type}{'' if column.nullable else ' not null'}"
        for column in contract.columns
    ]
    key = f"primary key ({', '.join(contract.key)})"
    connection.execute(f"create table published.{table} ({', '.join([*columns, key])})")
    order = ", ".join(contract.sort_by)
    connection.execute(f"insert into published.{table} select * from star_{table} order by {order}")
    _comment(connection, contract, f"published.{table}", "table")
    return int(connection.sql(f"select count(*) from published.{table}").fetchall()[0][0])


def _comment(
    connection: duckdb.DuckDBPyConnection, contract: Contract, name: str, kind: str
) -> None:
    about = f"{contract.grain}. {contract.notes}".strip()
    connection.execute(f"comment on {kind} {name} is {literal(about)}")
    for column in contract.columns:
        meaning = column.meaning + (f" [{column.unit}]" if column.unit else "")
        meaning += f" → {column.references}" if column.references else ""
        connection.execute(f"comment on column {name}.{column.name} is {literal(meaning)}")


def _add_views(connection: duckdb.DuckDBPyConnection) -> None:
    for view in view_contracts():
        sql = (HERE / "views" / f"{view.name}.sql").read_text(encoding="utf-8")
        connection.execute(f"create view {view.name} as {sql}")
        _comment(connection, view, view.name, "view")


def _add_snapshot(connection: duckdb.DuckDBPyConnection, versions: Mapping[str, str]) -> None:
    connection.execute("create table snapshot (name varchar primary key, version varchar not null)")
    connection.executemany("insert into snapshot values (?, ?)", sorted(versions.items()))
    connection.execute("comment on table snapshot is 'what this file was built from, by version'")


def _version(versions: Mapping[str, str]) -> str:
    declared = [
        *(table.code_version for table in STAR),
        *((HERE / "views" / f"{view.name}.sql").read_text() for view in view_contracts()),
    ]
    return hashlib.sha256(json.dumps([sorted(versions.items()), declared]).encode()).hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
