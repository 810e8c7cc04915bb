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
    if (
        small.size < 3 * COLOURS
    ):  # fewer pixels than centres; each as often leaves the shares as they are
        small = np.repeat(small, COLOURS, axis=0)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    seeds = _seeds(lab)
    labels = ((seeds**2).sum(axis=1) - 2 * (lab @ seeds.T)).argmin(axis=1).astype(np.int32)
    ends = (cv2.TERM_CRITERIA_COUNT, _ROUNDS, 0.0)
    given = cv2.KMEANS_USE_INITIAL_LABELS  # nothing is drawn by chance
    _, labels, centres = cv2.kmeans(lab, COLOURS, labels, ends, 1, given)
    own = (labels.ravel() == np.arange(COLOURS)[:, None]).astype(np.float64)  # centres×pixels
    names = _joined(centres, own.sum(axis=1))
    own = (names == np.arange(COLOURS)[:, None]).astype(np.float64) @ own
    own = own[own.any(axis=1)]  # whose pixels went to another's name
    counts = own.sum(axis=1)
    means = np.rint(own @ small.reshape(-1, 3) / counts[:, None]).astype(np.uint8)
    found = [
        {"rgb": f"#{bytes(mean).hex()}", "share": share}
        for mean, share in zip(means, (counts / len(lab)).tolist(), strict=True)
    ]
    return sorted(found, key=lambda colour: (-colour["share"], colour["rgb"]))


def _seeds(lab: np.ndarray) -> np.ndarray:
    """The mean, then ever the pixel farthest from all before: no chance in it, and rare colours get a seed."""
    centres = [lab.mean(axis=0)]
    away = np.full(len(lab), np.inf, np.float32)
    while len(centres) < COLOURS:
        away = np.minimum(away, ((lab - centres[-1]) ** 2).sum(axis=1))
        centres.append(lab[away.argmax()])
    return np.array(centres)


def _joined(centres: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """For every centre the largest one that it lies near to."""
    names = np.arange(len(centres))
    order = np.argsort(-counts, kind="stable")
    near = ((centres[:, None] - centres) ** 2).sum(axis=2) < _APART**2
    for at, number in enumerate(order):
        for larger in order[:at]:
            if near[number, larger]:
                names[number] = names[larger]
                break
    return names
