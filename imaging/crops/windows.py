"""Every window of a ratio, and what lies inside each: summed-area tables make one look-up of a sum.

What belongs here: geometry. What makes a window good is `imaging.crops.propose`.
"""

from fractions import Fraction

import cv2
import numpy as np

_SCALES = (1.0, 0.9, 0.8, 0.7, 0.6)  # of the largest window of that ratio
_STEPS = 13  # positions tried along each axis


def parse_ratio(text: str) -> Fraction:
    """Width over height of "4:5".

    Raises ValueError naming the text when it is no ratio of two positive whole numbers.
    """
    width, colon, height = text.partition(":")
    digits = width.isdecimal() and height.isdecimal()
    if not (colon and digits and int(width) and int(height)):
        raise ValueError(f"{text!r} is no ratio; write it as 4:5, width first")
    return Fraction(int(width), int(height))


def windows(frame: tuple[int, int, int, int], ratio: Fraction) -> np.ndarray:
    """Windows of that ratio within a frame, the largest first: n×4 float64, left, top, right, bottom.

    frame: left, top, right, bottom in pixels of the map that is looked at.
    """
    left, top, right, bottom = frame
    full = min(float(right - left), (bottom - top) * float(ratio))
    made = []
    for scale in _SCALES:
        w, h = full * scale, full * scale / float(ratio)
        x, y = _places(left, right - w), _places(top, bottom - h)
        grid = np.empty((len(y), len(x), 4))
        grid[..., 0], grid[..., 1], grid[..., 2], grid[..., 3] = (
            x,
            y[:, None],
            x + w,
            y[:, None] + h,
        )
        made.append(grid.reshape(-1, 4))
    return np.concatenate(made)


def _places(start: float, end: float) -> np.ndarray:
    """Evenly from start to end; one where there is no room."""
    return np.linspace(start, end, _STEPS) if end > start + 1e-9 else np.array([float(start)])


def summed(maps: np.ndarray) -> np.ndarray:
    """Summed-area tables of height×width×channels maps, with a leading row and column of zeros."""
    return cv2.integral(maps, sdepth=cv2.CV_64F).reshape(
        maps.shape[0] + 1, maps.shape[1] + 1, maps.shape[2]
    )


def sums(tables: np.ndarray, boxes: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """What lies inside each part of each box, parts×n×channels; edges are rounded to whole pixels.

    tables: of `summed`. boxes: n×4 left, top, right, bottom in pixels. parts: p×4, the same edges as shares
    of a box.
    """
    rows, columns, channels = tables.shape
    corner, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    edges = np.tile(corner, 2) + np.tile(size, 2) * parts[:, None, :]
    limits = (columns - 1, rows - 1) * 2
    left, top, right, bottom = np.moveaxis(np.clip(np.rint(edges).astype(np.intp), 0, limits), 2, 0)
    flat = tables.reshape(-1, channels)
    low, high = top * columns, bottom * columns
    inside = flat.take(high + right, axis=0) - flat.take(low + right, axis=0)
    inside += flat.take(low + left, axis=0) - flat.take(high + left, axis=0)
    # Rounding may leave an empty box a hair below nothing.
    return np.maximum(inside, 0)


def overlap(boxes: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Intersection over union of each box with `one`."""
    left, top, right, bottom = boxes.T
    width = np.minimum(right, one[2]) - np.maximum(left, one[0])
    height = np.minimum(bottom, one[3]) - np.maximum(top, one[1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    own = (one[2] - one[0]) * (one[3] - one[1])
    return shared / ((right - left) * (bottom - top) + own - shared)
