"""Models are set side by side on the same pictures, or not at all."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models.ablations import AblationError, Contender, table
from models.evaluation import judge
from tests._judged import made

LABELS = ("Armour", "Paintings", "Prints")
HELD_OUT = made(count=600, seed=1, side="validation")


def contender(name, noise, *, sequence="none", frozen=False):
    """The made model with that much noise on its logits."""
    outputs = made(count=300, strength=3.0)
    random = np.random.default_rng(7)
    logits = np.array(outputs["logits"].to_pylist())
    logits += noise * random.normal(size=logits.shape)
    place = outputs.column_names.index("logits")
    outputs = outputs.set_column(
        place, outputs.schema.field(place), pa.array(logits.tolist(), outputs["logits"].type)
    )
    summary = judge(
        outputs, LABELS, "department", held_out=HELD_OUT, training={"seconds": 12.5}
    ).summary
    parts = {"backbone": "small", "sequence": sequence, "pooling": "mean"}
    return Contender(name, parts, frozen, summary, outputs, 1234)


@pytest.fixture(scope="module")
def contenders():
    return [
        contender("head", 6.0, frozen=True),
        contender("cnn", 0.0),
        contender("cnn_rnn", 6.0, sequence="gru"),
    ]


def test_each_model_is_compared_with_the_first(contenders):
    rows = table(contenders)
    assert [row["name"] for row in rows] == ["head", "cnn", "cnn_rnn"]
    assert rows[0]["difference"] is None
    better, same = rows[1]["difference"], rows[2]["difference"]
    assert better["against"] == "head" and better["pictures"] == 300
    gain = rows[1]["accuracy"]["value"] - rows[0]["accuracy"]["value"]
    assert better["difference"] == pytest.approx(gain) and better["low"] > 0
    assert (same["difference"], same["low"], same["high"]) == (0, 0, 0)
    assert rows[2]["sequence"] == "gru" and rows[0]["frozen"] and rows[0]["seconds"] == 12.5
    json.dumps(rows, allow_nan=False)


def test_models_of_two_splits_are_not_set_side_by_side(contenders):
    other = replace(contenders[1], summary={**contenders[1].summary, "scheme": "artist_disjoint"})
    with pytest.raises(AblationError, match="cnn and head differ in scheme: artist_disjoint"):
        table([contenders[0], other])
    fewer = replace(contenders[2], summary={**contenders[2].summary, "labels": ["Armour"]})
    with pytest.raises(AblationError, match="cnn_rnn and head differ in labels"):
        table([contenders[0], fewer])
