"""Scores against counts by hand, the truth of the known sets, and the way from files to groups."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imaging.duplicates import evaluation, variants
from imaging.duplicates.evaluation import (
    Score,
    by_kind,
    group_interval,
    group_score,
    is_unseen,
    pair_score,
    truth,
    wilson,
)
from imaging.duplicates.known_sets import known_sets

LABELS = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "c1": "c"}


def test_groups_counted_by_hand() -> None:
    found = {"a1": "x", "a2": "x", "a3": "y", "b1": "y", "b2": "z", "c1": "w"}
    score = group_score(found, LABELS)
    assert score == Score(right=1, wrong=1, missed=3)
    assert (score.precision, score.recall, score.f1) == (0.5, 0.25, pytest.approx(1 / 3))


def test_perfect_groups_and_none_at_all() -> None:
    assert group_score(LABELS, LABELS).f1 == 1
    assert group_score({}, LABELS) == Score(0, 0, 4)
    assert group_score({}, {"a": "a"}).f1 == 1


def test_pairs_count_once_whatever_their_order_and_strangers_not_at_all() -> None:
    pairs = [("a1", "a2"), ("a2", "a1"), ("b1", "c1"), ("a1", "stranger"), ("a1", "a1")]
    assert pair_score(pairs, LABELS) == Score(right=1, wrong=1, missed=3)


names = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)


@given(names)
def test_a_group_score_is_the_pair_score_of_all_its_pairs(drawn: list[tuple[int, int]]) -> None:
    labels = {str(number): str(label) for number, (label, _) in enumerate(drawn)}
    found = {str(number): str(group) for number, (_, group) in enumerate(drawn)}
    together = [pair for pair in combinations(labels, 2) if found[pair[0]] == found[pair[1]]]
    assert group_score(found, labels) == pair_score(together, labels)


@given(names)
def test_the_interval_is_seeded_and_within_bounds(drawn: list[tuple[int, int]]) -> None:
    labels = {str(number): str(label) for number, (label, _) in enumerate(drawn)}
    found = {str(number): str(group) for number, (_, group) in enumerate(drawn)}
    low, high = group_interval(found, labels)
    assert 0 <= low <= high <= 1
    assert group_interval(dict(reversed(found.items())), labels) == (low, high)


@given(st.integers(0, 60), st.integers(1, 60))
def test_wilson_holds_the_share_and_narrows_with_more(hits: int, trials: int) -> None:
    hits = min(hits, trials)
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials + 1e-9 and hits / trials - 1e-9 <= high <= 1
    wider = wilson(hits, trials)
    narrow = wilson(hits * 10, trials * 10)
    assert narrow[1] - narrow[0] < wider[1] - wider[0]


def test_wilson_as_tables_print_it_and_its_refusals() -> None:
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    for hits, trials in ((1, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="no interval"):
            wilson(hits, trials)


def test_halves_are_near_equal() -> None:
    assert 400 < sum(is_unseen(f"{number:016x}") for number in range(1000)) < 600


FILES = pa.table(
    {
        "file": ["1-original", "1-grey", "1-detail", "2-original", "2-grey", "2-detail"],
        "base": ["1", "1", "1", "2", "2", "2"],
        "kind": ["original", "grey", "detail", "original", "grey", "detail"],
    }
)


def test_a_detail_belongs_outside_its_bases_group() -> None:
    assert truth(FILES)["1-grey"] == "1" and truth(FILES)["1-detail"] != "1"
    found = {"1-original": "x", "1-grey": "x", "1-detail": "x", "2-original": "y", "2-grey": "z"}
    rows = {row["kind"]: row for row in by_kind(FILES, found).to_pylist()}
    assert (rows["grey"]["files"], rows["grey"]["grouped"], rows["grey"]["right"]) == (2, 1, 0.5)
    assert (rows["detail"]["grouped"], rows["detail"]["right"]) == (1, 0.5)
    assert rows["grey"]["low"] < 0.5 < rows["grey"]["high"]


def test_known_sets_tell_their_truth(samples: Path) -> None:
    files = known_sets(samples / "dups").to_pylist()
    labels = {row["file"]: row["label"] for row in files}
    assert len(files) == 138
    assert labels["imagededup/mixed_images/ukbench00120_hflip.jpg"] == "ukbench00120"
    assert labels["imagededup/mixed_nested_images/lvl1/ukbench00120.jpg"] == "ukbench00120"
    sizes = [
        list(labels.values()).count(label)
        for label in {row["label"] for row in files if row["set"] == "caltech_rand_resize"}
    ]
    assert sorted(sizes) == [2, 2, 2, 2, 3, 4, 4, 4, 4, 5, 5, 7, 7, 7, 7, 8, 9]


def test_resized_copies_that_do_not_come_out_are_told(tmp_path: Path) -> None:
    place = tmp_path / "caltech_rand_resize"
    place.mkdir()
    Image.new("RGB", (30, 20), "red").save(place / "a.jpg")
    (place / "out.csv").write_text("a.jpg,1\n")
    with pytest.raises(ValueError, match="do not come out"):
        known_sets(tmp_path)


def picture(file: Path, seed: int) -> Path:
    """Shapes at random, with the detail that photographs have."""
    rng = np.random.default_rng(seed)
    tones = np.zeros((360, 480, 3))
    for cells in (4, 16, 64):
        noise = rng.integers(0, 256, (cells * 3 // 4, cells, 3), dtype=np.uint8)
        tones += np.asarray(Image.fromarray(noise).resize((480, 360), Image.Resampling.BICUBIC)) / 3
    Image.fromarray(tones.astype(np.uint8)).save(file)
    return file


def test_from_files_to_scores(tmp_path: Path) -> None:
    bases = [picture(tmp_path / f"{seed}.png", seed) for seed in range(3)]
    kinds = ("recompress_60", "resize_50", "brightness", "flip")
    files = variants.write(bases, tmp_path / "out", kinds=kinds, workers=0)
    paths = {name: tmp_path / "out" / name for name in files["file"].to_pylist()}
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    images = evaluation.pictures({**paths, "broken": broken}, tmp_path / "work", workers=0)
    assert images["image_id"].to_pylist() == sorted(paths)
    pairs, found = evaluation.find(images, tmp_path / "work")
    assert group_score(found, truth(files)) == Score(right=30, wrong=0, missed=0)
    assert set(pairs["kind"].to_pylist()) <= {
        "same_file",
        "same_image",
        "same_work",
        "variant",
        "different_work",
    }
    assert evaluation.find(images, tmp_path / "work") == (pairs, found), "the memo changed it"


def test_a_lake_without_pictures_has_nothing_to_find(tmp_path: Path) -> None:
    images = evaluation.pictures({}, tmp_path, workers=0)
    pairs, found = evaluation.find(images, tmp_path)
    assert pairs.num_rows == 0 and found == {}
