"""Public sets of pictures with known edits, and what their names tell.

What belongs here: reading the truth of such a set from its own files.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa

_SUFFIXES = (".jpg", ".jpeg", ".png")
_OTHER_NAMES = {"alpha": "ukbench00120"}  # alpha_channel_image.png shows that picture


def known_sets(folder: Path) -> pa.Table:
    """The public sets of known edits below `folder`: file (below it), set and label, sorted by file.

    imagededup: named `<picture>_<edit>`, damaged files among them. pdq_bridge and pdq_dih: one photograph.
    perception: ten photographs. caltech_rand_resize: `out.csv` names the originals and counts the resized
    copies of each; a copy belongs to the original that it is nearest to as a 16×16 grey picture.

    Raises FileNotFoundError when a set is not there, ValueError when the counts of `out.csv` do not come out.
    """
    rows: list[tuple[str, str, str]] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES:
            name, group = path.relative_to(folder).as_posix(), path.relative_to(folder).parts[0]
            if group == "imagededup":
                picture = path.stem.partition("_")[0]
                rows.append((name, group, _OTHER_NAMES.get(picture, picture)))
            elif group.startswith("pdq_"):
                rows.append((name, group, "bridge"))
            elif group == "perception":
                rows.append((name, group, path.stem))
    rows += _resized_copies(folder)
    columns = zip(*sorted(rows), strict=True)
    return pa.table(dict(zip(("file", "set", "label"), map(list, columns), strict=True)))


def _resized_copies(folder: Path) -> list[tuple[str, str, str]]:
    from PIL import Image

    place = folder / "caltech_rand_resize"
    lines = (place / "out.csv").read_text().split()
    counts = {name: int(count) + 1 for name, _, count in (line.partition(",") for line in lines)}

    def small(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            return np.asarray(image.convert("L").resize((16, 16)), dtype=np.float32)

    originals = {name: small(place / name) for name in counts}
    rows = []
    for path in sorted(place.glob("*.jpg")):
        tones = small(path)
        label = min(originals, key=lambda name: float(np.abs(originals[name] - tones).mean()))
        rows.append((f"{place.name}/{path.name}", place.name, label))
    if Counter(label for _, _, label in rows) != counts:
        raise ValueError(f"{place}: the copies do not come out as out.csv counts them")
    return rows
