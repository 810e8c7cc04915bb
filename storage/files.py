"""Files that are whole or absent: atomic replacement and content hashes."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

PART_SUFFIX = ".part"
# A file is safe on disk only after fsync, which waits; a few at a time cost a tenth of one by one.
_WRITERS = 4
_known: dict[tuple[int, ...], str] = {}  # digests of files, see sha256_table


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success fsync it and move it over `path`.

    On an error the temporary file is removed and `path` keeps what it held. A process killed in
    between leaves only a `*.part` file, which `remove_parts` clears and no reader looks at.
    """
    with _replacing(path) as part:
        yield part
    _sync_folder(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` as a whole or not at all."""
    with replacing(path) as part:
        part.write_bytes(data)


def write_many(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write every file as `write_bytes` does, unless just these bytes are there; no path may come twice.

    The disk works while `files` makes the next one, and is asked for each folder but once. Raises OSError for the
    first file that cannot be written; when it returns, all are on disk.
    """
    folders = set()
    with ThreadPoolExecutor(_WRITERS) as writers:
        waiting = []
        for path, data in files:
            folders.add(path.parent)
            waiting.append(writers.submit(_write_new, path, data))
        for written in waiting:
            written.result()
        list(writers.map(_sync_folder, folders))


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, as a whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file's bytes, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sha256_table(path: Path) -> str:
    """As `sha256_file` for a file that is replaced whole and never written into: read once in this process.

    Known by place on the disk, size and time of change, so a hard link to it is known too. Not for finding damage,
    which changes none of these.
    """
    found = path.stat()
    known_by = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
    if known_by not in _known:
        _known[known_by] = sha256_file(path)
    return _known[known_by]


def sha256_files(paths: Iterable[Path]) -> str:
    """Return one hex sha256 for several files, each as `sha256_table` has it, in the order given."""
    return hashlib.sha256("\n".join(map(sha256_table, paths)).encode()).hexdigest()


def link(source: Path, target: Path) -> None:
    """Give a file a second name, its folder made first; a copy where the file system has no links between the two."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def printable(path: bytes | str | os.PathLike[str]) -> str:
    """A path for a person to read, with what cannot be printed written as escapes: `\\n`, `\\xff`, `\\u202e`."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def remove_parts(folder: Path) -> list[Path]:
    """Remove what killed runs left half-written below `folder` and return those paths.

    Parts that belong to a process still alive are left alone.
    """
    gone = []
    for part in folder.rglob(f".*{PART_SUFFIX}"):
        owner = part.name.removesuffix(PART_SUFFIX).rpartition(".")[2]
        if not (owner.isdigit() and _alive(int(owner))):
            part.unlink(missing_ok=True)
            gone.append(part)
    return gone


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """As `replacing`, but the folder's new entry may still be lost with the machine's power."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}{PART_SUFFIX}")
    try:
        yield part
        with part.open("rb") as handle:
            os.fsync(handle.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_new(path: Path, data: bytes) -> None:
    if not (path.exists() and path.read_bytes() == data):
        with _replacing(path) as part:
            part.write_bytes(data)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
