"""Joining hashes by one chunk of their bits: what a look-up costs, and candidates verified block by block.

What belongs here: the ways to find pairs that are near in a chunk, and which of them costs least.

Pigeonhole, as in multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012): cut the 64 bits into
chunks that tolerate t₁…t_c bits each with Σ(tᵢ+1) = r+1. Two hashes within r bits are then within tᵢ bits in
at least one chunk, so it is enough to sort by a chunk, look up the values within tᵢ bits, and verify
what is found by popcount. Few wide chunks make many look-ups, many narrow ones many false candidates,
but those lie side by side and are verified block by block; which number costs least, and which way, is
reckoned from the hashes themselves, since real ones cluster.
"""

from collections.abc import Callable, Iterator
from itertools import combinations, product
from math import comb
from typing import NamedTuple

import numpy as np

_CHUNKS = range(3, 9)  # 21 to 8 bits wide: a table of starts stays small
_BLOCK = 1 << 18  # candidates verified at once: what they need stays in a core's cache
# Nanoseconds, measured: looking one value up, verifying one candidate, an entry of the table of starts.
_LOOK_UP, _VERIFY, _ENTRY = 6.0, 7.0, 3.0
# The same for blocks of whole buckets: verifying one of their candidates, and starting a block.
_BLOCK_VERIFY, _BLOCK_START = 1.6, 8_000.0


class Chunk(NamedTuple):
    """`width` bits from `shift` on, in which two hashes may differ by `tolerance`."""

    shift: int
    width: int
    tolerance: int

    def values(self, hashes: np.ndarray) -> np.ndarray:
        """That chunk of each hash, int32."""
        mask = np.uint64((1 << self.width) - 1)
        return ((hashes >> np.uint64(self.shift)) & mask).astype(np.int32)


def cheapest(
    left: np.ndarray, right: np.ndarray, r: int
) -> list[tuple[Chunk, Callable[..., Iterator[tuple[np.ndarray, np.ndarray]]]]]:
    """Chunks that find all pairs within r bits at the least cost, each with the way to join by it.

    A way takes left, right, the chunk and r, and yields blocks of pairs of positions; left and right are distinct
    sorted hashes, or one array twice, whose pairs then come once.
    """
    ways = [_ways(_cut(count, r), left, right) for count in _CHUNKS]
    best = min(ways, key=lambda way: sum(cost for cost, _, _ in way))
    return [(chunk, joined) for _, chunk, joined in best]


def _cut(count: int, r: int) -> list[Chunk]:
    """`count` chunks of nearly equal width with r+1 shared out; one that gets none cannot decide."""
    edges = [64 * k // count for k in range(count + 1)]
    shares = [(r + 1) // count + (k < (r + 1) % count) for k in range(count)]
    return [
        Chunk(low, high - low, share - 1)
        for low, high, share in zip(edges, edges[1:], shares, strict=False)
        if share
    ]


def _ways(
    chunks: list[Chunk], left: np.ndarray, right: np.ndarray
) -> list[tuple[float, Chunk, Callable]]:
    """Each chunk with the cheaper way to join by it, and about how many nanoseconds that takes."""
    ways: list[tuple[float, Chunk, Callable]] = []
    for chunk in chunks:
        size = 1 << chunk.width
        sample = chunk.values(right[:: 1 + len(right) // 100_000])
        counts = np.unique_counts(sample).counts
        # The share of pairs with one value, by a sample: how false candidates come about.
        sampled = counts.sum()
        share = float((counts * (counts - 1.0)).sum()) / max(sampled * (sampled - 1.0), 1.0)
        candidates = max(share, 1 / size) * len(left) * len(right)
        looked = sum(comb(chunk.width, bits) for bits in range(chunk.tolerance + 1))
        one_by_one = looked * (_LOOK_UP * len(left) + _VERIFY * candidates) + _ENTRY * size
        by_blocks = looked * (_BLOCK_START * size + _BLOCK_VERIFY * candidates)
        way = (by_blocks, chunk, _by_blocks), (one_by_one, chunk, _one_by_one)
        ways.append(min(way, key=lambda it: it[0]))
    return ways


def _by_blocks(
    left: np.ndarray, right: np.ndarray, chunk: Chunk, r: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of pairs as `_one_by_one` finds them, comparing whole buckets with whole buckets."""
    same = left is right
    values, order = _by_chunk(left, chunk)
    their_values, their_order = (values, order) if same else _by_chunk(right, chunk)
    hashes, theirs = left[order], right[their_order]
    edges = np.arange((1 << chunk.width) + 1)
    starts, their_starts = (np.searchsorted(it, edges).tolist() for it in (values, their_values))
    masks = [
        sum(1 << bit for bit in bits)
        for more in range(chunk.tolerance + 1)
        for bits in combinations(range(chunk.width), more)
    ]
    for value, mask in product(range(1 << chunk.width), masks):
        partner = value ^ mask
        begin, end = their_starts[partner], their_starts[partner + 1]
        if begin == end or (same and partner < value):  # in one array every pair once
            continue
        rows = max(1, _BLOCK // (end - begin))
        for top in range(starts[value], starts[value + 1], rows):
            mine = hashes[top : min(top + rows, starts[value + 1])]
            bits = np.bitwise_count(mine[:, None] ^ theirs[begin:end])
            near = np.flatnonzero(bits <= r)
            one, other = near // (end - begin) + top, near % (end - begin) + begin
            if same and not mask:
                one, other = one[one < other], other[one < other]
            if len(one):
                yield order[one], their_order[other]


def _one_by_one(
    left: np.ndarray, right: np.ndarray, chunk: Chunk, r: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of pairs of positions within r bits whose `chunk` differs in at most its tolerance."""
    same = left is right
    values, order = _by_chunk(left, chunk)
    hashes = left[order]
    their_values, their_order = (values, order) if same else _by_chunk(right, chunk)
    theirs = hashes if same else right[their_order]
    starts = np.zeros((1 << chunk.width) + 1, dtype=np.int32)
    np.cumsum(np.bincount(their_values, minlength=1 << chunk.width), out=starts[1:])

    def verified(
        chosen: np.ndarray, begin: np.ndarray, end: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for mine, its in _expanded(chosen, begin, end, hashes, theirs, r):
            yield order[mine], their_order[its]

    everyone = np.arange(len(values), dtype=np.int32)
    if same:  # the rest of one's own bucket, behind oneself
        yield from verified(everyone, everyone + 1, starts[values + 1])
    else:
        yield from verified(everyone, starts[values], starts[values + 1])
    for top in range(chunk.width if chunk.tolerance else 0):
        # In one array only from the side whose highest differing bit is unset: every pair once.
        chosen = np.flatnonzero((values >> top) & 1 == 0).astype(np.int32) if same else everyone
        flipped = values[chosen] ^ np.int32(1 << top)
        for more in range(chunk.tolerance):
            for bits in combinations(range(top), more):
                partner = flipped ^ np.int32(sum(1 << bit for bit in bits))
                yield from verified(chosen, starts[partner], starts[partner + 1])


def _by_chunk(hashes: np.ndarray, chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    values = chunk.values(hashes)
    order = np.argsort(values, kind="stable")
    return values[order], order


def _expanded(
    chosen: np.ndarray,
    begin: np.ndarray,
    end: np.ndarray,
    hashes: np.ndarray,
    theirs: np.ndarray,
    r: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pair each chosen position with its range [begin, end), in blocks; yield those within r bits."""
    some = np.flatnonzero(end > begin)
    chosen, begin = chosen[some], begin[some].astype(np.int64)
    lengths = end[some] - begin
    ends = np.cumsum(lengths)
    mine = hashes[chosen]
    at = 0
    while at < len(chosen):
        done = int(ends[at - 1]) if at else 0
        stop = max(at + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        sizes = lengths[at:stop]
        # The n-th candidate of the block lies `begin - (candidates before its range)` further on.
        offset = begin[at:stop] - (ends[at:stop] - sizes)
        its = np.repeat(offset, sizes)
        its += np.arange(done, ends[stop - 1])
        bits = np.bitwise_count(np.repeat(mine[at:stop], sizes) ^ theirs[its])
        near = np.flatnonzero(bits <= r)
        if len(near):
            owner = np.searchsorted(ends, near + done, side="right")
            yield chosen[owner].astype(np.int64), its[near]
        at = stop
