"""Flaws of single pictures: blurred, dark, bright, of low information, broken, misnamed. Reported, never moved.

What belongs here: thresholds over measures, each with how it was chosen.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from imaging import raw
from imaging.files.folder import SUFFIXES
from storage.schemas import table as as_table

FLAWS = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("flaw", pa.string(), nullable=False),
        pa.field("figure", pa.float32()),
        pa.field("detail", pa.string(), nullable=False),
    ]
)

# Chosen on 153 photographs and paintings of museums and of Caltech's, so that 1 % (2 % for blurred) of them are
# flagged; on 129 others the same were 0.8 % dark, 0.8 % bright, 1.6 % blurred, and of copies of those made worse:
# blurred by a Gaussian of 0.3, 0.6, 1.2 % of the shorter side, 42, 92 and 98 % found; darkened by 3, 4, 5 stops,
# 47, 91 and 100 %; brightened by 2, 3 stops, 40 and 54 % (what is white may be paper).
BLURRED = 140.0  # sharpness_full: variance of the Laplacian in the sharpest tiles
DARK = 0.34  # brightness + 2 × contrast: about what the lightest fortieth of the pixels reaches
BRIGHT = 0.59  # clipped_bright
# Below the least of those 153 (3.7 bits); blank pages and flat colour lie here.
LOW_INFORMATION = 3.0  # entropy

_MEASURED = ["sharpness_full", "brightness", "contrast", "clipped_bright", "entropy", "format"]


def find_flaws(images: pa.Table, rejects: pa.Table) -> pa.Table:
    """FLAWS of the pictures that decoded, and a `broken` or `not_read` row for each that did not.

    images: image_id and MEASURES. rejects: REJECTS whose subject is an image_id. A picture that is dark,
    bright or empty is not called blurred as well: it has no edges to be judged by.
    """
    rows: list[dict[str, Any]] = []
    for picture in images.select(["image_id", *_MEASURED]).to_pylist():
        rows += [{"image_id": picture["image_id"], **it} for it in _of_one(picture)]
    for reject in rejects.to_pylist():
        flaw = "not_read" if reject["reason"] in ("not_read", "missing") else "broken"
        detail = reject["detail"] or reject["reason"]
        rows.append({"image_id": reject["subject"], "flaw": flaw, "figure": None, "detail": detail})
    return as_table(FLAWS, rows).sort_by([("flaw", "ascending"), ("image_id", "ascending")])


def _of_one(picture: dict[str, Any]) -> Iterator[dict[str, Any]]:
    lightest = picture["brightness"] + 2 * picture["contrast"]
    sharp, white, entropy = (picture[it] for it in ("sharpness_full", "clipped_bright", "entropy"))
    if lightest < DARK:
        detail = f"its lightest parts reach {lightest:.0%} of white"
        yield {"flaw": "dark", "figure": lightest, "detail": detail}
    elif white > BRIGHT:
        detail = f"{white:.0%} of it is white without detail"
        yield {"flaw": "bright", "figure": white, "detail": detail}
    elif entropy < LOW_INFORMATION:
        detail = f"hardly anything on it: {entropy:.1f} of 8 bits of entropy"
        yield {"flaw": "low_information", "figure": entropy, "detail": detail}
    elif sharp < BLURRED:
        detail = f"sharpness {sharp:,.0f} where it is sharpest; {BLURRED:,.0f} is the least of nearly all"
        yield {"flaw": "blurred", "figure": sharp, "detail": detail}
    suffix = PurePosixPath(unquote(picture["image_id"], errors="surrogateescape")).suffix.lower()
    right = SUFFIXES.get(picture["format"], ())
    if right and suffix not in right and suffix not in raw.SUFFIXES:
        named = f"named {suffix}" if suffix else "without a suffix"
        detail = f"{named}, but its bytes are {picture['format']}: {right[0]} would be right"
        yield {"flaw": "misnamed", "figure": None, "detail": detail}
