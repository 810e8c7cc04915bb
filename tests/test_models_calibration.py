"""Temperature undoes what over-confidence did, and the calibration error says how much of it is chance."""

import numpy as np
import pytest

from models.calibration import reliability, settle, softmax, temperature
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
    for count in (100, 10_000):
        said = arrays(made(count=count, strength=2.0), LABELS, "department")
        likely = softmax(said.logits)
        right = likely.argmax(axis=1) == said.targets
        weights = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=50)
        told = reliability(likely.max(axis=1), right, weights)
        assert told["ece"] == pytest.approx(told["if_calibrated"], rel=0.6)
        assert told["low"] <= told["ece"] <= told["high"]
        gaps.append(told["ece"])
    assert gaps[0] > 0.04 and gaps[1] < 0.015
