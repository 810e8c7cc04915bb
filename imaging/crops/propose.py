"""Crops proposed for wanted ratios: what matters stays in and whole, several to choose from.

What belongs here: what makes a window good, who proposes, and the kernel over picture files. What is
salient is `imaging.crops.saliency`, the geometry `imaging.crops.windows`. Nothing is cropped by it: a
proposal is four numbers.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.crops.faces import SIDE, TRUSTED, Face, faces
from imaging.crops.saliency import inner_frame, interest, saliency, things
from imaging.crops.windows import overlap, parse_ratio, summed, sums, windows
from imaging.decode import decode
from imaging.errors import DecodeError
from imaging.threads import one_thread
from storage.schemas import CROPS

RATIOS = ("1:1", "4:5", "5:4", "16:9", "9:16")
PROPOSALS = 3
_DECODED = 96  # shorter side that a file is decoded to at least; its smallest JPEG scale above that
_EACH = 2  # windows that each proposer may bring
# score = what is kept × density^_TIGHTNESS: 0 always takes the largest window, 1 weighs a window by
# importance per area. A sixth keeps the surroundings a picture needs.
_TIGHTNESS = 1 / 6
_OVERLAP = 0.8  # intersection over union above which two windows are one proposal
_RIM_COST = 0.5  # for importance so near a window's edge that it looks cut
_THIRDS_WORTH = 0.1  # for importance around the crossings and lines of thirds
# Parts of a window: the whole; what lies off the rim, and two squares with the thirds between them.
_WHOLE = np.array([(0, 0, 1, 1)])
_PARTS = np.array(
    [(0.06, 0.06, 0.94, 0.94), (0.25, 0.25, 0.75, 0.75), (5 / 12, 5 / 12, 7 / 12, 7 / 12)]
)

_PROPOSAL = pa.struct([CROPS.field(name) for name in CROPS.names if name != "sha256"])
_RESULT = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("proposals", pa.list_(_PROPOSAL)),
        pa.field("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class Propose:
    """Kernel over picture files: columns `sha256` and `path` (below `store_root`, or absolute) in.

    A path may be binary, as `os.fsencode` gives it. Out: `sha256`, the picture's `width` and `height`
    as seen, `proposals` (up to three of each ratio, as CROPS) and `error`, null if all went well.

    Raises ValueError at once when a ratio is not of the form "4:5".
    """

    store_root: Path
    ratios: tuple[str, ...] = RATIOS

    def __post_init__(self) -> None:
        for ratio in self.ratios:
            parse_ratio(ratio)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One row a picture, in the batch's order."""
        with one_thread():
            rows = [self._row(row) for row in batch.select(["sha256", "path"]).to_pylist()]
        return pa.RecordBatch.from_pylist(rows, schema=_RESULT)

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        try:
            picture = decode(self.store_root / os.fsdecode(row["path"]), _DECODED)
        except DecodeError as error:
            return {"sha256": row["sha256"], "error": str(error)}
        return {
            "sha256": row["sha256"],
            "width": picture.width,
            "height": picture.height,
            "proposals": propose(picture.rgb, self.ratios),
        }


def propose(rgb: np.ndarray, ratios: Sequence[str]) -> list[dict[str, Any]]:
    """Up to three crops of each ratio, best first: ratio, rank, edges, proposer, confidence.

    rgb: height×width×3 uint8, any size. left, top, right, bottom are shares of width and height, 0–1.
    confidence, 0–1: the share of the picture's importance (saliency, and faces where there are any) that
    stays inside, where a thing that the window cuts counts the square of the share of it that stays.
    """
    looked = _Looked.at(rgb)
    made = []
    for ratio in ratios:
        for rank, proposal in enumerate(_ranked(looked, ratio), start=1):
            made.append({"ratio": ratio, "rank": rank, **proposal})
    return made


def proposals(result: pa.Table) -> pa.Table:
    """The CROPS of every picture that could be read."""
    counts = pc.fill_null(pc.list_value_length(result["proposals"]), 0)
    rows = pa.array(np.repeat(np.arange(result.num_rows), counts.to_numpy()), pa.int64())
    flat = pc.list_flatten(result["proposals"]).combine_chunks()
    columns = [result["sha256"].take(rows), *flat.flatten()]
    return pa.table(columns, names=["sha256", *_PROPOSAL.names]).select(CROPS.names).cast(CROPS)


@dataclass(frozen=True)
class _Looked:
    """All that the ratios of one picture share.

    maps: summed-area tables with a channel a proposer (those of `proposers`); the first is the importance that
    confidence is read from. tables: the same, then a channel a thing.
    """

    size: tuple[int, int]  # width and height of the maps
    frame: tuple[int, int, int, int]
    faces: list[Face]
    proposers: tuple[str, ...]
    maps: np.ndarray
    tables: np.ndarray

    @classmethod
    def at(cls, rgb: np.ndarray) -> "_Looked":
        small = _shrunk(rgb, SIDE)
        height, width = small.shape[:2]
        frame = inner_frame(small)
        maps = {"saliency": _within(saliency(small), frame)}
        heads = faces(small, maps["saliency"])
        if heads:
            maps = {"faces": _with_faces(maps["saliency"], heads), **maps}
        importance = next(iter(maps.values()))
        maps["smartcrop"] = _within(interest(small), frame)
        masks = [importance * mask for mask in things(importance)]
        tables = summed(np.stack([*maps.values(), *masks], axis=2))
        alone = np.ascontiguousarray(tables[..., : len(maps)])
        return cls((width, height), frame, heads, tuple(maps), alone, tables)


def _shrunk(rgb: np.ndarray, side: int) -> np.ndarray:
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _within(importance: np.ndarray, frame: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = frame
    inside = np.zeros_like(importance)
    inside[top:bottom, left:right] = importance[top:bottom, left:right]
    total = inside.sum()
    return inside / total if total > 0 else importance


def _with_faces(salient: np.ndarray, heads: Sequence[Face]) -> np.ndarray:
    """Saliency and heads, each head weighing as its trust against the whole of the saliency."""
    height, width = salient.shape
    mixed = salient.copy()
    for face in heads:
        rows = slice(
            int(face.top * height), max(int(face.top * height) + 1, round(face.bottom * height))
        )
        columns = slice(
            int(face.left * width), max(int(face.left * width) + 1, round(face.right * width))
        )
        mixed[rows, columns] += face.trust / mixed[rows, columns].size
    return mixed / mixed.sum()


def _ranked(looked: _Looked, ratio: str) -> list[dict[str, Any]]:
    boxes = windows(looked.frame, parse_ratio(ratio))
    whole = _whole_faces(boxes, looked)
    boxes = boxes[whole == whole.max()]
    kept, scores = _judged(looked, boxes)
    brought: dict[int, str] = {}
    for proposer, score in zip(looked.proposers, scores.T, strict=True):
        for index in _distinct(boxes, score, _EACH):
            brought.setdefault(index, proposer)
    chosen = np.array(sorted(brought))
    best = chosen[_distinct(boxes[chosen], scores[chosen, 0], PROPOSALS)]
    shares = np.clip(boxes[best] / (looked.size * 2), 0, 1)
    return [
        {
            "left": float(left),
            "top": float(top),
            "right": float(right),
            "bottom": float(bottom),
            "proposer": brought[index],
            "confidence": float(kept[index]),
        }
        for index, (left, top, right, bottom) in zip(best, shares, strict=True)
    ]


def _whole_faces(boxes: np.ndarray, looked: _Looked) -> np.ndarray:
    """How many trusted faces lie whole in each window."""
    counts = np.zeros(len(boxes), int)
    for face in looked.faces:
        if face.trust >= TRUSTED:
            edges = np.array([face.left, face.top, face.right, face.bottom]) * (looked.size * 2)
            edges = np.clip(edges, looked.frame[:2] * 2, looked.frame[2:] * 2)
            # A pixel's grace: heads are guessed from a cascade's box.
            counts += ((boxes[:, :2] <= edges[:2] + 1) & (boxes[:, 2:] >= edges[2:] - 1)).all(
                axis=1
            )
    return counts


def _judged(looked: _Looked, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Confidence of each window, and how good it is by each proposer.

    Good is what is kept, away from the edges and around the thirds, and not too loose.
    """
    count = len(looked.proposers)
    (whole,) = sums(looked.tables, boxes, _WHOLE)
    core, wide, middle = sums(looked.maps, boxes, _PARTS)
    inside, held = whole[:, :count], whole[:, count:]
    cut = (held * (1 - held / looked.tables[-1, -1, count:])).sum(axis=1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) / np.prod(looked.size)
    good = inside - cut[:, None] - _RIM_COST * (inside - core) + _THIRDS_WORTH * (wide - middle)
    density = np.maximum(inside, 1e-9) / area[:, None]
    return np.clip(inside[:, 0] - cut, 0, 1), np.maximum(good, 0) * density**_TIGHTNESS


def _distinct(boxes: np.ndarray, score: np.ndarray, most: int) -> list[int]:
    """Indices of the best windows that differ from each other, best first."""
    # Rounded, so that sums in another order cannot change which of two equals comes first.
    left = np.round(score, 9)
    chosen = [int(left.argmax())]
    while len(chosen) < most:
        left[overlap(boxes, boxes[chosen[-1]]) >= _OVERLAP] = -1
        if left.max() < 0:
            break
        chosen.append(int(left.argmax()))
    return chosen
