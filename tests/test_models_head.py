"""The head learns, is the same each time, says how good it is, and refuses strangers."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models import head as heads
from models.evaluation import evaluate
from models.fitting import Settings, TrainingError, fit_linear, side_by_side, temperature
from models.folders import MissingVersionError
from models.outliers import outliers
from models.predict import predict
from models.routing import choose_threshold, routed
from models.splits import split
from models.weights import FingerprintError, packaged_fingerprint
from storage.schemas import OUTLIERS, PREDICTIONS
from tests._models import blobs, feature_table, groups, pictures, sha

COUNTS = {"Armour": 40, "Paintings": 60, "Prints": 25}


@pytest.fixture(scope="module")
def data():
    features, examples = blobs(COUNTS, twins=8)
    return features, examples, split(examples)


@pytest.fixture(scope="module")
def head(data):
    return heads.train(*data, "department")


def test_separable_blobs_are_learned(head, data):
    result = evaluate(head, *data)
    assert result.summary["accuracy"]["value"] > 0.95
    assert (
        result.per_class["support"].to_pylist()
        == np.array(result.summary["confusion"]).sum(axis=1).tolist()
    )
    assert head.labels == ("Armour", "Paintings", "Prints")
    assert head.curve[-1]["train_loss"] < head.curve[0]["train_loss"]


def test_noise_is_not_learned_but_a_split_that_ignores_twins_claims_so():
    """Labels that mean nothing are worth nothing on the test side: nothing leaks into it."""
    honest, naive = [], []
    for seed in range(3):
        features, examples = blobs({"A": 80, "B": 80}, spread=0.0, twins=40, seed=seed)
        splits = split(examples)
        head = heads.train(features, examples, splits, "department")
        summary = evaluate(head, features, examples, splits).summary
        assert summary["leakage"]["groups_on_two_sides"] > 0
        honest.append(summary["accuracy"]["value"])
        naive.append(summary["leakage"]["naive_accuracy"]["value"])
    # Three test sides of about 35 pictures: two and a half standard errors are 0.12.
    assert np.mean(honest) == pytest.approx(0.5, abs=0.12)
    assert min(naive) > 0.75


def test_equal_data_gives_equal_bytes(head, data, tmp_path):
    features, examples, splits = data
    order = np.random.default_rng(1).permutation(len(examples))
    again = heads.train(features, examples.take(order), splits, "department")
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
    one_sided = pa.table(
        [splits["attribute"], splits["artwork_id"], ["train"] * len(splits)], schema=splits.schema
    )
    with pytest.raises(TrainingError, match="no validation example of 'Armour'"):
        heads.train(features, examples, one_sided, "department")


def test_features_of_another_network_are_refused(head, data):
    features, examples, splits = data
    strange = feature_table({sha("x"): np.ones(1280)}, model="resnet50-hub-123")
    with pytest.raises(FingerprintError, match=f"{head.id}.*resnet50-hub-123"):
        predict(head, strange, pictures(examples))
    with pytest.raises(FingerprintError, match="resnet50-hub-123"):
        heads.train(strange, examples, splits, "department")
    with pytest.raises(FingerprintError, match="resnet50-hub-123"):
        outliers(head, strange, examples)
    other = replace(packaged_fingerprint(), resize="crop")
    with pytest.raises(FingerprintError, match=other.id):
        heads.train(features, examples, splits, "department", backbone=other)


def test_predictions_are_three_ranked_labels_an_artwork(head, data):
    features, examples, _ = data
    extra = pa.table({"artwork_id": ["x:pictureless"], "sha256": [sha("nothing")]})
    asked = pa.concat_tables([pictures(examples), extra], promote_options="permissive")
    said = predict(head, features, asked)
    assert said.schema.equals(PREDICTIONS)
    assert len(said) == 3 * len(examples)
    assert said["rank"].to_pylist()[:3] == [1, 2, 3]
    assert sum(said["probability"].to_pylist()[:3]) == pytest.approx(1, abs=1e-5)
    assert set(said["model"].to_pylist()) == {head.id}
    truth = dict(
        zip(examples["artwork_id"].to_pylist(), examples["label"].to_pylist(), strict=True)
    )
    first = [row for row in said.to_pylist() if row["rank"] == 1]
    assert np.mean([truth[row["artwork_id"]] == row["label"] for row in first]) > 0.95
    assert len(predict(head, features, extra)) == 0


def test_planted_outliers_rank_first(head, data):
    features, examples, _ = data
    random = np.random.default_rng(5)
    odd = {sha(f"odd{n}"): random.normal(size=1280) / np.sqrt(1280) * 4 for n in range(3)}
    planted = [
        {**examples.to_pylist()[0], "artwork_id": f"y:odd{n}", "sha256": sha(f"odd{n}")}
        for n in range(3)
    ]
    everything = pa.concat_tables([features, feature_table(odd)])
    listed = outliers(
        head,
        everything,
        pa.concat_tables([examples, pa.Table.from_pylist(planted, schema=examples.schema)]),
    )
    assert listed.schema.equals(OUTLIERS) and len(listed) == len(examples) + 3
    ranks = dict(zip(listed["artwork_id"].to_pylist(), listed["rank"].to_pylist(), strict=True))
    assert sorted(ranks.values()) == list(range(1, len(ranks) + 1))
    assert max(ranks[f"y:odd{n}"] for n in range(3)) <= 6
    assert "centre of Armour" in listed["reason"][0].as_py()


def test_macro_f1_and_intervals_agree_with_scikit_learn(head, data):
    from sklearn.metrics import f1_score, precision_recall_fscore_support

    _, examples, splits = data
    blurred, _ = blobs(COUNTS, spread=1.2, twins=8)
    result = evaluate(head, blurred, examples, splits)
    confusion = np.array(result.summary["confusion"])
    pairs = np.repeat(np.argwhere(confusion >= 0), confusion.ravel(), axis=0)
    targets, guesses = pairs.T
    assert result.summary["macro_f1"]["value"] == pytest.approx(
        f1_score(targets, guesses, average="macro")
    )
    expected = precision_recall_fscore_support(targets, guesses, zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert result.per_class[name].to_pylist() == pytest.approx(list(values))
    for figure in (result.summary["accuracy"], result.summary["macro_f1"]):
        assert figure["low"] <= figure["value"] <= figure["high"]
    json.dumps(result.summary)
    assert groups(examples).num_rows > sum(result.summary["pictures"].values()) - 1


def test_temperature_undoes_overconfidence():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 4)) * 2
    likely = heads.softmax(logits)
    targets = np.array([random.choice(4, p=row) for row in likely])
    assert temperature(logits * 3, targets) == pytest.approx(3, rel=0.1)


def test_routing_takes_all_that_is_right_often_enough():
    scores = np.linspace(1, 0.5, 1000)
    right = np.ones(1000, bool)
    right[[400, 500]] = False  # 0.2 % wrong: everything may go
    assert choose_threshold(scores, right) == pytest.approx(0.5)
    right[600:620] = False  # 22 wrong of 1000: only the front may go
    threshold = choose_threshold(scores, right)
    told = routed(scores, right, threshold)
    assert told["precision"] >= 0.99 and 0.5 < told["share"] < 0.65
    assert told["at_least"] < told["precision"]


def test_routing_nothing_and_the_bound():
    wrong = np.zeros(10, bool)
    assert choose_threshold(np.linspace(0, 1, 10), wrong) is None
    assert routed(np.ones(10), wrong, None)["precision"] is None
    # 299 right of 299 is the least that proves 99 % at 95 % confidence: 0.05 ** (1 / 299).
    proven = routed(np.ones(299), np.ones(299, bool), 0.5)["at_least"]
    assert proven == pytest.approx(0.05 ** (1 / 299)) and proven > 0.99
    assert routed(np.ones(298), np.ones(298, bool), 0.5)["at_least"] < 0.99
    # Equal scores cannot be told apart: one wrong among them keeps all of them back.
    assert choose_threshold(np.array([0.9, 0.9]), np.array([True, False])) is None
