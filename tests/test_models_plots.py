"""Maps and plots: whole, deterministic, and drawn from figures alone."""

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from models import ablations, dot_plots, plots
from models.evaluation import judge
from models.projection import project
from storage.schemas import PROJECTION
from tests._judged import made
from tests._models import blobs, pictures

HOSTILE = "#panic $x^2$ _it_ {0} \\frac{1}{2} %s European Sculpture and Decorative Arts"
FEW = ("B", HOSTILE)
MANY = tuple(sorted([HOSTILE, "لوحة", *(f"Artist {number:02}" for number in range(43))]))


def judged(labels, count):
    facts = pa.table(
        {
            "artwork_id": [f"x:test-{n:05d}" for n in range(count)],
            "museum": [HOSTILE if n % 2 else None for n in range(count)],
        }
    )
    held_out = made(labels, count=count, seed=1, side="validation")
    curve = [
        {"epoch": 1, "train_loss": 2.0, "validation_loss": 2.1, "validation_accuracy": 0.2},
        {
            "epoch": 2,
            "train_loss": 1.0,
            "validation_loss": 1.4,
            "attributes": {"department": {"loss": 1.3, "accuracy": 0.5}},
        },
    ]
    return judge(
        made(labels, count=count), labels, "department", held_out=held_out, facts=facts, curve=curve
    ).summary


@pytest.fixture(scope="module")
def points():
    features, examples = blobs({"A long name for a department of things": 40, "B": 30})
    return features, examples, project(features, pictures(examples))


def test_the_map_is_deterministic_and_keeps_blobs_apart(points):
    features, examples, (drawn, explained) = points
    assert drawn.schema.equals(PROJECTION) and len(drawn) == len(examples)
    assert 0 < explained[1] <= explained[0] < 1
    order = np.random.default_rng(0).permutation(len(features))
    again, _ = project(features.take(order), pictures(examples).take(order))
    assert again.equals(drawn)
    first = np.array([name.startswith("x:A") for name in drawn["artwork_id"].to_pylist()])
    x = drawn["x"].to_numpy()
    assert abs(x[first].mean() - x[~first].mean()) > 4 * x[first].std()


def test_two_pictures_have_no_plane(points):
    features, examples, _ = points
    drawn, explained = project(features, pictures(examples).slice(0, 2))
    assert drawn["x"].to_pylist() == [0.0, 0.0] and explained == (0.0, 0.0)


def whole(data):
    """The PNG as grey numbers: decoded, wide enough, with something on it."""
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.width > 500 and len(set(picture.convert("L").tobytes())) > 50
        return np.asarray(picture.convert("L"))


@pytest.mark.parametrize(("labels", "count"), [(FEW, 120), (MANY, 400)])
def test_plots_hold_whatever_labels_there_are(labels, count):
    summary = judged(labels, count)
    drawn = [
        plots.training_curve(summary),
        plots.confusion_matrix(summary),
        plots.reliability(summary),
        plots.risk_coverage(summary),
        plots.roc(summary),
        dot_plots.per_class(summary),
        dot_plots.slices(summary, "museum"),
    ]
    for data in drawn:
        pixels = whole(data)
        # Nothing is cut off at the right or left edge: the margins are white.
        assert pixels[:, :2].min() > 250 and pixels[:, -2:].min() > 250
    assert drawn[4] == plots.roc(summary), "equal figures give equal bytes"


def test_the_map_is_drawn_from_labels_alone(points):
    _, _, (drawn, _) = points
    labels = dict.fromkeys(drawn["artwork_id"].to_pylist()[:50], "B")
    data = plots.projection(drawn, labels, "department")
    whole(data)
    assert data == plots.projection(drawn, labels, "department")


def test_ablations_are_drawn_with_and_without_fine_tuning():
    outputs, summary = made(FEW, count=120), judged(FEW, 120)
    rows = ablations.table(
        [
            ablations.Contender(
                name, {"backbone": "small", "sequence": "gru", "pooling": "attention"},
                frozen, summary, outputs, 10,
            )
            for name, frozen in (("head", True), ("a name that is much too long for a plot", False))
        ]
    )  # fmt: skip
    pixels = whole(dot_plots.ablations(rows))
    assert pixels[:, :2].min() > 250 and pixels[:, -2:].min() > 250
    whole(dot_plots.ablations(rows[:1]))
