"""`artlake backup`: one tar file from which a lake, its ledger and its run history can be restored."""

import sqlite3
import tarfile
import tempfile
from pathlib import Path

from tqdm import tqdm

from storage import Lake, LakeError
from storage.files import PART_SUFFIX, replacing

_LEFT_OUT = {".locks", ".spill"}
_SQLITE = {".sqlite", ".db"}


def backup(lake: Lake, target: Path) -> int:
    """Write the lake to the tar file `target` and return the number of files in it.

    Databases are copied through SQLite's own backup, so that each is whole even while a web server
    reads it. Raises LakeError when `target` exists or lies within the lake, BusyError during a run.
    """
    target = target.expanduser().resolve()
    if target.exists():
        raise LakeError(f"{target} exists already. Name a new file; nothing was changed.")
    if not target.parent.is_dir():
        raise LakeError(f"There is no folder {target.parent}. Make it, or name another file.")
    if target.is_relative_to(lake.root):
        raise LakeError(f"{target} lies within the lake. Name a file outside {lake.root}.")
    with lake.lock("run", f"artlake backup of {lake.root}"):
        files = [path for path in sorted(lake.root.rglob("*")) if _wanted(lake.root, path)]
        with (
            replacing(target) as part,
            tarfile.open(part, "w") as archive,
            tempfile.TemporaryDirectory(dir=target.parent) as scratch,
        ):
            for path in tqdm(files, desc="backup", unit="file", disable=None):
                name = (Path(lake.root.name) / path.relative_to(lake.root)).as_posix()
                whole = _copied(path, Path(scratch)) if path.suffix in _SQLITE else path
                archive.add(whole, arcname=name, recursive=False)
    return len(files)


def _wanted(root: Path, path: Path) -> bool:
    inside = path.relative_to(root)
    journal = path.name.endswith(("-wal", "-shm", "-journal"))
    return (
        path.is_file()
        and not journal
        and not path.name.endswith(PART_SUFFIX)
        and not _LEFT_OUT & set(inside.parts)
    )


def _copied(database: Path, scratch: Path) -> Path:
    copy = scratch / "copy.sqlite"
    copy.unlink(missing_ok=True)
    source = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    target = sqlite3.connect(copy)
    with source, target:
        source.backup(target)
    source.close()
    target.close()
    return copy
