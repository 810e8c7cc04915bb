"""The files below a folder: every one seen, in one order, whatever the names and links are like.

What belongs here: walking, and printing names that a terminal could not show.
"""

import os
import stat
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


def walk(root: Path) -> Walk:
    """Return the regular files below `root`.

    Symbolic links are never followed (`root` itself may be one), which also ends every loop: links,
    sockets and the like, folders that may not be read and entries that vanish meanwhile are
    refused with a reason. Hidden folders and our own (`OURS`, or with a `MARKER`) are passed over silently.
    Raises FolderError where `root` is no folder.
    """
    files: list[str] = []
    refused: list[tuple[str, str]] = []
    top = os.fspath(root)
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            if folder != top and os.path.lexists(f"{folder}/{MARKER}"):
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    _sort_in(entry, files, folders, refused)
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
    files: list[str],
    folders: list[str],
    refused: list[tuple[str, str]],
) -> None:
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError as error:
        refused.append((entry.path, f"it cannot be looked at: {error.strerror}"))
        return
    if stat.S_ISDIR(mode):
        if not (entry.name.startswith(".") or entry.name in OURS):
            folders.append(entry.path)
    elif stat.S_ISLNK(mode):
        refused.append((entry.path, "a symbolic link is not followed"))
    elif stat.S_ISREG(mode):
        files.append(entry.path)
    else:
        refused.append((entry.path, "it is no regular file"))
