"""The files below a folder: every one seen, in one order, whatever the names and links are like.

What belongs here: walking, and printing names that a terminal could not show.
"""

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from storage.errors import MendableError
from storage.files import printable

# Where our own commands keep their work and put what was culled.
OURS = frozenset({"_artlake", "_review_dupes"})
# A file of this name stands in every folder that a command claimed for its work (see `workplace`).
MARKER = ".artlake"


class FolderError(MendableError):
    """The folder to walk is not there, is no folder, or may not be read."""


@dataclass(frozen=True)
class Refused:
    """An entry that is not taken, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Walk:
    """The regular files below a folder and the entries that were not taken, both sorted by path."""

    files: list[Path]
    refused: list[Refused]


def walk(root: Path, *, suffixes: frozenset[str] | None = None, skip: Collection[str] = ()) -> Walk:
    """Return the regular files below `root` whose lower-case suffix is in `suffixes` (None: all).

    Symbolic links are never followed (`root` itself may be one), which also ends every loop: links,
    sockets and the like, folders that may not be read and entries that vanish meanwhile are
    refused with a reason. Hidden folders, our own (`OURS`, or with a `MARKER`) and those named in `skip`, by name or by
    POSIX path below `root`, are passed over silently. Raises FolderError where `root` is no folder.
    """
    files: list[str] = []
    refused: list[tuple[str, str]] = []
    top = os.fspath(root)
    passed = OURS | set(skip)
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            if folder != top and os.path.lexists(f"{folder}/{MARKER}"):
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    _sort_in(entry, top, suffixes, passed, files, folders, refused)
        except OSError as error:
            if folder == top:
                raise FolderError(
                    f"{printable(root)} cannot be walked: {error.strerror}. "
                    "Name a folder that is there and may be read."
                ) from None
            refused.append((folder, f"the folder cannot be read: {error.strerror}"))
    return Walk(
        files=[Path(name) for name in sorted(files)],
        refused=[Refused(Path(name), reason) for name, reason in sorted(refused)],
    )


def _sort_in(
    entry: os.DirEntry[str],
    top: str,
    suffixes: frozenset[str] | None,
    passed: Collection[str],
    files: list[str],
    folders: list[str],
    refused: list[tuple[str, str]],
) -> None:
    wanted = suffixes is None or os.path.splitext(entry.name)[1].lower() in suffixes  # noqa: PTH122
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError as error:
        if wanted:
            refused.append((entry.path, f"it cannot be looked at: {error.strerror}"))
        return
    if stat.S_ISDIR(mode):
        below = os.path.relpath(entry.path, top).replace(os.sep, "/") if passed else ""
        if not (entry.name.startswith(".") or entry.name in passed or below in passed):
            folders.append(entry.path)
    elif stat.S_ISLNK(mode):
        if wanted or Path(entry.path).is_dir():
            refused.append((entry.path, "a symbolic link is not followed"))
    elif wanted:
        if stat.S_ISREG(mode):
            files.append(entry.path)
        else:
            refused.append((entry.path, "it is no regular file"))
