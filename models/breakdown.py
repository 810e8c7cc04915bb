"""Where a model is good and where it is not: by label, by museum and period, by groups of labels.

What belongs here: the parts of an evaluation that tell its test side apart. The measures are models.metrics.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from models import metrics
from models.calibration import softmax
from models.examples import CORRECTED
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
        pa.field(
            "precision_low", pa.float64(), metadata={"meaning": "lower end of 95 % of precision"}
        ),
        pa.field(
            "precision_high", pa.float64(), metadata={"meaning": "upper end of 95 % of precision"}
        ),
        pa.field("f1_low", pa.float64(), metadata={"meaning": "lower end of 95 % of F1"}),
        pa.field("f1_high", pa.float64(), metadata={"meaning": "upper end of 95 % of F1"}),
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
    """PER_CLASS of the test side; counts: its confusion matrix, rows what is borne.

    A label that none bears, or none is given, has a recall or a precision of 0 that may be anything from 0 to 1.
    """
    hits, given, borne = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    right = guesses == test.targets
    recalls, precisions = (
        [metrics.share(right, resamples, named == label) for label in range(len(test.labels))]
        for named in (test.targets, guesses)
    )
    f1s = metrics.f1_by_label(test.targets, guesses, len(test.labels), resamples)
    columns = [
        [attribute] * len(test.labels),
        list(test.labels),
        hits / np.maximum(given, 1),
        hits / np.maximum(borne, 1),
        [one["value"] for one in f1s],
        borne,
        *([one[end] for one in of] for of in (recalls, precisions, f1s) for end in ("low", "high")),
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
        "routing": {
            **routed(scores, targets == guesses, threshold, test.groups),
            **share_routed(scores, threshold, resamples),
        },
        "by_group": by_label(groups, targets, guesses, scores, threshold, test.groups),
    }


def share_routed(
    scores: np.ndarray, threshold: float | None, resamples: Resamples
) -> dict[str, float | None]:
    """{share_low, share_high}: 95 % of the share that a threshold routes; None without a threshold."""
    if threshold is None:
        return {"share_low": None, "share_high": None}
    told = metrics.share(scores >= threshold, resamples)
    return {"share_low": told["low"], "share_high": told["high"]}


def as_written(
    test: Outputs, guesses: np.ndarray, resamples: Resamples, examples: pa.Table
) -> dict[str, Any]:
    """Accuracy on what the sources themselves say, where people corrected labels of the test side.

    Corrections are made where a model wondered, so they move the test side towards the model. examples:
    EXAMPLES of the attribute. A label as written is the class that the uncorrected examples have for it.
    Returns {corrected: test pictures whose label a person changed, added: those of which nothing is
    written that is a label of the model, pictures: those with a label as written, accuracy: on them}.
    """
    rows = examples.select(["artwork_id", "label", "as_written", "provenance"]).to_pylist()
    by_hand = {row["artwork_id"]: row for row in rows if row["provenance"].startswith(CORRECTED)}
    class_of = {row["as_written"]: row["label"] for row in rows if row["artwork_id"] not in by_hand}
    number = {label: place for place, label in enumerate(test.labels)}
    targets = test.targets.copy()
    for place, name in enumerate(test.artworks):
        if name in by_hand:
            targets[place] = number.get(class_of.get(by_hand[name]["as_written"], ""), -1)
    written = targets >= 0
    return {
        "corrected": int((written & (targets != test.targets)).sum()),
        "added": int((~written).sum()),
        "pictures": int(written.sum()),
        "accuracy": metrics.share(guesses == targets, resamples, written)
        if written.any()
        else None,
    }
