"""Figures of a classifier with their intervals, from arrays alone.

What belongs here: each measure once, and the bootstrap that all of them share. It draws whole groups, because
two pictures of one group are no two observations. Every interval is at 95 %, from 1,000 seeded resamples.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

RESAMPLES = 1000
_TAILS = (2.5, 97.5)
_CURVE = 100


class Resamples:
    """Seeded draws of whole groups, the same for every figure of a test side.

    groups: the group of each of n pictures.
    """

    def __init__(self, groups: np.ndarray):
        _, self.member = np.unique(groups, return_inverse=True)
        self.count = int(self.member.max()) + 1
        random = np.random.default_rng(0)
        share = np.full(self.count, 1 / self.count)
        self.draws = random.multinomial(self.count, share, size=RESAMPLES).astype(np.float64)

    @property
    def drawn(self) -> np.ndarray:
        """Resamples × n: how often each picture was drawn."""
        return self.draws[:, self.member]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums of `values` (n × k) in each resample: resamples × k."""
        totals = np.zeros((self.count, values.shape[1]))
        np.add.at(totals, self.member, values)
        return self.draws @ totals


def interval(value: float, resampled: np.ndarray) -> dict[str, float]:
    """A figure with the percentile interval of its resamples; those without the figure are left out."""
    known = resampled[np.isfinite(resampled)]
    low, high = np.percentile(known, _TAILS) if len(known) else (value, value)
    return {"value": float(value), "low": float(low), "high": float(high)}


def share(
    hits: np.ndarray, resamples: Resamples, among: np.ndarray | None = None
) -> dict[str, Any]:
    """The share of hits (n booleans) among those pictures (n booleans, all by default).

    One that no resample changes, as where all are right, has the Wilson interval over groups instead.
    `value` is nan where there is no picture to count.
    """
    counted = np.ones(len(hits), bool) if among is None else among
    if not counted.any():
        return {"value": float("nan"), "low": 0.0, "high": 1.0}
    sums = resamples.sums(np.stack([hits & counted, counted], axis=1).astype(float))
    with np.errstate(invalid="ignore"):
        found = interval(float(hits[counted].mean()), sums[:, 0] / sums[:, 1])
    if found["low"] == found["high"]:
        groups = len(np.unique(resamples.member[counted]))
        found["low"], found["high"] = wilson(found["value"], groups)
    return found


def wilson(value: float, count: int) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), which has a width even when all are right."""
    from scipy.stats import norm

    z = float(norm.ppf(_TAILS[1] / 100))
    middle = (value + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z / (1 + z * z / count) * np.sqrt(value * (1 - value) / count + z * z / (4 * count * count))
    )
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def confusion(targets: np.ndarray, guesses: np.ndarray, labels: int) -> np.ndarray:
    """Counts, labels × labels: rows what is borne, columns what was guessed."""
    return np.bincount(targets * labels + guesses, minlength=labels**2).reshape(labels, labels)


def f1_sums(targets: np.ndarray, guesses: np.ndarray, labels: int) -> np.ndarray:
    """What F1 is made of, a picture a row: hits, then bearing or guessed, of each label; n × 2·labels."""
    rows = np.arange(len(targets))
    sums = np.zeros((len(targets), 2 * labels))
    sums[rows, targets] = targets == guesses
    np.add.at(sums, (rows, labels + targets), 1)
    np.add.at(sums, (rows, labels + guesses), 1)
    return sums


def macro_f1(sums: np.ndarray, over: Sequence[int]) -> np.ndarray:
    """Mean F1 of those labels, of rows of `f1_sums` added up; one that nowhere occurs is left out.

    nan for a row in which none of them occurs.
    """
    labels = sums.shape[1] // 2
    hits, involved = sums[:, list(over)], sums[:, [labels + label for label in over]]
    with np.errstate(invalid="ignore", divide="ignore"):
        return _mean_of_known(np.where(involved > 0, 2 * hits / involved, np.nan), axis=1)


def macro_f1_interval(
    targets: np.ndarray,
    guesses: np.ndarray,
    labels: int,
    resamples: Resamples,
    over: Sequence[int] | None = None,
) -> dict[str, float]:
    """Macro-F1 over those labels (all by default) with its interval."""
    chosen = range(labels) if over is None else over
    sums = f1_sums(targets, guesses, labels)
    whole = macro_f1(sums.sum(axis=0, keepdims=True), chosen)[0]
    return interval(whole, macro_f1(resamples.sums(sums), chosen))


def top_k(likely: np.ndarray, targets: np.ndarray, k: int) -> np.ndarray:
    """Whether the right label is among the k likeliest: n booleans."""
    return (np.argsort(-likely, axis=1, kind="stable")[:, :k] == targets[:, None]).any(axis=1)


def roc(
    likely: np.ndarray, targets: np.ndarray, labels: Sequence[str], resamples: Resamples
) -> tuple[dict[str, Any], dict[str, float] | None]:
    """ROC of each label against all others, and the mean of their areas.

    likely: n × labels. A label that no picture bears, or every one does, has no curve.
    Returns label → {auc, low, high, curve: at most 100 [false positive, true positive] rates}, and the
    macro-AUC with its interval, None where no label has a curve.
    """
    from sklearn.metrics import roc_curve

    drawn, ones = resamples.drawn, np.ones((1, len(targets)))
    found, areas, resampled = {}, [], []
    for number, label in enumerate(labels):
        own = targets == number
        if own.all() or not own.any():
            continue
        area, again = (_auc(likely[:, number], own, weights) for weights in (ones, drawn))
        told = interval(float(area[0]), again)
        false, true, _ = roc_curve(own, likely[:, number])
        kept = np.unique(np.linspace(0, len(false) - 1, _CURVE).round().astype(int))
        found[label] = {
            "auc": told["value"],
            "low": told["low"],
            "high": told["high"],
            "curve": [[float(x), float(y)] for x, y in zip(false[kept], true[kept], strict=True)],
        }
        areas.append(told["value"])
        resampled.append(again)
    if not areas:
        return {}, None
    return found, interval(float(np.mean(areas)), _mean_of_known(np.array(resampled), axis=0))


def _auc(scores: np.ndarray, own: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The area under the ROC curve as a rank statistic, of weighted pictures; ties count half.

    weights: draws × n. Returns one a draw, nan where a draw has no picture of either kind.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(scores[order]) > 0))
    ours = np.add.reduceat(weights[:, order] * own[order], starts, axis=1)
    others = np.add.reduceat(weights[:, order] * ~own[order], starts, axis=1)
    below = np.cumsum(others, axis=1) - others / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ours * below).sum(axis=1) / (ours.sum(axis=1) * others.sum(axis=1))


def _mean_of_known(values: np.ndarray, axis: int) -> np.ndarray:
    """The mean of the finite ones along an axis, nan where there is none."""
    known = np.isfinite(values).sum(axis=axis)
    return np.where(known > 0, np.nansum(values, axis=axis) / np.maximum(known, 1), np.nan)
