"""Colour charts and grey scales that photographers lay beside a work.

What belongs here: telling that a picture holds one. Charts lie along an edge: patches in a row, of one size, each of
one colour; either greys that grow darker or brighter step by step, or colours as far apart as a chart makes them.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

_BAND = 0.22  # of height or width, from each edge inwards
_EVERY = 3  # lines of that band; a chart covers two or more in a row
# Largest change within a patch, over two pixels: of a channel, where JPEG is coarse; of grey, for scales of 20 steps.
_CHANGE = 20
_GREY_CHANGE = 10
_PATCHES = 6
_NARROW = 4  # pixels of a patch, at the least
_ALIKE = 1.5  # of two neighbours the wider by so much, at the most
_SEAM = 6  # pixels between two patches, at the most
_GREY = 26  # chroma (largest less smallest channel) up to which a patch is grey
_GREY_STEP, _GREY_RANGE = 4, 120  # levels
_VIVID = 70  # chroma from which a patch is a colour
_HUES = 4  # sixths of the circle of hues that a colour chart shows, with four vivid patches or more

Chroma = tuple[np.ndarray, np.ndarray, np.ndarray]  # as `_chroma` gives it

# OpenCV's hue of 8 bits (0–179), to a bit for its sixth of the circle; red lies in the middle of the first.
_SIXTHS = np.array([1 << (hue + 15) % 180 // 30 for hue in range(256)], np.uint8)


def has_chart(rgb: np.ndarray) -> bool:
    """Whether a chart or scale lies along an edge of a derivative, height×width×3 uint8."""
    if min(rgb.shape[:2]) < _PATCHES * _NARROW:
        return False
    return any(_in_band(band) for band in _bands(rgb))


def _bands(rgb: np.ndarray) -> Iterator[np.ndarray]:
    """Lines along opposite edges, lines×length×3, with one between them that is no chart."""
    high, wide = (max(_EVERY, round(length * _BAND)) for length in rgb.shape[:2])
    yield _joined(rgb[:high], rgb[-high:])
    yield _joined(cv2.transpose(rgb[:, :wide]), cv2.transpose(rgb[:, -wide:]))


def _joined(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    return np.concatenate([first[::_EVERY], np.zeros_like(first[:1]), last[::_EVERY]])


def _in_band(band: np.ndarray) -> bool:
    """Whether two neighbouring lines of lines×length×3 cross a row of patches of one kind."""
    # One of two neighbours is even: where no even line crosses one, the others need no look.
    even = band[::2]
    chroma = _chroma(even)
    return any(
        find(even, chroma) and 1 in np.diff(find(band, _chroma(band)))
        for find in (_colour_charts, _grey_scales)
    )


def _colour_charts(band: np.ndarray, chroma: Chroma) -> list[int]:
    """The lines that cross a row of vivid patches; few have the hues for it, and only those are searched."""
    vivid = chroma[2] >= _VIVID
    able = np.count_nonzero(vivid, axis=1) >= _HUES
    if able.any():
        hues = cv2.cvtColor(band[able], cv2.COLOR_RGB2HSV)[..., 0]
        sixths = np.bitwise_or.reduce(_SIXTHS[hues] * vivid[able], axis=1)
        able[able] = np.bitwise_count(sixths) >= _HUES
    if not able.any():
        return []
    lines = band[able]
    edges = cv2.inRange(_changes(lines), (0, 0, 0), (_CHANGE,) * 3) == 0
    return _crossing(lines, np.flatnonzero(able), edges, _is_colour_chart)


def _grey_scales(band: np.ndarray, chroma: Chroma) -> list[int]:
    """The lines that cross a row of greys; only those whose greys range as far are searched."""
    high, low, between = chroma
    _, coloured = cv2.threshold(between, _GREY, 255, cv2.THRESH_BINARY)
    brightest = cv2.subtract(high, coloured).max(axis=1).astype(int)
    able = np.flatnonzero(brightest - cv2.max(low, coloured).min(axis=1) >= _GREY_RANGE)
    if not len(able):
        return []
    lines = band[able]
    # Green is nearly luma, and of a grey all of it.
    edges = (_changes(lines[..., 1]) > _GREY_CHANGE) | (between[able, 1:-1] > _GREY)
    return _crossing(lines, able, edges, _is_grey_scale)


def _chroma(band: np.ndarray) -> Chroma:
    """The largest and the smallest channel, and their difference."""
    red, green, blue = cv2.split(band)
    high, low = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    return high, low, cv2.subtract(high, low)


def _changes(values: np.ndarray) -> np.ndarray:
    return cv2.absdiff(values[:, 2:].copy(), values[:, :-2].copy())


def _crossing(
    band: np.ndarray,
    numbers: np.ndarray,
    edges: np.ndarray,
    wanted: Callable[[np.ndarray], bool],
) -> list[int]:
    """Those of the `numbers` of the band's lines that cross what is wanted."""
    lines, starts, ends = _flat_runs(edges)
    found: list[int] = []
    for first, last in _rows(lines, starts, ends):
        line = lines[first]
        middles = (starts[first:last] + ends[first:last]) // 2
        if int(numbers[line]) not in found and wanted(band[line, middles].astype(int)):
            found.append(int(numbers[line]))
    return found


def _flat_runs(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Line, start and end of every flat run that is wide enough for a patch, in order."""
    walled = np.ones((edges.shape[0], edges.shape[1] + 2), bool)
    walled[:, 1:-1] = edges
    bounds = np.flatnonzero(walled.ravel()[1:] != walled.ravel()[:-1]) + 1
    lines, starts = np.divmod(bounds[::2], walled.shape[1])
    # An edge is seen from both of its sides: a run reaches two pixels farther than it is without edge.
    ends = starts + bounds[1::2] - bounds[::2] + 2
    wide = ends - starts >= _NARROW
    return lines[wide], starts[wide] - 1, ends[wide] - 1


def _rows(lines: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and last (not included) of runs that follow each other on one line, alike in width."""
    if len(lines) < _PATCHES:
        return
    widths = ends - starts
    ratio = np.maximum(widths[1:], widths[:-1]) / np.minimum(widths[1:], widths[:-1])
    close = (lines[1:] == lines[:-1]) & (starts[1:] - ends[:-1] <= _SEAM)
    breaks = np.flatnonzero(~(close & (ratio <= _ALIKE))) + 1
    bounds = np.concatenate([[0], breaks, [len(lines)]])
    for row in np.flatnonzero(np.diff(bounds) >= _PATCHES):
        yield bounds[row], bounds[row + 1]


def _is_grey_scale(patches: np.ndarray) -> bool:
    """Whether `_PATCHES` neighbours or more are grey and go one way from dark to bright."""
    levels = patches.mean(axis=1)
    grey = np.ptp(patches, axis=1) <= _GREY
    for way in (1, -1):
        steps = (way * np.diff(levels) >= _GREY_STEP) & grey[1:] & grey[:-1]
        run = start = 0
        for at, step in enumerate(steps):
            run = run + 1 if step else 0
            start = at + 1 - run
            if run >= _PATCHES - 1 and abs(levels[at + 1] - levels[start]) >= _GREY_RANGE:
                return True
    return False


def _is_colour_chart(patches: np.ndarray) -> bool:
    """Whether vivid patches show most of the circle of hues."""
    vivid = patches[np.ptp(patches, axis=1) >= _VIVID].astype(np.uint8)
    if len(vivid) < _HUES or 2 * len(vivid) < len(patches):
        return False
    hues = cv2.cvtColor(vivid[None], cv2.COLOR_RGB2HSV)[0, :, 0]
    return int(np.bitwise_or.reduce(_SIXTHS[hues])).bit_count() >= _HUES
