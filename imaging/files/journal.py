"""The journal of a plan: one JSON line a deed, so that what was done is known after a crash.

What belongs here: writing and reading those lines. The plan itself says what is to be done, and
the files say what is; the journal holds the rest: folders made, moves made, a copy under way.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class History:
    """What a journal tells."""

    moved: set[int] = field(default_factory=set)  # steps whose file arrived and was not put back
    made: list[str] = field(default_factory=list)  # folders made, outer before inner
    part: Path | None = None  # a copy begun and not known to be finished
    # A file that has both names, known by the inode of the new one, whose old name is to go.
    doubled: tuple[Path, Path, int] | None = None


def history(path: Path) -> History:
    """Read a journal; none is an empty one. A last line torn by a crash is passed over."""
    told = History()
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return told
    for line in text.splitlines():
        try:
            deed = json.loads(line)
        except ValueError:
            continue
        match deed:
            case {"moved": step}:
                told.moved.add(step)
            case {"back": step}:
                told.moved.discard(step)
            case {"made": folder}:
                told.made.append(folder)
            case {"unmade": folder}:
                told.made = [made for made in told.made if made != folder]
            case {"copying": part}:
                told.part, told.doubled = Path(part), None  # so a second name could not be given
            case {"doubled": [source, target], "inode": inode}:
                told.doubled = Path(source), Path(target), inode
            case {"single": _}:
                told.part = told.doubled = None
    return told


class Journal:
    """Appends lines; each reaches the system at once (a killed process loses none), disk if `sure`."""

    def __init__(self, path: Path):
        self._path = path
        self._handle: int | None = None

    def note(self, sure: bool = False, **deed: Any) -> None:
        """Write one line. Raises OSError, for example on a full disk."""
        if self._handle is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._handle = os.open(self._path, flags, 0o666)
        # A line torn by a full disk or a crash is ended by the newline before the next one.
        data = b"\n" + json.dumps(deed).encode() + b"\n"
        while data:
            data = data[os.write(self._handle, data) :]
        if sure:
            os.fsync(self._handle)

    def close(self) -> None:
        """Bring what was written to the disk."""
        if self._handle is not None:
            try:
                os.fsync(self._handle)
            finally:
                os.close(self._handle)
                self._handle = None
