"""Named snapshots: tables of the lake as they were at a time, kept by content, with a small manifest each.

A series (a museum's records, say) has snapshots `met-1`, `met-2`, …: their manifests are
`snapshots/<series>/<number>.json`, and the tables' files lie beside them in `tables/`, named by their
sha256. The lake replaces files and never writes into them, so keeping one is a hard link. A snapshot
exists when its manifest does: what a killed run left is used by the next or removed by `prune`.
"""

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import MendableError
from storage.files import PART_SUFFIX, link, sha256_file, write_text
from storage.lake import Lake

_PRUNED = (
    "The tables of {name} were pruned; only its figures are left. "
    "ARTLAKE_KEEP_SNAPSHOTS says how many snapshots are kept."
)


class SnapshotError(MendableError):
    """A snapshot is not there, was pruned or cannot be read; the message says what there is."""


@dataclass(frozen=True)
class Kept:
    """One file of a table: the sha256 of its bytes, and its rows."""

    sha256: str
    rows: int


# Key of the lake → partition ("" for a table without partitions) → its file.
Tables = Mapping[str, Mapping[str, Kept]]


@dataclass(frozen=True)
class Snapshot:
    """One snapshot. `at`: when it was taken, UTC. `facts`: what its series tells of it.

    `pruned`: its tables are gone. `in_use`: somebody asked that they never are.
    """

    series: str
    number: int
    at: str
    tables: Tables
    facts: Mapping[str, Any]
    pruned: bool = False
    in_use: bool = False

    @property
    def name(self) -> str:
        """How people call it: `met-3`."""
        return f"{self.series}-{self.number}"


def keep(lake: Lake, series: str, keys: Sequence[str]) -> Tables:
    """Keep the tables of `keys` as they are now; keys under which nothing was made are left out."""
    found = {
        key: {"" if part == lake.path(key) else part.stem: part for part in lake.parts(key)}
        for key in keys
        if lake.has(key)
    }
    return keep_files(lake, series, found)


def keep_files(lake: Lake, series: str, parts: Mapping[str, Mapping[str, Path]]) -> Tables:
    """Keep Parquet files, by key and partition, as they are now; they must never be written into."""
    store = _store(lake, series)
    return {
        key: {partition: _keep(store, file) for partition, file in files.items()}
        for key, files in parts.items()
    }


def draft(lake: Lake, series: str, keys: Sequence[str], at: str) -> Snapshot:
    """The next snapshot of `series`, its tables kept as they are now; `record` makes it exist."""
    before = newest(lake, series)
    number = before.number + 1 if before else 1
    return Snapshot(series, number, at, keep(lake, series, keys), {})


def record(lake: Lake, snapshot: Snapshot) -> None:
    """Write the manifest of a snapshot: from now on it is there."""
    text = json.dumps(dataclasses.asdict(snapshot), indent=1, sort_keys=True, ensure_ascii=False)
    write_text(lake.file(f"snapshots/{snapshot.series}/{snapshot.number}.json"), text + "\n")


def listed(lake: Lake, series: str | None = None) -> list[Snapshot]:
    """The snapshots of a series, or of all, by series and number; pruned ones are among them.

    Raises SnapshotError naming a manifest that cannot be read.
    """
    pattern = f"{series or '*'}/*.json"
    found = [_read(manifest) for manifest in lake.file("snapshots").glob(pattern)]
    return sorted(found, key=lambda snapshot: (snapshot.series, snapshot.number))


def newest(lake: Lake, series: str) -> Snapshot | None:
    """The last snapshot taken of a series; None when there is none."""
    found = listed(lake, series)
    return found[-1] if found else None


def named(lake: Lake, name: str) -> Snapshot:
    """The snapshot of that name.

    Raises SnapshotError saying which there are.
    """
    there = {snapshot.name: snapshot for snapshot in listed(lake)}
    if name not in there:
        says = f"There are {', '.join(there)}." if there else "None has been taken yet."
        raise SnapshotError(f"There is no snapshot {name!r} in {lake.root}. {says}")
    return there[name]


def files(lake: Lake, snapshot: Snapshot, key: str) -> list[Path]:
    """The Parquet files of a table as the snapshot has it; empty when it has no such table.

    Raises SnapshotError when the snapshot's tables were pruned, or a file is gone.
    """
    return list(parts(lake, snapshot, key).values())


def parts(lake: Lake, snapshot: Snapshot, key: str) -> dict[str, Path]:
    """As `files`, by partition ("" for a table without partitions)."""
    if snapshot.pruned:
        raise SnapshotError(_PRUNED.format(name=snapshot.name))
    store = _store(lake, snapshot.series)
    kept_parts = snapshot.tables.get(key, {}).items()
    found = {partition: _file(store, kept.sha256) for partition, kept in kept_parts}
    for path in found.values():
        if not path.exists():
            raise SnapshotError(
                f"{path}, a file of {key} in {snapshot.name}, is gone. Restore it from a backup."
            )
    return found


def use(lake: Lake, name: str, in_use: bool) -> Snapshot:
    """Mark a snapshot as in use, so that its tables are never pruned, or as free again.

    Raises SnapshotError when it is not there or was pruned.
    """
    found = named(lake, name)
    if found.pruned:
        raise SnapshotError(_PRUNED.format(name=found.name))
    marked = dataclasses.replace(found, in_use=in_use)
    record(lake, marked)
    return marked


def prune(lake: Lake, series: str, newest_kept: int) -> list[str]:
    """Let go of the tables of all but the newest snapshots and those in use; return whose.

    newest_kept: how many to keep, 1 at least. Manifests stay, marked as pruned. A file goes only when
    no snapshot that keeps its tables refers to it.
    """
    there = listed(lake, series)
    kept = [s for s in there if not s.pruned and (s in there[-newest_kept:] or s.in_use)]
    pruned = [snapshot for snapshot in there if not snapshot.pruned and snapshot not in kept]
    for snapshot in pruned:  # the manifest first: killed in between, no manifest names a lost file
        record(lake, dataclasses.replace(snapshot, pruned=True))
    referred = {
        part.sha256 for snapshot in kept for table in snapshot.tables.values()
        for part in table.values()
    }  # fmt: skip
    for path in _store(lake, series).glob("*.parquet"):
        if path.stem not in referred:
            path.unlink()
    return [snapshot.name for snapshot in pruned]


def sole_bytes(lake: Lake, series: str) -> dict[str, int]:
    """Bytes on disk that are there for one snapshot alone, by its name: what pruning it would free.

    A file that another snapshot of the series refers to is not counted, nor one that still lies elsewhere
    in the lake under another name (a hard link).
    """
    kept = [snapshot for snapshot in listed(lake, series) if not snapshot.pruned]
    contents = {
        snapshot.name: {
            part.sha256 for table in snapshot.tables.values() for part in table.values()
        }
        for snapshot in kept
    }
    referred = Counter(sha256 for own in contents.values() for sha256 in own)
    store = _store(lake, series)
    there = {path.stem: path.stat() for path in store.glob("*.parquet")}
    return {
        name: sum(
            there[sha256].st_size
            for sha256 in own
            if referred[sha256] == 1 and sha256 in there and there[sha256].st_nlink == 1
        )
        for name, own in contents.items()
    }


def _store(lake: Lake, series: str) -> Path:
    """A series has its own: pruning one never races with the taking of another."""
    return lake.file(f"snapshots/{series}/tables")


def _file(store: Path, sha256: str) -> Path:
    return store / f"{sha256}.parquet"


def _keep(store: Path, source: Path) -> Kept:
    """Link first, then hash the link: a table replaced meanwhile cannot come under a wrong name."""
    import pyarrow.parquet as pq

    part = store / f".{source.name}.{os.getpid()}{PART_SUFFIX}"
    part.unlink(missing_ok=True)
    link(source, part)
    sha256 = sha256_file(part)
    kept = Kept(sha256, pq.read_metadata(part).num_rows)
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(_file(store, sha256))
    part.unlink(missing_ok=True)  # rename leaves it when both names are one file already
    return kept


def _read(manifest: Path) -> Snapshot:
    try:
        plain = json.loads(manifest.read_text(encoding="utf-8"))
        tables = {
            key: {partition: Kept(**part) for partition, part in parts.items()}
            for key, parts in plain["tables"].items()
        }
        return Snapshot(**(plain | {"tables": tables}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(
            f"{manifest} is no manifest of a snapshot ({error}). Restore it from a backup."
        ) from error
