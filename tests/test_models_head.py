"""The head learns, is the same each time, says how good it is, and refuses strangers."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models import head as heads
from models import outputs
from models.evaluation import judge
from models.fitting import Settings, fit_linear, side_by_side
from models.folders import MissingVersionError
from models.splits import split
from models.trainer import TrainingError
from models.weights import FingerprintError, packaged_fingerprint
from tests._models import blobs, feature_table, sha


def evaluate(trained):
    head = trained.head
    return judge(trained.outputs, head.labels, head.attribute, held_out=trained.held_out)


COUNTS = {"Armour": 40, "Paintings": 60, "Prints": 25}


@pytest.fixture(scope="module")
def data():
    features, examples = blobs(COUNTS, twins=8)
    return features, examples, split(examples)


@pytest.fixture(scope="module")
def trained(data):
    return heads.train(*data, "department")


@pytest.fixture(scope="module")
def head(trained):
    return trained.head


def test_separable_blobs_are_learned(head, trained):
    result = evaluate(trained)
    assert result.summary["accuracy"]["value"] > 0.95
    assert (
        result.per_class["support"].to_pylist()
        == np.array(result.summary["confusion"]).sum(axis=1).tolist()
    )
    assert head.labels == ("Armour", "Paintings", "Prints")
    assert head.curve[-1]["train_loss"] < head.curve[0]["train_loss"]


def test_noise_is_not_learned():
    """Labels that mean nothing are worth nothing on the test side: nothing leaks into it."""
    honest = []
    for seed in range(2):
        features, examples = blobs({"A": 80, "B": 80}, spread=0.0, twins=80, seed=seed)
        trained = heads.train(features, examples, split(examples), "department")
        honest.append(evaluate(trained).summary["accuracy"]["value"])
    # Two test sides of 24 groups: two standard errors are 0.15.
    assert np.mean(honest) == pytest.approx(0.5, abs=0.15)


def test_equal_data_gives_equal_bytes(head, data, tmp_path):
    features, examples, splits = data
    order = np.random.default_rng(1).permutation(len(examples))
    again = heads.train(features, examples.take(order), splits, "department").head
    assert again.id == head.id
    kept, same = heads.save(head, tmp_path / "a"), heads.save(again, tmp_path / "b")
    for name in ("config.json", "head.safetensors"):
        assert (kept / name).read_bytes() == (same / name).read_bytes()


def test_a_head_comes_back_as_it_was_kept(head, data, tmp_path):
    version = heads.save(head, tmp_path)
    vectors = np.random.default_rng(0).normal(size=(5, 1280))
    for folder in (tmp_path, version):
        back = heads.load(folder)
        assert back.id == head.id
        assert np.array_equal(back.probabilities(vectors), head.probabilities(vectors))
    other = replace(head, temperature=2.0)
    heads.save(other, tmp_path)
    assert heads.load(tmp_path).id == other.id and heads.load(version).id == head.id


def test_missing_and_changed_models_are_refused(head, tmp_path):
    with pytest.raises(MissingVersionError, match="Run the graph first"):
        heads.load(tmp_path)
    version = heads.save(head, tmp_path)
    config = json.loads((version / "config.json").read_bytes())
    (version / "config.json").write_text(json.dumps({**config, "temperature": 9}))
    with pytest.raises(MissingVersionError, match="does not hold what was written"):
        heads.load(tmp_path)


def test_progress_is_reported(data):
    seen: list[dict] = []
    heads.train(*data, "department", seen.append)
    fits = [record for record in seen if "fit" in record]
    assert [record["fit"] for record in fits] == list(range(1, fits[0]["of"] + 1))
    assert [record["epoch"] for record in seen if "epoch" in record][:3] == [1, 2, 3]


def test_a_loss_that_is_no_number_stops_training():
    inputs, targets = np.ones((8, 3)), np.array([0, 1] * 4)
    inputs[3] = np.nan
    with pytest.raises(TrainingError, match="no longer a number at epoch 1"):
        fit_linear((inputs, targets), (inputs, targets), 2, Settings(1e-3, False))


def test_fits_do_not_depend_on_their_company():
    random = np.random.default_rng(0)
    inputs, targets = random.normal(size=(60, 20)), random.integers(0, 3, 60)

    def job():
        return fit_linear((inputs, targets), (inputs, targets), 3, Settings(1e-3, True))

    one, *others = side_by_side([job] * 4)
    assert all(np.array_equal(one.weight, other.weight) for other in others)


def test_bad_input_is_named(data):
    features, examples, splits = data
    with pytest.raises(ValueError, match="1 of .* pictures have no features"):
        heads.train(features.slice(1), examples, splits, "department")
    with pytest.raises(ValueError, match="no example of style"):
        heads.train(features, examples, splits, "style")
    broken = {sha256: np.ones(1280) for sha256 in features["sha256"].to_pylist()}
    broken[examples["sha256"][0].as_py()][7] = np.inf
    with pytest.raises(ValueError, match="features of 1 pictures are not numbers"):
        heads.train(feature_table(broken), examples, splits, "department")
    place = splits.column_names.index("split")
    one_sided = splits.set_column(place, splits.schema.field(place), [["train"] * len(splits)])
    with pytest.raises(TrainingError, match="no validation example of 'Armour'"):
        heads.train(features, examples, one_sided, "department")


def test_features_of_another_network_are_refused(data):
    features, examples, splits = data
    strange = feature_table({sha("x"): np.ones(1280)}, model="resnet50-hub-123")
    with pytest.raises(FingerprintError, match="resnet50-hub-123"):
        heads.train(strange, examples, splits, "department")
    other = replace(packaged_fingerprint(), resize="crop")
    with pytest.raises(FingerprintError, match=other.id):
        heads.train(features, examples, splits, "department", backbone=other)


def test_held_out_outputs_are_of_groups_that_the_fold_did_not_teach(data, trained):
    """Without spread a head taught by a twin would know the other; out of fold none does."""
    features, examples = blobs({"A": 60, "B": 60}, spread=0.0, twins=60)
    made = heads.train(features, examples, split(examples), "department")
    said = outputs.arrays(made.held_out, made.head.labels, "department")
    assert set(made.held_out["side"].to_pylist()) == {"train", "validation"}
    assert np.mean(said.logits.argmax(axis=1) == said.targets) == pytest.approx(0.5, abs=0.15)
    taught = outputs.arrays(made.outputs, made.head.labels, "department", "train")
    assert np.mean(taught.logits.argmax(axis=1) == taught.targets) > 0.95
    _, _, splits = data
    whole = trained.outputs
    sides = dict(zip(splits["artwork_id"].to_pylist(), splits["split"].to_pylist(), strict=True))
    assert whole["side"].to_pylist() == [sides[name] for name in whole["artwork_id"].to_pylist()]


def test_a_judged_head_has_the_temperature_and_threshold_it_keeps(trained):
    summary = evaluate(trained).summary
    assert summary["calibration"]["temperature"] == trained.head.temperature
    assert summary["routing"]["threshold"] == trained.head.threshold


def test_under_artist_disjoint_an_artist_is_in_one_fold():
    features, examples = blobs({"A": 60, "B": 60})
    makers = [f"artist {number % 30}" for number in range(len(examples))]
    place = examples.column_names.index("artist")
    examples = examples.set_column(place, "artist", pa.array(makers))
    splits = split(examples, "artist_disjoint")
    made = heads.train(features, examples, splits, "department", scheme="artist_disjoint")
    maker = dict(zip(examples["artwork_id"].to_pylist(), makers, strict=True))
    both = made.outputs.select(["artwork_id", "group_id"]).to_pylist()
    pairs = {(row["group_id"], maker[row["artwork_id"]]) for row in both}
    assert len(pairs) == 30 == len({group for group, _ in pairs})
    assert made.head.scheme == "artist_disjoint"
