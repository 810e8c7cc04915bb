"""Maps and plots: whole, deterministic, and drawn from figures alone."""

import io

import numpy as np
import pytest
from PIL import Image

from models import plots
from models.evaluation import evaluate
from models.head import train
from models.projection import project
from models.splits import split
from storage.schemas import PROJECTION
from tests._models import blobs, pictures


@pytest.fixture(scope="module")
def seen():
    features, examples = blobs({"A long name for a department of things": 40, "B": 30})
    splits = split(examples)
    head = train(features, examples, splits, "department")
    return features, examples, evaluate(head, features, examples, splits).summary


def test_the_map_is_deterministic_and_keeps_blobs_apart(seen):
    features, examples, _ = seen
    points, explained = project(features, pictures(examples))
    assert points.schema.equals(PROJECTION) and len(points) == len(examples)
    assert 0 < explained[1] <= explained[0] < 1
    order = np.random.default_rng(0).permutation(len(features))
    again, _ = project(features.take(order), pictures(examples).take(order))
    assert again.equals(points)
    first = np.array([name.startswith("x:A") for name in points["artwork_id"].to_pylist()])
    x = points["x"].to_numpy()
    assert abs(x[first].mean() - x[~first].mean()) > 4 * x[first].std()


def test_two_pictures_have_no_plane(seen):
    features, examples, _ = seen
    points, explained = project(features, pictures(examples).slice(0, 2))
    assert points["x"].to_pylist() == [0.0, 0.0] and explained == (0.0, 0.0)


def test_plots_are_pictures_with_equal_bytes(seen):
    features, examples, summary = seen
    points, _ = project(features, pictures(examples))
    labels = dict.fromkeys(points["artwork_id"].to_pylist()[:50], "B")
    drawn = [
        lambda: plots.training_curve(summary),
        lambda: plots.confusion_matrix(summary),
        lambda: plots.reliability(summary),
        lambda: plots.risk_coverage(summary),
        lambda: plots.projection(points, labels, "department"),
    ]
    for draw in drawn:
        data = draw()
        assert data == draw()
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.width > 500 and len(set(picture.convert("L").tobytes())) > 50
