"""How good a head is: figures with intervals, on the test side alone.

Every headline figure bears a 95 % bootstrap interval that draws whole duplicate groups, because two
pictures of one group are no two observations. Nothing is chosen here on the test side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.data import Prepared, prepare, standardisation
from models.fitting import fit_linear, side_by_side
from models.head import Head, softmax
from models.routing import CONFIDENCE, PRECISION, routed
from models.splits import SIDES, leaking_groups, naive_split

PER_CLASS = pa.schema(
    [
        pa.field("attribute", pa.string(), metadata={"meaning": "what is predicted"}),
        pa.field("label", pa.string(), metadata={"meaning": "the label"}),
        pa.field("precision", pa.float64(), metadata={"meaning": "right among those given it"}),
        pa.field("recall", pa.float64(), metadata={"meaning": "found among those that bear it"}),
        pa.field("f1", pa.float64(), metadata={"meaning": "harmonic mean of the two"}),
        pa.field("support", pa.int64(), metadata={"meaning": "test pictures that bear it"}),
    ]
)
RESAMPLES = 1000
_BINS = 15  # as in Guo et al. 2017
_TOP_K = 3


@dataclass(frozen=True)
class Evaluation:
    """summary: everything as JSON keeps it; per_class: a table of the schema PER_CLASS."""

    summary: dict[str, Any]
    per_class: pa.Table


def evaluate(head: Head, features: pa.Table, examples: pa.Table, splits: pa.Table) -> Evaluation:
    """Judge `head` on the test side.

    The summary holds: pictures per side, accuracy and macro-F1 with intervals, the majority label's
    accuracy, top-3 accuracy, calibration (ECE with 15 bins before and after temperature, reliability
    bins), the confusion matrix (rows: the museum's label; columns: the head's), the risk-coverage
    curve, routing (models.routing: out of fold, and confirmed on test), and leakage: what a split that ignores duplicates would have
    claimed. Raises ValueError when the head knows other labels than the examples.
    """
    data = prepare(features, examples, splits, head.attribute)
    if data.labels != head.labels:
        raise ValueError(f"{head.id} knows {head.labels}, the examples bear {data.labels}.")
    test = data.side == "test"
    targets = data.targets[test]
    likely = head.probabilities(data.vectors[test])
    plain = head.logits(data.vectors[test])
    guesses = likely.argmax(axis=1)
    confusion = _confusion(targets, guesses, len(head.labels))
    scores, right = likely.max(axis=1), guesses == targets
    majority = np.bincount(data.targets[data.side == "train"]).argmax()
    summary = {
        "attribute": head.attribute,
        "model": head.id,
        "backbone": head.backbone.as_dict(),
        "labels": list(head.labels),
        "pictures": {side: int((data.side == side).sum()) for side in SIDES},
        **_with_intervals(targets, guesses, data.groups[test], len(head.labels)),
        "majority_accuracy": float((targets == majority).mean()),
        "top_3_accuracy": float(_top(likely, targets, _TOP_K).mean()),
        "calibration": {
            "temperature": head.temperature,
            "ece_before": _reliability(*_confidence(plain, targets))["ece"],
            **_reliability(scores, right),
        },
        "confusion": confusion.tolist(),
        "risk_coverage": _risk_coverage(scores, right),
        "routing": {
            "wanted_precision": PRECISION,
            "bound_confidence": CONFIDENCE,
            "threshold": head.threshold,
            "held_out": head.held_out,
            "test": routed(scores, right, head.threshold),
        },
        "leakage": _leakage(head, data, examples, features),
        "curve": head.curve,
    }
    return Evaluation(summary, _per_class(head, confusion))


def _with_intervals(
    targets: np.ndarray, guesses: np.ndarray, groups: np.ndarray, labels: int
) -> dict[str, dict[str, float]]:
    """Accuracy and macro-F1, each with low and high of a seeded bootstrap over groups.

    An accuracy that no resample changes has the Wilson interval over groups instead.
    """
    _, member = np.unique(groups, return_inverse=True)
    count = member.max() + 1
    # Each group's own confusion counts; a resample is then one weighted sum of them.
    cells = np.zeros((count, labels * labels))
    np.add.at(cells, (member, targets * labels + guesses), 1)
    random = np.random.default_rng(0)
    draws = random.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    resampled = (draws @ cells).reshape(RESAMPLES, labels, labels)
    whole = cells.sum(axis=0).reshape(1, labels, labels)
    measures: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "accuracy": _accuracy,
        "macro_f1": _macro_f1,
    }
    tail = 100 * (1 - CONFIDENCE) / 2
    figures = {}
    for name, measure in measures.items():
        low, high = np.percentile(measure(resampled), [tail, 100 - tail])
        if name == "accuracy" and low == high:  # all right, or all wrong: resampling shows no doubt
            low, high = _wilson(float(low), int(count))
        figures[name] = {
            "value": float(measure(whole)[0]),
            "low": float(low),
            "high": float(high),
        }
    return figures


def _wilson(share: float, count: int) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), which has a width even when all are right."""
    from scipy.stats import norm

    z = float(norm.ppf(0.5 + CONFIDENCE / 2))
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    )
    return float(middle - half), float(middle + half)


def _accuracy(confusions: np.ndarray) -> np.ndarray:
    return np.trace(confusions, axis1=1, axis2=2) / confusions.sum(axis=(1, 2))


def _macro_f1(confusions: np.ndarray) -> np.ndarray:
    """Mean F1 over the labels that occur as label or guess, as scikit-learn counts them."""
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    involved = confusions.sum(axis=1) + confusions.sum(axis=2)
    f1 = np.divide(2 * hits, involved, out=np.zeros_like(hits, float), where=involved > 0)
    return f1.sum(axis=1) / (involved > 0).sum(axis=1)


def _confusion(targets: np.ndarray, guesses: np.ndarray, labels: int) -> np.ndarray:
    return np.bincount(targets * labels + guesses, minlength=labels * labels).reshape(
        labels, labels
    )


def _per_class(head: Head, confusion: np.ndarray) -> pa.Table:
    hits, given, borne = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    columns = [
        [head.attribute] * len(head.labels),
        list(head.labels),
        hits / np.maximum(given, 1),
        hits / np.maximum(borne, 1),
        2 * hits / np.maximum(given + borne, 1),
        borne,
    ]
    arrays = [pa.array(column, f.type) for column, f in zip(columns, PER_CLASS, strict=True)]
    return pa.Table.from_arrays(arrays, schema=PER_CLASS)


def _top(likely: np.ndarray, targets: np.ndarray, k: int) -> np.ndarray:
    return (np.argsort(-likely, axis=1, kind="stable")[:, :k] == targets[:, None]).any(axis=1)


def _confidence(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    likely = softmax(logits)
    return likely.max(axis=1), likely.argmax(axis=1) == targets


def _reliability(scores: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """Expected calibration error and its bins (confidence, accuracy, pictures)."""
    member = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    bins = [
        {
            "confidence": float(scores[member == number].mean()),
            "accuracy": float(right[member == number].mean()),
            "pictures": int((member == number).sum()),
        }
        for number in range(_BINS)
        if (member == number).any()
    ]
    gaps = [abs(one["confidence"] - one["accuracy"]) * one["pictures"] for one in bins]
    return {"ece": float(sum(gaps) / len(scores)), "bins": bins}


def _risk_coverage(scores: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Error rate among the most confident pictures, at up to 100 shares of them."""
    order = np.argsort(-scores, kind="stable")
    risk = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    steps = np.unique(np.linspace(1, len(order), min(100, len(order))).round().astype(int))
    return [{"coverage": float(step / len(order)), "risk": float(risk[step - 1])} for step in steps]


def _leakage(head: Head, data: Prepared, examples: pa.Table, features: pa.Table) -> dict[str, Any]:
    """The same settings, taught and judged on a split that ignores duplicates."""
    chosen = examples.filter(pc.equal(examples["attribute"], head.attribute))
    careless = naive_split(chosen)
    other = prepare(features, chosen, careless, head.attribute, distinct=False)
    test = other.side == "test"
    mean, scale = standardisation(other.vectors[~test])
    inputs = (other.vectors.astype(np.float64) - mean) / scale
    learned, judged = ((inputs[rows], other.targets[rows]) for rows in (~test, test))
    (fit,) = side_by_side([lambda: fit_linear(learned, judged, len(head.labels), head.settings)])
    guesses = fit.logits(judged[0]).argmax(axis=1)
    figures = _with_intervals(judged[1], guesses, other.groups[test], len(data.labels))
    return {
        "groups": len(np.unique(other.groups)),
        "groups_on_two_sides": leaking_groups(chosen, careless),
        "naive_accuracy": figures["accuracy"],
        "naive_macro_f1": figures["macro_f1"],
    }
