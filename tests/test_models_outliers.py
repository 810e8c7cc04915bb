"""The list of outliers: its rows, its reasons, what stands on top, and that order of rows does not count."""

import numpy as np
import pyarrow as pa
import pytest

from models.features import matrix
from models.outliers import embedder, frozen_outputs, held_out_outputs, out_of_fold, outliers
from storage.schemas import OUTLIERS
from tests._models import blobs, feature_table, sha

COUNTS = {"Armour": 25, "Drawings": 25, "Paintings": 30}


@pytest.fixture(scope="module")
def data():
    """Blobs with a stranger among them and one drawing filed as armour."""
    features, examples = blobs(COUNTS, spread=4.0, twins=3)
    odd = np.random.default_rng(5).normal(size=1280) / np.sqrt(1280) * 4
    rows = examples.to_pylist()
    first = rows[0]
    drawing = next(
        row for row in rows if row["label"] == "Drawings" and "010a" in row["artwork_id"]
    )
    drawing["label"] = "Armour"
    rows.append({**first, "artwork_id": "y:odd", "sha256": sha("odd"), "group_id": "y:odd"})
    whole = pa.concat_tables([features, feature_table({sha("odd"): odd})])
    return whole, pa.Table.from_pylist(rows, schema=examples.schema), drawing["artwork_id"]


@pytest.fixture(scope="module")
def listed(data):
    features, examples, _ = data
    said = frozen_outputs(features, examples, "department")
    return outliers("department", said, matrix(features, said.sha256s.tolist()))


def test_every_labelled_work_is_ranked_once(data, listed):
    assert listed.schema.equals(OUTLIERS) and len(listed) == len(data[1])
    assert sorted(listed["rank"].to_pylist()) == list(range(1, len(listed) + 1))
    assert not set(listed["artwork_id"].to_pylist()) ^ set(data[1]["artwork_id"].to_pylist())
    for name in ("uncertainty", "centroid_distance", "entropy", "energy", "mahalanobis"):
        assert np.isfinite(listed[name].to_numpy()).all(), name


def test_a_stranger_and_a_wrong_label_stand_on_top_with_their_reasons(data, listed):
    rows = {row["artwork_id"]: row for row in listed.to_pylist()}
    odd, wrong = rows["y:odd"], rows[data[2]]
    assert odd["rank"] <= 4 and wrong["rank"] <= 4
    assert "farther than 9" in odd["reason"]
    assert wrong["label_issue"] and wrong["suggested_label"] == "Drawings"
    assert wrong["reason"].startswith("filed under Armour, the model says Drawings at ")
    sound = [row for row in rows.values() if not row["label_issue"]]
    assert len(sound) > 70
    assert {row["suggested_label"] for row in sound} == {None}


def test_the_order_of_rows_does_not_count(data, listed):
    features, examples, _ = data
    turn = np.random.default_rng(1).permutation(len(examples))
    said = frozen_outputs(features.take(turn[: len(features)]), examples.take(turn), "department")
    again = outliers("department", said, matrix(features, said.sha256s.tolist()))
    assert again.equals(listed)


def test_a_registered_models_held_out_outputs_are_taken_where_they_cover_all(data):
    from types import SimpleNamespace

    from models.outputs import table

    features, examples, _ = data
    said = frozen_outputs(features, examples, "department")
    side = np.where(np.arange(len(said.targets)) % 3 == 0, "test", "train")
    whole = table("department", side, said)
    test = np.array(whole["side"].to_pylist()) == "test"

    def version(held_out):
        return SimpleNamespace(
            config={"labels": {"department": list(said.labels)}},
            held_out=lambda _: held_out,
            outputs=lambda _: whole.filter(pa.array(test)),
        )

    taken = held_out_outputs(version(whole.filter(pa.array(~test))), examples, "department")
    assert np.array_equal(taken.logits.astype(np.float32), said.logits.astype(np.float32))
    assert taken.artworks.tolist() == said.artworks.tolist()
    assert taken.targets.tolist() == said.targets.tolist()
    fewer = whole.filter(pa.array(~test)).slice(1)
    assert held_out_outputs(version(fewer), examples, "department") is None


def test_a_label_that_only_the_asked_fold_bears_is_never_guessed():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(41, 4))
    targets = np.append(np.arange(40) % 2, 2)
    logits = out_of_fold(vectors, targets, np.arange(41), 3)
    assert np.isfinite(logits).all() and logits[-1].argmax() != 2


def test_what_is_not_there_is_named(data):
    features, examples, _ = data
    with pytest.raises(ValueError, match="no example of style"):
        frozen_outputs(features, examples, "style")
    with pytest.raises(ValueError, match="1 of .* pictures have no features"):
        frozen_outputs(features.slice(1), examples, "department")


def test_a_trained_networks_features_are_those_its_heads_see():
    import torch
    from PIL import Image

    from models.networks import build
    from models.recipe import Architecture

    kind = Architecture(backbone="small", weights="none")
    network = build(kind, {"department": ("Armour", "Drawings")}, 32)
    picture = Image.linear_gradient("L").convert("RGB")
    found = embedder(network)(picture)
    assert np.isfinite(found).all() and found.ndim == 1
    weight = network.heads["department"].weight.detach().numpy()
    assert weight.shape[1] == len(found)
    assert not np.allclose(found, embedder(network)(picture.rotate(90)))
    assert torch.is_grad_enabled()
