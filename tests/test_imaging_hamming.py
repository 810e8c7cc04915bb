"""imaging.duplicates.hamming: exactly the pairs that brute force finds, within one array and between two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.duplicates.hamming import LIMIT, pairs_between, pairs_within

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=30)


def brute(left: np.ndarray, right: np.ndarray, r: int) -> tuple[list[int], list[int], list[int]]:
    distance = np.bitwise_count(left[:, None] ^ right[None])
    i, j = np.nonzero(distance <= r)
    return i.tolist(), j.tolist(), distance[i, j].tolist()


def within(hashes: np.ndarray, r: int) -> tuple[list[int], list[int], list[int]]:
    rows = [row for row in zip(*brute(hashes, hashes, r), strict=True) if row[0] < row[1]]
    return tuple(map(list, zip(*rows, strict=True))) if rows else ([], [], [])  # type: ignore[return-value]


def listed(found: tuple[np.ndarray, ...]) -> tuple[list[int], ...]:
    return tuple(column.tolist() for column in found)


def clustered(seed: int, n: int, flips: int) -> np.ndarray:
    """Hashes as collections have them: a sixth as many pictures as files, each with a few bits flipped."""
    rng = np.random.default_rng(seed)
    few = max(1, n // 6)
    hashes = rng.integers(0, 2**64, few, dtype=np.uint64)[rng.integers(0, few, n)]
    for _ in range(flips):
        hashes = hashes ^ (np.uint64(1) << rng.integers(0, 64, n, dtype=np.uint64))
    return hashes


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 300), st.integers(0, 8), st.integers(0, 13))
def test_it_finds_what_brute_force_finds(seed: int, n: int, flips: int, r: int) -> None:
    hashes = clustered(seed, n, flips)
    assert listed(pairs_within(hashes, r)) == within(hashes, r)


@settings(max_examples=60, deadline=None)
@given(HASHES, st.integers(0, LIMIT))
def test_any_hashes_at_all(values: list[int], r: int) -> None:
    hashes = np.array(values, dtype=np.uint64)
    assert listed(pairs_within(hashes, r)) == within(hashes, r)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 150), st.integers(0, 300), st.integers(0, 13))
def test_between_two_arrays_too(seed: int, n: int, m: int, r: int) -> None:
    both = clustered(seed, n + m, 4)
    left, right = both[:n], both[n:]
    assert listed(pairs_between(left, right, r)) == brute(left, right, r)


@settings(max_examples=60, deadline=None)
@given(HASHES, HASHES, st.integers(0, LIMIT))
def test_any_two_arrays(left: list[int], right: list[int], r: int) -> None:
    one, other = np.array(left, dtype=np.uint64), np.array(right, dtype=np.uint64)
    assert listed(pairs_between(one, other, r)) == brute(one, other, r)


@pytest.mark.parametrize("r", [-1, LIMIT + 1])
def test_r_out_of_range_is_refused(r: int) -> None:
    hashes = np.zeros(2, np.uint64)
    with pytest.raises(ValueError, match=str(r)):
        pairs_within(hashes, r)
    with pytest.raises(ValueError, match=str(r)):
        pairs_between(hashes, hashes, r)


@pytest.mark.parametrize("r", [5, 8, 16])
def test_planted_neighbours_among_many_are_all_found(r: int) -> None:
    """Sizes at which the widest chunks serve; random hashes hold none so near but by chance."""
    rng = np.random.default_rng(r)
    hashes = rng.integers(0, 2**64, 60_000, dtype=np.uint64)
    for k in range(300):  # the k-th and the k-th from the end, exactly r or r + 1 bits apart
        flipped = rng.permutation(64)[: r + k % 2].astype(np.uint64)
        hashes[-1 - k] = hashes[k] ^ np.bitwise_or.reduce(np.uint64(1) << flipped)
    i, j, distance = pairs_within(hashes, r)
    assert np.array_equal(distance, np.bitwise_count(hashes[i] ^ hashes[j]))
    found = set(zip(i.tolist(), j.tolist(), strict=True))
    assert len(found) == len(i)
    assert all(((k, 59_999 - k) in found) == (k % 2 == 0) for k in range(300))


def test_a_bucket_that_holds_nearly_all_is_no_harm() -> None:
    """Hashes that share three quarters of their bits, as flat pictures' do."""
    rng = np.random.default_rng(2)
    hashes = rng.integers(0, 2**16, 2_000, dtype=np.uint64) << np.uint64(24)
    assert listed(pairs_within(hashes, 3)) == within(hashes, 3)
