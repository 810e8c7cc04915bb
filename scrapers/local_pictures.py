"""Pictures on this machine: which file a name means, and its content, hashed once.

What belongs here: what `scrapers.museums.folder` and `scrapers.museums.listing` share about files.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from scrapers.ledger import Ledger
from storage.files import sha256_file


class OutsideError(ValueError):
    """A name that leads out of the folders it may lie in."""


def find(name: str, roots: Sequence[Path]) -> Path | None:
    """The file called `name` below one of `roots`; None when it is not there.

    Raises OutsideError when the name, or a link it goes through, leads out of all of them.
    """
    within = led_out = False
    for root in roots:
        path = os.path.normpath(root / name)
        if not Path(path).is_relative_to(root):
            continue
        within = True
        if os.path.isfile(path):  # noqa: PTH113  # False where Path.is_file raises
            if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
                return Path(path)
            led_out = True
    if led_out or not within:
        raise OutsideError(f"{name} leads out of {' and '.join(map(str, roots))}")
    return None


def stamp(path: Path) -> str:
    """Size and time of change: a text that changes when the file does. Raises OSError."""
    stat = path.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def sha256(path: Path, ledger: Ledger) -> str:
    """The file's content hash, from the ledger where the images stage read this very file. Raises OSError."""
    known = ledger.image(path.as_uri())
    if known is not None and known.sha256 is not None and known.validator == stamp(path):
        return known.sha256
    return sha256_file(path)
