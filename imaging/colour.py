"""The colours of one picture.

What belongs here: which colours dominate. How colourful a picture is, is a measure of `imaging.quality`.
"""

from typing import Any

import cv2
import numpy as np

COLOURS = 5
_SIDE = 24  # pixels of the shorter side that are looked at, at the most: enough for shares of a hundredth
_APART = 8.0  # CIELAB units: nearer colours are called one
_ROUNDS = 6


def dominant(rgb: np.ndarray) -> list[dict[str, Any]]:
    """Up to `COLOURS` colours of height×width×3 uint8 sRGB, as COLOUR: "#rrggbb" and share, the largest first.

    k-means in CIELAB; centres nearer than `_APART` are joined.
    """
    small = rgb
    while min(small.shape[:2]) > _SIDE:  # halving is many times as fast as an area filter at once
        height, width = (length // 2 for length in small.shape[:2])
        even = small[: 2 * height, : 2 * width]
        small = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    centres = _seeds(lab)
    for _ in range(_ROUNDS):
        labels = _nearest(lab, centres)
        own = (labels[:, None] == np.arange(len(centres))).astype(np.float32)
        counts = own.sum(axis=0)
        centres = np.where(
            counts[:, None] > 0, own.T @ lab / np.maximum(counts, 1)[:, None], centres
        )
    names = _joined(centres, counts)[labels]
    pixels = small.reshape(-1, 3)
    found = []
    for name in np.unique(names):
        own = pixels[names == name]
        red, green, blue = np.rint(own.mean(axis=0)).astype(int)
        found.append({"rgb": f"#{red:02x}{green:02x}{blue:02x}", "share": len(own) / len(pixels)})
    return sorted(found, key=lambda colour: (-colour["share"], colour["rgb"]))


def _seeds(lab: np.ndarray) -> np.ndarray:
    """The mean, then ever the pixel farthest from all before: no chance in it, and rare colours get a seed."""
    centres = [lab.mean(axis=0)]
    away = np.full(len(lab), np.inf, np.float32)
    while len(centres) < COLOURS:
        away = np.minimum(away, ((lab - centres[-1]) ** 2).sum(axis=1))
        centres.append(lab[away.argmax()])
    return np.array(centres)


def _nearest(lab: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return ((centres**2).sum(axis=1) - 2 * (lab @ centres.T)).argmin(axis=1)


def _joined(centres: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """For every centre the largest one that it lies near to."""
    names = np.arange(len(centres))
    order = np.argsort(-counts, kind="stable")
    for at, number in enumerate(order):
        for larger in order[:at]:
            if np.linalg.norm(centres[number] - centres[larger]) < _APART:
                names[number] = names[larger]
                break
    return names
