"""All pairs of 64-bit hashes within r bits, exactly, without comparing all with all.

What belongs here: the join. What a distance means is decided in `imaging.duplicates`.

Pigeonhole: cut the 64 bits into four chunks that tolerate t₁…t₄ bits each with Σ(tᵢ+1) = r+1. Two
hashes within r bits are then within tᵢ bits in at least one chunk, so it is enough to sort by a
chunk, look up the chunk values within tᵢ bits, and verify what is found by popcount.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from imaging.hashes import hamming

_CHUNKS = 4
_CHUNK_BITS = 16
_BLOCK = 1 << 21  # candidates verified at once: 32 MB of indices and hashes


def pairs_within(hashes: np.ndarray, r: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of different positions whose hashes differ in at most `r` bits (0 ≤ r ≤ 20).

    hashes: uint64, any order, repeats allowed. Returns (i, j, distance) with i < j, sorted by i and j.
    Time grows with n, with r, and with the number of pairs there are.
    """
    if not 0 <= r <= 20:
        raise ValueError(f"r is {r}; this join is made for 0 to 20 bits")
    hashes = np.asarray(hashes, dtype=np.uint64)
    order = np.argsort(hashes, kind="stable")
    distinct, first, repeats = np.unique(hashes[order], return_index=True, return_counts=True)
    left, right = _near(distinct, r)
    # Each pair of distinct hashes stands for all positions that hold them; repeats pair up among
    # themselves.
    alone = np.flatnonzero(repeats > 1)
    left, right = np.concatenate([left, alone]), np.concatenate([right, alone])
    one, other = _products(first[left], repeats[left], first[right], repeats[right])
    one, other = order[one], order[other]
    keep = one != other
    small, large = np.minimum(one, other)[keep], np.maximum(one, other)[keep]
    both = np.unique(np.stack([small, large], axis=1), axis=0)
    return both[:, 0], both[:, 1], hamming(hashes[both[:, 0]], hashes[both[:, 1]])


def _near(distinct: np.ndarray, r: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of positions of distinct hashes within r bits, each once, in no order."""
    found: list[np.ndarray] = [np.empty(0, dtype=np.int64)]
    for chunk in range(_CHUNKS):
        # r+1 shared out: the first chunks take the remainder. A chunk that gets none cannot decide.
        tolerance = (r + 1) // _CHUNKS + (chunk < (r + 1) % _CHUNKS) - 1
        for left, right in _candidates(distinct, chunk, tolerance):
            near = hamming(distinct[left], distinct[right]) <= r
            small, large = np.minimum(left, right)[near], np.maximum(left, right)[near]
            found.append(small * len(distinct) + large)
    both = np.unique(np.concatenate(found))
    return both // max(len(distinct), 1), both % max(len(distinct), 1)


def _candidates(
    distinct: np.ndarray, chunk: int, tolerance: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of pairs of positions whose `chunk` differs in at most `tolerance` bits."""
    values = (distinct >> np.uint64(_CHUNK_BITS * chunk)).astype(np.uint16).astype(np.int64)
    order = np.argsort(values, kind="stable")
    values = values[order]
    counts = np.bincount(values, minlength=1 << _CHUNK_BITS)
    starts = np.cumsum(counts) - counts
    positions = np.arange(len(distinct))
    for width in range(tolerance + 1):
        for bits in combinations(range(_CHUNK_BITS), width):
            mask = sum(1 << bit for bit in bits)
            if mask == 0:
                # The rest of one's own bucket, behind oneself.
                begin, size = positions + 1, starts[values] + counts[values] - positions - 1
            else:
                # Only from the side whose highest differing bit is unset: every pair once.
                partner = values ^ mask
                begin = starts[partner]
                size = np.where(partner > values, counts[partner], 0)
            for one, other in _expanded(positions, begin, size):
                yield order[one], order[other]


def _expanded(
    positions: np.ndarray, begin: np.ndarray, size: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pair each position with its range [begin, begin + size), in blocks of bounded length."""
    chosen = np.flatnonzero(size)
    positions, begin, size = positions[chosen], begin[chosen], size[chosen]
    ends = np.cumsum(size)
    at = 0
    while at < len(size):
        done = int(ends[at - 1]) if at else 0
        stop = max(at + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        lengths = size[at:stop]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        yield np.repeat(positions[at:stop], lengths), np.repeat(begin[at:stop], lengths) + within
        at = stop


def _products(
    first: np.ndarray, repeats: np.ndarray, second: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """All (a, b) with a in [first, first + repeats) and b in [second, second + others), row by row."""
    sizes = repeats * others
    row = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return first[row] + within // others[row], second[row] + within % others[row]
