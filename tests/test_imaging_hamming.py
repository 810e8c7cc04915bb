"""imaging.hamming: exactly the pairs that brute force finds, and fast."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.hamming import pairs_within


def brute(hashes: np.ndarray, r: int):
    distance = np.bitwise_count(hashes[:, None] ^ hashes[None])
    i, j = np.nonzero(np.triu(distance <= r, 1))
    return i.tolist(), j.tolist(), distance[i, j].tolist()


def clustered(seed: int, n: int, flips: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, max(1, n // 6), dtype=np.uint64)[
        rng.integers(0, max(1, n // 6), n)
    ]
    for _ in range(flips):
        hashes = hashes ^ (np.uint64(1) << rng.integers(0, 64, n, dtype=np.uint64))
    return hashes


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 300), st.integers(0, 8), st.integers(0, 13))
def test_it_finds_what_brute_force_finds(seed, n, flips, r):
    hashes = clustered(seed, n, flips)
    found = pairs_within(hashes, r)
    assert tuple(column.tolist() for column in found) == brute(hashes, r)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.integers(0, 20))
def test_any_hashes_at_all(values, r):
    hashes = np.array(values, dtype=np.uint64)
    assert tuple(column.tolist() for column in pairs_within(hashes, r)) == brute(hashes, r)


def test_r_out_of_range_is_refused():
    with pytest.raises(ValueError, match="21"):
        pairs_within(np.zeros(2, np.uint64), 21)


def test_a_hundred_thousand_hashes_take_seconds():
    hashes = clustered(5, 100_000, 5)
    began = time.process_time()
    i, _, _ = pairs_within(hashes, 10)
    assert time.process_time() - began < 20
    assert len(i) > 100_000
