"""Splits: no group on two sides, every label on every side, one side a work, the same each time."""

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.labels import read_all
from models.leakage import torn_groups
from models.splits import SIDES, SplitError, of_scheme, schemes, sides, split
from storage.schemas import EXAMPLES, SPLITS, table


def examples(
    groups: list[tuple[str, str, int]], attribute: str = "style", artist: str | None = None
) -> pa.Table:
    """(group, label, pictures) → EXAMPLES; artist: the group's name up to this letter is its maker."""
    rows = [
        {
            "attribute": attribute,
            "artwork_id": f"{group}-{number}",
            "sha256": f"{group}-{number}",
            "label": label,
            "group_id": group,
            "artist": group.partition(artist)[0] if artist else None,
            "provenance": "style of x",
            "as_written": label,
        }
        for group, label, pictures in groups
        for number in range(pictures)
    ]
    return table(EXAMPLES, rows)


sizes = st.lists(st.integers(1, 4), min_size=14, max_size=30)


@settings(max_examples=5)
@given(per_label=st.lists(sizes, min_size=2, max_size=4), seed=st.integers(0, 5))
def test_no_group_is_on_two_sides_and_every_label_on_all(per_label, seed):
    made = examples(
        [
            (f"{label}{number}", f"label {label}", pictures)
            for label, pictures_of in enumerate(per_label)
            for number, pictures in enumerate(pictures_of)
        ]
    )
    splits = split(made, seed=seed)
    assert splits.schema.equals(SPLITS) and len(splits) == len(made)
    assert torn_groups(made, splits) == 0
    found = defaultdict(set)
    for label, side in zip(made["label"].to_pylist(), sides(made, splits), strict=True):
        found[label].add(side)
    assert all(names == set(SIDES) for names in found.values())
    shuffled = made.take(np.random.default_rng(seed).permutation(len(made)))
    assert split(shuffled, seed=seed).equals(splits)


def test_each_label_has_70_15_15_per_cent():
    made = examples([(f"{n:03d}", f"label {n % 4}", 1 + n % 2) for n in range(320)])
    splits = split(made)
    for label in range(4):
        own = made.filter(pc.equal(made["label"], f"label {label}"))
        mine = splits.filter(pc.is_in(splits["artwork_id"], value_set=own["artwork_id"]))
        shares = Counter(sides(own, mine))
        assert shares["train"] / len(own) == pytest.approx(0.70, abs=0.02)
        assert shares["test"] / len(own) == pytest.approx(0.15, abs=0.02)


def test_all_attributes_have_a_work_on_one_side():
    style = examples([(f"{n:03d}", f"style {n % 3}", 1) for n in range(90)])
    genre = examples([(f"{n:03d}", f"genre {n % 4}", 1) for n in range(30, 120)], "genre")
    splits = split(pa.concat_tables([style, genre]))
    both = defaultdict(set)
    for row in splits.to_pylist():
        both[row["artwork_id"]].add(row["split"])
    assert len(both) == 120 and all(len(names) == 1 for names in both.values())


def test_an_artist_and_all_that_hangs_together_is_on_one_side():
    made = examples([(f"painter{n % 30:02d}.{n}", f"s{n % 2}", 1) for n in range(300)], artist=".")
    groups = made["group_id"].to_pylist()
    groups[0] = groups[1]  # a picture by two painters in one group
    at = made.schema.get_field_index("group_id")
    made = made.set_column(at, EXAMPLES.field("group_id"), pa.array(groups))
    splits = split(made, "artist_disjoint")
    found = defaultdict(set)
    for artist, side in zip(made["artist"].to_pylist(), sides(made, splits), strict=True):
        found[artist].add(side)
    assert all(len(names) == 1 for names in found.values())
    assert found["painter00"] == found["painter01"]
    assert set(splits["scheme"].to_pylist()) == {"artist_disjoint"}


def test_the_naive_split_leaks_where_the_grouped_one_does_not():
    made = examples([(f"{n}", f"label {n % 2}", 3) for n in range(60)])
    naive = split(made, "naive")
    torn = defaultdict(set)
    for group, side in zip(made["group_id"].to_pylist(), sides(made, naive), strict=True):
        torn[group].add(side)
    assert sum(len(names) > 1 for names in torn.values()) > 10


def test_official_sides_stay_and_validation_comes_from_training():
    made = examples([(f"{n}", f"label {n % 2}", 1) for n in range(200)])
    official = {
        "style": {f"{n}-0": "test" if n % 4 < 2 else "train" for n in range(160)},
        "genre": {},
    }
    splits = split(made, "official", official=official)
    found = dict(zip(splits["artwork_id"].to_pylist(), splits["split"].to_pylist(), strict=True))
    assert len(found) == 160
    assert {n for n, side in found.items() if side == "test"} == {
        name for name, side in official["style"].items() if side == "test"
    }
    assert Counter(found.values())["validation"] == pytest.approx(0.15 * 80, abs=3)
    with pytest.raises(SplitError, match="No example is in the official lists"):
        split(made, "official", official={})


def test_a_label_with_one_example_is_named_with_the_side():
    made = examples([(f"{n}", "many", 1) for n in range(30)] + [("lonely", "one", 1)])
    with pytest.raises(
        SplitError, match=r"style: label 'one' \(1 examples in 1 groups\) has no .* for"
    ) as caught:
        split(made)
    assert caught.value.attribute == "style"


def test_a_scheme_that_cannot_be_leaves_out_that_attribute_alone_and_says_so():
    style = examples([(f"p{n % 20}.{n}", f"s{n % 2}", 1) for n in range(80)], artist=".")
    # Each genre has one painter: there is no way to test it on another.
    genre = examples([(f"q{n % 2}.{n}", f"g{n % 2}", 1) for n in range(60)], "genre", artist=".")
    made, told = schemes(pa.concat_tables([style, genre]), read_all(), {})
    assert {(row["attribute"], row["scheme"]) for row in made.to_pylist()} == {
        ("style", "grouped"),
        ("style", "artist_disjoint"),
        ("style", "naive"),
        ("genre", "grouped"),
        ("genre", "naive"),
    }
    assert list(told) == ["artist_disjoint: genre"]
    with pytest.raises(
        SplitError, match="genre has no split 'artist_disjoint'; it has grouped, naive"
    ):
        of_scheme(made, "genre", "artist_disjoint")


def test_a_label_on_no_side_leaves_out_its_attribute_and_no_other():
    style = examples([(f"{n}", f"s{n % 2}", 1) for n in range(60)])
    # All of one genre is one album: it can only be on one side.
    genre = examples([("album", "rare", 9)] + [(f"g{n}", "many", 1) for n in range(60)], "genre")
    made, told = schemes(pa.concat_tables([style, genre]), read_all(), {})
    assert set(made["attribute"].to_pylist()) == {"style"}
    assert {"grouped", "naive"} <= set(made["scheme"].to_pylist())
    assert "genre: label 'rare' (9 examples in 1 groups)" in told.pop("grouped: genre")
    assert not any("genre" in name for name in told)
    assert made.equals(schemes(style, read_all(), {})[0])


def test_too_few_examples_say_so():
    with pytest.raises(SplitError, match="4 groups of 2 labels are too few"):
        split(examples([(f"{n}", f"label {n % 2}", 1) for n in range(4)]))
    few = examples([(f"{n}", f"label {n % 2}", 1) for n in range(4)])
    made, told = schemes(few, read_all(), {})
    assert not len(made) and list(told) == ["grouped: style"]
    assert schemes(EXAMPLES.empty_table(), read_all(), {}) == (SPLITS.empty_table(), {})


def test_an_example_without_a_side_or_with_two_is_refused():
    made = examples([(f"{n}", f"label {n % 2}", 1) for n in range(40)])
    splits = split(made)
    with pytest.raises(SplitError, match="2 examples are on no side"):
        sides(made, splits.slice(2))
    with pytest.raises(SplitError, match="several attributes or schemes"):
        sides(made, pa.concat_tables([splits, split(made, "naive")]))
