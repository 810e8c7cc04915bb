"""Publishing: the star as one DuckDB file with real tables, keys, comments, views and search, swapped in whole.

Built beside the old file and moved over it at the end, so that readers are never blocked and a build that
fails, or is killed, leaves what was there. Where only some tables changed since the file that stands, it
is copied and only those are made anew; each table kept is first held against its Parquet, value by value.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from storage import Lake
from storage.errors import MendableError
from storage.files import replacing, sha256_files, sha256_table
from storage.sql import identifier, literal
from warehouse import declared, reuse, search
from warehouse.contracts import HERE, check, kept, view_contracts
from warehouse.declared import Declared
from warehouse.headers import Contract
from warehouse.star import STAR

# A DuckDB file takes up to about four times the space of the zstd Parquet it is built from.
_GROWTH = 4
_SPARE = 64 * 1024 * 1024
# Every column and key of a table takes a block at least, so a small file takes small ones.
_SMALL, _SMALL_BLOCK, _BLOCK = 16 * 1024 * 1024, 16 * 1024, 256 * 1024


class PublishError(MendableError):
    """Nothing was published; the message says why, and the old file is untouched."""


@dataclass(frozen=True)
class Published:
    """What was published.

    rows: by table. version: a sha256 of its content (not of the file's bytes). kept: tables taken over from
    the file that stood. without: views, and "search", that its older tables have not the columns for.
    """

    path: Path
    rows: dict[str, int]
    bytes: int
    version: str
    kept: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def publish(lake: Lake, target: Path, snapshot: Mapping[str, str]) -> Published:
    """Build the warehouse file from the lake's star and put it in the place of `target`.

    snapshot: names and versions to keep in the file's table `snapshot` (code, inputs; a time only where
    the caller gives one); the versions of the star's own tables are added.

    Raises PublishError when a table is missing, a contract is broken (with the offending rows), or the
    disk is too full. The old file then stays as it is.
    """
    missing = [table.key for table in STAR if not lake.has(table.key)]
    if missing:
        raise PublishError(
            f"{target} was not published: {', '.join(missing)} has not been made. Run `artlake run`."
        )
    unchecked = [table.name for table in STAR if not kept(lake, table.name)]
    broken = [violation for name in unchecked for violation in check(lake, name)]
    if broken:
        told = "\n".join(map(str, broken))
        raise PublishError(
            f"{target} was not published, contracts are broken:\n{told}\nThe file that stood stays. Look up the rows "
            "in their source; mend the reader or the rule, and run `artlake run`."
        )
    return build_file({table.name: lake.parts(table.key) for table in STAR}, target, snapshot)


def build_file(
    tables: Mapping[str, Sequence[Path]], target: Path, snapshot: Mapping[str, str]
) -> Published:
    """Build the warehouse file from the Parquet files of each table and put it in the place of `target`.

    tables: of today, or an older publication's: a table whose columns are not those of today's contract has
    them without keys, and views that then cannot be made are left out. Their contracts are not checked here.

    Raises PublishError when a file is missing or unreadable, or the disk is too full.
    """
    _check_space(tables, target)
    try:
        with replacing(target) as part:
            _remove_orphans(target)
            try:
                return _build(tables, target, part, snapshot)
            finally:
                for left in (".wal", ".tmp"):
                    reuse.remove(part.with_name(part.name + left))
    except (duckdb.Error, OSError) as error:
        raise PublishError(
            f"{target} was not published, and what stood there stays: {error}\nWhere a table cannot be read, "
            "materialize it again; where the disk is full or not to be written to, mend that. Then run `artlake run`."
        ) from error


def _build(
    tables: Mapping[str, Sequence[Path]], target: Path, part: Path, snapshot: Mapping[str, str]
) -> Published:
    versions = {name: version_of(parts) for name, parts in tables.items()}
    with reuse.connect(tables, part) as connection:
        known = [table.name for table in STAR]
        names = sorted(
            tables,
            key=lambda name: (name not in known, known.index(name) if name in known else name),
        )
        wanted = declared.declare(connection, names, known)
        stay = reuse.take_over(tables, target, part, wanted, versions)
        block = _SMALL_BLOCK if _size(tables) < _SMALL else _BLOCK
        connection.execute(f"attach {literal(str(part))} as published (block_size {block})")
        connection.execute("use published; begin")
        for name in names:
            if name not in stay:
                _copy(connection, wanted[name], len(tables[name]))
        declared.add_foreign_keys(connection, wanted)
        connection.execute("commit")
        # The tables are in their order by now; those of the search index are ordered by their statements.
        connection.execute("set preserve_insertion_order = false")
        today = all(name in wanted and wanted[name].exact for name in known)
        made = {view.name: partial(_add_view, connection, view) for view in view_contracts()}
        if not stay.issuperset(search.READS):
            made["search"] = partial(search.build, connection)
        without = [name for name, make in made.items() if not _made(connection, make, today)]
        said = {**snapshot, **{f"star/{name}": version for name, version in versions.items()}}
        if without:
            said["without"] = ", ".join(without)
        _add_snapshot(connection, {**said, reuse.MADE_BY: reuse.made_by()})
        connection.execute("use memory; detach published")
    rows = {name: table.rows for name, table in wanted.items()}
    size = part.stat().st_size
    return Published(
        target, rows, size, _digest(said), tuple(n for n in names if n in stay), tuple(without)
    )


def _copy(connection: duckdb.DuckDBPyConnection, table: Declared, parts: int) -> None:
    """Make one table. Its Parquet is sorted already, unless it comes in several files."""
    connection.execute(table.create)
    there = {name for name, _ in table.columns}
    order = ", ".join(name for name in table.contract.sort_by if name in there) if parts > 1 else ""
    connection.execute(
        f"insert into {table.name} from memory.star_{table.name} {'order by ' + order if order else ''}"
    )
    declared.comment(connection, table.contract, table.comment)


def _made(connection: duckdb.DuckDBPyConnection, make: Callable[[], None], today: bool) -> bool:
    """Make a view or the search index; False where older tables lack its columns. Raises where today's do."""
    connection.execute("begin")
    try:
        make()
    except (duckdb.BinderException, duckdb.CatalogException):
        if today:
            raise
        connection.execute("rollback")
        return False
    connection.execute("commit")
    return True


def _add_view(connection: duckdb.DuckDBPyConnection, view: Contract) -> None:
    sql = (HERE / "views" / f"{view.name}.sql").read_text(encoding="utf-8")
    connection.execute(f"create view {identifier(view.name)} as {sql}")
    declared.comment(connection, view, f"{view.grain}. {view.notes}".strip(), "view")


def _add_snapshot(connection: duckdb.DuckDBPyConnection, versions: Mapping[str, str]) -> None:
    connection.execute("create table snapshot (name varchar primary key, version varchar not null)")
    rows = sorted((name, str(version)) for name, version in versions.items())
    connection.executemany("insert into snapshot values (?, ?)", rows)
    connection.execute("comment on table snapshot is 'what this file was built from, by version'")


def _check_space(tables: Mapping[str, Sequence[Path]], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    need = _GROWTH * _size(tables) + _SPARE
    free = shutil.disk_usage(target.parent).free
    if free < need:
        raise PublishError(
            f"{target} was not published: it may need {need / 1e6:.0f} MB and {free / 1e6:.0f} MB are "
            "free there. Make room, or move the lake to a larger disk, and run `artlake run`."
        )


def _size(tables: Mapping[str, Sequence[Path]]) -> int:
    return sum(path.stat().st_size for parts in tables.values() for path in parts)


def version_of(parts: Sequence[Path]) -> str:
    """The version of a table: the sha256 of its file, as the lake gives it; of several, the sha256 of theirs."""
    return sha256_table(parts[0]) if len(parts) == 1 else sha256_files(parts)


def _digest(said: Mapping[str, object]) -> str:
    return hashlib.sha256(
        json.dumps([reuse.made_by(), sorted(map(str, said.items()))]).encode()
    ).hexdigest()


def _remove_orphans(target: Path) -> None:
    """Remove what DuckDB wrote beside a half-built file that is gone; a killed build leaves such."""
    for left in target.parent.glob(f".{target.name}.*.part.*"):
        if not left.with_suffix("").exists():
            reuse.remove(left)
