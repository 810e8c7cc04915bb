"""Perceptual hashes of 64 bits, bit for bit those of the `imagehash` library on the same picture.

What belongs here: bits of one picture and the distance of two. Joins over many are `imaging.duplicates.hamming`.
Exact: `phash`, `ahash`, `dhash_h`, `dhash_v`, `whash` and `crop_hashes` of a picture at full size. Fast: `grey_hashes`
and what follows from it, of a grey picture at any scale: Pillow's Lanczos filter and the cosine transform are both
linear, so one small matrix on either side of the pixels gives every grid that the hashes look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imaging.decode import decode, decode_grey

_SIDE = 8
_FINE = 4 * _SIDE  # pHash looks at the 8×8 lowest of 32×32 frequencies
_LEAST = 96  # pixels of the shorter side that pHash alone needs: three for each of its 32
_LOBES = 3  # of Pillow's Lanczos filter
_STEP = 4.0  # frequencies are compared in steps of this: above the noise of float32, far below that of 8 bits
# Shares of width and height that the middle frames keep: what is left after crops of 5 and of 10 %.
FRAMES = {"95 %": 0.95, "90 %": 0.90}

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels


@dataclass(frozen=True)
class GreyHashes:
    """The hashes of one grey picture; `turned` as MEASURES says of phash_turned, its first is phash."""

    ahash: int
    dhash_h: int
    dhash_v: int
    turned: tuple[int, ...]

    @property
    def phash(self) -> int:
        """The perceptual hash of the picture as it is."""
        return self.turned[0]


def phash(picture: Image.Image) -> int:
    """DCT hash: which of the lowest 8×8 frequencies lie above their median. First bit highest."""
    from scipy.fft import dct

    small = _small(picture, _FINE, _FINE)
    lowest = dct(dct(small.astype(np.float64), axis=0), axis=1)[:_SIDE, :_SIDE]
    return _packed(lowest > np.median(lowest))


def ahash(picture: Image.Image) -> int:
    """Average hash: which pixels of 8×8 are brighter than their mean."""
    pixels = _small(picture, _SIDE, _SIDE)
    return _packed(pixels > pixels.mean())


def dhash_h(picture: Image.Image) -> int:
    """Difference hash along rows: where a pixel of 9×8 is brighter than its left neighbour."""
    pixels = _small(picture, _SIDE + 1, _SIDE)
    return _packed(pixels[:, 1:] > pixels[:, :-1])


def dhash_v(picture: Image.Image) -> int:
    """Difference hash along columns: where a pixel of 8×9 is brighter than the one above."""
    pixels = _small(picture, _SIDE, _SIDE + 1)
    return _packed(pixels[1:, :] > pixels[:-1, :])


def whash(picture: Image.Image) -> int:
    """Wavelet hash (Haar, the mean removed); by imagehash itself."""
    import imagehash

    # A side below 8 pixels has no 8×8 level to look at.
    side = min(picture.size)
    if side < _SIDE:
        scale = _SIDE / side
        size = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.NEAREST)
    return _packed(imagehash.whash(picture).hash)


def crop_hashes(picture: Image.Image) -> list[int]:
    """Crop-resistant hash (Steinebach et al. 2014): the difference hash of every bright or dark segment.

    By imagehash itself, in its order: compare such lists with its rule, the more segments alike the better.
    """
    import imagehash

    return [_packed(one.hash) for one in imagehash.crop_resistant_hash(picture).segment_hashes]


def of_file(path: Path, exact: bool = False) -> int:
    """The perceptual hash of one file alone, from the smallest sufficient decode; exact: from all its pixels.

    Raises DecodeError.
    """
    if exact:
        return phash(Image.fromarray(decode(path).rgb))
    grey, *filled = decode_grey(path, _LEAST)
    rows, columns = (_cosines(*side) for side in zip(grey.shape, filled, strict=True))
    return _above_median(_stepped(rows @ grey.astype(np.float32) @ columns.T))


def grey_hashes(grey: np.ndarray) -> GreyHashes:
    """All fast hashes of a height×width uint8 grey picture, but for a bit or so those of the exact ones."""
    grids = _grids(grey.astype(np.float32))
    return GreyHashes(
        _above(grids[_SIDE : 2 * _SIDE, _SIDE : 2 * _SIDE]), *_differences(grids), _turned(grids)
    )


def frame_hashes(grey: np.ndarray, trimmed: Box | None = None) -> list[dict[str, Any]]:
    """FRAME_HASHES of the middle frames, and of the box that is left without a border, named "trimmed"."""
    wide = grey.astype(np.float32)
    boxes = [(name, _middle(grey.shape, share)) for name, share in FRAMES.items()]
    if trimmed is not None:
        boxes.append(("trimmed", trimmed))
    found = []
    for name, (left, top, right, bottom) in boxes:
        grids = _grids(wide[top:bottom, left:right])
        across, down = _differences(grids)
        upright = _above_median(_stepped(grids[:_SIDE, :_SIDE]))
        found.append({"frame": name, "phash": upright, "dhash_h": across, "dhash_v": down})
    return found


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Differing bits of uint64 hashes, element by element (broadcasting), as uint8."""
    return np.bitwise_count(np.bitwise_xor(a, b))


def _small(picture: Image.Image, width: int, height: int) -> np.ndarray:
    return np.asarray(picture.convert("L").resize((width, height), Image.Resampling.LANCZOS))


def _middle(shape: Sequence[int], share: float) -> Box:
    top, left = (round(length * (1 - share) / 2) for length in shape)
    return left, top, shape[1] - left, shape[0] - top


def _grids(wide: np.ndarray) -> np.ndarray:
    """25×25: frequencies in the first 8 rows and columns, then the grids of 8 and of 9 pixels, crossed."""
    rows, columns = (_fused(length) for length in wide.shape)
    return rows @ wide @ columns.T


@lru_cache(maxsize=1024)
def _fused(length: int) -> np.ndarray:
    """25×length float32: 8 lowest cosines over 32 Lanczos pixels, then 8 and 9 Lanczos pixels."""
    coarse = [_lanczos(length, length, out) for out in (_SIDE, _SIDE + 1)]
    return np.concatenate([_cosines(length, length), *coarse]).astype(np.float32)


@lru_cache(maxsize=1024)
def _cosines(length: int, filled: float) -> np.ndarray:
    """8×length float32: the lowest cosines (scipy's type II) over 32 Lanczos pixels."""
    places = (np.arange(_FINE) + 0.5) / _FINE
    cosines = 2 * np.cos(np.pi * np.arange(_SIDE)[:, None] * places)
    return (cosines @ _lanczos(length, filled, _FINE)).astype(np.float32)


def _lanczos(length: int, filled: float, out: int) -> np.ndarray:
    """out×length weights of Pillow's Lanczos filter along a side whose picture fills so much of its pixels."""
    scale = filled / out
    stretch = max(scale, 1.0)
    centres = (np.arange(out) + 0.5) * scale
    away = (np.arange(length) + 0.5 - centres[:, None]) / stretch
    weights = np.where(np.abs(away) < _LOBES, np.sinc(away) * np.sinc(away / _LOBES), 0.0)
    return weights / weights.sum(axis=1, keepdims=True)


def _differences(grids: np.ndarray) -> tuple[int, int]:
    """dhash_h and dhash_v; whole grey levels as Pillow rounds them, so that flat parts stay flat."""
    across = np.rint(grids[_SIDE : 2 * _SIDE, 2 * _SIDE :])
    down = np.rint(grids[2 * _SIDE :, _SIDE : 2 * _SIDE])
    return _packed(across[:, 1:] > across[:, :-1]), _packed(down[1:] > down[:-1])


def _above(grid: np.ndarray) -> int:
    pixels = np.rint(grid)
    return _packed(pixels > pixels.mean())


def _turned(grids: np.ndarray) -> tuple[int, ...]:
    """Hashes in the eight dihedral forms: a mirror changes signs, a turn besides exchanges rows and columns."""
    upright = _stepped(grids[:_SIDE, :_SIDE])
    odd = np.where(np.arange(_SIDE) % 2, -1.0, 1.0)
    found = []
    for form in (upright, upright * odd):
        for _ in range(4):
            found.append(_above_median(form))
            form = form.T * odd[:, None]  # noqa: PLW2901  a quarter turn against the clock
    return tuple(found)


def _stepped(frequencies: np.ndarray) -> np.ndarray:
    return np.rint(frequencies / _STEP)


def _above_median(frequencies: np.ndarray) -> int:
    ordered = np.sort(frequencies, axis=None)
    middle = ordered.size // 2
    return _packed(frequencies > (ordered[middle - 1] + ordered[middle]) / 2)


def _packed(bits: np.ndarray) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
