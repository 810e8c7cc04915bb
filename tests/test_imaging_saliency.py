"""imaging.crops.saliency: maps that sum to 1, things told apart, borders found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.crops.saliency import inner_frame, interest, saliency, things


def object_on_ground(x: int, y: int) -> np.ndarray:
    rgb = np.full((64, 128, 3), (205, 203, 198), np.uint8)
    rgb[y : y + 20, x : x + 20] = np.random.default_rng(0).integers(0, 120, (20, 20, 3))
    return rgb


@settings(max_examples=60)
@given(st.integers(1, 128), st.integers(1, 128), st.integers(0, 2**32))
def test_maps_sum_to_one_whatever_the_picture(width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rgb = rng.integers(0, rng.integers(1, 257), (height, width, 3), dtype=np.uint8)
    for made in (saliency(rgb), interest(rgb)):
        assert made.shape == (height, width)
        assert made.min() >= 0
        assert made.sum() == pytest.approx(1)


@pytest.mark.parametrize(("x", "y"), [(6, 20), (96, 20), (51, 3)])
def test_saliency_lies_on_the_object(x: int, y: int) -> None:
    # The object covers 4.9 % of the picture.
    assert saliency(object_on_ground(x, y))[y : y + 20, x : x + 20].sum() > 0.7


def test_a_shaded_ground_is_a_ground_and_a_thin_object_counts_to_its_ends() -> None:
    rgb = np.empty((128, 64, 3), np.uint8)
    rgb[:] = np.linspace(230, 120, 128)[:, None, None]
    rgb[8:120, 30:34] = (90, 60, 20)
    found = saliency(rgb)
    assert found[8:120, 28:36].sum() > 0.7
    assert found[8:28, 28:36].sum() > 0.05
    assert found[100:120, 28:36].sum() > 0.05


def test_skin_and_saturated_colour_are_interesting() -> None:
    rgb = np.full((64, 64, 3), 128, np.uint8)
    rgb[10:20, 10:20] = (224, 165, 130)
    rgb[40:50, 40:50] = (220, 20, 20)
    found = interest(rgb)
    assert found[8:22, 8:22].sum() + found[38:52, 38:52].sum() > 0.9


def test_two_objects_are_two_things() -> None:
    importance = np.zeros((60, 100))
    importance[10:30, 10:30] = 2
    importance[30:50, 70:90] = 1
    found = things(importance / importance.sum())
    assert len(found) == 2
    assert found[0][20, 20]
    assert found[1][40, 80]
    assert not (found[0] & found[1]).any()


def test_nothing_stands_out_of_a_flat_map() -> None:
    assert things(np.full((40, 40), 1 / 1600)) == []


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_border_is_found_and_a_ground_is_none(colour: int) -> None:
    rng = np.random.default_rng(3)
    rgb = np.full((100, 80, 3), colour, np.uint8)
    rgb[9:-5, 6:-12] = (rng.integers(0, 90, (86, 62, 1)) + 80 + colour) % 256
    left, top, right, bottom = inner_frame(rgb)
    assert left in (6, 7)
    assert top in (9, 10)
    assert right in (67, 68)
    assert bottom in (94, 95)
    assert inner_frame(object_on_ground(51, 3)) == (0, 0, 128, 64)
    assert inner_frame(np.full((50, 50, 3), colour, np.uint8)) == (0, 0, 50, 50)
