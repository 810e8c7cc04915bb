"""A folder of pictures as a table: found, hashed and measured, each file once.

What belongs here: the way from names on a disk to one row a picture. What is made of the rows is elsewhere.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from imaging import kernel, raw
from imaging.files.companions import bundles
from imaging.files.walk import FolderError, walk
from imaging.versions import MEASURE
from storage import map_files
from storage.files import printable, sha256_file
from storage.schemas import REJECTS
from storage.schemas import table as as_table

# The suffixes that each format goes by; MPO is a JPEG of several pictures.
SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".mpo"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
    "JPEG2000": (".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"),
    "AVIF": (".avif", ".avifs"),
    "HEIF": (".heic", ".heif", ".hif"),
}
PICTURES = frozenset(suffix for several in SUFFIXES.values() for suffix in several) | raw.SUFFIXES
_HASH_VERSION = "sha256-1"


@dataclass(frozen=True)
class Entry:
    """A picture of the folder with the files that travel with it.

    image_id: its path below the root, percent-encoded byte by byte, so that any name is exact text; of a
    picture outside the root its whole path. source: the folder directly below the root that it lies in.
    """

    image_id: str
    source: str
    path: Path
    others: tuple[Path, ...]
    is_reference: bool

    @property
    def name(self) -> str:
        """The last part of its path, as it can be printed."""
        return printable(Path(self.path.name))


@dataclass(frozen=True)
class Folder:
    """What was found and measured: the entries by image_id, a row a picture, and a row a refusal.

    images: image_id, source, artwork_id (the picture itself), bytes, modified_at (UTC), derivative, content
    and the columns of MEASURES, in order of image_id. rejects: REJECTS, the subject being the image_id.
    """

    entries: dict[str, Entry]
    images: pa.Table
    rejects: pa.Table


def measured(root: Path, cache: Path, references: Sequence[Path] = ()) -> Folder:
    """Every picture below `root`, and below `references` wherever they lie, with its measures.

    cache: where hashes, measures and derivatives are kept, so that a file is read once however often this
    is asked; a file counts as the same while its path, size, time and inode are. Raises FolderError where the
    path of `cache` is no UTF-8, which Arrow cannot open.
    """
    _check(cache)
    entries, refused = _found(root, references)
    files = _files(entries, cache)
    good = files.filter(pc.is_null(files["error"])).drop_columns(["error"])
    result = _measured(good.select(["sha256", "path"]), cache)
    images = kernel.joined(good, result).sort_by("image_id")
    unread = files.filter(pc.is_valid(files["error"]))
    for image, source, error in zip(
        *(unread[name].to_pylist() for name in ("image_id", "source", "error")), strict=True
    ):
        refused.append(_reject(image, source, *error.split(": ", 1)))
    rejects = pa.concat_tables([as_table(REJECTS, refused), kernel.rejects(result, good)])
    order = [("subject", "ascending"), ("reason", "ascending")]
    return Folder({entry.image_id: entry for entry in entries}, images, rejects.sort_by(order))


def _check(cache: Path) -> None:
    try:
        os.fspath(cache).encode()
    except UnicodeEncodeError:
        raise FolderError(
            f"The path {printable(cache)} is no UTF-8, so no cache can be kept there. "
            "Name a folder elsewhere with --out."
        ) from None


def _measured(files: pa.Table, cache: Path) -> pa.Table:
    """What the kernel makes of each content; again where its derivative was lost since."""
    work = partial(
        map_files, kernel.Measure(cache), key="sha256", version=MEASURE, label="measuring"
    )
    result = work(files, cache / "measures")
    there = [
        name is None or (cache / name).is_file() for name in result["derivative_path"].to_pylist()
    ]
    if all(there):
        return result
    kept = result.filter(pa.array(there))
    lost = pc.invert(pc.is_in(files["sha256"], value_set=kept["sha256"].combine_chunks()))
    with TemporaryDirectory(dir=cache) as memo:
        made = work(files.filter(lost), Path(memo))
    return pa.concat_tables([kept, made], promote_options="default").sort_by("sha256")


def exact(path: Path, root: Path) -> str:
    """The path below `root` (or whole, outside it), percent-encoded: exact for any name, and plain ASCII.

    So is a hyphen that comes first: a spreadsheet would take what follows it for a formula.
    """
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    text = quote(os.fsencode(shown), safe="/")
    return f"%2D{text[1:]}" if text.startswith("-") else text


def _found(root: Path, references: Sequence[Path]) -> tuple[list[Entry], list[dict[str, str]]]:
    entries: dict[Path, Entry] = {}
    refused = []
    outside = [it for it in references if not it.is_relative_to(root)]
    for folder in (root, *outside):
        seen = walk(folder)
        refused += [
            _reject(exact(it.path, root), _source(it.path, root), "not_read", it.reason)
            for it in seen.refused
        ]
        for bundle in bundles(seen.files):
            if _is_picture(bundle.main):
                marked = any(bundle.main.is_relative_to(it) for it in references)
                entries[bundle.main] = Entry(
                    exact(bundle.main, root),
                    _source(bundle.main, root),
                    bundle.main,
                    bundle.others,
                    marked,
                )
    return sorted(entries.values(), key=lambda entry: entry.image_id), refused


def _is_picture(path: Path) -> bool:
    """By its suffix; a file without one by its first bytes."""
    if path.suffix:
        return path.suffix.lower() in PICTURES
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError:
        return False
    return start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8")) or (
        start[:4] == b"RIFF" and start[8:] == b"WEBP"
    )


def _source(path: Path, root: Path) -> str:
    if not path.is_relative_to(root):
        return exact(path.parent, root)
    parts = path.relative_to(root).parts
    return quote(os.fsencode(parts[0])) if len(parts) > 1 else "."


def _reject(image: str, source: str, reason: str, detail: str) -> dict[str, str]:
    row = {"stage": "folder", "source": source, "subject": image}
    return {**row, "reason": reason, "detail": detail}


def _files(entries: Collection[Entry], cache: Path) -> pa.Table:
    """image_id, artwork_id, source, path, bytes, modified_at, sha256 and error of each entry."""
    rows = list(_stated(entries))
    schema = pa.schema(
        [(name, pa.string()) for name in ("image_id", "artwork_id", "source", "modified_at")]
        + [("bytes", pa.int64()), ("path", pa.binary()), ("key", pa.string())]
        + [("gone", pa.string())]
    )
    files = pa.Table.from_pylist(rows, schema=schema)
    there = files.filter(pc.is_null(files["gone"]))
    hashed = map_files(
        _hashes,
        there.select(["key", "path"]),
        cache / "hashes",
        key="key",
        version=_HASH_VERSION,
        label="reading",
        batch_size=256,
        workers=0,  # hashing lets go of the interpreter: threads do
    )
    place = pc.index_in(files["key"], value_set=hashed["key"].combine_chunks())
    error = pc.coalesce(files["gone"], hashed["error"].take(place))
    files = files.append_column("sha256", hashed["sha256"].take(place))
    return files.append_column("error", error).drop_columns(["key", "gone"])


def _stated(entries: Collection[Entry]) -> Iterator[dict[str, object]]:
    for entry in entries:
        row: dict[str, object] = {
            "image_id": entry.image_id,
            "artwork_id": entry.image_id,
            "source": entry.source,
            "path": os.fsencode(entry.path),
        }
        try:
            stat = entry.path.stat()
        except OSError as error:  # it vanished since the walk, or may not be looked at
            yield {**row, "gone": f"missing: {error.strerror}"}
            continue
        when = datetime.fromtimestamp(stat.st_mtime, UTC).replace(tzinfo=None)
        yield {
            **row,
            "bytes": stat.st_size,
            "modified_at": when.isoformat(timespec="milliseconds"),
            "key": _state(entry.path, stat),
        }


def _state(path: Path, stat: os.stat_result) -> str:
    where = quote(os.fsencode(path), safe="/")
    return f"{where}|{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ino}"


def _hashes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Kernel: `key` and `path` in; `key`, `sha256` and `error` out."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        made = list(pool.map(_hash, batch["key"].to_pylist(), batch["path"].to_pylist()))
    columns = [batch["key"], *(pa.array(column, pa.string()) for column in zip(*made, strict=True))]
    if not made:
        columns = [batch["key"], pa.nulls(0, pa.string()), pa.nulls(0, pa.string())]
    return pa.RecordBatch.from_arrays(columns, names=["key", "sha256", "error"])


def _hash(key: str, name: bytes) -> tuple[str | None, str | None]:
    path = Path(os.fsdecode(name))
    try:
        sha256 = sha256_file(path)
        same = _state(path, path.stat()) == key
    except OSError as error:
        # As `missing`, whatever the fault: rights and disks may be mended, so the next run tries again.
        return None, f"missing: {error.strerror}"
    return (sha256, None) if same else (None, "missing: it changed while it was being read")
