"""The tables of the star, found among the SQL files, and how one is built in the lake.

Importing this reads a few small files and parses no SQL: it happens while definitions load.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storage import Lake, Written, snapshots
from storage.errors import MendableError
from storage.sql import identifier, literal
from warehouse.contracts import star_contract
from warehouse.headers import lake_key, tables_read
from warehouse.profile import SERIES

if TYPE_CHECKING:
    import duckdb

_FOLDER = Path(__file__).parent / "star"
MACROS = (_FOLDER / "macros.sql").read_text(encoding="utf-8")
# What DuckDB may hold of a table of any size; beyond it, it writes to the lake's own disk. A lake of 700,000
# artworks needs 2 GiB in all; with 2 GiB for DuckDB its widest table was spilled, and took half as long again.
_MEMORY = "3GiB"


class BuildError(MendableError):
    """A table could not be built; the message says which and why, and what it held is untouched."""


@dataclass(frozen=True)
class StarTable:
    """One table of the star.

    inputs: lake keys its SQL reads, but for the table itself. remembers: whether it reads its own last
    state. references: lake keys of the star tables that its foreign keys and checks look at, which must
    be built before it is checked. code_version: sha256 of its SQL.
    """

    name: str
    sql: str
    inputs: tuple[str, ...]
    remembers: bool
    references: tuple[str, ...]
    sort_by: tuple[str, ...]
    grain: str
    code_version: str

    @property
    def key(self) -> str:
        """Where the lake keeps it."""
        return f"star/{self.name}"


def _load(file: Path) -> StarTable:
    sql = file.read_text(encoding="utf-8")
    contract = star_contract(file.stem)
    own = f"star/{file.stem}"
    read = [lake_key(name) for name in tables_read(sql)]
    return StarTable(
        name=file.stem,
        sql=sql,
        inputs=tuple(key for key in read if key != own),
        remembers=own in read,
        references=tuple(f"star/{name}" for name in contract.referenced),
        sort_by=contract.sort_by,
        grain=contract.grain,
        code_version=hashlib.sha256((MACROS + sql).encode()).hexdigest(),
    )


def _in_order(tables: list[StarTable]) -> tuple[StarTable, ...]:
    """Each table after those it reads or refers to."""
    placed: dict[str, StarTable] = {}
    waiting = sorted(tables, key=lambda table: table.name)
    while waiting:
        ready = [
            table
            for table in waiting
            if all(
                key in placed or not key.startswith("star/")
                for key in (*table.inputs, *table.references)
            )
        ]
        if not ready:
            raise ValueError(f"these tables wait for one another: {[t.name for t in waiting]}")
        placed |= {table.key: table for table in ready}
        waiting = [table for table in waiting if table.key not in placed]
    return tuple(placed.values())


STAR: tuple[StarTable, ...] = _in_order(
    [_load(file) for file in _FOLDER.glob("*.sql") if file.stem != "macros"]
)


def build(lake: Lake, table: StarTable) -> Written:
    """Build one table from its inputs and write it to the lake.

    Equal inputs give equal bytes (`Written.changed` tells): what need not run at all is the caller's to know.

    Raises storage.LakeError when an input has not been made, BuildError when DuckDB cannot do it: an
    input of other columns or types than the SQL asks for, a full disk; SnapshotError when its own history is lost.
    """
    import duckdb

    with lake.connect(table.inputs) as connection:
        try:
            _bound(lake, connection)
            connection.execute(MACROS)
            if table.remembers:
                _show_last_state(lake, connection, table)
            return lake.write_query(table.key, connection, f"{table.sql}\n", table.sort_by)
        except duckdb.Error as error:
            said = " ".join(_misfits(lake, table)) or "They have the types that artlake writes."
            raise BuildError(
                f"{table.key} was not built, and stays as it was: {error}\n"
                f"It reads {', '.join(table.inputs)}. {said} If one of them was written by another version "
                "of artlake or by other software, materialize it again."
            ) from error


def _misfits(lake: Lake, table: StarTable) -> Iterator[str]:
    """What differs between the files of a table's inputs and the lake's own schema of each, in words.

    Types within lists are not compared: every writer of Parquet names their parts in its own way.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from storage import schemas

    for key in table.inputs:
        wanted = getattr(schemas, key.partition("/")[2].upper(), ())
        for part in lake.parts(key):
            found = {field.name: field.type for field in pq.read_schema(part)}
            for field in wanted:
                kind = found.get(field.name)
                if kind is None:
                    yield f"{key}: {field.name} is missing."
                elif kind != field.type and not pa.types.is_nested(field.type):
                    yield f"{key}: {field.name} is {kind}, and should be {field.type}."


def _bound(lake: Lake, connection: "duckdb.DuckDBPyConnection") -> None:
    """Keep the connection within its memory; what does not fit goes to a folder of the lake."""
    connection.execute(
        f"set memory_limit = {literal(_MEMORY)};"
        f"set temp_directory = {literal(str(lake.file('.spill')))}"
    )


def _show_last_state(lake: Lake, connection: "duckdb.DuckDBPyConnection", table: StarTable) -> None:
    """Let `star_<table>` stand for what the table held so far, in the columns it has today.

    Without rows the first time; a column that it did not have yet is null. A file that is gone is taken from the
    newest publication: the table is the only source of its history. Raises SnapshotError when it is gone there too.
    """
    view = f"star_{table.name}"
    columns = star_contract(table.name).columns
    declared = ", ".join(f"{identifier(column.name)} {column.type}" for column in columns)
    connection.execute(f"create temp table nothing_yet ({declared})")
    known = ", ".join(identifier(column.name) for column in columns)
    rows = "from nothing_yet"
    if last := lake.parts(table.key) or _published(lake, table):
        files = ", ".join(literal(str(path)) for path in last)
        connection.execute(
            "create temp view last_state as "
            f"from read_parquet([{files}], hive_partitioning = false)"
        )
        rows += " union all by name from last_state"
    connection.execute(f"create temp view {view} as select {known} from ({rows})")


def _published(lake: Lake, table: StarTable) -> list[Path]:
    """The table's files in the newest publication that has it; one of today's before one that was restored."""
    there = [
        taken
        for taken in snapshots.listed(lake, SERIES)
        if table.key in taken.tables and not taken.pruned
    ]
    if not there:
        return []
    newest = max(there, key=lambda taken: ("restored_from" not in taken.facts, taken.number))
    return snapshots.files(lake, newest, table.key)
