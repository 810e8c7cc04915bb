"""ArtGAN's official split of WikiArt: which pictures its lists teach and test each attribute with.

What belongs here: reading `style_train.csv`, `style_val.csv` and the like, plain or gzipped, and matching
works by the path of their picture (`Cubism/juan-gris_guitar-1918.jpg`). Their `val` is what papers report
on, and so a test. The three attributes have lists of their own, which differ.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

ATTRIBUTES = ("style", "genre", "artist")
_SIDES = {"train": "train", "val": "test"}
_ENDS = ("", ".csv", ".txt", ".gz", ".csv.gz", ".txt.gz")


def sides(folder: Path) -> dict[str, dict[str, str]]:
    """attribute → path of a picture → train or test, of the lists that lie in `folder`.

    A path in both lists of an attribute stays in training, so that the test has seen nothing of it.
    """
    found: dict[str, dict[str, str]] = {}
    for attribute in ATTRIBUTES:
        for name in reversed(_SIDES):
            for path in (folder / f"{attribute}_{name}{end}" for end in _ENDS):
                if path.is_file():
                    listed = dict.fromkeys(_paths(path), _SIDES[name])
                    found[attribute] = found.get(attribute, {}) | listed
    return found


def matched(
    lists: Mapping[str, Mapping[str, str]], pictures: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """attribute → artwork_id → train or test, for works whose picture's address ends with a listed path.

    lists: as `sides` gives them. pictures: artwork_id → address or path of its picture.
    """
    tails = {name: "/".join(unquote(address).split("/")[-2:]) for name, address in pictures.items()}
    return {
        attribute: {name: listed[tail] for name, tail in tails.items() if tail in listed}
        for attribute, listed in lists.items()
    }


def told(misc: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, str]]:
    """attribute → artwork_id → train or test, for works that came with the lists themselves.

    misc: artwork_id → what else its source says, `style_split: train` and the like.
    """
    return {
        attribute: {
            name: _SIDES[str(said[f"{attribute}_split"])]
            for name, said in misc.items()
            if said.get(f"{attribute}_split") in _SIDES
        }
        for attribute in ATTRIBUTES
    }


def _paths(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        for cells in csv.reader(lines):
            # The artists' lists begin with a header in words.
            if len(cells) > 1 and not cells[0].startswith("(Path to image)"):
                yield cells[0].strip()
