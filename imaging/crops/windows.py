"""Every window of a ratio, and what lies inside each: summed-area tables make one look-up of a sum.

What belongs here: geometry. What makes a window good is `imaging.crops.propose`.
"""

from fractions import Fraction

import cv2
import numpy as np

_SCALES = np.array([0.9, 0.8, 0.7, 0.6])  # of the largest window of that ratio, besides that itself
_STEPS = np.linspace(0, 1, 13)  # positions tried along each axis, as shares of the room there is
_GRID = np.stack(np.meshgrid(_STEPS, _STEPS), axis=2).reshape(-1, 2)


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
    start, extent = np.array(frame[:2], float), np.subtract(frame[2:], frame[:2]).astype(float)
    full = min(extent[0], extent[1] * float(ratio)) * np.array([1, 1 / float(ratio)])
    sizes = _SCALES[:, None, None] * full
    corners = start + (extent - sizes) * _GRID
    # The largest has room along one axis at most.
    room = np.maximum(extent - full, 0)
    slid = start + room * (_STEPS if room.max() > 1e-9 else _STEPS[:1])[:, None]
    low = np.concatenate([slid, corners.reshape(-1, 2)])
    high = np.concatenate([slid + full, (corners + sizes).reshape(-1, 2)])
    return np.concatenate([low, high], axis=1)


def summed(maps: np.ndarray) -> np.ndarray:
    """Summed-area tables of height×width×channels maps, with a leading row and column of zeros."""
    return cv2.integral(maps, sdepth=cv2.CV_64F).reshape(
        maps.shape[0] + 1, maps.shape[1] + 1, maps.shape[2]
    )


def sums(tables: np.ndarray, boxes: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """What lies inside each part of each box, parts×n×channels; edges are rounded to whole pixels.

    tables: of `summed`. boxes: n×4 left, top, right, bottom in pixels, inside the maps. parts: p×4, the same
    edges as shares of a box.
    """
    _, columns, channels = tables.shape
    low_x, low_y, high_x, high_y = np.ascontiguousarray(boxes.T)
    shares = parts.T[:, :, None]
    left, right = np.rint(low_x + (high_x - low_x) * shares[::2]).astype(np.intp)
    low, high = np.rint(low_y + (high_y - low_y) * shares[1::2]).astype(np.intp) * columns
    flat = tables.reshape(-1, channels)
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
