"""Bags: a payload with its checksums in one folder, as BagIt (RFC 8493) lays it out, for sending or keeping.

What belongs here: making a bag of a folder that stays as it is, and checking any bag with the Library of
Congress's own `bagit`.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage.files import printable, write_bytes
from storage.fixity import (
    INFO,
    MANIFEST,
    TAG_MANIFEST,
    Entry,
    Finding,
    FixityError,
    compare,
    hashed,
    manifest,
    tag_manifest,
)

_STRENGTH = ("sha512", "sha256", "sha1", "md5")  # of the checksums a bag may hold, the best first


def make(root: Path, paths: Sequence[bytes], out: Path) -> int:
    """Make the bag `out` of the files at `paths` below `root`; return how many it holds.

    The payload is hard-linked where both lie on one file system and copied (and read back) elsewhere.
    `root` stays as it is. Raises FixityError, and then makes no bag, where `out` exists or lies within
    `root`, a file cannot be read, or a name cannot stand in a bag.
    """
    if out.exists() or out.resolve().is_relative_to(root.resolve()):
        raise FixityError(
            f"{printable(out)} exists already or lies within {printable(root)}. Name a new folder elsewhere."
        )
    _refuse([path for path in paths if _impossible(path)], "have names that no bag can hold")
    entries, unread = hashed(root, paths)
    _refuse(list(unread), "cannot be read")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".bag-", dir=out.parent))
        try:
            part = unfinished / out.name
            _fill(part, root, entries)
            part.rename(out)
        finally:
            # Not TemporaryDirectory, which may give its files, here links to the originals, other rights.
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise FixityError(
            f"The bag {printable(out)} cannot be written: {error.strerror}. Name a folder with room that you "
            f"may write to; {printable(root)} is as it was."
        ) from error
    return len(entries)


def _fill(part: Path, root: Path, entries: Mapping[bytes, Entry]) -> None:
    """Write the bag of those files into the new folder `part`."""
    (part / "data").mkdir(parents=True)
    copied = [path for path in sorted(entries) if _place(root, path, part / "data")]
    again, _ = hashed(part / "data", copied)
    wrong = [path for path in copied if again.get(path, _NONE).sha256 != entries[path].sha256]
    _refuse(wrong, "were not copied whole")
    payload = [(b"data/" + path, entry.sha256) for path, entry in entries.items()]
    # bagit reads a % in version 1.0 as itself, against RFC 8493; in 0.97 that is the rule.
    plain = any(b"%" in path for path in entries)
    total = sum(entry.bytes for entry in entries.values())
    info = f"Bag-Software-Agent: artlake\nPayload-Oxum: {total}.{len(entries)}\n"
    version = "0.97" if plain else "1.0"
    tags = {
        "bagit.txt": f"BagIt-Version: {version}\nTag-File-Character-Encoding: UTF-8\n".encode(),
        INFO: info.encode(),
        MANIFEST: _unescaped(manifest(payload)) if plain else manifest(payload),
    }
    for name, data in {**tags, TAG_MANIFEST: tag_manifest(tags)}.items():
        write_bytes(part / name, data)


def verify(folder: Path) -> list[Finding]:
    """Check every file that a bag names, tag files included, and that it holds no other payload.

    A bag keeps no times, so that damage and editing cannot be told apart: both are "damaged".
    Raises FixityError where bagit finds no bag.
    """
    import bagit

    logging.getLogger("bagit").setLevel(logging.CRITICAL)  # what it would log is in the findings
    try:
        bag = bagit.Bag(os.fspath(folder))
        known: dict[str, dict[bytes, Entry]] = {}
        for path, sums in bag.entries.items():
            algorithm = next((name for name in _STRENGTH if name in sums), None)
            if algorithm is None:
                raise bagit.BagError(f"no checksum of {path!r} is of a known kind")
            entry = Entry(sums[algorithm].lower(), -1, -1)
            known.setdefault(algorithm, {})[os.fsencode(path)] = entry
    except (bagit.BagError, OSError, ValueError) as error:
        said = f"{printable(folder)} is no whole bag: {error}. Restore its tag files."
        raise FixityError(said) from error
    findings = []
    _, strangers = bag.compare_manifests_with_fs()
    for algorithm, entries in known.items():
        extra = [os.fsencode(path) for path in strangers] if algorithm == next(iter(known)) else []
        there = [path for path in [*entries, *extra] if (folder / os.fsdecode(path)).exists()]
        found, unread = hashed(folder, there, algorithm=algorithm)
        findings += compare(entries, found, unread)
    changed = [
        Finding("damaged", it.path, "other bytes") if it.kind == "edited" else it for it in findings
    ]
    try:
        bag.validate(completeness_only=True)
    except bagit.BagValidationError as error:
        if not changed:
            changed.append(Finding("damaged", b"bagit.txt", str(error)))
    return sorted(changed, key=lambda it: (it.path, it.kind))


_NONE = Entry("", -1, -1)


def _refuse(paths: Sequence[bytes], what: str) -> None:
    if paths:
        shown = ", ".join(printable(path) for path in sorted(paths)[:5])
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        raise FixityError(
            f"No bag was made: {len(paths)} files {what}: {shown}{more}. Mend or rename them, or "
            "keep checksums beside the folder instead: artlake fixity write, without --bag."
        )


def _impossible(path: bytes) -> bool:
    """Whether a tag file in UTF-8, read line by line as bagit does, could not give the name back."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return text != text.rstrip() or "%0a" in text.lower() or "%0d" in text.lower()


def _place(root: Path, path: bytes, data: Path) -> bool:
    """Put a payload file into the bag; say whether it had to be copied."""
    source, target = root / os.fsdecode(path), data / os.fsdecode(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)
        return True
    return False


def _unescaped(lines: bytes) -> bytes:
    return lines.replace(b"%25", b"%")
