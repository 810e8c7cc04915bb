"""imaging.duplicates, structure and decisions: proposed, confirmed, grouped, whatever the order."""

import csv
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from imaging import hashes
from imaging.decode import decode
from imaging.duplicates import find_groups, find_pairs
from storage import ImageStore
from storage.schemas import GROUPS, PAIRS, table

SAMPLES = os.environ.get("ARTLAKE_SAMPLES")


def painting(seed: int) -> Image.Image:
    """Patches of many sizes, as unlike another seed's as two paintings are."""
    rng = np.random.default_rng(seed)
    canvas = Image.new("RGB", (320, 256), tuple(rng.integers(0, 256, 3).tolist()))
    for _ in range(150):
        size = rng.integers(4, 90, 2)
        corner = rng.integers(-20, 300, 2)
        colour = tuple(rng.integers(0, 256, 3).tolist())
        canvas.paste(colour, (*corner.tolist(), *(corner + size).tolist()))
    return canvas


class Shelf:
    """Pictures put into a store with their derivatives, as the images stage leaves them."""

    def __init__(self, root: Path):
        self.store = ImageStore(root)
        self.rows: list[dict] = []

    def add(self, image_id: str, picture: Image.Image, **options) -> None:
        path = self.store.root / "new.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, quality=options.pop("quality", 88), **options)
        sha256, _ = self.store.add_bytes(path.read_bytes())
        small = self.store.path(sha256, "derivative", ".jpg")
        small.parent.mkdir(parents=True, exist_ok=True)
        small.write_bytes(path.read_bytes())
        grey = Image.fromarray(decode(path).rgb).convert("L")
        self.rows.append(
            {
                "image_id": image_id,
                "artwork_id": image_id.split("#", maxsplit=1)[0],
                "sha256": sha256,
                "phash": hashes.phash(grey),
                "dhash_h": hashes.dhash_h(grey),
                "dhash_v": hashes.dhash_v(grey),
                "width": picture.width,
                "height": picture.height,
            }
        )

    def images(self, order=None) -> pa.Table:
        rows = [self.rows[k] for k in order] if order is not None else self.rows
        hashed = dict.fromkeys(("phash", "dhash_h", "dhash_v"), pa.uint64())
        sized = dict.fromkeys(("width", "height"), pa.int32())
        types = hashed | sized
        fields = [(name, types.get(name, pa.string())) for name in rows[0]]
        return pa.Table.from_pylist(rows, schema=pa.schema(fields))

    def pairs(self, decisions=(), order=None) -> pa.Table:
        names = ("image_a", "image_b", "verdict")
        told = [dict(zip(names, row, strict=True)) for row in decisions]
        given_table = pa.Table.from_pylist(told) if told else None
        return find_pairs(self.images(order), given_table, self.store.root)

    def groups(self, decisions=()) -> set[frozenset[str]]:
        made = find_groups([row["image_id"] for row in self.rows], self.pairs(decisions))
        members: dict[str, set[str]] = {}
        for row in made.to_pylist():
            members.setdefault(row["group_id"], set()).add(row["image_id"])
        return {frozenset(group) for group in members.values()}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Shelf:
    """Three paintings: a (three equal files, four edits), b (an edit), c alone; and blank pictures."""
    made = Shelf(tmp_path_factory.mktemp("shelf"))
    a, b, c = (painting(seed) for seed in (1, 2, 3))
    for name in ("met:1#0", "met:2#0", "met:3#0"):
        made.add(name, a)
    made.add("nga:1#0", a.resize((160, 128)), quality=60)
    made.add("nga:2#0", ImageEnhance.Brightness(a).enhance(1.25))
    made.add("nga:3#0", a.convert("L"))
    made.add("nga:4#0", a.crop((8, 6, 312, 250)))
    made.add("wga:1#0", b)
    made.add("wga:2#0", b.resize((640, 512)), quality=40)
    made.add("wga:3#0", c)
    for number, tone in enumerate((250, 251, 252, 20)):
        made.add(f"zzz:{number}#0", Image.new("RGB", (300, 200), (tone, tone, tone)))
    noise = np.random.default_rng(5).integers(248, 252, (2, 200, 300), dtype=np.uint8)
    made.add("zzz:8#0", Image.fromarray(noise[0]))
    made.add("zzz:9#0", Image.fromarray(noise[1]))
    return made


def test_edits_are_found_and_strangers_and_blank_pictures_are_not_joined(shelf):
    assert shelf.pairs().schema.equals(PAIRS)
    groups = {group for group in shelf.groups() if len(group) > 1}
    assert groups == {
        frozenset(f"met:{n}#0" for n in (1, 2, 3)) | frozenset(f"nga:{n}#0" for n in (1, 2, 3, 4)),
        frozenset({"wga:1#0", "wga:2#0"}),
    }


def test_equal_files_are_chained_to_the_smallest_id(shelf):
    rows = [row for row in shelf.pairs().to_pylist() if row["kind"] == "same_file"]
    assert [(row["image_a"], row["image_b"]) for row in rows] == [
        ("met:1#0", "met:2#0"),
        ("met:1#0", "met:3#0"),
    ]
    assert all("byte for byte" in row["evidence"] for row in rows)


def test_pairs_have_their_evidence_and_ids_in_order(shelf):
    for row in shelf.pairs().to_pylist():
        assert row["image_a"] < row["image_b"]
        assert row["evidence"]
        assert row["confirmed"] == (row["kind"] != "different_work")


def test_look_alikes_are_refused_and_stay_in_the_table(tmp_path):
    """One tonal layout, other details: the hashes agree, the structure does not."""
    made = Shelf(tmp_path)
    layout = np.random.default_rng(9).integers(60, 190, (5, 5), dtype=np.uint8)
    tones = np.asarray(Image.fromarray(layout).resize((256, 256), Image.Resampling.BICUBIC))
    for number in range(2):
        details = np.random.default_rng(number).integers(-30, 31, (64, 64))
        pixels = tones + np.kron(details, np.ones((4, 4), int))
        made.add(f"met:{number}#0", Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))
    [row] = made.pairs().to_pylist()
    assert (row["kind"], row["confirmed"]) == ("different_work", False)
    assert "structure differs" in row["evidence"]


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(shelf, random):
    order = list(range(len(shelf.rows)))
    random.shuffle(order)
    pairs = shelf.pairs(order=order)
    assert pairs.equals(shelf.pairs())
    ids = [shelf.rows[k]["image_id"] for k in order]
    shuffled = pairs.take(pa.array(random.sample(range(pairs.num_rows), pairs.num_rows)))
    assert find_groups(ids, shuffled).equals(find_groups(sorted(ids), pairs))


def test_what_people_decide_wins(shelf):
    apart = ("wga:2#0", "wga:1#0", "not_duplicate")
    assert frozenset({"wga:1#0"}) in shelf.groups([apart])
    together = ("wga:3#0", "wga:1#0", "keep_both")
    assert frozenset({"wga:1#0", "wga:2#0", "wga:3#0"}) in shelf.groups([together])
    assert shelf.groups([apart, (*apart[:2], "keep_this")]) == shelf.groups()
    gone = ("met:1#0", "met:999#0", "not_duplicate")
    assert shelf.groups([gone]) == shelf.groups()


@pytest.mark.parametrize("pair", [("met:2#0", "met:3#0"), ("met:2#0", "nga:1#0")])
def test_no_chain_joins_what_people_keep_apart(shelf, pair):
    decisions = [(*pair, "not_duplicate")]
    for group in shelf.groups(decisions):
        assert not group.issuperset(pair)
    refused = [row for row in shelf.pairs(decisions).to_pylist() if "apart" in row["evidence"]]
    assert any("a person keeps" in row["evidence"] for row in refused)


def test_a_bad_decision_names_its_row(shelf):
    with pytest.raises(ValueError, match="decision 1: verdict 'maybe'"):
        shelf.pairs([("a", "b", "keep_both"), ("met:1#0", "met:2#0", "maybe")])
    with pytest.raises(ValueError, match="decision 0: a is paired with itself"):
        shelf.pairs([("a", "a", "keep_both")])


def test_a_missing_derivative_is_named(tmp_path):
    made = Shelf(tmp_path)
    made.add("a#0", painting(1))
    made.add("b#0", painting(1), quality=50)
    lost = made.store.path(made.rows[0]["sha256"], "derivative", ".jpg")
    lost.unlink()
    with pytest.raises(FileNotFoundError, match=made.rows[0]["sha256"]):
        made.pairs()


def pair_rows(edges):
    return table(
        PAIRS,
        [
            {
                "image_a": min(a, b),
                "image_b": max(a, b),
                "kind": "same_image",
                "confirmed": sure,
                "phash_distance": 0,
                "dhash_distance": 0,
                "evidence": "given",
            }
            for a, b, sure in edges
            if a != b
        ],
    )


@given(
    st.sets(st.text("abcdef", min_size=1, max_size=2), min_size=1, max_size=12).flatmap(
        lambda ids: st.tuples(
            st.just(sorted(ids)),
            st.lists(
                st.tuples(
                    st.sampled_from(sorted(ids)), st.sampled_from(sorted(ids)), st.booleans()
                ),
                max_size=15,
            ),
        )
    )
)
def test_groups_are_the_connected_components(case):
    ids, edges = case
    groups = find_groups(ids, pair_rows(edges))
    assert groups.schema.equals(GROUPS)
    group = dict.fromkeys(ids)
    for image in ids:  # flood from the smallest id on
        if group[image] is None:
            reached = {image}
            while True:
                more = {
                    y for a, b, sure in edges if sure for x, y in ((a, b), (b, a)) if x in reached
                }
                if more <= reached:
                    break
                reached |= more
            group.update(dict.fromkeys(reached, image))
    sizes = {image: list(group.values()).count(group[image]) for image in ids}
    assert groups.to_pylist() == [
        {"image_id": image, "group_id": group[image], "group_size": sizes[image]} for image in ids
    ]


def test_no_pictures_make_no_groups_and_strangers_are_named():
    assert find_groups([], pair_rows([])).num_rows == 0
    with pytest.raises(ValueError, match="image_b y is not among"):
        find_groups(["x"], pair_rows([("x", "y", True)]))


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES, reason="ARTLAKE_SAMPLES is not set")
def test_on_natural_pairs_structure_refuses_most_look_alikes(tmp_path):
    folder = Path(SAMPLES or "") / "images"
    with (folder / "natural_pairs.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["label"].endswith("_work")]
    made = Shelf(tmp_path)
    for name in sorted({row[side] for row in rows for side in ("file_a", "file_b")}):
        made.add(name, Image.fromarray(decode(folder / name).rgb), quality=92)
    sure = {
        (row["image_a"], row["image_b"]) for row in made.pairs().to_pylist() if row["confirmed"]
    }
    found = {
        label: [
            tuple(sorted((row["file_a"], row["file_b"]))) in sure
            for row in rows
            if row["label"] == label
        ]
        for label in ("same_work", "different_work")
    }
    assert np.mean(found["same_work"]) > 0.7
    assert sum(found["different_work"]) <= 2
