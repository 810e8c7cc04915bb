"""Selective prediction: what may be decided without a human, and how sure that is."""

from typing import Any

import numpy as np

PRECISION = 0.99
CONFIDENCE = 0.95


def choose_threshold(scores: np.ndarray, right: np.ndarray) -> float | None:
    """The lowest confidence at and above which 99 % of the predictions are right; None: there is none.

    scores: highest probability of each prediction; right: whether it was. To be called with
    predictions that the model was not trained on, never with the test side.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Equal scores are routed together: only the last of them can be a threshold.
    last = np.append(ranked[1:] != ranked[:-1], True)
    good = np.flatnonzero((precision >= PRECISION) & last)
    return float(ranked[good[-1]]) if len(good) else None


def routed(scores: np.ndarray, right: np.ndarray, threshold: float | None) -> dict[str, Any]:
    """What a threshold routes: pictures, routed, share, precision and `at_least`.

    `at_least` is the one-sided 95 % Clopper–Pearson lower bound of the precision. While it is under
    0.99, so few pictures were routed that 99 % is seen but not proven: it takes 299 without a
    mistake. Precision and bound are None when nothing is routed.
    """
    from scipy.stats import beta

    chosen = scores >= threshold if threshold is not None else np.zeros(len(scores), bool)
    count, hits = int(chosen.sum()), int(right[chosen].sum())
    bound = float(beta.ppf(1 - CONFIDENCE, hits, count - hits + 1)) if hits else 0.0
    return {
        "pictures": len(scores),
        "routed": count,
        "share": count / len(scores) if len(scores) else 0.0,
        "precision": hits / count if count else None,
        "at_least": bound if count else None,
    }
