"""How well two aligned pictures agree: overall, where they agree least, and in their colours.

What belongs here: measures of two pictures that `imaging.duplicates.alignment` has laid over each other.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from imaging.duplicates.alignment import Alignment, View, covered

_WINDOW = 17  # px: side of the square in which the local correlation looks
_WEAKEST = 0.10  # the share of structure that `weakest` leaves below it
_GRAIN = 0.05  # power of evened-out grain; structure proper has about 0.5
_TONE = 11  # px: side of the square over which tones are averaged, so that sharpness does not count
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
    if (
        alignment.scale > 1
    ):  # b is the coarser: the finer one is warped, so that both are equally sharp
        a, b, matrix = b, a, cv2.invertAffineTransform(alignment.matrix)
    else:
        matrix = alignment.matrix
    laid, mask = _laid(b.structure, matrix, a, alignment.scale)
    kernel = np.ones((_RIM, _RIM), np.uint8)
    mask = cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    if int(mask.sum()) < _LEAST:
        return Agreement(0.0, 0.0, 255.0)
    return Agreement(
        _gradients(a.structure, laid, mask),
        _weakest(a.structure, laid, mask.astype(np.float32)),
        _residual(a, b, matrix, mask),
    )


def _laid(
    pixels: np.ndarray, matrix: np.ndarray, onto: View, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    shrink = max(scale, 1 / scale)
    if shrink > 1.2:  # what the coarser grid cannot hold would fold into false structure
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.5 * np.sqrt(shrink**2 - 1))
    whole = np.ones(pixels.shape[:2], np.uint8)
    return (
        cv2.warpAffine(pixels, matrix, onto.size, flags=cv2.INTER_LINEAR),
        cv2.warpAffine(whole, matrix, onto.size, flags=cv2.INTER_NEAREST),
    )


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
    inside = mask[::2, ::2] > 0  # neighbours tell the same
    power_one, power_other, local = (it[::2, ::2] for it in (power_one, power_other, local))
    # Places count by their structure: plain ground around an object is half grain, and tells nothing.
    weight = np.maximum(np.maximum(power_one, power_other)[inside] - _GRAIN, 0)
    order = np.argsort(local[inside], kind="stable")
    below = np.cumsum(weight[order], dtype=np.float64)
    if below[-1] <= 0:
        return 0.0
    return float(local[inside][order][np.searchsorted(below, _WEAKEST * below[-1])])


def _residual(a: View, b: View, matrix: np.ndarray, mask: np.ndarray) -> float:
    laid = cv2.warpAffine(b.rgb, matrix, a.size, flags=cv2.INTER_LINEAR)
    # Averaged after laying over, so that both are equally smooth; what is outside is black in both.
    here, there = (
        cv2.blur(cv2.bitwise_and(rgb, rgb, mask=mask), (_TONE, _TONE))[::3, ::3]
        for rgb in (a.rgb, laid)
    )
    inside = mask[::3, ::3] > 0
    one, other = here[inside].astype(np.float64), there[inside].astype(np.float64)
    # Both ways, and the smaller: a grey copy can be told from the colours, not the colours from it.
    return min(_unexplained(one, other), _unexplained(other, one))


def _unexplained(wanted: np.ndarray, given: np.ndarray) -> float:
    known = np.column_stack([given, np.ones(len(given))])
    gram = known.T @ known + 1e-3 * np.eye(4)
    left = wanted - known @ np.linalg.solve(gram, known.T @ wanted)
    return float(np.sqrt(np.mean(left * left)))


def is_flat(view: View) -> bool:
    """Whether there is too little structure to recognise the picture by."""
    return bool(view.structure.std() < 0.1)


def colour_spread(view: View) -> float:
    """Standard deviation of chroma that lightness does not explain, in CIELAB's units.

    Near 0 for a grey picture, and for one toned in sepia.
    """
    tones = cv2.blur(view.rgb, (_TONE, _TONE))[::3, ::3]
    lab = cv2.cvtColor(tones.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lightness, chroma = lab[..., 0].ravel().astype(np.float64), lab[..., 1:].reshape(-1, 2)
    known = np.column_stack([np.ones(len(lightness)), lightness, lightness**2])
    gram = known.T @ known + 1e-3 * np.eye(3)
    left = chroma - known @ np.linalg.solve(gram, known.T @ chroma)
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
