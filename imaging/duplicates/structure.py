"""How well two aligned pictures agree: overall, where they agree least, and in their colours.

What belongs here: measures of two pictures that `imaging.duplicates.alignment` has laid over each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from imaging.duplicates.alignment import Alignment, covered
from imaging.duplicates.view import TONE, View, structure

_WINDOW = 17  # px: side of the square in which the local correlation looks
_WEAKEST = 0.10  # the share of structure that `weakest` leaves below it
_GRAIN = 0.05  # power of evened-out grain; structure proper has about 0.5
_PART = 0.8  # share of a picture; a larger overlap counts as the whole
_ALIKE = 1.1  # grids whose pixels differ less in size count as equal
_RIM = 5  # px at the edge of the overlap that resampling has touched
_LEAST = 100  # pixels of overlap below which nothing is measured


@dataclass(frozen=True)
class Agreement:
    """likeness: correlation of gradients, −1 to 1. weakest: local correlation that nine tenths of the
    structure exceed.

    residual: grey levels (root mean square over R, G, B) that an affine change of colour leaves unexplained.
    """

    likeness: float
    weakest: float
    residual: float


def agreement(a: View, b: View, alignment: Alignment) -> Agreement:
    """Measure the overlap on the coarser of the two grids; nothing agrees where there is no overlap."""
    if alignment.scale > 1:  # b is the coarser: the finer one is laid over it
        a, b, matrix = b, a, cv2.invertAffineTransform(alignment.matrix)
    else:
        matrix = alignment.matrix
    whole = np.ones(b.grey.shape, np.uint8)
    mask = cv2.warpAffine(whole, matrix, a.size, flags=cv2.INTER_NEAREST)
    mask_box = cv2.boundingRect(mask)
    kernel = np.ones((_RIM, _RIM), np.uint8)
    mask = cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    if int(mask.sum()) < _LEAST:
        return Agreement(0.0, 0.0, 255.0)
    own = _own_structure(a, mask_box)
    rgb, other = _laid(b, matrix, a, max(alignment.scale, 1 / alignment.scale))
    return Agreement(
        _gradients(own, other, mask),
        _weakest(own, other, mask.astype(np.float32)),
        _residual(a.rgb, rgb, mask),
    )


def _own_structure(view: View, box: Sequence[int]) -> np.ndarray:
    """The view's structure; of a part (left, top, width, height) told as if there were nothing around it.

    Else the strong edge of a frame evens out what lies beside it, which the picture without a frame keeps.
    """
    left, top, width, height = box
    if width * height > _PART * view.grey.size:
        return view.structure
    part = slice(top, top + height), slice(left, left + width)
    own = np.zeros_like(view.structure)
    own[part] = structure(view.grey[part])
    return own


def _laid(b: View, matrix: np.ndarray, onto: View, shrink: float) -> tuple[np.ndarray, np.ndarray]:
    """b's pixels and structure on the grid of `onto`, which is `shrink` times as coarse."""
    if shrink <= _ALIKE:
        rgb, other = (
            cv2.warpAffine(pixels, matrix, onto.size, flags=cv2.INTER_LINEAR)
            for pixels in (b.rgb, b.structure)
        )
        return rgb, other
    # What the coarser grid cannot hold would fold into false structure; and what counts as fine is told in pixels,
    # so both must be told in the same.
    rgb = cv2.GaussianBlur(b.rgb, (0, 0), 0.5 * np.sqrt(shrink**2 - 1))
    rgb = cv2.warpAffine(
        rgb, matrix, onto.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return rgb, structure(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def _gradients(one: np.ndarray, other: np.ndarray, mask: np.ndarray) -> float:
    dots = energy_one = energy_other = 0.0
    for direction in ((1, 0), (0, 1)):
        x = (cv2.Sobel(one, cv2.CV_32F, *direction) * mask).ravel()
        y = (cv2.Sobel(other, cv2.CV_32F, *direction) * mask).ravel()
        dots += float(x @ y)
        energy_one += float(x @ x)
        energy_other += float(y @ y)
    return dots / max(float(np.sqrt(energy_one * energy_other)), 1e-6)


def _weakest(one: np.ndarray, other: np.ndarray, mask: np.ndarray) -> float:
    def around(pixels: np.ndarray) -> np.ndarray:
        return cv2.blur(pixels, (_WINDOW, _WINDOW))

    share = around(mask) + 1e-6
    one, other = one * mask, other * mask
    mean_one, mean_other = around(one) / share, around(other) / share
    power_one = around(one * one) / share - mean_one**2
    power_other = around(other * other) / share - mean_other**2
    common = around(one * other) / share - mean_one * mean_other
    # 0.01: grain on plain ground has about a tenth of full structure; it must not count as disagreement.
    local = common / np.sqrt(np.maximum(power_one * power_other, 0) + 0.01)
    inside = mask[::4, ::4] > 0  # neighbours tell the same
    power_one, power_other, local = (it[::4, ::4] for it in (power_one, power_other, local))
    # Places count by their structure: plain ground around an object is half grain, and tells nothing.
    weight = np.maximum(np.maximum(power_one, power_other)[inside] - _GRAIN, 0)
    order = np.argsort(local[inside], kind="stable")
    below = np.cumsum(weight[order], dtype=np.float64)
    if below[-1] <= 0:
        return 0.0
    return float(local[inside][order][np.searchsorted(below, _WEAKEST * below[-1])])


def _residual(one: np.ndarray, other: np.ndarray, mask: np.ndarray) -> float:
    """one, other: H×W×3 uint8, laid over each other."""
    height, width = mask.shape
    small = (max(1, width // 3), max(1, height // 3))
    inside = cv2.resize(mask, small, interpolation=cv2.INTER_NEAREST) > 0
    # Averaged after laying over, so that both are equally smooth; what is outside is black in both.
    here, there = (
        cv2.blur(
            cv2.resize(cv2.bitwise_and(rgb, rgb, mask=mask), small, interpolation=cv2.INTER_AREA),
            (TONE // 3, TONE // 3),
        )[inside].astype(np.float64)
        for rgb in (one, other)
    )
    # Both ways, and the smaller: a grey copy can be told from the colours, not the colours from it.
    return min(_unexplained(here, there), _unexplained(there, here))


def _unexplained(wanted: np.ndarray, given: np.ndarray) -> float:
    known = np.column_stack([given, np.ones(len(given))])
    gram = known.T @ known + 1e-3 * np.eye(4)
    left = wanted - known @ np.linalg.solve(gram, known.T @ wanted)
    return float(np.sqrt(np.mean(left * left)))


def outline(a: View, b: View, alignment: Alignment) -> float:
    """How much stronger the edges along the inner picture's outline are than elsewhere in the outer one.

    About 1 where one picture is cut from the other; several times that where a frame, a border or a wall
    begins there. 1 where neither picture lies well within the other.
    """
    matrix = alignment.matrix
    if covered(matrix, a, b)[1] < covered(matrix, a, b)[0]:
        a, b, matrix = b, a, cv2.invertAffineTransform(matrix)
    width, height = b.size
    corners = np.array([[[0, 0]], [[width - 1, 0]], [[width - 1, height - 1]], [[0, height - 1]]])
    placed = cv2.transform(corners.astype(np.float64), matrix)[:, 0]
    line = np.zeros(a.grey.shape, np.uint8)
    cv2.polylines(line, [np.round(placed).astype(np.int32)], True, 1, 3)
    line[:_RIM], line[-_RIM:], line[:, :_RIM], line[:, -_RIM:] = 0, 0, 0, 0
    if int(line.sum()) < _LEAST:
        return 1.0
    edges = cv2.morphologyEx(a.grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return float((edges[line > 0].mean() + 1.0) / (edges[line == 0].mean() + 1.0))
