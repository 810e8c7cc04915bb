"""Where a model is good and where it is not: by label, by museum and period, by groups of labels.

What belongs here: the parts of an evaluation that tell its test side apart. The measures are models.metrics.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from models import metrics
from models.calibration import softmax
from models.groupings import Grouping
from models.metrics import Resamples
from models.outputs import Outputs
from models.routing import by_label, routed

PER_CLASS = pa.schema(
    [
        pa.field("attribute", pa.string(), metadata={"meaning": "what is predicted"}),
        pa.field("label", pa.string(), metadata={"meaning": "the label"}),
        pa.field("precision", pa.float64(), metadata={"meaning": "right among those given it"}),
        pa.field("recall", pa.float64(), metadata={"meaning": "found among those that bear it"}),
        pa.field("f1", pa.float64(), metadata={"meaning": "harmonic mean of the two"}),
        pa.field("support", pa.int64(), metadata={"meaning": "test pictures that bear it"}),
        pa.field("recall_low", pa.float64(), metadata={"meaning": "lower end of 95 % of recall"}),
        pa.field("recall_high", pa.float64(), metadata={"meaning": "upper end of 95 % of recall"}),
    ]
)
# Labels with fewer pictures than this on all sides are told apart from the headline macro-F1.
HEADLINE = 100


def headline(
    pictures: pa.Table, test: Outputs, guesses: np.ndarray, resamples: Resamples
) -> dict[str, Any]:
    """Macro-F1 over the labels with 100 pictures or more on all sides together.

    Pictures of the labels apart stay in the test: one mistaken for a headline label counts against it.
    """
    borne = pictures["label"].value_counts().to_pylist()
    support = {one["values"]: one["counts"] for one in borne}
    chosen = [n for n, label in enumerate(test.labels) if support.get(label, 0) >= HEADLINE]
    return {
        "minimum": HEADLINE,
        "labels": [test.labels[number] for number in chosen],
        "apart": [label for n, label in enumerate(test.labels) if n not in chosen],
        "macro_f1": metrics.macro_f1_interval(
            test.targets, guesses, len(test.labels), resamples, chosen
        )
        if chosen
        else None,
    }


def per_class(
    attribute: str, test: Outputs, guesses: np.ndarray, counts: np.ndarray, resamples: Resamples
) -> pa.Table:
    """PER_CLASS of the test side; counts: its confusion matrix, rows what is borne."""
    hits, given, borne = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    right = guesses == test.targets
    recalls = [
        metrics.share(right, resamples, test.targets == label) for label in range(len(test.labels))
    ]
    columns = [
        [attribute] * len(test.labels),
        list(test.labels),
        hits / np.maximum(given, 1),
        hits / np.maximum(borne, 1),
        2 * hits / np.maximum(given + borne, 1),
        borne,
        [one["low"] for one in recalls],
        [one["high"] for one in recalls],
    ]
    made = [pa.array(column, f.type) for column, f in zip(columns, PER_CLASS, strict=True)]
    return pa.Table.from_arrays(made, schema=PER_CLASS)


def slices(
    test: Outputs, right: np.ndarray, resamples: Resamples, facts: pa.Table | None
) -> dict[str, list[dict[str, Any]]]:
    """Accuracy by each value of each column of `facts`, the commonest first."""
    if facts is None:
        return {}
    row = {name: number for number, name in enumerate(facts["artwork_id"].to_pylist())}
    found = {}
    for column in facts.column_names:
        if column == "artwork_id":
            continue
        values = facts[column].to_pylist()
        own = np.array(
            [values[row[name]] or "unknown" if name in row else "unknown" for name in test.artworks]
        )
        told = []
        for value in np.unique(own):
            figure = metrics.share(right, resamples, own == value)
            told.append(
                {
                    "value": str(value),
                    "pictures": int((own == value).sum()),
                    "accuracy": figure["value"],
                    "low": figure["low"],
                    "high": figure["high"],
                }
            )
        found[column] = sorted(told, key=lambda one: (-one["pictures"], one["value"]))
    return found


def grouped(
    grouping: Grouping, test: Outputs, held: Outputs, heat: float, resamples: Resamples
) -> dict[str, Any]:
    """How good the groups are, with a threshold of their own, on the calibrated probabilities."""
    places, groups = grouping.places(test.labels), grouping.groups
    likely = grouping.sums(softmax(test.logits / heat), test.labels)
    scores, targets, guesses = likely.max(axis=1), places[test.targets], likely.argmax(axis=1)
    threshold = grouping.threshold(held, heat)
    return {
        "groups": {group: grouping.members(group) for group in groups},
        "accuracy": metrics.share(targets == guesses, resamples),
        "macro_f1": metrics.macro_f1_interval(targets, guesses, len(groups), resamples),
        "threshold": threshold,
        "routing": routed(scores, targets == guesses, threshold, test.groups),
        "by_group": by_label(groups, targets, guesses, scores, threshold, test.groups),
    }
