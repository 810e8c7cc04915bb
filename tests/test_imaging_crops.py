"""imaging.crops.propose and windows: ranked windows of the wanted ratio, what matters whole inside."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging.crops.propose import PROPOSALS, RATIOS, Propose, proposals, propose
from imaging.crops.windows import overlap, parse_ratio, summed, sums, windows
from storage.schemas import CROPS

EDGES = ("left", "top", "right", "bottom")


def object_on_ground(width: int, height: int, x: int, y: int, size: int) -> np.ndarray:
    rgb = np.full((height, width, 3), (205, 203, 198), np.uint8)
    rng = np.random.default_rng(0)
    rgb[y : y + size, x : x + size] = rng.integers(0, 120, (size, size, 3))
    return rgb


def first(made: list[dict], ratio: str) -> dict:
    return next(it for it in made if it["ratio"] == ratio and it["rank"] == 1)


@pytest.mark.parametrize(("x", "y"), [(20, 60), (300, 60), (160, 10)])
def test_the_first_crop_holds_the_object(x: int, y: int) -> None:
    best = first(propose(object_on_ground(400, 200, x, y, 60), ("1:1",)), "1:1")
    assert best["left"] * 400 <= x + 3
    assert best["right"] * 400 >= x + 57
    assert best["confidence"] > 0.8


@settings(max_examples=40)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32))
def test_windows_lie_inside_have_their_ratio_and_differ(width: int, height: int, seed: int) -> None:
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
        mine = [it for it in made if it["ratio"] == ratio]
        assert [it["rank"] for it in mine] == list(range(1, len(mine) + 1))
        assert len(mine) <= PROPOSALS
        boxes = np.array(
            [
                [it[edge] * size for edge, size in zip(EDGES, (width, height) * 2, strict=True)]
                for it in mine
            ]
        )
        for number in range(1, len(boxes)):
            assert (overlap(boxes[:number], boxes[number]) < 0.81).all()


def test_the_same_picture_gives_the_same_proposals_whatever_was_asked_beside() -> None:
    rgb = object_on_ground(300, 400, 100, 200, 90)
    alone = propose(rgb, ("4:5",))
    assert alone == propose(rgb, ("4:5",))
    assert alone == [it for it in propose(rgb, RATIOS) if it["ratio"] == "4:5"]


def test_a_mirrored_picture_gives_mirrored_confidence() -> None:
    rgb = object_on_ground(400, 200, 40, 60, 80)
    one = first(propose(rgb, ("1:1",)), "1:1")
    other = first(propose(np.ascontiguousarray(rgb[:, ::-1]), ("1:1",)), "1:1")
    assert other["left"] == pytest.approx(1 - one["right"], abs=0.04)
    assert other["confidence"] == pytest.approx(one["confidence"], abs=0.03)


def test_a_flat_picture_keeps_its_largest_window() -> None:
    best = propose(np.full((100, 100, 3), 128, np.uint8), ("1:1",))[0]
    assert [best[edge] for edge in EDGES] == [0, 0, 1, 1]
    assert best["confidence"] == pytest.approx(1)


def test_a_border_of_one_colour_is_left_out() -> None:
    rng = np.random.default_rng(1)
    rgb = np.full((300, 300, 3), 250, np.uint8)
    rgb[24:-24, 24:-24] = rng.integers(0, 200, (252, 252, 1))
    for it in propose(rgb, RATIOS):
        assert min(it["left"], it["top"], 1 - it["right"], 1 - it["bottom"]) > 0.07


def test_a_thing_that_is_cut_lowers_confidence_more_than_its_share() -> None:
    rgb = np.full((100, 400, 3), 200, np.uint8)
    rgb[35:65, 20:380] = (150, 20, 20)  # longer than any square
    assert 0.02 < first(propose(rgb, ("1:1",)), "1:1")["confidence"] < 100 / 360


@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 2**32))
def test_sums_are_those_of_the_pixels(width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    maps = rng.random((height, width, 3))
    boxes = windows((0, 0, width, height), parse_ratio("4:5"))
    whole = np.array([(0.0, 0.0, 1.0, 1.0)])
    inside = sums(summed(maps), boxes, whole)[0]
    for box, found in zip(np.rint(boxes).astype(int)[::97], inside[::97], strict=True):
        left, top, right, bottom = box
        np.testing.assert_allclose(found, maps[top:bottom, left:right].sum(axis=(0, 1)), atol=1e-9)


def test_the_kernel_answers_every_row(tmp_path) -> None:
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
    assert result["width"].to_pylist() == [300, None, None]
    crops = proposals(result)
    assert crops.schema.equals(CROPS)
    assert set(crops["sha256"].to_pylist()) == {"a"}
    assert set(crops["ratio"].to_pylist()) == set(RATIOS)
    assert set(crops["proposer"].to_pylist()) <= {"saliency", "faces", "smartcrop"}
    assert proposals(result.slice(1)).num_rows == 0


def test_the_kernel_takes_any_name_and_absolute_paths(tmp_path) -> None:
    name = bytes(tmp_path) + b"/caf\xe9\n.jpg"
    Image.fromarray(object_on_ground(300, 200, 40, 40, 80)).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(name.decode("utf-8", "surrogateescape"))
    batch = pa.RecordBatch.from_pylist([{"sha256": "a", "path": name}])
    (row,) = Propose(tmp_path, ("1:1",))(batch).to_pylist()
    assert row["error"] is None
    assert row["proposals"]


def test_a_picture_as_large_as_it_comes_gives_the_windows_of_its_derivative(
    samples, tmp_path
) -> None:
    """What is decoded at a smaller scale differs little from what is decoded whole."""
    path = sorted((samples / "images" / "met_original").glob("*.jpg"))[0]
    with Image.open(path) as image:
        image.convert("RGB").resize((image.width // 2, image.height // 2)).save(
            tmp_path / "half.png"
        )
    rows = [{"sha256": "a", "path": str(path)}, {"sha256": "b", "path": str(tmp_path / "half.png")}]
    one, other = Propose(tmp_path)(pa.RecordBatch.from_pylist(rows)).to_pylist()
    for ratio in RATIOS:
        boxes = [np.array([first(it["proposals"], ratio)[e] for e in EDGES]) for it in (one, other)]
        assert overlap(boxes[0][None], boxes[1])[0] > 0.7


@pytest.mark.parametrize("text", ["", "4", "4:0", "a:b", "-1:2", "4:5:6", "1.5:1"])
def test_a_ratio_that_is_none_is_named(text: str, tmp_path) -> None:
    with pytest.raises(ValueError, match="is no ratio"):
        Propose(tmp_path, (text,))
