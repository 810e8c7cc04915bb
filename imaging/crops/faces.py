"""Faces, by the cascades that OpenCV ships: boxes of whole heads, each with how far it is to be trusted.

What belongs here: detection. On squared 224-px paintings the detectors find the face in three of ten portraits,
and one in a hundred landscapes or halberds, so a face weighs by its trust and never decides alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

SIDE = 128  # longer side of the picture that is looked at
TRUSTED = 0.5  # of two agreeing windows; a face trusted less weighs, but may be cut
_STEP = 1.25  # between the sizes that are tried
_NEIGHBOURS = 1
_LEAST = 20  # pixels of the smallest face, as the cascades were trained
# The longer side at which each cascade looks: a face is seen from a sixth of the picture, a profile, whose
# cascade costs five times as much, from a third.
_LOOKS = {"frontalface_alt2": SIDE, "profileface": 64}
# A cascade's box ends at brow and chin: what the head adds to it, in shares of the box.
_HAIR, _CHEEK, _CHIN = 0.4, 0.2, 0.25
_SAME = 0.3  # intersection over union above which two boxes are one face

_Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Face:
    """A head in shares of width and height, and its trust, 0–1."""

    left: float
    top: float
    right: float
    bottom: float
    trust: float


def faces(rgb: np.ndarray, importance: np.ndarray) -> list[Face]:
    """Heads found in a picture, the most trusted first, none overlapping another.

    rgb: height×width×3 uint8, longer side at most `SIDE`. importance: a map of the same picture of any
    size, summing to 1. trust = n / (n + 2) for n agreeing windows of the cascade (Viola and Jones 2001),
    times how dense the importance is in the head, if it is less dense there than elsewhere.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    found = _detect("frontalface_alt2", grey) + _detect("profileface", grey)
    # The profile cascade knows faces that look to the left only.
    mirrored = _detect("profileface", np.ascontiguousarray(grey[:, ::-1]))
    found += [((1 - right, top, 1 - left, bottom), n) for (left, top, right, bottom), n in mirrored]
    heads = [_head(box, count, importance) for box, count in found]
    heads.sort(key=lambda face: (-face.trust, face.left, face.top))
    kept: list[Face] = []
    for face in heads:
        if all(_shared(face, other) < _SAME for other in kept):
            kept.append(face)
    return kept


@lru_cache(maxsize=4)
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml")
    )


def _detect(name: str, grey: np.ndarray) -> list[tuple[_Box, int]]:
    """Boxes in shares of width and height, each with the number of windows that agree on it."""
    scale = min(1.0, _LOOKS[name] / max(grey.shape))
    height, width = (max(1, round(size * scale)) for size in grey.shape)
    if min(height, width) < _LEAST:
        return []
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    boxes, counts = _cascade(name).detectMultiScale2(
        small, _STEP, _NEIGHBOURS, minSize=(_LEAST, _LEAST)
    )
    return [
        ((x / width, y / height, (x + w) / width, (y + h) / height), int(count))
        for (x, y, w, h), count in zip(boxes, np.ravel(counts), strict=True)
    ]


def _head(box: _Box, count: int, importance: np.ndarray) -> Face:
    w, h = box[2] - box[0], box[3] - box[1]
    left, right = max(0.0, box[0] - _CHEEK * w), min(1.0, box[2] + _CHEEK * w)
    top, bottom = max(0.0, box[1] - _HAIR * h), min(1.0, box[3] + _CHIN * h)
    share = (float(left), float(top), float(right), float(bottom))
    rows, columns = importance.shape
    part = importance[
        int(share[1] * rows) : max(int(share[1] * rows) + 1, round(share[3] * rows)),
        int(share[0] * columns) : max(int(share[0] * columns) + 1, round(share[2] * columns)),
    ]
    density = float(part.mean()) * importance.size
    return Face(*share, trust=round(count / (count + 2) * min(1.0, density), 6))


def _shared(one: Face, other: Face) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(f.right - f.left) * (f.bottom - f.top) for f in (one, other)]
    return width * height / (sum(areas) - width * height)
