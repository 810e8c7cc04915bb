"""What pictures say of themselves, as ExifTool reads it: when, with what and by whom they were taken.

What belongs here: from ExifTool's tags to values. Which names and folders are made of them is `rename`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imaging.files.exiftool import Session

TAGS = (
    "SubSecDateTimeOriginal", "DateTimeOriginal", "SubSecCreateDate", "CreateDate", "Make", "Model",
    "SerialNumber", "LensModel", "LensID", "Artist", "Creator", "By-line", "Title", "ObjectName",
)  # fmt: skip
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?")


@dataclass(frozen=True)
class Facts:
    """What a picture says of itself; "" or None where it says nothing. `taken`: the camera's own clock."""

    taken: datetime | None = None
    camera: str = ""
    make: str = ""
    model: str = ""
    serial: str = ""
    lens: str = ""
    artist: str = ""
    title: str = ""
    error: str = ""


def facts_of(session: Session, files: Sequence[Path]) -> Iterable[Facts]:
    """Yield the facts of each file in turn."""
    return map(facts, session.read(files, TAGS))


def facts(tags: Mapping[str, str]) -> Facts:
    """Return what ExifTool's tags say, the picture's own original time first."""

    def first(*names: str) -> str:
        return next((tags[name] for name in names if tags.get(name)), "")

    make, model = first("Make"), first("Model")
    named = model.lower().startswith(make.lower().split(" ")[0]) if make else True
    times = (parse_time(tags.get(name, "")) for name in TAGS[:4])
    return Facts(
        taken=next((time for time in times if time), None),
        camera=model if named else f"{make} {model}".strip(),
        make=make,
        model=model,
        serial=first("SerialNumber"),
        lens=first("LensModel", "LensID"),
        artist=first("Artist", "Creator", "By-line"),
        title=first("Title", "ObjectName"),
        error=first("Error"),
    )


def parse_time(text: str) -> datetime | None:
    """Read `2004:01:02 03:04:05.12+01:00` as the camera's clock showed it; None for no such time."""
    found = _TIME.match(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    microsecond = int((found[7] or "")[:6].ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:  # cameras without a clock write 0000:00:00 00:00:00
        return None
