"""What of the file that stands can be taken over into the next one, so that only changed tables are made anew.

A table is taken over when its version is the same, the same code and DuckDB made the file, and its values
are still those of its Parquet. In anything odd nothing is, and the whole file is made anew.
"""

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from storage.files import sha256_files
from storage.sql import identifier, literal
from warehouse import code, search
from warehouse.declared import Declared

_MEMORY = "3GB"
MADE_BY = "made by"  # the row of the file's `snapshot` that says what code made it


def connect(tables: Mapping[str, Sequence[Path]], part: Path) -> duckdb.DuckDBPyConnection:
    """A connection with each table's Parquet files as the view `memory.star_<name>`."""
    beside = str(part.with_name(part.name + ".tmp"))
    connection = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": beside})
    for name, parts in tables.items():
        files = ", ".join(literal(str(path)) for path in parts)
        connection.execute(
            f"create view {identifier('star_' + name)} as "
            f"from read_parquet([{files}], hive_partitioning = false)"
        )
    return connection


def take_over(
    tables: Mapping[str, Sequence[Path]],
    target: Path,
    part: Path,
    wanted: Mapping[str, Declared],
    versions: Mapping[str, str],
) -> set[str]:
    """Copy the file that stands to `part`, keep in it the tables that are as wanted, and name those.

    None are, and nothing is copied, when that file is damaged, or other code or another DuckDB made it.
    """
    stay: set[str] = set()
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach {literal(str(target))} as old (read_only)")
            stay = _unchanged(
                dict(connection.sql("from old.snapshot").fetchall()), wanted, versions
            )
        if stay:
            shutil.copyfile(target, part)
            with connect(tables, part) as connection:
                connection.execute(f"attach {literal(str(part))} as published; use published")
                _verify(connection, stay)
                _drop_others(connection, stay, wanted)
                connection.execute("use memory; detach published")
    except duckdb.Error:
        stay = set()
        remove(part)
        remove(part.with_name(part.name + ".wal"))
    return stay


def made_by() -> str:
    """A fingerprint of all that decides how the file comes out of the same tables: this code, and DuckDB."""
    said = f"{duckdb.__version__}\n{sha256_files(code.FILE)}"
    return hashlib.sha256(said.encode()).hexdigest()


def remove(path: Path) -> None:
    """Remove a file or folder that may not be there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _unchanged(
    said: Mapping[str, str], wanted: Mapping[str, Declared], versions: Mapping[str, str]
) -> set[str]:
    """Tables of the same version. One with foreign keys goes with what it refers to, for DuckDB drops none of those."""
    stay: set[str] = set()
    if said.get(MADE_BY) == made_by():
        for name, table in wanted.items():
            bound = {column.references for column in table.foreign}
            if said.get(f"star/{name}") == versions[name] and bound <= stay:
                stay.add(name)
    return stay


def _verify(connection: duckdb.DuckDBPyConnection, stay: Iterable[str]) -> None:
    """Hold each table against its Parquet. Raises duckdb.Error when a value differs or cannot be read."""
    sums = "select count(*), sum(hash(columns(*))) from"
    for name in stay:
        there, wanted = (
            connection.sql(f"{sums} {place}").fetchall()
            for place in (f"published.{name}", f"memory.star_{name}")
        )
        if there != wanted:
            raise duckdb.DataError(f"{name} is not what its version says")


def _drop_others(
    connection: duckdb.DuckDBPyConnection, stay: set[str], wanted: Mapping[str, Declared]
) -> None:
    """Leave only these tables, and the search index if it is made from none but these."""
    mine = "where database_name = 'published' and not internal"
    for (view,) in connection.sql(f"select view_name from duckdb_views() {mine}").fetchall():
        connection.execute(f"drop view {identifier(view)}")
    if stay.issuperset(search.READS):
        stay = stay | set(search.TABLES)
    else:
        macros = f"select distinct function_name from duckdb_functions() {mine}"
        for (macro,) in connection.sql(macros).fetchall():
            kind = "macro table" if macro == "search" else "macro"
            connection.execute(f"drop {kind} {identifier(macro)}")
    there = {
        row[0]
        for row in connection.sql(f"select table_name from duckdb_tables() {mine}").fetchall()
    }
    # What refers to others goes before what it refers to.
    for name in [*(there - set(wanted)), *reversed(list(wanted))]:
        if name in there - stay:
            connection.execute(f"drop table {identifier(name)}")
    # So that the room of what was dropped is used again.
    connection.execute("checkpoint published")
