"""What pictures say of themselves, as ExifTool reads it: when, with what and by whom they were taken.

What belongs here: from ExifTool's tags to values. Which names and folders are made of them is `rename`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imaging.files.exiftool import Session
from imaging.metadata import time

TAGS = (
    "SubSecDateTimeOriginal", "DateTimeOriginal", "SubSecCreateDate", "CreateDate", "Make", "Model",
    "SerialNumber", "LensModel", "LensID", "Artist", "Creator", "By-line", "Title", "ObjectName",
)  # fmt: skip


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
    times = (time(tags.get(name, "")) for name in TAGS[:4])
    return Facts(
        taken=next((datetime.fromisoformat(found) for found in times if found), None),
        camera=model if named else f"{make} {model}".strip(),
        make=make,
        model=model,
        serial=first("SerialNumber"),
        lens=first("LensModel", "LensID"),
        artist=first("Artist", "Creator", "By-line"),
        title=first("Title", "ObjectName"),
        error=first("Error"),
    )
