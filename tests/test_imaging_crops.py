"""imaging.crops and saliency: windows of the wanted ratio around what stands out."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging.crops import Propose, parse_ratio, proposals, propose
from imaging.saliency import saliency
from storage.schemas import CROPS

RATIOS = ("1:1", "4:5", "16:9")


def object_on_ground(width: int, height: int, x: int, y: int, size: int) -> np.ndarray:
    rgb = np.full((height, width, 3), (205, 203, 198), np.uint8)
    rng = np.random.default_rng(0)
    rgb[y : y + size, x : x + size] = rng.integers(0, 120, (size, size, 3))
    return rgb


@pytest.mark.parametrize(("x", "y"), [(20, 60), (300, 60), (160, 10)])
def test_saliency_and_the_first_crop_lie_on_the_object(x, y):
    rgb = object_on_ground(400, 200, x, y, 60)
    # The object covers 4.5 % of the picture.
    assert saliency(rgb)[y : y + 60, x : x + 60].sum() > 0.7
    best = next(it for it in propose(rgb, ("1:1",)) if it["rank"] == 1)
    assert best["left"] * 400 <= x + 3
    assert best["right"] * 400 >= x + 57
    assert best["confidence"] > 0.8


@settings(max_examples=40)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32))
def test_windows_lie_inside_and_have_their_ratio(width, height, seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    made = propose(rgb, RATIOS)
    assert {it["ratio"] for it in made} == set(RATIOS)
    for it in made:
        assert 0 <= it["left"] < it["right"] <= 1
        assert 0 <= it["top"] < it["bottom"] <= 1
        assert 0 <= it["confidence"] <= 1
        if min(width, height) > 64:
            sides = (it["right"] - it["left"]) * width / ((it["bottom"] - it["top"]) * height)
            assert sides == pytest.approx(float(parse_ratio(it["ratio"])), rel=0.03)
    for ratio in RATIOS:
        ranks = [it["rank"] for it in made if it["ratio"] == ratio]
        assert ranks == list(range(1, len(ranks) + 1))
        assert len(ranks) <= 3


def test_a_flat_picture_keeps_its_largest_window():
    best = propose(np.full((100, 100, 3), 128, np.uint8), ("1:1",))[0]
    assert (best["left"], best["top"], best["right"], best["bottom"]) == (0, 0, 1, 1)
    assert best["confidence"] == pytest.approx(1)


def test_the_kernel_answers_every_row(tmp_path):
    Image.fromarray(object_on_ground(300, 200, 40, 40, 80)).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"")
    kernel = Propose(tmp_path)
    assert pickle.loads(pickle.dumps(kernel)) == kernel
    rows = [
        {"sha256": "a", "path": "a.jpg"},
        {"sha256": "b", "path": "b.jpg"},
        {"sha256": "c", "path": "c"},
    ]
    result = pa.Table.from_batches([kernel(pa.RecordBatch.from_pylist(rows))])
    assert result["error"].to_pylist() == [
        None,
        "empty: the file has no bytes",
        "missing: No such file or directory",
    ]
    crops = proposals(result)
    assert crops.schema.equals(CROPS)
    assert set(crops["sha256"].to_pylist()) == {"a"}
    assert set(crops["ratio"].to_pylist()) == set(RATIOS)
    assert proposals(result.slice(1)).num_rows == 0


@pytest.mark.parametrize("text", ["", "4", "4:0", "a:b", "-1:2", "4:5:6", "1.5:1"])
def test_a_ratio_that_is_none_is_named(text):
    with pytest.raises(ValueError, match="is no ratio"):
        Propose(None, (text,))
