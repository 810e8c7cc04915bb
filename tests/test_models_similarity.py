"""Look-alikes: exact, deterministic, never of one's own group, never across fingerprints."""

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from models import similarity
from models.features import Embed, features_table, unit
from models.folders import MissingVersionError
from models.similarity import NotAPictureError, build, evaluate_retrieval, neighbours, search
from models.weights import FingerprintError
from storage.schemas import NEIGHBOURS
from tests._models import blobs, feature_table, groups, pictures, sha


def table(vectors: list[list[float]]) -> tuple[pa.Table, pa.Table]:
    """FEATURES of short vectors padded with zeros, and artwork a0, a1… ↔ sha256."""
    wide = {
        sha(f"a{n}"): np.pad(vector, (0, 1280 - len(vector))) for n, vector in enumerate(vectors)
    }
    names = [f"a{n}" for n in range(len(vectors))]
    return feature_table(wide), pa.table({"artwork_id": names, "sha256": list(map(sha, names))})


def grouped(*ids: str) -> pa.Table:
    return pa.table({"artwork_id": [f"a{n}" for n in range(len(ids))], "group_id": list(ids)})


def test_neighbours_agree_with_brute_force():
    features, examples = blobs({"A": 30, "B": 30}, twins=10)
    found = neighbours(features, pictures(examples), groups(examples), k=5)
    assert found.schema.equals(NEIGHBOURS) and len(found) == 5 * len(examples)
    vectors = dict(zip(features["sha256"].to_pylist(), features["vector"].to_pylist(), strict=True))
    names = examples["artwork_id"].to_pylist()
    group = dict(zip(names, examples["group_id"].to_pylist(), strict=True))
    whole = unit(np.array([vectors[s] for s in examples["sha256"].to_pylist()]))
    cosine = whole @ whole.T
    rows = found.to_pylist()
    for asked in (0, 7, 41):
        others = [n for n in range(len(names)) if group[names[n]] != group[names[asked]]]
        best = sorted(others, key=lambda n: -cosine[asked, n])[:5]
        said = [row for row in rows if row["artwork_id"] == names[asked]]
        assert [row["neighbour_id"] for row in said] == [names[n] for n in best]
        assert [row["rank"] for row in said] == [1, 2, 3, 4, 5]
    assert not any(group[row["artwork_id"]] == group[row["neighbour_id"]] for row in rows)


def test_equal_pictures_rank_by_artwork_id_and_small_collections_give_what_they_have():
    features, works = table([[1, 0], [1, 0.5], [1, 0.5], [1, 0.5]])
    found = neighbours(features, works, grouped("a0", "a1", "a2", "a3"), k=10)
    first = [row["neighbour_id"] for row in found.to_pylist() if row["artwork_id"] == "a0"]
    assert first == ["a1", "a2", "a3"]
    own = neighbours(features, works, grouped("g", "g", "g", "g"))
    assert own.num_rows == 0 and own.schema.equals(NEIGHBOURS)
    with pytest.raises(ValueError, match="1 artworks have no duplicate group, first a3"):
        neighbours(features, works, grouped("a", "b", "c"))


def test_retrieval_figures_are_what_they_say():
    features, works = table([[1, 0], [1, 0.1], [0, 1], [0.5, 1], [0.1, 1]])
    facts = evaluate_retrieval(
        features,
        pa.table(
            {
                "sha256": works["sha256"],
                # a0 and a1 are near twins; a2 and a3 are twins, but a4 lies nearer to both.
                "group_id": ["t", "t", "u", "u", "v"],
                "label": ["A", "A", "B", "B", None],
            }
        ),
    )
    assert facts["pictures"] == 5
    assert facts["duplicates"] == {"queries": 4, "r_at_1": 0.5, "r_at_10": 1.0}
    assert facts["labels"] == {"queries": 4, "p_at_10": 0.0, "p_by_chance": 0.0}
    alone = evaluate_retrieval(features, works.rename_columns(["group_id", "sha256"]))
    assert alone["duplicates"] == {"queries": 0, "r_at_1": None, "r_at_10": None}


@pytest.fixture(scope="module")
def museum(tmp_path_factory):
    """Six painted pictures with their derivatives, features and index."""
    root = tmp_path_factory.mktemp("museum")
    random = np.random.default_rng(3)
    for number in range(6):
        coarse = random.integers(0, 256, (5 + number, 7, 3), dtype=np.uint8)
        whole = Image.fromarray(coarse).resize((900, 700), Image.Resampling.BICUBIC)
        whole.save(root / f"p{number}.png")
        whole.resize((329, 256), Image.Resampling.LANCZOS).save(root / f"p{number}.jpg", quality=90)
    batch = pa.RecordBatch.from_pydict(
        {"sha256": [f"p{n}" for n in range(6)], "path": [f"p{n}.jpg" for n in range(6)]}
    )
    features = features_table(pa.Table.from_batches([Embed(root)(batch)]))
    build(features, root / "index")
    return root, features


def test_a_picture_from_outside_finds_itself(museum):
    root, _ = museum
    found = search(root / "index", root / "p4.png", k=3)
    assert found[0][0] == "p4" and len(found) == 3
    assert found[0][1] > 0.98 and found[0][1] > found[1][1] >= found[2][1]
    assert len(search(root / "index", root / "p4.png", k=99)) == 6


def test_equal_features_give_equal_index_bytes(museum, tmp_path):
    root, features = museum
    version = build(features.take([3, 1, 0, 2, 5, 4]), tmp_path)
    for file in version.iterdir():
        assert file.read_bytes() == (root / "index" / version.name / file.name).read_bytes()


def test_what_is_no_picture_is_named(museum, tmp_path):
    root, _ = museum
    page = tmp_path / "page.jpg"
    page.write_bytes(b"<!DOCTYPE html><html><body>404</body></html>")
    for path in (page, tmp_path / "absent.jpg", tmp_path):
        with pytest.raises(NotAPictureError, match=path.name):
            search(root / "index", path)


def test_an_index_refuses_another_fingerprint(museum, monkeypatch):
    root, features = museum
    with pytest.raises(FingerprintError, match="The index was made with"):
        build(features, root / "other", backbone=_other())
    assert not (root / "other").exists()
    monkeypatch.setattr(similarity, "Backbone", lambda *_: type("B", (), {"fingerprint": _other()}))
    with pytest.raises(FingerprintError, match="build it anew"):
        search(root / "index", root / "p1.png")


def test_no_index_says_what_to_do(museum, tmp_path):
    with pytest.raises(MissingVersionError, match="Run the graph first"):
        search(tmp_path, museum[0] / "p1.png")


def _other():
    from dataclasses import replace

    from models.weights import packaged_fingerprint

    return replace(packaged_fingerprint(), weights="hub", sha256="0" * 64)
