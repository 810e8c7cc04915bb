"""Training sets, manifests, official lists and what leaks, on pictures whose structure is known."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models import artgan
from models.data import prepare
from models.leakage import on_two_sides, report, torn_groups
from models.manifests import manifest, summary
from models.sets import SetError, training_set
from models.splits import SplitError, grouped_folds, split
from storage.schemas import DERIVATIVES, SPLITS, table
from tests._models import blobs


def derivatives(sha256s: list[str]) -> pa.Table:
    rows = [
        {
            "sha256": name,
            "path": f"derivative/{name[:2]}/{name}.jpg",
            "width": 1,
            "height": 1,
            "content": name,
        }
        for name in sorted(set(sha256s))
    ]
    return table(DERIVATIVES, rows)


@pytest.fixture(scope="module")
def taught() -> tuple[pa.Table, pa.Table]:
    """FEATURES and EXAMPLES of two departments, each with 30 pictures that come twice."""
    return blobs({"Arms": 40, "Prints": 40}, spread=0.05, twins=30)


def test_a_set_has_one_row_a_picture_with_its_side_and_labels(taught):
    _, examples = taught
    rows = [row for row in examples.to_pylist() if "Arms-00" not in row["artwork_id"]]
    genre = table(
        examples.schema,
        [row | {"attribute": "genre", "label": f"g{n % 2}"} for n, row in enumerate(rows)],
    )
    twice = examples.slice(20, 1).to_pylist()[0] | {"artwork_id": "x:again"}
    both = pa.concat_tables([examples, genre, table(examples.schema, [twice])])
    splits = split(both)
    made = training_set(
        both, splits, derivatives(both["sha256"].to_pylist()), ["department", "genre"], "grouped"
    )
    assert made.column_names == [
        *("sha256", "path", "artwork_id", "group_id", "side", "department", "genre")
    ]
    names = made["artwork_id"].to_pylist()
    assert names == sorted(names) and len(names) == len(examples) + 1
    found = {row["artwork_id"]: row for row in made.to_pylist()}
    assert found["x:Arms-000a"]["genre"] is None and found["x:Prints-000a"]["genre"] in ("g0", "g1")
    # Without the genre the picture filed twice says nothing more.
    alone = training_set(
        both, splits, derivatives(both["sha256"].to_pylist()), ["department"], "grouped"
    )
    assert len(alone) == len(examples) and len(set(alone["sha256"].to_pylist())) == len(alone)
    path = alone["path"][0].as_py()
    assert path == f"derivative/{alone['sha256'][0].as_py()[:2]}/{alone['sha256'][0].as_py()}.jpg"


def test_no_artist_is_in_two_groups_of_an_artist_disjoint_set(taught):
    features, examples = taught
    # Artists cross duplicate groups, and some works have none.
    rows = [
        row | {"artist": None if n % 7 == 0 else f"artist {n // 7}"}
        for n, row in enumerate(examples.to_pylist())
    ]
    examples = table(examples.schema, rows)
    splits, whole = split(examples, "artist_disjoint"), derivatives(examples["sha256"].to_pylist())
    made = training_set(examples, splits, whole, ["department"], "artist_disjoint")
    groups = dict(zip(made["artwork_id"].to_pylist(), made["group_id"].to_pylist(), strict=True))
    of_artist: dict[str, set[str]] = {}
    of_twins: dict[str, set[str]] = {}
    for row in rows:
        of_twins.setdefault(row["group_id"], set()).add(groups[row["artwork_id"]])
        if row["artist"]:
            of_artist.setdefault(row["artist"], set()).add(groups[row["artwork_id"]])
    assert len(of_artist) == 20
    assert all(len(found) == 1 for found in [*of_artist.values(), *of_twins.values()])
    assert len(set(groups.values())) > 10
    folds = grouped_folds(np.zeros(len(made), int), np.array(made["group_id"].to_pylist()))
    names = np.array(made["artwork_id"].to_pylist())
    artist = {row["artwork_id"]: row["artist"] for row in rows}
    seen = [{artist[name] for name in names[fold]} - {None} for fold in folds]
    assert sum(map(len, seen)) == len(set().union(*seen)) == 20
    # The head is judged over the same groups as the network.
    head = prepare(features, examples, splits, "department", scheme="artist_disjoint")
    assert dict(zip(head.artworks, head.groups, strict=True)) == groups


def test_what_is_missing_is_named(taught):
    _, examples = taught
    splits, sha256s = split(examples), examples["sha256"].to_pylist()
    lacking = derivatives([name for name in sha256s if name != sha256s[7]])
    with pytest.raises(SetError, match=f"{examples['artwork_id'][7]}: .*{sha256s[7]} has no deriv"):
        training_set(examples, splits, lacking, ["department"], "grouped")
    whole = derivatives(sha256s)
    with pytest.raises(SetError, match="no example of colour"):
        training_set(examples, splits, whole, ["colour"], "grouped")
    with pytest.raises(SplitError, match="department has no split 'official'; it has grouped"):
        training_set(examples, splits, whole, ["department"], "official")
    with pytest.raises(SplitError, match="1 examples are on no side"):
        training_set(examples, splits.slice(1), whole, ["department"], "grouped")


def test_attributes_split_apart_are_not_learned_together(taught):
    _, examples = taught
    style = table(examples.schema, [row | {"attribute": "style"} for row in examples.to_pylist()])
    apart = pa.concat_tables([split(examples), split(style, seed=1)])
    both = pa.concat_tables([examples, style])
    whole = derivatives(both["sha256"].to_pylist())
    with pytest.raises(SplitError, match="department, style cannot be learned together"):
        training_set(both, apart, whole, ["department", "style"], "grouped")


def test_leaks_are_counted_and_the_naive_split_claims_more(taught):
    features, examples = taught
    splits = pa.concat_tables([split(examples), split(examples, "naive")])
    found = report(examples, splits, features)["department"]
    grouped, naive = found["grouped"], found["naive"]
    assert (grouped["groups"], grouped["groups_on_two_sides"]) == (60, 0)
    assert naive["groups_on_two_sides"] > 15 and torn_groups(examples, splits) == 0
    assert grouped["near_duplicates"] == 0 < naive["near_duplicates"]
    assert 0 < naive["tested"] <= naive["test"]
    assert naive["probe"]["value"] > grouped["probe"]["value"]
    for figure in (grouped["probe"], naive["probe"]):
        assert figure["low"] <= figure["value"] <= figure["high"]
    torn = table(
        SPLITS, [row | {"scheme": "grouped"} for row in split(examples, "naive").to_pylist()]
    )
    assert torn_groups(examples, torn) == naive["groups_on_two_sides"]


def test_keys_that_are_empty_or_alone_are_on_no_two_sides():
    side = np.array(["train", "test", "test", "train", "test"])
    assert on_two_sides(["a", "a", "b", None, None], side) == (1, 1)


def test_a_label_that_is_only_tested_has_no_probe(taught):
    features, examples = taught
    rows = [
        {
            "attribute": "department",
            "artwork_id": name,
            "scheme": "official",
            "split": "test" if "Arms" in name else "train",
        }
        for name in examples["artwork_id"].to_pylist()
    ]
    assert (
        report(examples, table(SPLITS, rows), features)["department"]["official"]["probe"] is None
    )


def test_a_manifest_says_of_every_picture_its_side_label_and_provenance(taught):
    _, examples = taught
    splits = pa.concat_tables([split(examples), split(examples, "naive")])
    made = manifest(examples, splits, derivatives(examples["sha256"].to_pylist()), "department")
    assert len(made) == len(examples) and made["official"].null_count == len(made)
    row = made.to_pylist()[0]
    assert row["path"].endswith(f"{row['sha256']}.jpg") and row["provenance"] == "department of x"
    assert row["grouped"] in ("train", "validation", "test")
    told = summary(made, "department")
    assert told["examples"] == 140 and told["groups"] == 80
    assert sum(told["labels"]["grouped"]["Arms"].values()) == 70
    assert told["provenance"] == {"department of x": 140} and "official" not in told["labels"]
    nothing = manifest(examples, splits, derivatives([]), "style")
    assert summary(nothing, "style")["examples"] == 0


def test_official_lists_are_read_and_matched_by_path(tmp_path: Path):
    (tmp_path / "style_train.csv").write_text("Cubism/juan-gris_a.jpg,7\nCubism/twice.jpg,7\n")
    (tmp_path / "style_val.csv").write_text("Fauvism/rené_b.jpg,9\nCubism/twice.jpg,7\n")
    with gzip.open(tmp_path / "artist_val.gz", "wt", encoding="utf-8") as lines:
        lines.write("(Path to image),, (Groundtruth class)\n\nCubism/juan-gris_a.jpg,,1\n")
    lists = artgan.sides(tmp_path)
    assert lists == {
        "style": {
            "Cubism/juan-gris_a.jpg": "train",
            "Cubism/twice.jpg": "train",
            "Fauvism/rené_b.jpg": "test",
        },
        "artist": {"Cubism/juan-gris_a.jpg": "test"},
    }
    pictures = {
        "listing:1": "file:///home/w/Cubism/juan-gris_a.jpg",
        "listing:2": "https://x.org/Fauvism/ren%C3%A9_b.jpg",
        "met:1": "https://x.org/else.jpg",
    }
    assert artgan.matched(lists, pictures) == {
        "style": {"listing:1": "train", "listing:2": "test"},
        "artist": {"listing:1": "test"},
    }
    said = {"a": {"style_split": "val"}, "b": {"style_split": "train"}, "c": {"style_split": "odd"}}
    assert artgan.told(said)["style"] == {"a": "test", "b": "train"}


@pytest.mark.samples
def test_the_real_lists_have_the_published_sizes(samples: Path):
    lists = artgan.sides(samples / "wikiart_labels")
    sizes = {name: len(listed) for name, listed in lists.items()}
    assert sizes == {"style": 81_446, "genre": 64_994, "artist": 19_052}
    assert sum(side == "test" for side in lists["style"].values()) == 24_421
