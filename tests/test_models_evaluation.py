"""A judgement agrees with scikit-learn, knows what it does not know, and compares on equal pictures."""

import json

import numpy as np
import pyarrow as pa
import pytest

from models import breakdown, metrics
from models.calibration import softmax
from models.evaluation import compare, judge
from models.groupings import Grouping
from models.outputs import OUTPUTS, OutputsError, arrays, read, write
from storage import schemas
from storage.schemas import EXAMPLES
from tests._judged import made

LABELS = ("Armour", "Paintings", "Prints")
HELD_OUT = made(count=900, seed=1, side="validation")


@pytest.fixture(scope="module")
def outputs():
    return made(count=400, strength=2.0, twins=5)


@pytest.fixture(scope="module")
def summary(outputs):
    return judge(outputs, LABELS, "department", held_out=HELD_OUT).summary


def replaced(table, name, values):
    place = table.column_names.index(name)
    return table.set_column(place, table.schema.field(name), pa.array(values, table[name].type))


def test_figures_agree_with_scikit_learn(outputs, summary):
    from sklearn.metrics import (
        f1_score,
        precision_recall_fscore_support,
        roc_auc_score,
        top_k_accuracy_score,
    )

    said = arrays(outputs, LABELS, "department")
    heat = summary["calibration"]["temperature"]
    likely = np.exp(said.logits / heat)
    likely /= likely.sum(axis=1, keepdims=True)
    guesses = likely.argmax(axis=1)
    assert summary["accuracy"]["value"] == pytest.approx(np.mean(guesses == said.targets))
    assert summary["macro_f1"]["value"] == pytest.approx(
        f1_score(said.targets, guesses, average="macro")
    )
    assert summary["top_k"]["1"] == summary["accuracy"]
    assert summary["top_k"]["3"]["value"] == 1.0 == summary["top_3_accuracy"]
    two = metrics.top_k(likely, said.targets, 2).mean()
    assert two == pytest.approx(top_k_accuracy_score(said.targets, likely, k=2))
    expected = precision_recall_fscore_support(said.targets, guesses)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert [row[name] for row in summary["per_class"]] == pytest.approx(list(values))
    for number, label in enumerate(LABELS):
        area = roc_auc_score(said.targets == number, likely[:, number])
        assert summary["roc"][label]["auc"] == pytest.approx(area)
        assert len(summary["roc"][label]["curve"]) <= 100
        assert summary["roc"][label]["curve"][0] == [0, 0]
        assert summary["roc"][label]["curve"][-1] == [1, 1]
    assert summary["macro_auc"]["value"] == pytest.approx(
        roc_auc_score(said.targets, likely, multi_class="ovr")
    )
    for figure in ("accuracy", "macro_f1", "macro_auc"):
        assert summary[figure]["low"] < summary[figure]["value"] < summary[figure]["high"]
    json.dumps(summary, allow_nan=False)


def test_weighted_areas_agree_with_scikit_learn_ties_and_all():
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(3)
    scores, own = random.integers(0, 8, 60) / 8, random.random(60) < 0.4
    weights = random.integers(0, 4, (5, 60)).astype(float)
    expected = [roc_auc_score(own, scores, sample_weight=one) for one in weights]
    assert metrics._auc(scores, own, weights) == pytest.approx(expected)


def test_intervals_hold_what_they_promise():
    """In 100 repetitions the interval misses the true accuracy about once in twenty."""
    random = np.random.default_rng(0)
    missed = 0
    for _ in range(100):
        found = metrics.share(random.random(100) < 0.8, metrics.Resamples(np.arange(100)))
        missed += not found["low"] <= 0.8 <= found["high"]
    assert 1 <= missed <= 13


def test_copies_of_a_picture_make_no_interval_narrower():
    hits, groups = np.arange(60) % 4 > 0, np.arange(60)
    once = metrics.share(hits, metrics.Resamples(groups))
    often = metrics.share(np.repeat(hits, 9), metrics.Resamples(np.repeat(groups, 9)))
    assert often == pytest.approx(once)


def test_an_interval_has_a_width_where_all_are_right():
    found = metrics.share(np.ones(20, bool), metrics.Resamples(np.arange(20)))
    assert found["low"] == pytest.approx(20 / (20 + 1.959964**2), abs=1e-6)
    assert found["high"] == 1.0


def test_macro_figures_have_a_width_too_where_all_are_right():
    targets, resamples = np.arange(40) % 4, metrics.Resamples(np.arange(40))
    even = metrics.macro_f1_interval(targets, targets, 4, resamples)
    assert even == pytest.approx(metrics.share(np.ones(40, bool), resamples))
    rare = np.where(np.arange(40) < 2, 0, 1 + np.arange(40) % 3)
    uneven = metrics.macro_f1_interval(rare, rare, 4, resamples)
    assert uneven["high"] == 1 and uneven["low"] < even["low"] - 0.05, "two pictures prove little"
    areas, macro = metrics.roc(np.eye(4)[targets], targets, ["a", "b", "c", "d"], resamples)
    assert macro["value"] == 1 and macro["low"] == pytest.approx(even["low"])
    assert areas["a"]["low"] == pytest.approx(metrics.wilson(1, 10)[0])
    one = metrics.f1_by_label(rare, rare, 5, resamples)
    assert one[0]["low"] == pytest.approx(metrics.wilson(1, 2)[0])
    assert one[4] == {"value": 0, "low": 0, "high": 1}


def test_precision_f1_and_what_is_routed_have_intervals(outputs):
    strong = judge(
        made(count=600, strength=6.0, seed=5),
        LABELS,
        "department",
        held_out=made(count=2500, strength=6.0, seed=1, side="validation"),
    ).summary
    for row in strong["per_class"]:
        for name in ("precision", "recall", "f1"):
            assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    test = strong["routing"]["test"]
    assert 0 < test["share_low"] < test["share"] < test["share_high"] < 1
    unsure = judge(outputs, LABELS, "department", held_out=HELD_OUT).summary["routing"]
    assert unsure["threshold"] is None and unsure["test"]["share_low"] is None


def test_corrections_on_the_test_side_are_judged_as_written_too(outputs):
    """Of six works that a person touched, two now say what the model says and one had nothing written."""
    said = arrays(outputs, LABELS, "department")
    guesses = said.logits.argmax(axis=1)
    wrong = [said.artworks[row] for row in np.flatnonzero(guesses != said.targets)[:2]]
    right = [said.artworks[row] for row in np.flatnonzero(guesses == said.targets)[:4]]
    guess = dict(zip(said.artworks, guesses, strict=True))
    rows = [
        {
            **dict.fromkeys(EXAMPLES.names, "x"),
            "attribute": "department",
            "artwork_id": name,
            "label": label,
            "as_written": f"{label}, as written",
            "provenance": "department of x",
        }
        for name, label in zip(
            outputs["artwork_id"].to_pylist(), outputs["label"].to_pylist(), strict=True
        )
    ]
    truth = {row["artwork_id"]: row["label"] for row in rows}
    for row in rows:
        if row["artwork_id"] in (*wrong, *right):
            row["provenance"] = "correction of 2026-10-01 by ada"
        if row["artwork_id"] in wrong:
            row["label"] = LABELS[guess[row["artwork_id"]]]
        if row["artwork_id"] == right[0]:
            row["as_written"] = None
        if row["artwork_id"] == right[1]:
            row["as_written"] = "a dropped label"
    corrected = replaced(outputs, "label", [row["label"] for row in rows])
    table = schemas.table(EXAMPLES, rows)
    told = judge(corrected, LABELS, "department", held_out=HELD_OUT, examples=table).summary
    written = told["as_written"]
    assert (written["corrected"], written["added"], written["pictures"]) == (2, 2, 398)
    hits = [LABELS[guess[name]] == truth[name] for name in truth if name not in right[:2]]
    assert written["accuracy"]["value"] == pytest.approx(np.mean(hits))
    assert written["accuracy"]["value"] < told["accuracy"]["value"]
    assert "as_written" not in judge(corrected, LABELS, "department", held_out=HELD_OUT).summary


def test_the_order_of_rows_changes_nothing(outputs, summary):
    order = np.random.default_rng(2).permutation(len(outputs))
    held = np.random.default_rng(3).permutation(len(HELD_OUT))
    again = judge(outputs.take(order), LABELS, "department", held_out=HELD_OUT.take(held))
    assert again.summary == summary


def test_labels_with_few_pictures_are_told_apart():
    random = np.random.default_rng(0)
    labels = ["Armour"] * 250 + ["Paintings"] * 140 + ["Prints"] * 10
    random.shuffle(labels)
    whole = replaced(made(count=400, strength=2.0), "label", labels)
    told = judge(whole, LABELS, "department", held_out=HELD_OUT).summary["headline"]
    assert told["labels"] == ["Armour", "Paintings"] and told["apart"] == ["Prints"]
    said = arrays(whole, LABELS, "department")
    from sklearn.metrics import f1_score

    guesses = said.logits.argmax(axis=1)
    expected = f1_score(said.targets, guesses, average=None)[:2].mean()
    assert told["macro_f1"]["value"] == pytest.approx(expected)
    few = judge(whole.slice(0, 60), LABELS, "department", held_out=HELD_OUT).summary["headline"]
    assert few["macro_f1"] is None and few["labels"] == []


def test_a_label_that_the_test_side_lacks_has_no_curve_and_breaks_nothing(outputs):
    labels = (*LABELS, "Zithers")
    wider = [[*row, -9.0] for row in outputs["logits"].to_pylist()]
    held = [[*row, -9.0] for row in HELD_OUT["logits"].to_pylist()]
    told = judge(
        replaced(outputs, "logits", wider),
        labels,
        "department",
        held_out=replaced(HELD_OUT, "logits", held),
    )
    assert "Zithers" not in told.summary["roc"] and len(told.summary["roc"]) == 3
    row = told.summary["per_class"][3]
    assert (row["support"], row["recall_low"], row["recall_high"]) == (0, 0.0, 1.0)
    assert told.per_class.schema.equals(breakdown.PER_CLASS)
    json.dumps(told.summary, allow_nan=False)


def test_slices_add_up(outputs):
    names = outputs["artwork_id"].to_pylist()
    facts = pa.table(
        {
            "artwork_id": names[:-20],
            "museum": ["met" if n % 3 else "tate" for n in range(len(names) - 20)],
            "period": [None if n < 50 else "1800s" for n in range(len(names) - 20)],
        }
    )
    told = judge(outputs, LABELS, "department", held_out=HELD_OUT, facts=facts).summary
    for column in ("museum", "period"):
        rows = told["slices"][column]
        assert sum(row["pictures"] for row in rows) == len(names)
        right = sum(row["pictures"] * row["accuracy"] for row in rows)
        assert right / len(names) == pytest.approx(told["accuracy"]["value"])
        assert [row["pictures"] for row in rows] == sorted(
            (row["pictures"] for row in rows), reverse=True
        )
    assert {row["value"]: row["pictures"] for row in told["slices"]["period"]}["unknown"] == 70


def test_comparing_is_paired_and_on_common_pictures(outputs):
    same = compare(outputs, outputs, LABELS)
    assert (same["difference"], same["low"], same["high"]) == (0, 0, 0)
    worse = [
        row if number % 10 else [-one for one in row]
        for number, row in enumerate(outputs["logits"].to_pylist())
    ]
    theirs = replaced(outputs, "logits", worse).slice(100)
    told = compare(outputs, theirs, LABELS)
    assert told["pictures"] == 300
    assert told["difference"] == pytest.approx(told["ours"] - told["theirs"])
    assert 0 < told["low"] < told["difference"] < told["high"]
    back = compare(theirs, outputs, LABELS)
    assert back["difference"] == pytest.approx(-told["difference"])
    assert told["macro_f1"]["low"] < told["macro_f1"]["difference"] < told["macro_f1"]["high"]
    strangers = made(seed=9, side="test").filter(pa.array([False] * 300))
    with pytest.raises(OutputsError, match="no outputs to judge"):
        compare(outputs, strangers, LABELS)
    elsewhere = replaced(outputs, "artwork_id", [f"y:{n}" for n in range(len(outputs))])
    with pytest.raises(OutputsError, match="No test picture of department was judged by both"):
        compare(outputs, elsewhere, LABELS)


def test_the_floor_is_judged_on_the_same_pictures(outputs):
    floor = replaced(outputs, "logits", np.zeros((400, 3)).tolist()).slice(40)
    told = judge(outputs, LABELS, "department", held_out=HELD_OUT, floor=("frozen", floor)).summary[
        "floor"
    ]
    share = np.mean([label == "Armour" for label in floor["label"].to_pylist()])
    assert told["name"] == "frozen" and told["compared"]["pictures"] == 360
    assert told["accuracy"]["value"] == pytest.approx(share) == told["compared"]["theirs"]


def test_groups_are_judged_on_summed_probabilities():
    grouping = Grouping(
        "two", "department", {"Armour": "things", "Paintings": "flat", "Prints": "flat"}
    )
    outputs = made(count=600, strength=6.0, seed=5)
    held_out = made(count=2500, strength=6.0, seed=1, side="validation")
    told = judge(outputs, LABELS, "department", held_out=held_out, groupings=[grouping]).summary
    groups = told["groupings"]["two"]
    assert groups["groups"] == {"flat": ["Paintings", "Prints"], "things": ["Armour"]}
    assert groups["accuracy"]["value"] > told["accuracy"]["value"]
    said = arrays(outputs, LABELS, "department")
    likely = softmax(said.logits / told["calibration"]["temperature"])
    flat = likely[:, 1] + likely[:, 2]
    scores, right = np.maximum(flat, 1 - flat), (flat > 0.5) == (said.targets > 0)
    routing = groups["routing"]
    chosen = scores >= groups["threshold"]
    assert routing["routed"] == chosen.sum() > told["routing"]["test"]["routed"] > 0
    assert routing["precision"] == pytest.approx(right[chosen].mean())
    assert groups["accuracy"]["value"] == pytest.approx(right.mean())
    assert routing["share_low"] < routing["share"] < routing["share_high"]
    assert [row["label"] for row in groups["by_group"]] == ["flat", "things"]


def test_outputs_that_cannot_be_judged_are_named(outputs, tmp_path):
    with pytest.raises(OutputsError, match="does not know the label 'Prints'"):
        judge(outputs, LABELS[:2], "department", held_out=HELD_OUT)
    with pytest.raises(OutputsError, match=r"has 3 logits for 4 labels"):
        judge(outputs, (*LABELS, "Zithers"), "department", held_out=HELD_OUT)
    broken = outputs["logits"].to_pylist()
    broken[7] = [0.0, float("nan"), 1.0]
    with pytest.raises(OutputsError, match="1 pictures are not numbers .* first x:test-00007"):
        judge(replaced(outputs, "logits", broken), LABELS, "department", held_out=HELD_OUT)
    with pytest.raises(OutputsError, match=r"no outputs to judge \(department, test side\)"):
        judge(HELD_OUT, LABELS, "department", held_out=HELD_OUT)
    with pytest.raises(OutputsError, match="both held out and on the test side"):
        judge(outputs, LABELS, "department", held_out=outputs)
    torn = replaced(HELD_OUT, "group_id", ["x:test-00000"] * len(HELD_OUT))
    with pytest.raises(OutputsError, match="1 groups are both held out"):
        judge(outputs, LABELS, "department", held_out=torn)
    official = judge(outputs, LABELS, "department", held_out=torn, scheme="official")
    assert official.summary["scheme"] == "official"
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not")
    with pytest.raises(OutputsError, match=r"bad\.parquet holds no outputs"):
        read(tmp_path / "bad.parquet")


def test_outputs_are_kept_whole_and_in_one_order(outputs, tmp_path):
    order = np.random.default_rng(0).permutation(len(outputs))
    for name, table in (("a", outputs), ("b", outputs.take(order))):
        write(tmp_path / name, table)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    back = read(tmp_path / "a")
    assert back.schema.equals(OUTPUTS) and back.equals(outputs.combine_chunks())
