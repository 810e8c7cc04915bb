"""All pairs of 64-bit hashes within r bits, exactly, without comparing all with all.

What belongs here: the join, within one array and between two. What a distance means is decided in
`imaging.duplicates`, how candidates are found in `imaging.duplicates.buckets`.
"""

from typing import NamedTuple

import numpy as np

from imaging.duplicates.buckets import cheapest
from imaging.hashes import hamming

LIMIT = 20

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


def pairs_within(hashes: np.ndarray, r: int) -> Pairs:
    """All pairs of different positions whose hashes differ in at most `r` bits (0 ≤ r ≤ 20).

    hashes: uint64, any order, repeats allowed. Returns (i, j, distance) with i < j, sorted by i and j.
    Time grows with n, with r, and with the number of pairs there are: m equal hashes are m²/2 pairs.

    Raises ValueError when r is out of range.
    """
    hashes, bag = _prepared(hashes, r)
    left, right = _near(bag.values, bag.values, r)
    alone = np.flatnonzero(bag.sizes > 1)  # repeats pair up among themselves
    left, right = np.concatenate([left, alone]), np.concatenate([right, alone])
    one, other = _products(bag, bag, left, right)
    keep = one != other
    return _sorted(
        np.minimum(one, other)[keep], np.maximum(one, other)[keep], hashes, hashes, twice=True
    )


def pairs_between(left: np.ndarray, right: np.ndarray, r: int) -> Pairs:
    """All (i, j, distance) where left[i] and right[j] differ in at most `r` bits, sorted by i and j.

    left, right: uint64, any order, repeats allowed. Raises ValueError when r is out of range.
    """
    left, one = _prepared(left, r)
    right, other = _prepared(right, r)
    return _sorted(*_products(one, other, *_near(one.values, other.values, r)), left, right)


class _Bag(NamedTuple):
    """Hashes by value: `order[first[k] : first[k] + sizes[k]]` are the positions of `values[k]`."""

    values: np.ndarray
    first: np.ndarray
    sizes: np.ndarray
    order: np.ndarray


def _prepared(hashes: np.ndarray, r: int) -> tuple[np.ndarray, _Bag]:
    if not 0 <= r <= LIMIT:
        raise ValueError(f"r is {r}; this join is made for 0 to {LIMIT} bits")
    hashes = np.asarray(hashes, dtype=np.uint64)
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    first = np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))
    sizes = np.diff(first, append=len(hashes))
    return hashes, _Bag(ordered[first], first, sizes, order)


def _products(
    one: _Bag, other: _Bag, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions that hold the values at `left` with each that holds those at `right`, row by row."""
    others = other.sizes[right]
    sizes = one.sizes[left] * others
    row = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return (
        one.order[one.first[left][row] + within // others[row]],
        other.order[other.first[right][row] + within % others[row]],
    )


def _sorted(
    i: np.ndarray, j: np.ndarray, left: np.ndarray, right: np.ndarray, *, twice: bool = False
) -> Pairs:
    span = max(len(right), 1)
    keys = np.sort(i * span + j)
    if twice:  # two repeats of one hash were paired both ways
        keys = np.unique(keys)
    i, j = keys // span, keys % span
    return i, j, hamming(left[i], right[j])


def _near(left: np.ndarray, right: np.ndarray, r: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of positions of distinct sorted hashes within r bits, each once.

    Within one array (`left is right`) the smaller position comes first, and none is paired with itself.
    """
    if not len(left) or not len(right):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    found = []
    for chunk, joined in cheapest(left, right, r):
        for one, other in joined(left, right, chunk, r):
            small, large = (
                (np.minimum(one, other), np.maximum(one, other)) if left is right else (one, other)
            )
            found.append(small * len(right) + large)
    keys = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    return keys // len(right), keys % len(right)
