"""The folder that a command writes to: never one that holds anything of the user's.

What belongs here: claiming such a folder, and telling one by its marker.
"""

import os
from pathlib import Path

from imaging.files.walk import MARKER
from storage.errors import MendableError
from storage.files import printable

_TOLD = "artlake made this folder and writes to it; its commands pass it over.\n"


class WorkplaceError(MendableError):
    """The folder is not one that a command may write to; the message says which to name."""


def claim(folder: Path, root: Path) -> Path:
    """Make `folder`, or accept it where it is empty or a command claimed it before; return it resolved.

    root: the folder that the command looks at. Raises WorkplaceError where `folder` is `root` itself, no
    folder, holds files of somebody else's, or cannot be written to; nothing is changed then.
    """
    place = folder.expanduser().resolve()
    if place == root.expanduser().resolve():
        raise WorkplaceError(
            f"{printable(place)} is the folder that is worked on: its files would mix with ours. "
            "Name a folder in or beside it with --out."
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        # The marker is looked for first: another process may claim the folder meanwhile.
        if not is_claimed(place):
            if any(place.iterdir()) and not is_claimed(place):
                raise WorkplaceError(
                    f"{printable(place)} holds files that artlake did not make. "
                    "Name an empty or a new folder with --out."
                )
            (place / MARKER).write_text(_TOLD, encoding="utf-8")
    except (FileExistsError, NotADirectoryError):
        raise WorkplaceError(
            f"{printable(place)} is no folder. Name an empty or a new one with --out."
        ) from None
    except OSError as error:
        raise _unwritable(place, error.strerror) from None
    if not os.access(place, os.W_OK | os.X_OK):
        raise _unwritable(place, "it is read-only")
    return place


def is_claimed(folder: Path) -> bool:
    """Whether a command claimed the folder."""
    return (folder / MARKER).is_file()


def _unwritable(place: Path, why: str | None) -> WorkplaceError:
    return WorkplaceError(
        f"{printable(place)} cannot be written to: {why}. Name a folder elsewhere with --out."
    )
