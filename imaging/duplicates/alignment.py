"""Laying one picture over another: where each point of `b` lies in `a`, if the two agree anywhere.

What belongs here: the search for the affine map between two Views, and what it covers. How well they agree there
is `imaging.duplicates.structure`.

An affine map, not a similarity: collections of squashed squares have lost their aspect ratio. Two ways
lead to it. The overlay stretches one picture, or the part of it that proposed the pair, onto the other and improves
that by ECC (Evangelidis and Psarakis 2008); it costs little and serves copies, also those without features. Else SIFT (Lowe 2004;
RootSIFT, Arandjelović and Zisserman 2012) matched both ways and joined by RANSAC, which finds crops,
frames, turns and details.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from imaging import borders
from imaging.duplicates.view import View
from imaging.hashes import Box, frame_box

_RATIO = 0.85  # to the second nearest; matches count only both ways, so Lowe's 0.8 is not needed
_TOLERANCE = 2.0  # px at SIDE
_TRIALS = 1000
_SMALLEST = 0.01  # share of the other picture that an overlap must reach
_HOPE = 0.15  # correlation of the stretched pictures below which ECC has nothing to start from
# Places of matched features: n×2 float32 px in a, and in b.
Matches = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Alignment:
    """matrix: 2×3 float64, takes pixels of b to pixels of a."""

    matrix: np.ndarray

    @property
    def scale(self) -> float:
        """Pixels of a that one pixel of b covers, along a side."""
        return float(np.sqrt(np.linalg.det(self.matrix[:, :2])))

    @property
    def angle(self) -> float:
        """Degrees, counter-clockwise as seen, by which b must be turned to match a: -180 to 180."""
        m = self.matrix
        return float(np.degrees(np.arctan2(m[0, 1] - m[1, 0], m[0, 0] + m[1, 1])))


def by_overlay(a: View, b: View, frame: str | None = None) -> Alignment:
    """b stretched onto a, improved by ECC where the two agree at all and it ends somewhere plausible.

    frame: the parts of a and of b that are laid over each other, as CANDIDATES name them ("whole/inset 11 %").
    """
    one, _, other = (frame or "whole/whole").partition("/")
    (left, top, right, bottom), (x, y, far, low) = _box(a, one), _box(b, other)
    across, down = (right - left) / (far - x), (bottom - top) / (low - y)
    # Pixels are counted from their middles, boxes from their edges.
    stretched = np.array(
        [
            [across, 0, left - 0.5 + across * (0.5 - x)],
            [0, down, top - 0.5 + down * (0.5 - y)],
        ]
    )
    half = _scaled(stretched, 0.5)
    size = a.coarse.shape[::-1]
    laid = cv2.warpAffine(b.coarse, half, size, flags=cv2.INTER_LINEAR)
    here = a.coarse if frame is None else np.where(laid != 0, a.coarse, 0)
    # Structure has no mean to speak of, so the cosine is the correlation.
    energy = np.linalg.norm(here) * np.linalg.norm(laid)
    if (here * laid).sum() <= _HOPE * energy:
        return Alignment(stretched)
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-3)
    start = cv2.invertAffineTransform(half).astype(np.float32)
    try:
        # The stubs know an older signature, without the filter's size.
        _, found = cv2.findTransformECC(  # type: ignore[call-overload]
            a.coarse, b.coarse, start, cv2.MOTION_AFFINE, ends, None, 3
        )
    except cv2.error:  # it does not converge: that is an answer, not a failure
        return Alignment(stretched)
    matrix = _scaled(cv2.invertAffineTransform(found.astype(np.float64)), 2.0)
    return Alignment(matrix if _plausible(matrix, a, b) else stretched)


def _box(view: View, name: str) -> Box:
    width, height = view.size
    if name == "trimmed":
        return borders.find(view.rgb).box(width, height) or (0, 0, width, height)
    return frame_box(name, width, height)


def _scaled(matrix: np.ndarray, factor: float) -> np.ndarray:
    """The same map between pictures of `factor` times the size, whose first pixels stay where they are."""
    return np.column_stack([matrix[:, :2], matrix[:, 2] * factor])


def by_features(a: View, b: View, matches: Matches) -> Alignment | None:
    """The affine map that most matches agree with, or None. Deterministic (seeded)."""
    here, there = matches
    if len(here) < 4:
        return None
    cv2.setRNGSeed(0)
    matrix, _ = cv2.estimateAffine2D(
        there,
        here,
        method=cv2.RANSAC,
        ransacReprojThreshold=_TOLERANCE,
        maxIters=_TRIALS,
        confidence=0.999,
    )
    return Alignment(matrix) if matrix is not None and _plausible(matrix, a, b) else None


def inliers(alignment: Alignment, matches: Matches) -> int:
    """How many matches agree with the alignment."""
    here, there = matches
    if not len(here):
        return 0
    laid = cv2.transform(there[:, None], alignment.matrix)[:, 0]
    return int((np.linalg.norm(laid - here, axis=1) <= _TOLERANCE).sum())


def matched(a: View, b: View) -> Matches:
    """Features that are each other's nearest, and clearly nearer than the second."""
    (places_a, found_a), (places_b, found_b) = a.features, b.features
    if len(found_a) < 2 or len(found_b) < 2:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    cosines = found_a @ found_b.T
    rows = np.arange(len(found_a))
    nearest = cosines.argmax(axis=1)
    mutual = cosines.argmax(axis=0)[nearest] == rows
    best = cosines[rows, nearest]
    cosines[rows, nearest] = -1
    # Distances of unit vectors: d² = 2 − 2 cos.
    clear = (1 - best) < _RATIO**2 * (1 - cosines.max(axis=1))
    kept = np.flatnonzero(mutual & clear)
    return places_a[kept], places_b[nearest[kept]]


def _plausible(matrix: np.ndarray, a: View, b: View) -> bool:
    """Not mirrored, not squashed beyond 3:1, not magnified beyond 8, and with an overlap."""
    linear: Any = matrix[:, :2].astype(np.float64)
    if not np.isfinite(matrix).all() or np.linalg.det(linear) <= 0:
        return False
    large, small = np.linalg.svd(linear, compute_uv=False)
    if large > 3 * small or large > 8 or small < 1 / 8:
        return False
    return min(covered(matrix, a, b)) >= _SMALLEST


def covered(matrix: np.ndarray, a: View, b: View) -> tuple[float, float]:
    """Share of a that b covers, and share of b that lies within a."""
    (wa, ha), (wb, hb) = a.size, b.size
    corners = np.array(
        [[[-0.5, -0.5]], [[wb - 0.5, -0.5]], [[wb - 0.5, hb - 0.5]], [[-0.5, hb - 0.5]]]
    )
    laid = cv2.transform(corners, matrix)[:, 0].astype(np.float32)
    frame = np.array(
        [[-0.5, -0.5], [wa - 0.5, -0.5], [wa - 0.5, ha - 0.5], [-0.5, ha - 0.5]], np.float32
    )
    common, _ = cv2.intersectConvexConvex(frame, laid)
    whole = abs(cv2.contourArea(laid))
    return float(min(1.0, common / (wa * ha))), float(min(1.0, common / max(whole, 1e-6)))
