"""Measures of one picture's quality, from its pixels alone.

What belongs here: numbers with a unit and a source. Which picture to keep is `imaging.duplicates.keepers`.
"""

from dataclasses import dataclass

import cv2
import numpy as np

TILE = 128  # pixels: large enough to hold an edge and its surroundings, small beside a subject
_SHARE = 0.1  # of the tiles: the sharpest tell of focus, the flattest of noise
_ENOUGH = 24  # tiles that tell a tenth of them
_DARK, _BRIGHT = 4, 251  # luma below and above which a pixel counts as clipped


@dataclass(frozen=True)
class Detail:
    """What full resolution tells: see MEASURES."""

    sharpness_full: float
    noise: float


def sharpness(grey: np.ndarray) -> float:
    """Variance of the 4-neighbour Laplacian of an 8-bit grey picture (Pech-Pacheco et al. 2000).

    Compare only pictures of one size; 0 below 3×3 pixels.
    """
    if min(grey.shape) < 3:
        return 0.0
    return _variance(cv2.Laplacian(grey, cv2.CV_16S)[1:-1, 1:-1])


def detail(pixels: np.ndarray) -> Detail:
    """Sharpness and noise of height×width uint8 grey, or ×3 sRGB, on tiles of `TILE` pixels spread over it.

    sharpness_full: variance of the Laplacian (Pech-Pacheco et al. 2000), the tile at the 90th percentile: a sharp
    subject on a soft ground is sharp. noise: standard deviation in grey levels (Immerkær 1996), mean of the flattest
    tenth of the tiles, for his estimator takes texture for noise; tiles at the black or white end, where noise is cut
    off, come last. Both 0 below 3×3 pixels.

    Looked at is every second row of tiles, and of many only every second tile of a row, as on a chessboard.
    """
    if min(pixels.shape[:2]) < 3:
        return Detail(0.0, 0.0)
    down, across = (_cuts(length - 2) for length in pixels.shape[:2])
    every = 2 if len(down[::2]) * len(across) >= 2 * _ENOUGH else 1
    tiles, squares = [], []
    for number, rows in enumerate(down[::2]):
        strip = pixels[rows.start : rows.stop + 2]
        grey = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY) if strip.ndim == 3 else strip
        # A whole strip at once takes half the time of its tiles one by one.
        edges = cv2.Laplacian(grey, cv2.CV_16S)
        for columns in across[number % every :: every]:
            inside = slice(1, -1), slice(columns.start + 1, columns.stop + 1)
            tiles.append(grey[inside])
            # The mean of a Laplacian is next to nothing: it tells only how the tile's edges slope.
            squares.append(_mean_square(edges[inside]))
    variances = np.array(squares)
    order = np.argsort(variances, kind="stable")
    count = max(1, round(_SHARE * len(tiles)))
    flattest = [tiles[number] for number in order]
    middling = []
    for tile in flattest:
        if 4 * _DARK < cv2.mean(tile)[0] < 255 - 4 * _DARK:
            middling.append(tile)
        if len(middling) == count:
            break
    noise = [_noise(tile) for tile in middling or flattest[:count]]
    return Detail(float(variances[order[-count]]), float(np.mean(noise)))


def brightness(histogram: np.ndarray) -> float:
    """Mean of an 8-bit grey picture, 0–1, from its 256-bin histogram."""
    return float(histogram @ np.arange(256)) / histogram.sum() / 255


def contrast(histogram: np.ndarray) -> float:
    """RMS contrast: standard deviation of an 8-bit grey picture, 0–0.5, from its histogram."""
    levels = np.arange(256) / 255 - brightness(histogram)
    return float(np.sqrt(histogram @ levels**2 / histogram.sum()))


def entropy(histogram: np.ndarray) -> float:
    """Shannon entropy in bits, 0–8, of an 8-bit grey picture's histogram."""
    share = histogram[histogram > 0] / histogram.sum()
    return float(max(0.0, -(share * np.log2(share)).sum()))


def clipped(histogram: np.ndarray) -> tuple[float, float]:
    """Shares of pixels at the black end (luma below 4) and at the white end (above 251)."""
    total = histogram.sum()
    return float(histogram[:_DARK].sum() / total), float(histogram[_BRIGHT + 1 :].sum() / total)


def colourfulness(rgb: np.ndarray) -> float:
    """Hasler and Süsstrunk 2003, M̂³: 0 for grey, about 15 slightly and 100 extremely colourful."""
    red, green, blue = (one.astype(np.int16) for one in cv2.split(np.ascontiguousarray(rgb)))
    # Twice yellow-blue keeps whole numbers.
    seen = map(cv2.meanStdDev, (red - green, red + green - 2 * blue))
    means, deviations = zip(*seen, strict=True)
    deviation = np.hypot(deviations[0][0, 0], deviations[1][0, 0] / 2)
    return float(deviation + 0.3 * np.hypot(means[0][0, 0], means[1][0, 0] / 2))


def _cuts(length: int) -> list[slice]:
    """Whole tiles along one side; at least one."""
    count = max(1, length // TILE)
    size = min(TILE, length)
    return [slice(number * size, (number + 1) * size) for number in range(count)]


def _variance(values: np.ndarray) -> float:
    mean = cv2.mean(values)[0]
    return max(0.0, _mean_square(values) - mean * mean)


def _mean_square(values: np.ndarray) -> float:
    return cv2.norm(values, cv2.NORM_L2SQR) / values.size


def _noise(grey: np.ndarray) -> float:
    if min(grey.shape) < 3:
        return 0.0
    # His mask (1 -2 1, -2 4 -2, 1 -2 1) is the second difference both ways.
    found = cv2.Sobel(grey, cv2.CV_16S, 2, 2, ksize=3)[1:-1, 1:-1]
    return float(np.sqrt(np.pi / 2) * cv2.norm(found, cv2.NORM_L1) / (6 * found.size))
