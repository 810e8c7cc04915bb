"""Measures of one picture's quality, from its pixels alone.

What belongs here: numbers with a unit and a source. Which picture to keep is `imaging.keepers`.
"""

import numpy as np


def sharpness(grey: np.ndarray) -> float:
    """Variance of the 4-neighbour Laplacian of an 8-bit grey picture (Pech-Pacheco et al. 2000).

    Compare only pictures of one size; 0 below 3×3 pixels.
    """
    if min(grey.shape) < 3:
        return 0.0
    wide = grey.astype(np.int16)
    centre = wide[1:-1, 1:-1]
    laplacian = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * centre
    return _mean_and_deviation(laplacian)[1] ** 2


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


def colourfulness(rgb: np.ndarray) -> float:
    """Hasler and Süsstrunk 2003, M̂³: 0 for grey, about 15 slightly and 100 extremely colourful."""
    red, green, blue = (rgb[..., channel].astype(np.int16) for channel in range(3))
    mean_rg, deviation_rg = _mean_and_deviation(red - green)
    # Twice yellow-blue keeps whole numbers.
    mean_yb, deviation_yb = _mean_and_deviation(red + green - 2 * blue)
    deviation = np.hypot(deviation_rg, deviation_yb / 2)
    return float(deviation + 0.3 * np.hypot(mean_rg, mean_yb / 2))


def _mean_and_deviation(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of int16 values below 2,048, by whole numbers: exact and fast."""
    mean = int(values.sum(dtype=np.int64)) / values.size
    squares = int(np.square(values, dtype=np.int32).sum(dtype=np.int64)) / values.size
    return mean, max(0.0, squares - mean * mean) ** 0.5
