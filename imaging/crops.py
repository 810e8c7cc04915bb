"""Crops proposed for wanted ratios: where the saliency is, not too tight, several to choose from.

What belongs here: the windows and their ranking, and the kernel over derivatives. What is salient
is `imaging.saliency`. Nothing is cropped by it: a proposal is four numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from imaging.decode import DecodeError, decode
from imaging.saliency import saliency
from storage.schemas import CROPS

PROPOSALS = 3
_SIDE = 128  # longer side of the picture that is looked at
_SCALES = (1.0, 0.9, 0.8, 0.7, 0.6)  # of the largest window of that ratio
_STEPS = 16  # positions tried along each axis
# score = share of saliency kept × (its density)^_TIGHTNESS: 0 always takes the largest window,
# 1 weighs a window by saliency per area. A quarter keeps the surroundings a picture needs.
_TIGHTNESS = 0.25
_OVERLAP = 0.8  # intersection over union above which two windows are one proposal

_PROPOSAL = pa.struct([CROPS.field(name) for name in CROPS.names if name != "sha256"])
_RESULT = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("proposals", pa.list_(_PROPOSAL)),
        pa.field("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class Propose:
    """Kernel over derivatives: columns `sha256` and `path` (below `store_root`) in.

    Out: `sha256`, `proposals` (up to three of each ratio, as CROPS) and `error`, null if all went well.

    Raises ValueError at once when a ratio is not of the form "4:5".
    """

    store_root: Path
    ratios: tuple[str, ...] = ("1:1", "4:5", "16:9")

    def __post_init__(self) -> None:
        for ratio in self.ratios:
            parse_ratio(ratio)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One row a derivative, in the batch's order."""
        rows = [self._row(row) for row in batch.select(["sha256", "path"]).to_pylist()]
        return pa.RecordBatch.from_pylist(rows, schema=_RESULT)

    def _row(self, row: Mapping[str, str]) -> dict[str, Any]:
        try:
            rgb = decode(self.store_root / row["path"], _SIDE // 2).rgb
        except DecodeError as error:
            return {"sha256": row["sha256"], "proposals": None, "error": str(error)}
        return {"sha256": row["sha256"], "proposals": propose(rgb, self.ratios), "error": None}


def propose(rgb: np.ndarray, ratios: tuple[str, ...]) -> list[dict[str, Any]]:
    """Up to three crops of each ratio, best first: ratio, rank, left, top, right, bottom, confidence.

    rgb: height×width×3 uint8. Edges are shares of width and height, 0–1; confidence is the share of
    the picture's saliency that stays inside.
    """
    picture = Image.fromarray(rgb)
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=None)
    table = _summed(saliency(np.asarray(picture)))
    made = []
    for ratio in ratios:
        for rank, (window, kept) in enumerate(_best(table, parse_ratio(ratio)), start=1):
            left, top, right, bottom = window
            made.append(
                {
                    "ratio": ratio,
                    "rank": rank,
                    "left": left,
                    "top": top,
                    "right": right,
                    "bottom": bottom,
                    "confidence": kept,
                }
            )
    return made


def proposals(result: pa.Table) -> pa.Table:
    """The CROPS of every derivative that could be read."""
    counts = pc.fill_null(pc.list_value_length(result["proposals"]), 0)
    rows = pa.array(np.repeat(np.arange(result.num_rows), counts.to_numpy()), pa.int64())
    flat = pc.list_flatten(result["proposals"]).combine_chunks()
    columns = [result["sha256"].take(rows), *flat.flatten()]
    return pa.table(columns, names=CROPS.names).cast(CROPS)


def parse_ratio(text: str) -> Fraction:
    """Width over height of "4:5".

    Raises ValueError naming the text when it is no ratio of two positive whole numbers.
    """
    width, colon, height = text.partition(":")
    digits = width.isdecimal() and height.isdecimal()
    if not (colon and digits and int(width) and int(height)):
        raise ValueError(f"{text!r} is no ratio; write it as 4:5, width first")
    return Fraction(int(width), int(height))


def _summed(values: np.ndarray) -> np.ndarray:
    """Summed-area table with a leading row and column of zeros."""
    return np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _best(table: np.ndarray, ratio: Fraction) -> list[tuple[tuple[float, ...], float]]:
    height, width = table.shape[0] - 1, table.shape[1] - 1
    full_width = min(float(width), height * float(ratio))
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for scale in _SCALES:
        w, h = full_width * scale, full_width * scale / float(ratio)
        lefts = np.unique(np.linspace(0, width - w, _STEPS))
        tops = np.unique(np.linspace(0, height - h, _STEPS))
        inside = _inside(table, lefts, tops, w, h)
        density = inside / (w * h / (width * height))
        grid = np.stack(np.broadcast_arrays(lefts, tops[:, None], lefts + w, tops[:, None] + h), -1)
        parts.append((grid.reshape(-1, 4), inside.ravel(), (inside * density**_TIGHTNESS).ravel()))
    windows, kept, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    # Rounded, so that sums in another order cannot change which of two equals comes first.
    left = np.argsort(-np.round(score, 9), kind="stable")
    chosen: list[tuple[tuple[float, ...], float]] = []
    while len(left) and len(chosen) < PROPOSALS:
        window = windows[left[0]]
        shares = np.clip(window / (width, height, width, height), 0, 1)
        chosen.append((tuple(shares.tolist()), float(np.clip(kept[left[0]], 0, 1))))
        left = left[_overlap(windows[left], window) < _OVERLAP]
    return chosen


def _inside(
    table: np.ndarray, lefts: np.ndarray, tops: np.ndarray, w: float, h: float
) -> np.ndarray:
    """Saliency inside every window (tops × lefts), edges between pixels interpolated."""
    rows = _between(table, np.concatenate([tops, tops + h]))
    corners = _between(rows.T, np.concatenate([lefts, lefts + w])).T
    low, high = np.split(corners, 2, axis=0)
    (low_left, low_right), (high_left, high_right) = np.split(low, 2, 1), np.split(high, 2, 1)
    # Rounding may leave an empty window a hair below nothing.
    return np.maximum(high_right - low_right - high_left + low_left, 0)


def _between(table: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows of `table` at fractional places."""
    whole = np.clip(places.astype(int), 0, len(table) - 2)
    part = (places - whole)[:, None]
    return table[whole] * (1 - part) + table[whole + 1] * part


def _overlap(windows: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Intersection over union of each window with `one`."""
    size = np.minimum(windows[:, 2:], one[2:]) - np.maximum(windows[:, :2], one[:2])
    shared = np.prod(np.maximum(size, 0), axis=1)
    areas = np.prod(windows[:, 2:] - windows[:, :2], axis=1) + np.prod(one[2:] - one[:2])
    return shared / (areas - shared)
