"""Where in a picture the eye goes first, without learning.

What belongs here: one map of saliency a picture, from two cues that need no model: the spectral
residual (Hou and Zhang 2007), which finds what stands out from the usual, and the difference in
colour from the picture's border, which finds an object on its ground.
"""

import numpy as np

_RESIDUAL_SIDE = 64  # Hou and Zhang's scale: finer ones find texture instead of things
_AVERAGE = 3  # their local average of the log spectrum, 3×3
_SMOOTH = 2.5  # pixels; their Gaussian on the 64-pixel map
_FLOOR = 50  # percentile taken for background: its saliency must not pull a window


def saliency(rgb: np.ndarray) -> np.ndarray:
    """Saliency of each pixel of an 8-bit RGB picture, float64, summing to 1 (even if it is flat).

    rgb: height×width×3, best with its longer side at most 128.
    """
    grey = rgb @ np.array([0.299, 0.587, 0.114])
    return (_share(_residual(grey)) + _share(_unlike_border(rgb))) / 2


def _residual(grey: np.ndarray) -> np.ndarray:
    spectrum = np.fft.fft2(grey)
    log = np.log(np.abs(spectrum) + 1e-9)
    residual = log - _box(log, _AVERAGE)
    # Keep the phase, replace the magnitude.
    shape = np.abs(np.fft.ifft2(np.exp(residual) * spectrum / np.maximum(np.abs(spectrum), 1e-9)))
    return _blurred(shape**2, _SMOOTH * max(grey.shape) / _RESIDUAL_SIDE)


def _unlike_border(rgb: np.ndarray) -> np.ndarray:
    edge = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    ground = np.median(edge, axis=0)
    return np.abs(rgb - ground).sum(axis=2)


def _share(cue: np.ndarray) -> np.ndarray:
    above = np.maximum(cue - np.percentile(cue, _FLOOR), 0)
    total = above.sum()
    # A cue that says nothing says "everywhere alike".
    return above / total if total > 1e-9 else np.full(cue.shape, 1 / cue.size)


def _box(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over width×width, the spectrum being periodic."""
    steps = range(-(width // 2), width // 2 + 1)
    rows = np.sum([np.roll(values, step, axis=0) for step in steps], axis=0)
    return np.sum([np.roll(rows, step, axis=1) for step in steps], axis=0) / width**2


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur, mirrored at the edges."""
    reach = min(round(3 * sigma), min(values.shape) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        wide = np.pad(values, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], "reflect")
        windows = np.lib.stride_tricks.sliding_window_view(wide, len(kernel), axis=axis)
        values = windows @ kernel
    return values
