"""Figures of a classifier with their intervals, from arrays alone.

What belongs here: each measure once, and the bootstrap that all of them share. It draws whole groups, because
two pictures of one group are no two observations. Every interval is at 95 %, from 1,000 seeded resamples.
Where no resample changes a figure, as where all are right, resampling would claim certainty: there the Wilson
interval is told, over as many observations as the figure has groups (for a mean over labels, `effective`).
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

    def among(self, chosen: np.ndarray) -> int:
        """How many groups have a picture among those (n booleans)."""
        return len(np.unique(self.member[chosen]))


def interval(
    value: float, resampled: np.ndarray, observations: float | None = None
) -> dict[str, float]:
    """A figure with the percentile interval of its resamples; those without the figure are left out.

    observations: with them, an interval without a width is the Wilson interval over so many.
    """
    known = resampled[np.isfinite(resampled)]
    low, high = np.percentile(known, _TAILS) if len(known) else (value, value)
    if observations and low == high:
        low, high = wilson(value, observations)
    return {"value": float(value), "low": float(low), "high": float(high)}


def share(
    hits: np.ndarray, resamples: Resamples, among: np.ndarray | None = None
) -> dict[str, Any]:
    """The share of hits (n booleans) among those pictures (n booleans, all by default).

    `value` is nan where there is no picture to count.
    """
    counted = np.ones(len(hits), bool) if among is None else among
    if not counted.any():
        return {"value": float("nan"), "low": 0.0, "high": 1.0}
    sums = resamples.sums(np.stack([hits & counted, counted], axis=1).astype(float))
    with np.errstate(invalid="ignore"):
        resampled = sums[:, 0] / sums[:, 1]
    return interval(float(hits[counted].mean()), resampled, resamples.among(counted))


def effective(counts: Sequence[int]) -> float:
    """Of how many observations a plain mean of shares is worth, one share over each of `counts`.

    The variance of the mean of k shares p, each over n_i, is p (1 - p) Σ 1/n_i / k²: as that of one share
    over k² / Σ 1/n_i. So one label of few pictures keeps the interval of a macro figure wide.
    """
    return len(counts) ** 2 / sum(1 / count for count in counts) if counts else 0.0


def wilson(value: float, count: float) -> tuple[float, float]:
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
    return _f1_intervals(targets, guesses, labels, resamples, [chosen])[0]


def f1_by_label(
    targets: np.ndarray, guesses: np.ndarray, labels: int, resamples: Resamples
) -> list[dict[str, float]]:
    """F1 of each label with its interval; 0, anything from 0 to 1, for one neither borne nor guessed."""
    each = [[label] for label in range(labels)]
    found = _f1_intervals(targets, guesses, labels, resamples, each)
    unknown = {"value": 0.0, "low": 0.0, "high": 1.0}
    return [one if np.isfinite(one["value"]) else unknown for one in found]


def _f1_intervals(
    targets: np.ndarray,
    guesses: np.ndarray,
    labels: int,
    resamples: Resamples,
    sets: Sequence[Sequence[int]],
) -> list[dict[str, float]]:
    """The macro-F1 over each set of labels; an observation of a label is a group that bears it or is given it."""
    sums = f1_sums(targets, guesses, labels)
    drawn, whole = resamples.sums(sums), sums.sum(axis=0, keepdims=True)
    seen = [resamples.among((targets == label) | (guesses == label)) for label in range(labels)]
    return [
        interval(
            float(macro_f1(whole, over)[0]),
            macro_f1(drawn, over),
            effective([seen[label] for label in over if seen[label]]),
        )
        for over in sets
    ]


def top_k(likely: np.ndarray, targets: np.ndarray, k: int) -> np.ndarray:
    """Whether the right label is among the k likeliest: n booleans."""
    return (np.argsort(-likely, axis=1, kind="stable")[:, :k] == targets[:, None]).any(axis=1)


def roc(
    likely: np.ndarray, targets: np.ndarray, labels: Sequence[str], resamples: Resamples
) -> tuple[dict[str, Any], dict[str, float] | None]:
    """ROC of each label against all others, and the mean of their areas.

    likely: n × labels. A label that no picture bears, or every one does, has no curve.
    Returns label → {auc, low, high, curve: at most 100 [false positive, true positive] rates}, and the
    macro-AUC with its interval, None where no label has a curve. An area has as many observations as the
    fewer of the groups that bear the label and of those that do not.
    """
    from sklearn.metrics import roc_curve

    drawn, ones = resamples.drawn, np.ones((1, len(targets)))
    found, areas, resampled, counts = {}, [], [], []
    for number, label in enumerate(labels):
        own = targets == number
        if own.all() or not own.any():
            continue
        area, again = (_auc(likely[:, number], own, weights) for weights in (ones, drawn))
        counts.append(min(resamples.among(own), resamples.among(~own)))
        told = interval(float(area[0]), again, counts[-1])
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
    mean = _mean_of_known(np.array(resampled), axis=0)
    return found, interval(float(np.mean(areas)), mean, effective(counts))


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
