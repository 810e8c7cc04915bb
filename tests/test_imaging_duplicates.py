"""imaging.duplicates.pairs with all behind it: proposed, compared, judged and grouped, whatever the order."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from imaging.duplicates import slices
from imaging.duplicates.compare import DerivativeError
from imaging.duplicates.groups import find_groups
from imaging.duplicates.keepers import rank_keepers
from imaging.duplicates.pairs import find_pairs
from storage.schemas import PAIRS
from tests._paintings import painting
from tests._pictures import measured

Said = tuple[str, str, str]


class Shelf:
    """Pictures as JPEG files, measured by the real kernel, with what comparing them costs kept."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, Path] = {}
        self.memo = root / "memo"
        self.images = pa.table({})

    def add(self, image_id: str, picture: Image.Image, quality: int = 88) -> None:
        path = self.root / f"{image_id}.jpg"
        picture.convert("RGB").save(path, quality=quality)
        self.files[image_id] = path

    def measure(self) -> "Shelf":
        self.images = measured(self.files, self.root / "store")
        return self

    def pairs(self, decisions: Iterable[Said] = (), order: list[int] | None = None) -> pa.Table:
        images = self.images if order is None else self.images.take(order)
        names = ("image_a", "image_b", "verdict")
        told = [dict(zip(names, row, strict=True)) for row in decisions]
        given_table = pa.Table.from_pylist(told) if told else None
        return find_pairs(images, given_table, self.root / "store", memo=self.memo)

    def groups(self, decisions: Iterable[Said] = ()) -> set[frozenset[str]]:
        made = find_groups(self.files, self.pairs(decisions))
        members: dict[str, set[str]] = {}
        for row in made.to_pylist():
            members.setdefault(row["group_id"], set()).add(row["image_id"])
        return {frozenset(group) for group in members.values()}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Three paintings: a (three equal files, seven edits), b (an edit), c alone; and blank pictures."""
    made = Shelf(tmp_path_factory.mktemp("shelf"))
    a, b, c = (painting(seed) for seed in (1, 2, 3))
    for name in ("met:1#0", "met:2#0", "met:3#0"):
        made.add(name, a)
    made.add("nga:1#0", a.resize((160, 128)), quality=60)
    made.add("nga:2#0", ImageEnhance.Brightness(a).enhance(1.25))
    made.add("nga:3#0", a.convert("L"))
    made.add("nga:4#0", a.crop((8, 6, 312, 250)))
    made.add("nga:5#0", ImageOps.mirror(a))
    made.add("nga:6#0", a.rotate(90, expand=True))
    made.add("nga:7#0", ImageOps.expand(a, 30, "white"))
    made.add("wga:1#0", b)
    made.add("wga:2#0", b.resize((640, 512)), quality=40)
    made.add("wga:3#0", c)
    for number, tone in enumerate((250, 251, 252, 20)):
        made.add(f"zzz:{number}#0", Image.new("RGB", (300, 200), (tone, tone, tone)))
    noise = np.random.default_rng(5).integers(248, 252, (2, 200, 300), dtype=np.uint8)
    made.add("zzz:8#0", Image.fromarray(noise[0]))
    made.add("zzz:9#0", Image.fromarray(noise[1]))
    return made.measure()


def test_edits_are_found_and_strangers_and_blank_pictures_are_not_joined(shelf: Shelf) -> None:
    assert shelf.pairs().schema.equals(PAIRS)
    groups = {group for group in shelf.groups() if len(group) > 1}
    assert groups == {
        frozenset(f"met:{n}#0" for n in (1, 2, 3)) | {f"nga:{n}#0" for n in range(1, 8)},
        frozenset({"wga:1#0", "wga:2#0"}),
    }


def test_equal_files_are_chained_to_the_smallest_id(shelf: Shelf) -> None:
    rows = [row for row in shelf.pairs().to_pylist() if row["kind"] == "same_file"]
    assert [(row["image_a"], row["image_b"], row["proposed_by"]) for row in rows] == [
        ("met:1#0", "met:2#0", "file"),
        ("met:1#0", "met:3#0", "file"),
    ]


def test_pairs_have_their_evidence_and_ids_in_order(shelf: Shelf) -> None:
    rows = shelf.pairs().to_pylist()
    keys = [(row["image_a"], row["image_b"]) for row in rows]
    assert keys == sorted(set(keys))
    for row in rows:
        assert row["image_a"] < row["image_b"]
        assert row["evidence"]
        assert row["confirmed"] == (row["kind"] in ("same_file", "same_image", "same_work"))


def test_look_alikes_are_refused_and_stay_in_the_table(tmp_path: Path) -> None:
    """One tonal layout, other details: the hashes agree, the structure does not."""
    made = Shelf(tmp_path)
    layout = np.random.default_rng(9).integers(60, 190, (5, 5), dtype=np.uint8)
    tones = np.asarray(Image.fromarray(layout).resize((256, 256), Image.Resampling.BICUBIC))
    for number in range(2):
        details = np.random.default_rng(number).integers(-30, 31, (64, 64))
        pixels = tones + np.kron(details, np.ones((4, 4), int))
        made.add(f"met:{number}#0", Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))
    [row] = made.measure().pairs().to_pylist()
    assert (row["kind"], row["confirmed"]) == ("different_work", False)


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(shelf: Shelf, random) -> None:
    order = random.sample(range(len(shelf.files)), len(shelf.files))
    assert shelf.pairs(order=order).equals(shelf.pairs())


@pytest.mark.parametrize("rows", [1, 3])
def test_how_many_rows_are_worked_on_at_a_time_changes_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    decisions = [
        ("met:2#0", "nga:1#0", "not_duplicate"),
        ("wga:1#0", "wga:3#0", "keep_both"),
        ("nga:2#0", "met:1#0", "keep_this"),
    ]

    def outcome() -> tuple[pa.Table, pa.Table]:
        pairs = shelf.pairs(decisions)
        told = pa.Table.from_pylist(
            [dict(zip(("image_a", "image_b", "verdict"), it, strict=True)) for it in decisions]
        )
        return pairs, rank_keepers(find_groups(shelf.files, pairs), shelf.images, told)

    at_once = outcome()
    assert at_once[0].num_rows > 10 and at_once[1].num_rows > 10
    monkeypatch.setattr(slices, "ROWS", rows)
    few = outcome()
    assert all(one.equals(other) for one, other in zip(at_once, few, strict=True))


def test_what_people_decide_wins(shelf: Shelf) -> None:
    apart = ("wga:2#0", "wga:1#0", "not_duplicate")
    assert frozenset({"wga:1#0"}) in shelf.groups([apart])
    together = ("wga:3#0", "wga:1#0", "keep_both")
    assert frozenset({"wga:1#0", "wga:2#0", "wga:3#0"}) in shelf.groups([together])
    assert shelf.groups([apart, (*apart[:2], "keep_this")]) == shelf.groups()
    gone = ("met:1#0", "met:999#0", "not_duplicate")
    assert shelf.groups([gone]) == shelf.groups()


@pytest.mark.parametrize("pair", [("met:2#0", "met:3#0"), ("met:2#0", "nga:1#0")])
def test_no_chain_joins_what_people_keep_apart(shelf: Shelf, pair: tuple[str, str]) -> None:
    decisions = [(*pair, "not_duplicate")]
    for group in shelf.groups(decisions):
        assert not group.issuperset(pair)
    refused = [row for row in shelf.pairs(decisions).to_pylist() if "apart" in row["evidence"]]
    assert any("a person keeps" in row["evidence"] for row in refused)


def test_a_bad_decision_names_its_row(shelf: Shelf) -> None:
    with pytest.raises(ValueError, match="decision 1: verdict 'maybe'"):
        shelf.pairs([("a", "b", "keep_both"), ("met:1#0", "met:2#0", "maybe")])
    with pytest.raises(ValueError, match="decision 0: a is paired with itself"):
        shelf.pairs([("a", "a", "keep_both")])


def test_a_missing_derivative_is_named(tmp_path: Path) -> None:
    made = Shelf(tmp_path)
    made.add("a#0", painting(1))
    made.add("b#0", painting(1), quality=50)
    made.measure()
    lost = tmp_path / "store" / made.images["derivative"][0].as_py()
    lost.unlink()
    with pytest.raises(DerivativeError, match=lost.name):
        made.pairs()


@pytest.mark.slow
def test_on_natural_pairs_most_works_are_found_and_few_look_alikes_joined(
    samples: Path, tmp_path: Path
) -> None:
    """Without any record; how well exactly is what the evaluation measures, on two halves."""
    folder = samples / "images"
    with (folder / "natural_pairs.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["label"].endswith("_work")]
    names = sorted({row[side] for row in rows for side in ("file_a", "file_b")})
    images = measured({name: folder / name for name in names}, tmp_path / "store")
    pairs = find_pairs(images, None, tmp_path / "store")
    found = pairs.to_pylist()
    sure = {(row["image_a"], row["image_b"]) for row in found if row["confirmed"]}
    proposed = {(row["image_a"], row["image_b"]) for row in found}
    keys = {
        label: [
            tuple(sorted((row["file_a"], row["file_b"]))) for row in rows if row["label"] == label
        ]
        for label in ("same_work", "different_work")
    }
    groups = find_groups(names, pairs).to_pylist()
    group = {row["image_id"]: row["group_id"] for row in groups}
    assert all(key in proposed or group[key[0]] == group[key[1]] for key in keys["same_work"])
    assert np.mean([key in sure for key in keys["same_work"]]) > 0.8
    assert sum(key in sure for key in keys["different_work"]) <= 3
