"""The lake: a folder in which an asset's key is its path.

`star/dim_artist` lives at `star/dim_artist.parquet`; a partitioned key is a folder of one file a
partition. Every table is written sorted and whole, so equal data has equal bytes. Readers query the Parquet files in memory and are never locked out.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage import locks
from storage.errors import MendableError
from storage.files import remove_parts, replacing, sha256_file, write_text
from storage.images import ImageStore
from storage.sql import identifier, literal

if TYPE_CHECKING:  # loaded by the methods that need them: the asset graph loads without
    import duckdb
    import pyarrow as pa

FORMAT_VERSION = 1
LIVE = "live"
_MARKER = "lake.json"
_ROW_GROUP = 100_000


class LakeError(MendableError):
    """The folder cannot be used as a lake; the message says why and what to do."""


@dataclass(frozen=True)
class Written:
    """What a write left behind: `version` is the sha256 of the file's bytes."""

    path: Path
    rows: int
    version: str
    changed: bool


class Lake:
    """Tables, pictures and locks below one folder.

    `origin` names where the records come from ("live", or a sandbox's collection): one lake holds
    one origin, so that invented works never stand among real ones.
    """

    def __init__(self, root: Path, origin: str, choices: Mapping[str, Any]):
        self.root = root
        self.origin = origin
        self.choices = dict(choices)
        self.images = ImageStore(root / "images" / "store")

    @classmethod
    def open(cls, root: Path, origin: str | None = None) -> "Lake":
        """Open the lake at `root`, or make one there (of live records, unless `origin` says else).

        Raises LakeError when the folder cannot be written, holds something else, is of another
        format version, or has another origin than the one asked for.
        """
        root = root.resolve()
        marker = root / _MARKER
        try:
            root.mkdir(parents=True, exist_ok=True)
            if not os.access(root, os.W_OK):
                raise PermissionError(13, "Permission denied")
            if not marker.exists():
                _refuse_strangers(root)
                facts = {"format": FORMAT_VERSION, "origin": origin or LIVE}
                write_text(marker, json.dumps(facts) + "\n")
            found = json.loads(marker.read_text())
        except (OSError, ValueError) as error:
            raise LakeError(
                f"The lake {root} cannot be used: {error}. "
                "Give a folder you may write to in ARTLAKE_LAKE (or --lake)."
            ) from error
        _check(root, found, origin)
        return cls(root, found["origin"], found.get("choices", {}))

    @classmethod
    def reading(cls, root: Path) -> "Lake":
        """The lake at `root` for a reader, who need not be allowed to write there; nothing is made.

        Raises LakeError when there is none, it cannot be read, or it is of another format version.
        """
        root = root.resolve()
        try:
            found = json.loads((root / _MARKER).read_text())
        except (OSError, ValueError) as error:
            raise LakeError(
                f"There is no lake to read in {root}: {error}. "
                "Name its folder in ARTLAKE_LAKE (or --lake), or make one: ./artlake demo"
            ) from error
        _check(root, found, None)
        return cls(root, found["origin"], found.get("choices", {}))

    def remember(self, choices: Mapping[str, Any]) -> None:
        """Keep what this lake takes in (a folder, a limit…), so that a later run means the same."""
        changed = {
            name: value for name, value in choices.items() if self.choices.get(name) != value
        }
        if changed:
            self.choices |= changed
            facts = {"format": FORMAT_VERSION, "origin": self.origin, "choices": self.choices}
            write_text(self.root / _MARKER, json.dumps(facts) + "\n")

    # -- paths ---------------------------------------------------------------------------------

    def path(self, key: str, partition: str | None = None) -> Path:
        """Where the table of `key` ("stage/noun") lives."""
        base = self.root / key
        return (
            base.with_name(base.name + ".parquet")
            if partition is None
            else base / f"{partition}.parquet"
        )

    def file(self, relative: str) -> Path:
        """A file of the lake that is not a table: the ledger, a report, a model."""
        return self.root / relative

    def parts(self, key: str) -> list[Path]:
        """The Parquet files that hold `key`: one, or one a partition; empty when nothing was made."""
        whole = self.path(key)
        return [whole] if whole.exists() else sorted((self.root / key).glob("*.parquet"))

    # -- tables --------------------------------------------------------------------------------

    def write(
        self,
        key: str,
        table: "pa.Table",
        sort_by: Sequence[str],
        *,
        partition: str | None = None,
    ) -> Written:
        """Write `table` sorted by `sort_by`, atomically; equal rows give an equal file."""
        import pyarrow.parquet as pq

        ordered = table.sort_by([(name, "ascending") for name in sort_by]).combine_chunks()
        path = self.path(key, partition)
        with replacing(path) as part:
            pq.write_table(ordered, part, compression="zstd", row_group_size=_ROW_GROUP)
            return _settle(part, path, ordered.num_rows)

    def write_query(
        self,
        key: str,
        connection: "duckdb.DuckDBPyConnection",
        sql: str,
        sort_by: Sequence[str],
    ) -> Written:
        """Write the rows of `sql` sorted by `sort_by`, without loading them into Python."""
        import pyarrow.parquet as pq

        path = self.path(key)
        order = ", ".join(map(identifier, sort_by))
        # Level 1 takes a third less time than DuckDB's own 3, for files about as large.
        options = "format parquet, compression zstd, compression_level 1"
        # Where DuckDB infers that a column is never null, it writes a "required" one: the plan would decide
        # over bytes. A row of nulls that never comes, which no plan can know beforehand, prevents that.
        nulls = ", ".join(["null"] * len(connection.sql(f"describe {sql}").fetchall()))
        rows = f"from ({sql}) union all select {nulls} where random() < 0"
        with replacing(path) as part:
            connection.execute(
                f"copy (select * from ({rows}) order by {order}) to {literal(str(part))} ({options})"
            ).fetchall()
            return _settle(part, path, pq.read_metadata(part).num_rows)

    def read(self, key: str, columns: Sequence[str] | None = None) -> "pa.Table":
        """Read a whole table (all partitions) into memory.

        Raises LakeError when nothing has been written under that key.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        parts = self.parts(key)
        if not parts:
            raise LakeError(f"{key} has not been made in {self.root}. Run `artlake run` first.")
        tables = [pq.read_table(part, columns=list(columns) if columns else None) for part in parts]
        return pa.concat_tables(tables, promote_options="default")

    def has(self, key: str) -> bool:
        """Whether anything has been written under that key."""
        return bool(self.parts(key))

    def connect(self, keys: Sequence[str] = ()) -> "duckdb.DuckDBPyConnection":
        """An in-memory DuckDB with one view a key, named by the key with `_` for `/`."""
        import duckdb

        connection = duckdb.connect()
        for key in keys:
            self.view(connection, key, key.replace("/", "_"))
        return connection

    def view(self, connection: "duckdb.DuckDBPyConnection", key: str, name: str) -> None:
        """Let `name` stand for the table of `key` in `connection`."""
        parts = self.parts(key)
        if not parts:
            raise LakeError(f"{key} has not been made in {self.root}. Run `artlake run` first.")
        files = ", ".join(literal(str(part)) for part in parts)
        connection.execute(
            f"create or replace view {identifier(name)} as "
            f"select * from read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
        )

    # -- housekeeping --------------------------------------------------------------------------

    def lock(self, name: str, what: str) -> AbstractContextManager[None]:
        """Hold the lake's lock `name`; raises storage.BusyError naming the owner when it is taken."""
        return locks.held(self.root / ".locks" / f"{name}.lock", what)

    def tidy(self) -> list[Path]:
        """Remove files that killed runs left half-written; return their paths."""
        return remove_parts(self.root)


def _settle(part: Path, path: Path, rows: int) -> Written:
    """Compare the new file with the old; `replacing` then moves it over (equal bytes change nothing)."""
    version = sha256_file(part)
    changed = not path.exists() or sha256_file(path) != version
    return Written(path, rows, version, changed)


def _check(root: Path, marker: Mapping[str, object], origin: str | None) -> None:
    version = marker.get("format")
    if version != FORMAT_VERSION:
        raise LakeError(
            f"The lake {root} has format {version}, this artlake reads {FORMAT_VERSION}. "
            "Use the artlake version that made it, or start a new folder with ARTLAKE_LAKE; "
            "nothing was changed."
        )
    if origin is not None and marker.get("origin") != origin:
        raise LakeError(
            f"The lake {root} holds works of {marker.get('origin')!r}, not of {origin!r}. "
            "Keep them apart: name another folder with ARTLAKE_LAKE (or --lake)."
        )


def _refuse_strangers(root: Path) -> None:
    strangers = [entry.name for entry in root.iterdir() if not entry.name.startswith(".")]
    if strangers:
        raise LakeError(
            f"{root} is not a lake and is not empty (it holds {strangers[0]!r}). "
            "Give an empty or new folder in ARTLAKE_LAKE (or --lake); nothing was changed."
        )
