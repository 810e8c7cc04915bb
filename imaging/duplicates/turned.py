"""Difference hashes of turned and mirrored pictures, from those of the upright ones.

What belongs here: moving bits about. The frequencies of pHash turn by their signs (`imaging.hashes`).
"""

import numpy as np


def turned_dhash(along: np.ndarray, down: np.ndarray, form: int) -> tuple[np.ndarray, np.ndarray]:
    """dhash_h and dhash_v of pictures in a form of phash_turned, from those of the upright ones.

    A mirror exchanges brighter and darker along rows, a quarter turn besides exchanges rows and columns.
    Exact where no two neighbours of the small grid are equal.
    """
    h, v = _bits(along), _bits(down)
    if form >= 4:
        h, v = ~h[:, :, ::-1], v[:, :, ::-1]
    for _ in range(form % 4):
        h, v = np.rot90(v, axes=(1, 2)), ~np.rot90(h, axes=(1, 2))
    return _packed(h), _packed(v)


def _bits(hashes: np.ndarray) -> np.ndarray:
    octets = np.asarray(hashes, dtype=">u8").view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1).reshape(-1, 8, 8).astype(bool)


def _packed(bits: np.ndarray) -> np.ndarray:
    octets = np.packbits(bits.reshape(-1, 64), axis=1)
    return octets.view(">u8").ravel().astype(np.uint64)
