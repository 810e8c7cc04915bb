"""imaging.hashes: bit for bit imagehash's."""

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging import hashes

PEERS = [
    (hashes.phash, imagehash.phash),
    (hashes.dhash_h, imagehash.dhash),
    (hashes.dhash_v, imagehash.dhash_vertical),
]


def pictures():
    rng = np.random.default_rng(7)
    for width, height in [(8, 8), (33, 70), (300, 200), (257, 511), (1, 1), (640, 41)]:
        smooth = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        yield smooth.resize((width, height), Image.Resampling.BICUBIC)
        yield Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    yield Image.new("RGB", (90, 60), "white")
    yield Image.new("L", (90, 60), 3)
    yield Image.linear_gradient("L")
    yield Image.radial_gradient("L")


@pytest.mark.parametrize(("ours", "theirs"), PEERS)
def test_exact_mode_equals_imagehash(ours, theirs):
    for picture in pictures():
        assert ours(picture) == int(str(theirs(picture)), 16)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(9, 90), st.integers(9, 90))
def test_exact_mode_equals_imagehash_on_any_picture(seed, width, height):
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8))
    for ours, theirs in PEERS:
        assert ours(picture) == int(str(theirs(picture)), 16)


def test_fast_mode_moves_few_bits():
    rng = np.random.default_rng(1)
    for _ in range(10):
        smooth = Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8))
        picture = smooth.resize((420, 300), Image.Resampling.BICUBIC)
        for ours, _theirs in PEERS:
            assert (ours(picture) ^ ours(picture, 6.0)).bit_count() <= 6


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), min_size=1))
def test_hamming_counts_differing_bits(pairs):
    a, b = (np.array(side, dtype=np.uint64) for side in zip(*pairs, strict=True))
    assert hashes.hamming(a, b).tolist() == [(x ^ y).bit_count() for x, y in pairs]
