"""Perceptual hashes of 64 bits, bit for bit those of the `imagehash` library on the same picture.

What belongs here: bits of one picture and the distance of two. Joins over many are `imaging.hamming`.
Exact: a picture at full size, and no `gap`. Fast: a picture decoded at a smaller scale, and `gap`, which
lets Pillow average whole pixels first and filter the rest (its `reducing_gap`); a bit or so moves.
"""

import numpy as np
from PIL import Image

_SIDE = 8
_FINE = 4 * _SIDE  # pHash looks at the 8×8 lowest of 32×32 frequencies


def phash(picture: Image.Image, gap: float | None = None) -> int:
    """DCT hash: which of the lowest 8×8 frequencies lie above their median. First bit highest."""
    from scipy.fft import dct

    small = _small(picture, _FINE, _FINE, gap)
    lowest = dct(dct(small.astype(np.float64), axis=0), axis=1)[:_SIDE, :_SIDE]
    return _packed(lowest > np.median(lowest))


def dhash_h(picture: Image.Image, gap: float | None = None) -> int:
    """Difference hash along rows: where a pixel of 9×8 is brighter than its left neighbour."""
    pixels = _small(picture, _SIDE + 1, _SIDE, gap)
    return _packed(pixels[:, 1:] > pixels[:, :-1])


def dhash_v(picture: Image.Image, gap: float | None = None) -> int:
    """Difference hash along columns: where a pixel of 8×9 is brighter than the one above."""
    pixels = _small(picture, _SIDE, _SIDE + 1, gap)
    return _packed(pixels[1:, :] > pixels[:-1, :])


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Differing bits of uint64 hashes, element by element (broadcasting), as uint8."""
    return np.bitwise_count(np.bitwise_xor(a, b))


def _small(picture: Image.Image, width: int, height: int, gap: float | None) -> np.ndarray:
    grey = picture.convert("L")
    return np.asarray(grey.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=gap))


def _packed(bits: np.ndarray) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
