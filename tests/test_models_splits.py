"""Splits: no group on two sides, every label on every side, the same each time."""

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.splits import SIDES, SplitError, leaking_groups, naive_split, sides, split
from storage.schemas import EXAMPLES, SPLITS, table


def examples(groups: list[tuple[str, str, int]]) -> pa.Table:
    """(group, label, pictures) → EXAMPLES."""
    rows = [
        {
            "attribute": "style",
            "artwork_id": f"{group}-{number}",
            "sha256": f"{group}-{number}",
            "label": label,
            "group_id": group,
        }
        for group, label, pictures in groups
        for number in range(pictures)
    ]
    return table(EXAMPLES, rows)


sizes = st.lists(st.integers(1, 4), min_size=14, max_size=40)


@settings(max_examples=40)
@given(per_label=st.lists(sizes, min_size=2, max_size=5), seed=st.integers(0, 5))
def test_no_group_is_on_two_sides_and_every_label_on_all(per_label, seed):
    made = examples(
        [
            (f"{label}{number}", f"label {label}", pictures)
            for label, pictures_of in enumerate(per_label)
            for number, pictures in enumerate(pictures_of)
        ]
    )
    splits = split(made, seed)
    assert splits.schema.equals(SPLITS) and len(splits) == len(made)
    assert leaking_groups(made, splits) == 0
    found = defaultdict(set)
    for label, side in zip(made["label"].to_pylist(), sides(made, splits), strict=True):
        found[label].add(side)
    assert all(names == set(SIDES) for names in found.values())
    shuffled = made.take(np.random.default_rng(seed).permutation(len(made)))
    assert split(shuffled, seed).equals(splits)


def test_shares_are_near_70_15_15():
    made = examples([(f"{n}", f"label {n % 5}", 1 + n % 2) for n in range(700)])
    shares = Counter(split(made)["split"].to_pylist())
    assert shares["train"] / len(made) == pytest.approx(5 / 7, abs=0.01)
    assert shares["test"] / len(made) == pytest.approx(1 / 7, abs=0.01)


def test_the_naive_split_leaks_where_the_grouped_one_does_not():
    made = examples([(f"{n}", f"label {n % 2}", 3) for n in range(60)])
    assert leaking_groups(made, split(made)) == 0
    assert leaking_groups(made, naive_split(made)) > 10


def test_a_label_with_one_example_is_named():
    made = examples([(f"{n}", "many", 1) for n in range(30)] + [("lonely", "one", 1)])
    with pytest.raises(SplitError, match=r"'one' \(1 duplicate groups\) has no example for"):
        split(made)


def test_too_few_examples_say_so():
    with pytest.raises(SplitError, match="4 duplicate groups of 2 labels are too few"):
        split(examples([(f"{n}", f"label {n % 2}", 1) for n in range(4)]))


def test_an_example_without_a_side_is_named():
    made = examples([(f"{n}", f"label {n % 2}", 1) for n in range(30)])
    with pytest.raises(SplitError, match="2 examples are on no side"):
        sides(made, split(made).slice(2))
