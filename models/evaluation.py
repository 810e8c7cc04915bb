"""How good a model is: its outputs on the test side, judged with intervals. Heads and networks alike.

What belongs here: which figures are told, and comparing two models. The measures are models.metrics. Nothing
is chosen on the test side: temperature and threshold come of predictions that are held out of training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models import breakdown, metrics
from models.calibration import reliability, settle, softmax
from models.groupings import Grouping
from models.metrics import Resamples
from models.outputs import Outputs, OutputsError, arrays
from models.routing import (
    CONFIDENCE,
    PRECISION,
    by_label,
    risk_coverage,
    routed,
    seen_threshold,
)
from models.splits import SIDES

_TOP = (1, 3, 5)


@dataclass(frozen=True)
class Evaluation:
    """summary: everything as JSON keeps it; per_class: a table of the schema breakdown.PER_CLASS."""

    summary: dict[str, Any]
    per_class: pa.Table


def judge(
    outputs: pa.Table,
    labels: Sequence[str],
    attribute: str,
    *,
    held_out: pa.Table,
    scheme: str = "grouped",
    facts: pa.Table | None = None,
    curve: Sequence[Mapping[str, Any]] | None = None,
    training: Mapping[str, Any] | None = None,
    floor: tuple[str, pa.Table] | None = None,
    groupings: Sequence[Grouping] = (),
    examples: pa.Table | None = None,
) -> Evaluation:
    """Judge a model on the test side of `outputs` (OUTPUTS; the other sides only count pictures).

    labels: of the model, in the order of its logits. held_out: OUTPUTS of pictures that it was not
    taught, out of fold or of validation, never of test: temperature and threshold are chosen on them.
    scheme: of the split. facts: artwork_id and a text column for each way to slice (museum, period).
    curve: a record an epoch. training: seconds, images_per_second, epochs, device, precision. floor:
    name and OUTPUTS of the model to beat. groupings: ways to add labels up (models.groupings). examples:
    EXAMPLES, for the figures on labels as they were before people corrected them (breakdown.as_written).
    Raises OutputsError when outputs and labels do not fit, or a test picture is among the held-out.
    """
    test = arrays(outputs, labels, attribute, "test")
    held = arrays(held_out, labels, attribute)
    # Published lists tear groups apart; there a picture itself is all that can be asked for.
    seen = [one.artworks if scheme == "official" else one.groups for one in (test, held)]
    if shared := set(seen[0]) & set(seen[1]):
        raise OutputsError(
            f"{len(shared)} groups are both held out and on the test side ({attribute}), first "
            f"{min(shared)}. The test side may choose nothing: make both of one split."
        )
    heat, threshold = settle(held)
    likely, targets = softmax(test.logits / heat), test.targets
    guesses, scores = likely.argmax(axis=1), likely.max(axis=1)
    right, resamples = guesses == targets, Resamples(test.groups)
    counts = metrics.confusion(targets, guesses, len(labels))
    per_class = breakdown.per_class(attribute, test, guesses, counts, resamples)
    pictures = outputs.filter(pc.equal(outputs["attribute"], attribute))
    top = {str(k): metrics.share(metrics.top_k(likely, targets, k), resamples) for k in _TOP}
    plain = softmax(test.logits)
    before = reliability(plain.max(axis=1), plain.argmax(axis=1) == targets)["ece"]
    areas, macro_auc = metrics.roc(likely, targets, labels, resamples)
    majority = np.bincount(held.targets, minlength=len(labels)).argmax()
    records = list(curve or [])
    summary = {
        "attribute": attribute,
        "scheme": scheme,
        "labels": list(labels),
        "pictures": {side: pc.sum(pc.equal(pictures["side"], side)).as_py() or 0 for side in SIDES},
        "groups": resamples.count,
        "accuracy": top["1"],
        "macro_f1": metrics.macro_f1_interval(targets, guesses, len(labels), resamples),
        "headline": breakdown.headline(pictures, test, guesses, resamples),
        "majority_accuracy": float((targets == majority).mean()),
        "top_k": top,
        "top_3_accuracy": top["3"]["value"],
        "per_class": per_class.drop_columns("attribute").to_pylist(),
        "confusion": counts.tolist(),
        "roc": areas,
        "macro_auc": macro_auc,
        "calibration": {
            "temperature": heat,
            "ece_before": before,
            **reliability(scores, right, resamples),
        },
        "risk_coverage": risk_coverage(scores, right),
        "routing": {
            "wanted_precision": PRECISION,
            "bound_confidence": CONFIDENCE,
            **_routing(held, heat, threshold, (scores, right, test.groups)),
            "test": {
                **routed(scores, right, threshold, test.groups),
                **breakdown.share_routed(scores, threshold, resamples),
            },
            "by_label": by_label(labels, targets, guesses, scores, threshold, test.groups),
        },
        "slices": breakdown.slices(test, right, resamples, facts),
        "groupings": {
            one.name: breakdown.grouped(one, test, held, heat, resamples)
            for one in groupings
            if one.attribute == attribute
        },
        "curve": records,
        "training": {**(training or {}), "curve": records},
    }
    if examples is not None:
        own = examples.filter(pc.equal(examples["attribute"], attribute))
        summary["as_written"] = breakdown.as_written(test, guesses, resamples, own)
    if floor is not None:
        summary["floor"] = _floor(floor, outputs, labels, attribute)
    return Evaluation(summary, per_class)


def compare(ours: pa.Table, theirs: pa.Table, labels: Sequence[str]) -> dict[str, Any]:
    """Our accuracy minus theirs on the test pictures that both judged, with a paired interval.

    ours, theirs: OUTPUTS of one attribute, both over `labels`. The truth is as our table has it. Whole
    groups are drawn, and both models are judged on each draw.
    Returns {difference, low, high, pictures, ours, theirs, macro_f1: {difference, low, high}};
    raises OutputsError when no test picture is common to both.
    """
    (attribute,) = ours["attribute"].unique().to_pylist() or [""]
    mine, other = (arrays(one, labels, attribute, "test") for one in (ours, theirs))
    place = {name: row for row, name in enumerate(other.artworks)}
    rows = [row for row, name in enumerate(mine.artworks) if name in place]
    if not rows:
        raise OutputsError(
            f"No test picture of {attribute} was judged by both models; judge both on one split."
        )
    paired = [place[mine.artworks[row]] for row in rows]
    targets, resamples = mine.targets[rows], Resamples(mine.groups[rows])
    guesses = mine.logits[rows].argmax(axis=1), other.logits[paired].argmax(axis=1)
    hits = np.stack([one == targets for one in guesses], axis=1).astype(float)
    gain = hits[:, :1] - hits[:, 1:]
    drawn = resamples.sums(np.hstack([gain, np.ones_like(gain)]))
    accuracy = metrics.interval(float(gain.mean()), drawn[:, 0] / drawn[:, 1])
    every = range(len(labels))
    mine_f1, other_f1 = (
        (
            metrics.macro_f1(sums.sum(axis=0, keepdims=True), every)[0],
            metrics.macro_f1(resamples.sums(sums), every),
        )
        for sums in (metrics.f1_sums(targets, one, len(labels)) for one in guesses)
    )
    f1 = metrics.interval(mine_f1[0] - other_f1[0], mine_f1[1] - other_f1[1])
    return {
        **_difference(accuracy),
        "pictures": len(rows),
        "ours": float(hits[:, 0].mean()),
        "theirs": float(hits[:, 1].mean()),
        "macro_f1": _difference(f1),
    }


def _difference(figure: Mapping[str, float]) -> dict[str, float]:
    return {"difference": figure["value"], "low": figure["low"], "high": figure["high"]}


def _routing(
    held: Outputs,
    heat: float,
    threshold: float | None,
    test: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> dict[str, Any]:
    """The threshold, what it routes of the held-out, and what the wanted precision is seen from, unproven.

    test: scores, right and groups of the test side.
    """
    likely = softmax(held.logits / heat)
    own = likely.max(axis=1), likely.argmax(axis=1) == held.targets, held.groups
    seen = seen_threshold(*own[:2])
    told = {
        name: routed(scores, right, seen, groups)
        for name, (scores, right, groups) in (("held_out", own), ("test", test))
    }
    return {
        "threshold": threshold,
        "held_out": routed(*own[:2], threshold, held.groups),
        "seen": {"threshold": seen, **told},
    }


def _floor(
    floor: tuple[str, pa.Table], outputs: pa.Table, labels: Sequence[str], attribute: str
) -> dict[str, Any]:
    """The model to beat, on the test pictures that both judged, and how far it was beaten."""
    name, theirs = floor
    ours = outputs.filter(pc.equal(outputs["attribute"], attribute))
    compared = compare(ours, theirs, labels)
    common = pc.is_in(theirs["artwork_id"], value_set=ours["artwork_id"].combine_chunks())
    test = arrays(theirs.filter(common), labels, attribute, "test")
    guesses, resamples = test.logits.argmax(axis=1), Resamples(test.groups)
    return {
        "name": name,
        "accuracy": metrics.share(guesses == test.targets, resamples),
        "macro_f1": metrics.macro_f1_interval(test.targets, guesses, len(test.labels), resamples),
        "compared": compared,
    }
