"""imaging.duplicates.natural: real reproductions of one work against look-alike objects, cross-fitted."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from imaging.duplicates import natural
from imaging.duplicates.verdict import LIMITS


@pytest.fixture(scope="module")
def measured(samples: Path, tmp_path_factory) -> tuple[pa.Table, pa.Table, pa.Table]:
    return natural.measure(samples, tmp_path_factory.mktemp("natural"))


@pytest.mark.slow
@pytest.mark.parametrize("with_records", [False, True], ids=["pixels", "records"])
def test_unseen_natural_pairs_reach_the_goal(measured, with_records) -> None:
    compared, images, records = measured
    figures = [
        natural.cross_fit(compared, images, records if with_records else None, seed)
        for seed in range(5)
    ]
    assert {(it["same_work"], it["different_work"]) for it in figures} == {(253, 23)}
    assert np.mean([it["same_work_found"] for it in figures]) >= 0.975
    assert np.mean([it["different_work_through"] for it in figures]) <= 1.4


@pytest.mark.slow
def test_the_limits_in_use_are_the_chosen_ones(measured) -> None:
    assert natural.choose(measured[0]) == pytest.approx(LIMITS)


@pytest.mark.slow
def test_no_picture_is_on_both_sides(measured) -> None:
    compared = measured[0]
    for seed in range(5):
        side = natural.halves(compared, seed)
        ends = [compared.filter(pa.array(side == half)) for half in (False, True)]
        names = [{*half["image_a"].to_pylist(), *half["image_b"].to_pylist()} for half in ends]
        assert not names[0] & names[1]
        for half in ends:
            assert set(half["label"].to_pylist()) == {"same_work", "different_work"}


def test_choose_takes_the_middle_of_what_does_equally_well() -> None:
    same, other = {"likeness": 0.9, "inliers": 100}, {"likeness": 0.3, "inliers": 6}
    rows = [{**same, "label": "same_work"}, {**other, "label": "different_work"}]
    compared = pa.Table.from_pylist([{**row, "weakest": 0.0, "flat": False} for row in rows])
    chosen = natural.choose(compared)
    assert chosen.likeness == pytest.approx(0.6)
    assert 12 <= chosen.inliers <= 32
