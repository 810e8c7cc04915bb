"""ArtGAN's label lists of WikiArt: style, genre and artist, each in a training and a validation list.

A row is the path of a picture and the number of its class; `<kind>_class` says the classes' names.
The lists are merged by path. Title, artist and year are also read from the path, which is all that
the lists say beyond the classes: `Realism/vincent-van-gogh_pine-trees-in-the-fen-1884.jpg`.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scrapers.museum import Refuse, normal_name
from scrapers.record_files import opened

KINDS = ("style", "genre", "artist")
_SPLITS = ("train", "val")
# A year at the end of a name, behind it perhaps the number of a namesake: "untitled-1979(3)".
_NAME = re.compile(r"(?P<title>.*?)(?:-(?P<year>(?:1\d|20)\d\d)(?:-\d{1,2})?)?(?:\(\d+\))?", re.S)

Work = dict[str, str]


def files(folder: Path) -> list[Path]:
    """The lists and the names of classes that lie in `folder`; empty when it holds no such list."""
    stems = [f"{kind}_{split}" for kind in KINDS for split in _SPLITS]
    lists = [path for stem in stems if (path := _file(folder, stem)) is not None]
    classes = [path for kind in KINDS if (path := _file(folder, f"{kind}_class")) is not None]
    return [*lists, *classes] if lists else []


def _file(folder: Path, stem: str) -> Path | None:
    names = (stem, *(f"{stem}{end}" for end in (".csv", ".txt", ".gz", ".csv.gz", ".txt.gz")))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def works(folder: Path, refuse: Refuse) -> Iterator[Work]:
    """Each picture the lists name, once, in the order of their paths.

    A picture with two classes of one kind keeps the first; the other is refused, as is a row whose
    number names no class. Raises ValueError naming the file when a list has no names for its classes.
    """
    found: dict[str, Work] = {}
    artists: dict[str, str] = {}
    for kind in KINDS:
        lists = {split: _file(folder, f"{kind}_{split}") for split in _SPLITS}
        if not any(lists.values()):
            continue
        classes = _classes(folder, kind)
        if kind == "artist":
            artists = {normal_name(name): name for name in classes.values()}
        for split, path in lists.items():
            for number, picture, label in _rows(path) if path else ():
                where = f"{path.name if path else ''}#{number}"
                name = classes.get(label)
                if name is None:
                    detail = f"{picture or 'the row'} has the class {label!r}, which has no name"
                    refuse(where, "bad_row", detail)
                    continue
                work = found.setdefault(
                    picture, {"id": picture, "file": picture, "source_row": where}
                )
                if work.get(kind, name) != name:
                    detail = f"{picture}: {kind} is {work[kind]} in another row, {name} here"
                    refuse(where, "conflict", detail)
                    continue
                work[kind] = name
                work[f"{kind}_split"] = split
    for picture in sorted(found):
        yield _named(picture, artists) | found[picture]


def _classes(folder: Path, kind: str) -> dict[str, str]:
    path = _file(folder, f"{kind}_class")
    if path is None:
        raise ValueError(f"{folder} has a list of {kind}s, but no {kind}_class.txt that names them")
    with opened(path) as text:
        pairs = [line.split(maxsplit=1) for line in text if line.strip()]
    return {number: " ".join(name.replace("_", " ").split()) for number, name in pairs}


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Row number, path and class. The artists' lists have an odd header line and an empty column."""
    with opened(path) as text:
        for number, cells in enumerate(csv.reader(text), start=1):
            if cells and not cells[0].startswith("(Path to image)"):
                yield number, cells[0].strip(), cells[-1].strip()


def _named(picture: str, artists: dict[str, str]) -> Work:
    """Title, artist and year out of a picture's name, as far as it says them."""
    artist, under, rest = PurePosixPath(picture).stem.partition("_")
    parts = _NAME.fullmatch(rest)
    if not under or not parts:
        return {}
    title = " ".join(parts["title"].replace("-", " ").split())
    said = {
        "title": title[:1].upper() + title[1:],
        "artist": artists.get(artist) or " ".join(w[:1].upper() + w[1:] for w in artist.split("-")),
        "date_text": parts["year"] or "",
    }
    return {name: value for name, value in said.items() if value}
