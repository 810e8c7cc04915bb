"""The tables of the star, found among the SQL files, and how one is built in the lake.

Importing this reads a few small files and parses no SQL: it happens while definitions load.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from storage import Lake, Written
from warehouse.contracts import star_contract
from warehouse.headers import lake_key, tables_read

_FOLDER = Path(__file__).parent / "star"
MACROS = (_FOLDER / "macros.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class StarTable:
    """One table of the star.

    inputs: lake keys its SQL reads. references: lake keys of the star tables that its foreign keys
    and checks look at, which must be built before it is checked. code_version: sha256 of its SQL.
    """

    name: str
    sql: str
    inputs: tuple[str, ...]
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
    return StarTable(
        name=file.stem,
        sql=sql,
        inputs=tuple(lake_key(name) for name in tables_read(sql)),
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

    Raises storage.LakeError when an input has not been made.
    """
    with lake.connect(table.inputs) as connection:
        connection.execute(MACROS)
        return lake.write_query(table.key, connection, f"{table.sql}\n", table.sort_by)
