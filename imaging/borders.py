"""What surrounds the work in its photograph: plain borders, colour charts and grey scales.

What belongs here: parts of a picture that are not the work. All is looked for on the derivative.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# A line is plain when all but this share of its pixels lie within `_TOLERANCE` of its colour: JPEG, grain and the
# unevenness of a scanner's lid stay below it.
_STRAY = 0.04
_TOLERANCE = 26
_STEP = 0.55  # of the inner line must leave the colour within `_EDGE` lines: a border ends in a straight edge
_EDGE = 3
_THINNEST = 2  # pixels of the derivative
_MOST = 0.4  # of a side: what is left between would be a detail of a page, not a bordered picture


@dataclass(frozen=True)
class Border:
    """Plain borders as shares of width and height; all 0 where there is none."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0

    def box(self, width: int, height: int) -> tuple[int, int, int, int] | None:
        """What lies within, as left, top, right, bottom in pixels of a picture of that size; None without a border."""
        if not (self.left or self.top or self.right or self.bottom):
            return None
        left, top = round(self.left * width), round(self.top * height)
        return left, top, width - round(self.right * width), height - round(self.bottom * height)


def find(rgb: np.ndarray) -> Border:
    """Plain borders of height×width×3 uint8.

    A border has one colour, lies on two sides or more, and ends in a straight edge along the whole side. A work on a
    plain ground, a vignette or an evenly painted sky has no such edge, or on one side only, and keeps its size.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < 16:
        return Border()
    best = Border()
    for colour in _colours(rgb):
        found = _within(rgb, colour)
        if sum(_sides(found)) > sum(_sides(best)):
            best = found
    return best


def _sides(border: Border) -> tuple[float, ...]:
    return border.left, border.top, border.right, border.bottom


def _colours(rgb: np.ndarray) -> list[np.ndarray]:
    """The colours of plain outermost lines, each once, where at least two sides have it."""
    found: list[tuple[np.ndarray, int]] = []
    for line in (rgb[:, 0], rgb[0], rgb[:, -1], rgb[-1]):
        # Channel by channel in one piece: sorting across is many times slower.
        colour = np.sort(line.T.copy(), axis=1)[:, len(line) // 2].astype(float)
        if _stray(line, colour) > _STRAY:
            continue
        for number, (known, sides) in enumerate(found):
            if np.abs(known - colour).max() <= _TOLERANCE:
                found[number] = ((known * sides + colour) / (sides + 1), sides + 1)
                break
        else:
            found.append((colour, 1))
    return [colour for colour, sides in found if sides > 1]


def _stray(line: np.ndarray, colour: np.ndarray) -> float:
    return 1 - cv2.countNonZero(_like(line[None], colour)) / len(line)


def _like(rgb: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Where a picture has that colour: 255 there, else 0."""
    levels = colour.tolist()
    low, high = ([level + way * _TOLERANCE for level in levels] for way in (-1, 1))
    return cv2.inRange(rgb, tuple(low), tuple(high))


def _within(rgb: np.ndarray, colour: np.ndarray) -> Border:
    """The border of that colour."""
    other = cv2.bitwise_not(_like(rgb, colour))  # 255 for what is not of the border's colour
    # Left and right first from all rows, then top and bottom between them, then again left and right.
    inner = (slice(None), slice(None))
    for _ in range(2):
        left, right = _run(other[inner[0]], 0)
        inner = (inner[0], slice(left, other.shape[1] - right))
        top, bottom = _run(other[:, inner[1]], 1)
        inner = (slice(top, other.shape[0] - bottom), inner[1])
    if sum(side > 0 for side in (left, top, right, bottom)) < 2:
        return Border()
    height, width = other.shape
    return Border(left / width, top / height, right / width, bottom / height)


def _run(other: np.ndarray, along: int) -> tuple[int, int]:
    """Lines of border at the beginning and at the end, 0 where they do not end in a straight edge.

    along: 0 for columns, 1 for rows.
    """
    share = cv2.reduce(other, along, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() / 255
    share /= other.shape[along]
    return _length(share), _length(share[::-1])


def _length(share: np.ndarray) -> int:
    inside = share > _STRAY
    first = int(inside.argmax()) if inside.any() else 0
    thick = _THINNEST <= first <= _MOST * len(share)
    return first if thick and share[first : first + _EDGE].max() >= _STEP else 0
