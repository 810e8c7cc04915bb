"""imaging.colour: the colours that dominate, with their shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imaging import colour


def test_flat_parts_are_named_with_their_shares() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[:] = (200, 30, 40)
    picture[:100, :90] = (20, 60, 180)
    picture[150:, 200:] = (250, 250, 250)
    found = colour.dominant(picture)
    parts = [((200, 30, 40), 0.75), ((20, 60, 180), 0.15), ((250, 250, 250), 0.05 + 1 / 30)]
    for one, (rgb, share) in zip(found, parts, strict=False):
        named = [int(one["rgb"][at : at + 2], 16) for at in (1, 3, 5)]
        assert np.abs(np.subtract(named, rgb)).max() <= 4
        assert one["share"] == pytest.approx(share, abs=0.05)


def test_grain_makes_no_second_colour() -> None:
    rng = np.random.default_rng(1)
    picture = np.clip(rng.normal((120, 100, 80), 6, (256, 300, 3)), 0, 255).astype(np.uint8)
    [one] = colour.dominant(picture)
    assert one["share"] == 1
    found = [int(one["rgb"][at : at + 2], 16) for at in (1, 3, 5)]
    assert np.abs(np.array(found) - (120, 100, 80)).max() <= 1


@settings(max_examples=40)
@given(arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60), st.just(3))))
def test_any_picture_has_one_to_five_colours_that_make_a_whole(picture) -> None:
    found = colour.dominant(picture)
    assert 1 <= len(found) <= colour.COLOURS
    assert sum(one["share"] for one in found) == pytest.approx(1)
    shares = [one["share"] for one in found]
    assert shares == sorted(shares, reverse=True)
    assert found == colour.dominant(picture.copy())
