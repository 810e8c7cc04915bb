"""Temperature undoes what over-confidence did, and the calibration error says how much of it is chance."""

import numpy as np
import pytest

from models.calibration import reliability, settle, softmax, temperature
from models.metrics import Resamples
from models.outputs import arrays
from tests._judged import made

LABELS = ("Armour", "Paintings", "Prints")


def test_temperature_undoes_overconfidence():
    said = arrays(made(count=4000, heat=3.0, strength=2.0), LABELS, "department")
    assert temperature(said.logits, said.targets) == pytest.approx(3, rel=0.1)
    assert settle(said)[0] == temperature(said.logits, said.targets)


def test_predictions_that_are_all_right_do_not_sharpen_to_certainty():
    logits = np.eye(3)[np.arange(30) % 3] * 4
    assert temperature(logits, np.arange(30) % 3) >= 0.25


def test_the_calibration_error_is_the_mean_gap():
    scores = np.array([0.95, 0.95, 0.61, 0.61])
    right = np.array([True, True, True, False])
    told = reliability(scores, right)
    assert told["ece"] == pytest.approx(0.5 * 0.05 + 0.5 * 0.11)
    assert [one["pictures"] for one in told["bins"]] == [2, 2]
    assert reliability(np.ones(3), np.ones(3, bool))["ece"] == 0


def test_few_pictures_of_a_calibrated_model_show_an_error_that_chance_explains():
    gaps = []
    for count in (100, 4000):
        said = arrays(made(count=count, strength=2.0), LABELS, "department")
        likely = softmax(said.logits)
        right = likely.argmax(axis=1) == said.targets
        told = reliability(likely.max(axis=1), right, Resamples(np.arange(count)))
        assert told["ece"] == pytest.approx(told["if_calibrated"], rel=0.6)
        assert told["low"] == 0 and told["ece"] <= told["high"]
        gaps.append(told["ece"])
    assert gaps[0] > 0.04 and gaps[1] < 0.025


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.1])
def test_the_interval_of_the_calibration_error_holds_the_true_one(gap):
    """Percentiles of the resamples alone never hold an error of 0: resampling pushes them up."""
    random = np.random.default_rng(1)
    held = 0
    for _ in range(40):
        scores = random.uniform(0.75, 0.999, 150)
        right = random.random(150) < scores - gap
        told = reliability(scores, right, Resamples(np.arange(150)))
        assert 0 <= told["low"] <= told["ece"] <= told["high"]
        held += told["low"] <= gap <= told["high"]
    assert held >= 36


def test_copies_of_a_picture_calibrate_nothing_better():
    random = np.random.default_rng(0)
    scores = random.uniform(0.6, 0.99, 120)
    right, groups = random.random(120) < scores, np.arange(120)
    once = reliability(scores, right, Resamples(groups))
    often = reliability(np.repeat(scores, 8), np.repeat(right, 8), Resamples(np.repeat(groups, 8)))
    for figure in ("ece", "low", "high", "if_calibrated"):
        assert often[figure] == pytest.approx(once[figure])
