"""Fixity: checksum manifests of folders, in the line format of BagIt (RFC 8493), and what changed since.

What belongs here: manifests beside a payload that stays where it is, and the comparison. A bag proper
is in `storage.bags`. Paths are bytes below the root, as the file system has them, so that any name
survives. A file with the same size and time but other bytes is damaged (bit rot, a bad copy); one
whose size or time changed as well was edited.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from storage.errors import MendableError
from storage.files import printable, write_bytes
from storage.memo import MISSING, map_files

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
INFO = "bag-info.txt"
TIMES = "sizes-and-times.txt"
_VERSION = "fixity-1"
_WORKERS = 2  # more readers only make one disk seek
_BATCH = 512  # files at once, and bytes: progress and a resumed run go by batches
_BATCH_BYTES = 200_000_000
_ESCAPED = {b"\n": b"%0A", b"\r": b"%0D", b"%": b"%25"}
# An original of the image store is named by its own checksum.
_ORIGINAL = re.compile(rb"(?:.*/)?original/[0-9a-f]{2}/([0-9a-f]{64})(?:\.\w+)?$")
_PLAIN = {escape: char for char, escape in _ESCAPED.items()}


class FixityError(MendableError):
    """A manifest cannot be written, or cannot be trusted; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as it was: hex sha256, size in bytes, time of the last change in nanoseconds."""

    sha256: str
    bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one file.

    kind: damaged, edited, missing, moved, new or unreadable.
    """

    kind: str
    path: bytes
    detail: str = ""


@dataclass(frozen=True)
class Hash:
    """Kernel: `key`, `path` (bytes below `root`) in; digest, size, time and `error` out."""

    root: Path
    algorithm: str = "sha256"

    def __call__(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """One row a file, in the batch's order."""
        import pyarrow as pa

        rows = [self._row(row["key"], row["path"]) for row in batch.to_pylist()]
        kinds = [("key", pa.string()), ("path", pa.binary()), ("digest", pa.string())]
        kinds += [("bytes", pa.int64()), ("mtime_ns", pa.int64()), ("error", pa.string())]
        return pa.RecordBatch.from_pylist(rows, schema=pa.schema(kinds))

    def _row(self, key: str, path: bytes) -> dict[str, object]:
        full = self.root / os.fsdecode(path)
        try:
            with full.open("rb") as handle:
                before = os.fstat(handle.fileno())
                digest = hashlib.file_digest(handle, self.algorithm).hexdigest()
            after = full.stat()
        except OSError as error:
            # As missing, so that no memo keeps it: a permission may be given the next minute.
            said = error.strerror or type(error).__name__
            return {"key": key, "path": path, "error": f"{MISSING}: {said}"}
        size, time = before.st_size, before.st_mtime_ns
        if (size, time) != (after.st_size, after.st_mtime_ns):
            said = f"{MISSING}: it was written to while it was read"
            return {"key": key, "path": path, "error": said}
        return {"key": key, "path": path, "digest": digest, "bytes": size, "mtime_ns": time}


def hashed(
    root: Path, paths: Iterable[bytes], *, memo: Path | None = None, algorithm: str = "sha256"
) -> tuple[dict[bytes, Entry], dict[bytes, str]]:
    """Read the files at `paths`: what they are now, and why some could not be read.

    memo: folder in which a killed run finds what it had already read; None reads everything. In the
    entries `sha256` is the digest of whichever algorithm was asked for. Raises FixityError where the
    memo cannot be written.
    """
    import pyarrow as pa

    ordered = sorted(set(paths))
    states = [_state(root, path) for path in ordered]
    total = sum(max(size, 0) for size, _ in states)
    batch = max(1, min(_BATCH, _BATCH_BYTES * len(ordered) // max(total, 1)))
    rows = {"key": list(map(_key, ordered, states)), "path": ordered}
    table = pa.table(rows, pa.schema([("key", pa.string()), ("path", pa.binary())]))
    with ExitStack() as stack:
        if memo is None:
            memo = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            found = map_files(
                Hash(root, algorithm),
                table,
                memo,
                key="key",
                version=f"{_VERSION}-{algorithm}",
                label="checksums",
                batch_size=batch,
                workers=_WORKERS if total > _BATCH_BYTES or len(ordered) > 10 * _BATCH else 0,
            )
        except (OSError, UnicodeEncodeError) as error:  # not the kernel's: the memo cannot be kept
            # Arrow opens no path of other bytes.
            said = error.strerror if isinstance(error, OSError) else "its path is no UTF-8"
            raise FixityError(
                f"What was read cannot be kept in {printable(memo)}: {said}. Make room, or name another "
                "place with --out; the next run goes on where this one stopped."
            ) from error
    good: dict[bytes, Entry] = {}
    bad: dict[bytes, str] = {}
    for some in found.to_batches(max_chunksize=_BATCH):  # all files' rows in Python are large
        for row in some.to_pylist():
            if row["error"]:
                bad[row["path"]] = row["error"].removeprefix(f"{MISSING}: ")
            else:
                good[row["path"]] = Entry(row["digest"], row["bytes"], row["mtime_ns"])
    return good, bad


def unchanged(
    root: Path, known: Mapping[bytes, Entry], paths: Iterable[bytes]
) -> dict[bytes, Entry]:
    """The entries whose files still have the size and time they had; no file is read.

    A new manifest takes these over, so that it never makes a damaged file the true one.
    """
    return {
        path: known[path]
        for path in paths
        if path in known and _state(root, path) == (known[path].bytes, known[path].mtime_ns)
    }


def named(root: Path, paths: Iterable[bytes]) -> dict[bytes, Entry]:
    """The originals of a lake's image store among `paths`, with the checksum that each is named by."""
    entries = {}
    for path in paths:
        if found := _ORIGINAL.match(path):
            with suppress(FileNotFoundError):  # it vanished since the walk
                stat = (root / os.fsdecode(path)).stat()
                entries[path] = Entry(found[1].decode(), stat.st_size, stat.st_mtime_ns)
    return entries


def blocking(refused: Mapping[bytes, str], known: Iterable[bytes]) -> dict[bytes, str]:
    """What was refused, by path with its reason, and stands in the way of a known file."""
    above = {
        b"/".join(parts[:count])
        for parts in (path.split(b"/") for path in known)
        for count in range(1, len(parts) + 1)
    }
    return {path: reason for path, reason in refused.items() if path in above}


def renewed(
    known: Mapping[bytes, Entry], now: Mapping[bytes, Entry], findings: Iterable[Finding]
) -> dict[bytes, Entry]:
    """The entries of the next manifest.

    findings: what `compare` says of both. What is missing or moved is left out; what cannot be read now is
    not forgotten: its checksum stays the one to come back to.
    """
    gone = {it.path for it in findings if it.kind in ("missing", "moved")}
    return {path: it for path, it in known.items() if path not in gone} | dict(now)


def compare(
    known: Mapping[bytes, Entry], found: Mapping[bytes, Entry], unread: Mapping[bytes, str]
) -> list[Finding]:
    """Say of every file that is not as it was what became of it, sorted by path.

    unread: files and folders that could not be read, with the reason.
    """
    findings = [Finding("unreadable", path, reason) for path, reason in unread.items()]
    arrived: dict[str, list[bytes]] = {}
    for path in sorted(set(found) - set(known), reverse=True):
        arrived.setdefault(found[path].sha256, []).append(path)
    for path, was in sorted(known.items()):
        now = found.get(path)
        if now is None:
            if not _below(path, unread):
                places = arrived.get(was.sha256)
                moved = printable(places.pop()) if places else None
                findings.append(Finding("moved" if moved else "missing", path, moved or ""))
        elif now.sha256 != was.sha256:
            same = (now.bytes, now.mtime_ns) == (was.bytes, was.mtime_ns)
            said = (
                "the same size and time, other bytes"
                if same
                else f"{was.bytes} → {now.bytes} bytes"
            )
            findings.append(Finding("damaged" if same else "edited", path, said))
    findings += [Finding("new", path) for paths in arrived.values() for path in paths]
    return sorted(findings, key=lambda finding: (finding.path, finding.kind))


def save(work: Path, entries: Mapping[bytes, Entry]) -> Path:
    """Write the next numbered manifest below `work`, whole or not at all; return its folder.

    Raises FixityError where `work` cannot be written.
    """
    newest_one = newest(work)
    number = int(newest_one.name) + 1 if newest_one else 1
    target = work / f"{number:04}"
    total = sum(entry.bytes for entry in entries.values())
    times = [
        b"%d %d  %s\n" % (it.bytes, it.mtime_ns, escaped(path))
        for path, it in sorted(entries.items())
    ]
    files = {
        MANIFEST: manifest((path, entry.sha256) for path, entry in entries.items()),
        INFO: f"Payload-Oxum: {total}.{len(entries)}\nBag-Software-Agent: artlake\n".encode(),
        TIMES: b"".join(times),
    }
    files[TAG_MANIFEST] = tag_manifest(files)
    try:
        work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".manifest-", dir=work) as unfinished:
            part = Path(unfinished) / target.name
            for name, data in files.items():
                write_bytes(part / name, data)
            part.rename(target)
    except OSError as error:
        raise FixityError(
            f"The manifest cannot be written to {printable(work)}: {error.strerror}. "
            "Name a folder you may write to with --out; nothing else was changed."
        ) from error
    return target


def newest(work: Path) -> Path | None:
    """The folder of the newest manifest below `work`."""
    numbered = [it for it in work.glob("*") if re.fullmatch(r"\d{4,}", it.name)]
    return max(numbered, key=lambda it: int(it.name), default=None)


def read(folder: Path) -> dict[bytes, Entry]:
    """Read a manifest that `save` wrote. Raises FixityError where it is itself damaged."""
    try:
        files = {name: (folder / name).read_bytes() for name in (MANIFEST, INFO, TIMES)}
        if (folder / TAG_MANIFEST).read_bytes() != tag_manifest(files):
            raise ValueError("its files do not have the checksums that it says")
        sums = dict(_lines(files[MANIFEST]))
        stats = {path: first.split() for path, first in _lines(files[TIMES])}
        return {path: Entry(sums[path].decode(), *map(int, stats[path])) for path in sums}
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise FixityError(
            f"The manifest {printable(folder)} cannot be trusted: {said}. Restore it from a backup, or verify "
            "against an earlier one by moving this folder away; no file of yours was touched."
        ) from error


def manifest(sums: Iterable[tuple[bytes, str]]) -> bytes:
    """Lines of RFC 8493: checksum, two spaces, path with CR, LF and % percent-encoded; by path."""
    return b"".join(f"{digest}  ".encode() + escaped(path) + b"\n" for path, digest in sorted(sums))


def tag_manifest(files: Mapping[str, bytes]) -> bytes:
    """The manifest of the tag files themselves."""
    return manifest(
        (name.encode(), hashlib.sha256(data).hexdigest()) for name, data in files.items()
    )


def escaped(path: bytes) -> bytes:
    """A path as a manifest line holds it."""
    return re.sub(rb"[\r\n%]", lambda found: _ESCAPED[found[0]], path)


def _lines(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    for line in data.split(b"\n")[:-1]:
        first, path = line.split(b"  ", 1)
        plain = re.sub(rb"%0A|%0D|%25", lambda found: _PLAIN[found[0].upper()], path, flags=re.I)
        yield plain, first


def _below(path: bytes, unread: Mapping[bytes, str]) -> bool:
    """Whether the path, or a folder above it, is known to be unreadable."""
    parts: Sequence[bytes] = path.split(b"/")
    return any(b"/".join(parts[:count]) in unread for count in range(1, len(parts) + 1))


def _state(root: Path, path: bytes) -> tuple[int, int]:
    try:
        found = (root / os.fsdecode(path)).stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def _key(path: bytes, state: tuple[int, int]) -> str:
    """What a file is known by between runs: its name, size and time."""
    return f"{quote_from_bytes(path)} {state[0]} {state[1]}"
