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
# Shares of the shorter side left out on every side: pHash finds pictures whose frame, mount and wall take 3 to 20 %
# again in one of these (chosen on framed copies of 40 bases of the seen half).
INSETS = {"inset 7 %": 0.07, "inset 12 %": 0.12, "inset 18 %": 0.18}
# The share of the height or width that a colour chart or scale takes, on whichever side it lies.
STRIP = 0.08
SIDES = ("left", "top", "right", "bottom")

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
    return int(_packed(lowest > np.median(lowest)))


def ahash(picture: Image.Image) -> int:
    """Average hash: which pixels of 8×8 are brighter than their mean."""
    pixels = _small(picture, _SIDE, _SIDE)
    return int(_packed(pixels > pixels.mean()))


def dhash_h(picture: Image.Image) -> int:
    """Difference hash along rows: where a pixel of 9×8 is brighter than its left neighbour."""
    pixels = _small(picture, _SIDE + 1, _SIDE)
    return int(_packed(pixels[:, 1:] > pixels[:, :-1]))


def dhash_v(picture: Image.Image) -> int:
    """Difference hash along columns: where a pixel of 8×9 is brighter than the one above."""
    pixels = _small(picture, _SIDE, _SIDE + 1)
    return int(_packed(pixels[1:, :] > pixels[:-1, :]))


def whash(picture: Image.Image) -> int:
    """Wavelet hash (Haar, the mean removed); by imagehash itself."""
    import imagehash

    # A side below 8 pixels has no 8×8 level to look at.
    side = min(picture.size)
    if side < _SIDE:
        scale = _SIDE / side
        size = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.NEAREST)
    return int(_packed(imagehash.whash(picture).hash))


def crop_hashes(picture: Image.Image) -> list[int]:
    """Crop-resistant hash (Steinebach et al. 2014): the difference hash of every bright or dark segment.

    By imagehash itself, in its order: compare such lists with its rule, the more segments alike the better.
    """
    import imagehash

    return [int(_packed(one.hash)) for one in imagehash.crop_resistant_hash(picture).segment_hashes]


def of_file(path: Path, exact: bool = False) -> int:
    """The perceptual hash of one file alone, from the smallest sufficient decode; exact: from all its pixels.

    Raises DecodeError.
    """
    if exact:
        return phash(Image.fromarray(decode(path).rgb))
    grey, *filled = decode_grey(path, _LEAST)
    rows, columns = (_cosines(*side) for side in zip(grey.shape, filled, strict=True))
    return int(_above_median(_stepped(rows @ grey.astype(np.float32) @ columns.T)))


def grey_hashes(grey: np.ndarray) -> GreyHashes:
    """All fast hashes of a height×width uint8 grey picture, but for a bit or so those of the exact ones."""
    grids = _grids(grey.astype(np.float32))
    across, down = _differences(grids)
    middle = grids[_SIDE : 2 * _SIDE, _SIDE : 2 * _SIDE]
    return GreyHashes(_above(middle), int(across), int(down), _turned(grids))


def frame_hashes(grey: np.ndarray, trimmed: Box | None = None) -> list[dict[str, Any]]:
    """FRAME_HASHES of parts of a picture: what is left when something around the work is left out.

    The middle ("95 %"), what a frame may surround ("inset 7 %"), all but a strip where a chart may lie ("without
    left 8 %"), and the box that is left without a border, named "trimmed".
    """
    wide = grey.astype(np.float32)
    boxes = {name: _middle(grey.shape, share) for name, share in FRAMES.items()}
    if trimmed is not None:
        boxes["trimmed"] = trimmed
    small = _halved(wide)
    parts = _around(*small.shape)
    grids = np.stack(
        [
            _grids(pixels[top:bottom, left:right])
            for pixels, those in ((wide, boxes), (small, parts))
            for left, top, right, bottom in those.values()
        ]
    )
    across, down = _differences(grids)
    upright = _above_median(_stepped(grids[:, :_SIDE, :_SIDE]))
    return [
        {"frame": name, "phash": low, "dhash_h": along, "dhash_v": below}
        for name, low, along, below in zip(
            [*boxes, *parts], upright.tolist(), across.tolist(), down.tolist(), strict=True
        )
    ]


def frame_box(name: str, width: int, height: int) -> Box:
    """The part of a picture of that size that `frame_hashes` names so, or "whole"; not "trimmed", which is found.

    Raises KeyError for a name that is none.
    """
    if name == "whole":
        return 0, 0, width, height
    if name in FRAMES:
        return _middle((height, width), FRAMES[name])
    return _around(height, width)[name]


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Differing bits of uint64 hashes, element by element (broadcasting), as uint8."""
    return np.bitwise_count(np.bitwise_xor(a, b))


def _small(picture: Image.Image, width: int, height: int) -> np.ndarray:
    return np.asarray(picture.convert("L").resize((width, height), Image.Resampling.LANCZOS))


def _middle(shape: Sequence[int], share: float) -> Box:
    top, left = (round(length * (1 - share) / 2) for length in shape)
    return left, top, shape[1] - left, shape[0] - top


def _halved(wide: np.ndarray) -> np.ndarray:
    """Half the size where that still is enough for pHash of most of it; an odd last line is left out."""
    import cv2

    if min(wide.shape) < 2 * _LEAST:
        return wide
    height, width = (length // 2 for length in wide.shape)
    return cv2.resize(
        wide[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
    )


@lru_cache(maxsize=1024)
def _around(height: int, width: int) -> dict[str, Box]:
    """The boxes within INSETS, and those without a strip on one side."""
    found = {}
    for name, share in INSETS.items():
        edge = round(share * min(height, width))
        found[name] = (edge, edge, width - edge, height - edge)
    left, top = round(STRIP * width), round(STRIP * height)
    without = (
        (left, 0, width, height),
        (0, top, width, height),
        (0, 0, width - left, height),
        (0, 0, width, height - top),
    )
    for side, box in zip(SIDES, without, strict=True):
        found[f"without {side} {STRIP * 100:.0f} %"] = box
    return found


def _grids(wide: np.ndarray) -> np.ndarray:
    """25×25 float32: frequencies in the first 8 rows and columns, then the grids of 8 and of 9 pixels, crossed."""
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
    # sinc(x)·sinc(x/3) by one sine, for sin 3u = 3 sin u - 4 sin³u: half the time for the same weights.
    third = np.clip(np.abs(away), 1e-9, _LOBES) * (np.pi / _LOBES)
    square = np.sin(third) ** 2
    weights = square * (3 - 4 * square) / (_LOBES * third * third)
    weights[np.abs(away) >= _LOBES] = 0
    return weights / weights.sum(axis=1, keepdims=True)


def _differences(grids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dhash_h and dhash_v of …×25×25; whole grey levels as Pillow rounds them, so that flat parts stay flat."""
    across = np.rint(grids[..., _SIDE : 2 * _SIDE, 2 * _SIDE :])
    down = np.rint(grids[..., 2 * _SIDE :, _SIDE : 2 * _SIDE])
    return (
        _packed(across[..., 1:] > across[..., :-1]),
        _packed(down[..., 1:, :] > down[..., :-1, :]),
    )


def _above(grid: np.ndarray) -> int:
    pixels = np.rint(grid)
    return int(_packed(pixels > pixels.mean()))


def _turned(grids: np.ndarray) -> tuple[int, ...]:
    """Hashes in the eight dihedral forms: a mirror changes signs, a turn besides exchanges rows and columns."""
    upright = _stepped(grids[:_SIDE, :_SIDE])
    odd = np.where(np.arange(_SIDE) % 2, -1.0, 1.0)
    forms = []
    for form in (upright, upright * odd):
        for _ in range(4):
            forms.append(form)
            form = form.T * odd[:, None]  # noqa: PLW2901  a quarter turn against the clock
    return tuple(_above_median(np.stack(forms)).tolist())


def _stepped(frequencies: np.ndarray) -> np.ndarray:
    return np.rint(frequencies / _STEP)


def _above_median(frequencies: np.ndarray) -> np.ndarray:
    """Hashes of …×8×8 frequencies, uint64."""
    ordered = np.sort(frequencies.reshape(*frequencies.shape[:-2], -1), axis=-1)
    middle = ordered.shape[-1] // 2
    median = (ordered[..., middle - 1] + ordered[..., middle]) / 2
    return _packed(frequencies > median[..., None, None])


def _packed(bits: np.ndarray) -> np.ndarray:
    """uint64 of …×8×8 bits, the first highest."""
    octets = np.packbits(bits.reshape(*bits.shape[:-2], -1), axis=-1)
    return octets.view(">u8")[..., 0].astype(np.uint64)
