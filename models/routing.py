"""Selective prediction: what may be decided without a human, and how sure that is.

What belongs here: choosing the confidence from which predictions stand, and counting what that routes. The
choice is a claim, "99 % of what this routes is right", so it is tested as one: not the share that happened
to be right decides, but its Clopper–Pearson lower bound, with the many looks at the same pictures paid for.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

PRECISION = 0.99
CONFIDENCE = 0.95
# The least number of pictures that can prove 99 %: without a mistake, as 0.99 ** 299 < 0.05.
PROVABLE = 299
_STARTS = (0.25, 0.5)
_STEPS = 50


def choose_threshold(
    scores: np.ndarray, right: np.ndarray, groups: np.ndarray | None = None
) -> float | None:
    """The lowest confidence from which 99 % are right, proven at 95 % confidence; None: none is.

    scores: highest probability of each of n predictions; right: whether it was; groups: what is one
    observation (one picture of each is looked at). Of predictions that the model was not taught, never
    of the test side.

    Fixed-sequence testing (Angelopoulos, Bates et al. 2021, Learn then Test, arXiv 2110.01052): the
    shares of pictures to route are fixed before any label is seen, 2 % apart, and are tested from the
    most confident down by the exact binomial test, whose p-value is under 1 − confidence just where the
    one-sided Clopper–Pearson bound is above 99 %. Testing starts at a quarter and at the half of the
    pictures with half the error probability each; one that passes hands its probability to the next
    share, one that fails loses it (the fallback procedure of Wiens and Dmitrienko 2005). So over all
    looks together a threshold that is not worth 99 % is chosen once in twenty at most, given that the
    groups are independent and of the kind to come. Where a quarter would be too few to prove anything,
    there is one start: the half, or 299 pictures.
    """
    from scipy.stats import binom

    rows = independent(len(scores) if groups is None else groups)
    scores, right = scores[rows], right[rows]
    order = np.argsort(-scores, kind="stable")
    ranked, mistakes = scores[order], np.cumsum(~right[order])
    count = len(ranked)
    starts = [int(share * count) for share in _STARTS if share * count >= PROVABLE] or [PROVABLE]
    steps = [step * count // _STEPS for step in range(1, _STEPS + 1)]
    ranks = sorted({rank for rank in (*starts, *steps) if PROVABLE <= rank <= count})
    handed, chosen = 0.0, None
    for rank in ranks:
        own = (1 - CONFIDENCE) / len(starts) if rank in starts else 0.0
        level = handed + own
        threshold = ranked[rank - 1]
        # Equal scores are routed together.
        among = int(np.searchsorted(-ranked, -threshold, side="right"))
        if level and binom.cdf(mistakes[among - 1], among, 1 - PRECISION) <= level:
            handed, chosen = level, float(threshold)
        else:
            handed = 0.0
    return chosen


def seen_threshold(scores: np.ndarray, right: np.ndarray) -> float | None:
    """The lowest confidence from which 99 % of these n predictions are right, proven or not; None: none is.

    For saying how far a model is from a threshold that may be used: chosen by what it is counted on, it
    flatters.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(right[order])
    last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores are routed together
    enough = np.flatnonzero(last & (hits >= PRECISION * np.arange(1, len(ranked) + 1)))
    return float(ranked[enough[-1]]) if len(enough) else None


def routed(
    scores: np.ndarray,
    right: np.ndarray,
    threshold: float | None,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """What a threshold routes: pictures, routed, share, precision, observations and `at_least`.

    `at_least` is the one-sided 95 % Clopper–Pearson lower bound of the precision, over one picture of each
    group routed (`observations`). While it is under 0.99, so few were routed that 99 % is seen but not
    proven: it takes 299 without a mistake. Precision and bound are None when nothing is routed.
    """
    chosen = scores >= threshold if threshold is not None else np.zeros(len(scores), bool)
    count, hits = int(chosen.sum()), int(right[chosen].sum())
    alone = independent(count if groups is None else groups[chosen])
    return {
        "pictures": len(scores),
        "routed": count,
        "share": count / len(scores) if len(scores) else 0.0,
        "precision": hits / count if count else None,
        "observations": len(alone),
        "at_least": lower_bound(int(right[chosen][alone].sum()), len(alone)) if count else None,
    }


def by_label(
    labels: Sequence[str],
    targets: np.ndarray,
    guesses: np.ndarray,
    scores: np.ndarray,
    threshold: float | None,
    groups: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """`routed` for the pictures that bear each label (those filed there, whatever was guessed).

    targets, guesses: n label numbers. One threshold serves all labels: one for each would divide the few
    pictures of a small label among its own looks and prove nothing.
    """
    found = []
    for number, label in enumerate(labels):
        own = targets == number
        told = routed(
            scores[own],
            guesses[own] == number,
            threshold,
            None if groups is None else groups[own],
        )
        found.append({"label": label, **told})
    return found


def lower_bound(hits: int, count: int) -> float:
    """The one-sided 95 % Clopper–Pearson lower bound of a share (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    return float(beta.ppf(1 - CONFIDENCE, hits, count - hits + 1)) if hits else 0.0


def independent(groups: np.ndarray | int) -> np.ndarray:
    """The rows of the first picture of each group, ascending; a number: that many, all alone.

    The first in the order given (by artwork_id), which neither confidence nor mistake has a part in.
    """
    if isinstance(groups, int):
        return np.arange(groups)
    return np.sort(np.unique(groups, return_index=True)[1])


def risk_coverage(scores: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Error rate among the most confident pictures, at up to 100 shares of them."""
    order = np.argsort(-scores, kind="stable")
    risk = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    steps = np.unique(np.linspace(1, len(order), min(100, len(order))).round().astype(int))
    return [{"coverage": float(step / len(order)), "risk": float(risk[step - 1])} for step in steps]
