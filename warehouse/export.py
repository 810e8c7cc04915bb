"""The star as a folder of Parquet files with a manifest, for Spark, Polars, Trino and whatever reads Parquet.

Facts and bridges are divided by source, as Hive does: `<table>/source=<source>/data.parquet`; the other
tables are `<table>/data.parquet`. `source` is in the folders' names alone. A table or part that did not
change is the same file again (a hard link), so its bytes and its time stay.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import duckdb

from storage import Lake
from storage.files import link, sha256_file, sha256_table, write_text
from storage.snapshots import Kept
from storage.sql import literal
from warehouse.contracts import star_contract
from warehouse.manifest import FILE, MANIFEST, ExportedTable, ExportError, Manifest, read_manifest
from warehouse.star import STAR, StarTable

PARTITION = "source"


def export(lake: Lake, folder: Path) -> Manifest:
    """Write the lake's star as Parquet files and put them in the place of `folder`, whole.

    The caller holds the lock under which publishing happens. Raises storage.LakeError when a table has not
    been made, ExportError when one cannot be read, or the manifest that is there cannot; what was in
    `folder` then stays.
    """
    tables = {}
    with _beside(folder) as new, lake.connect([table.key for table in STAR]) as connection:
        before = read_manifest(folder)
        museums = _museums(connection)
        for table in STAR:
            old = before.tables.get(table.name) if before else None
            tables[table.name] = _write(connection, lake, table, museums, new, folder, old)
        manifest = Manifest(tables)
        _put_in_place(new, folder, manifest)
    return manifest


def place(manifest: Manifest, files: Mapping[str, Mapping[str, Path]], folder: Path) -> None:
    """Put an earlier export, of which `files` were kept, in the place of `folder`. Raises as `export`."""
    with _beside(folder) as new:
        for name, paths in manifest.paths(new).items():
            for part, path in paths.items():
                link(files[name][part], path)
        _put_in_place(new, folder, manifest)


def _museums(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """The folder's name of each source, by its key."""
    found = connection.sql("select museum_key, source from star_dim_museum order by all").fetchall()
    return {key: f"{PARTITION}={quote(source, safe='')}" for key, source in found}


def _write(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    table: StarTable,
    museums: Mapping[int, str],
    new: Path,
    folder: Path,
    old: ExportedTable | None,
) -> ExportedTable:
    """Make one table's files below `new`: those below `folder` again where it is made from the same."""
    contract = star_contract(table.name)
    view = table.key.replace("/", "_")
    whole = lake.path(table.key)
    said = [sha256_table(whole)]
    if contract.partition:
        said += [f"{key} {name}" for key, name in museums.items()]
    made_from = hashlib.sha256("\n".join(said).encode()).hexdigest()
    if (
        old
        and old.made_from == made_from
        and _take_over(old, folder / table.name, new / table.name)
    ):
        files = dict(old.files)
    elif contract.partition:
        files = _divide(connection, view, contract.partition, museums, new / table.name)
    else:
        link(whole, new / table.name / FILE)
        files = {"": _kept(new / table.name / FILE)}
    described = connection.sql(f"describe {view}").fetchall()
    columns = {row[0]: row[1] for row in described}
    divided = PARTITION if contract.partition else None
    return ExportedTable(contract.grain, contract.key, columns, divided, made_from, files)


def _take_over(old: ExportedTable, folder: Path, new: Path) -> bool:
    """Link the files that are there; False when one is gone or no longer what the manifest says."""
    for part, file in old.files.items():
        there = folder / part / FILE
        if not there.is_file() or sha256_file(there) != file.sha256:
            return False
    for part in old.files:
        link(folder / part / FILE, new / part / FILE)
    return True


def _divide(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    column: str,
    museums: Mapping[int, str],
    new: Path,
) -> dict[str, Kept]:
    """One file for each source that has rows; of a table without rows one empty file, so that its columns are told."""
    found = connection.sql(f"select distinct {column} from {view}").fetchall()
    present = {key for (key,) in found} or {0}
    files = {}
    for key in sorted(present, key=lambda key: museums[key]):
        path = new / museums[key] / FILE
        path.parent.mkdir(parents=True)
        # The star's files are sorted, and DuckDB keeps their order: sorting again would cost memory.
        connection.execute(
            f"copy (select * from {view} where {column} = {key}) to {literal(str(path))} "
            "(format parquet, compression zstd, compression_level 1)"
        )
        files[museums[key]] = _kept(path)
    return files


def _kept(path: Path) -> Kept:
    import pyarrow.parquet as pq

    return Kept(sha256_file(path), pq.read_metadata(path).num_rows)


# -- swapping a folder -----------------------------------------------------------------------------


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, which is first what it was before a run was killed; after an error, too.

    Raises ExportError when the new one cannot be filled, or not put in the place of `folder`.
    """
    new = folder.with_name(f".{folder.name}.new")
    _finish_swap(folder)
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        yield new
    except (duckdb.Error, OSError) as error:
        raise ExportError(f"{folder} was not made anew, and stays as it was: {error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        _finish_swap(folder)


def _put_in_place(new: Path, folder: Path, manifest: Manifest) -> None:
    """Two renames, as a file system offers no swap of folders: killed between them, the next export ends it.

    Whoever has a file of the old folder open goes on reading it.
    """
    for paths in manifest.paths(new).values():
        for path in paths.values():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
    text = json.dumps(manifest.plain(), indent=1, ensure_ascii=False)
    write_text(new / MANIFEST, text + "\n")
    if folder.exists():
        folder.rename(folder.with_name(f".{folder.name}.old"))
    new.rename(folder)


def _finish_swap(folder: Path) -> None:
    """Remove the folder that was replaced, or put it back where nothing took its place."""
    old = folder.with_name(f".{folder.name}.old")
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
