"""Planted outliers: what each measure of oddness is worth, told on oddities that are known.

What belongs here: planting (labels swapped, pictures damaged, a label filed elsewhere, strangers filed under a
label), and judging the measures of models.outliers and models.label_errors by what they find of it. Every
planted picture bears a label, as an odd work in a catalogue does.

Swapped labels are among those that teach, for so they are in a lake. Of the other kinds each picture is
compared with sound ones alone, as a single oddity would be: a batch of alike oddities vouch for each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from models.calibration import softmax, temperature
from models.label_errors import issues
from models.outliers import measures, out_of_fold

if TYPE_CHECKING:
    from PIL.Image import Image

SHARE = 0.05  # of the pictures are planted
RECALL = 0.95
DAMAGES = ("noise", "blur", "inverted")
_FILED_ELSEWHERE = 3  # labels, the commonest


@dataclass(frozen=True)
class Planted:
    """Pictures with some oddities among them.

    vectors: n × d features; targets: the label numbers they bear, 0 … labels−1; groups: duplicates; odd:
    which of them are planted; sound: which ones the others are compared with.
    """

    vectors: np.ndarray
    targets: np.ndarray
    groups: np.ndarray
    odd: np.ndarray
    sound: np.ndarray

    @cached_property
    def logits(self) -> np.ndarray:
        """What linear heads say that were taught the labels as they stand, out of fold and calibrated."""
        labels = int(self.targets.max()) + 1
        said = out_of_fold(self.vectors, self.targets, self.groups, labels, self.sound)
        return said / temperature(said[self.sound], self.targets[self.sound])


def swapped(vectors: np.ndarray, targets: np.ndarray, groups: np.ndarray, seed: int = 0) -> Planted:
    """Labels of `SHARE` of the groups swapped for another one, drawn as often as pictures bear it.

    A group gets one label: a duplicate that kept the right one would give the swap away. Raises ValueError
    where there is one label alone.
    """
    if len(np.unique(targets)) < 2:
        raise ValueError("Labels cannot be swapped where there is one alone.")
    random = np.random.default_rng(seed)
    names = np.unique(groups)
    other, odd = targets.copy(), np.zeros(len(targets), bool)
    for group in random.choice(names, _count(len(names)), replace=False):
        rows = groups == group
        free = targets[~np.isin(targets, targets[rows])]
        if len(free):
            other[rows], odd[rows] = random.choice(free), True
    return Planted(vectors, other, groups, odd, np.ones(len(targets), bool))


def damaged(
    vectors: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    rows: np.ndarray,
    spoilt: np.ndarray,
) -> Planted:
    """The pictures `rows` replaced by the features (rows × d) of their damaged selves."""
    changed, odd = vectors.copy(), np.zeros(len(targets), bool)
    changed[rows], odd[rows] = spoilt, True
    return Planted(changed, targets, groups, odd, ~odd)


def strangers(
    vectors: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    others: np.ndarray,
    seed: int = 0,
) -> Planted:
    """Features of other pictures (m × d) added, each filed under a label as often as pictures bear it."""
    random = np.random.default_rng(seed)
    others = others[random.permutation(len(others))[: _count(len(targets))]]
    odd = np.arange(len(targets) + len(others)) >= len(targets)
    return Planted(
        np.concatenate([vectors, others]),
        np.concatenate([targets, random.choice(targets, len(others))]),
        np.concatenate([groups, [f"stranger {number}" for number in range(len(others))]]),
        odd,
        ~odd,
    )


def filed_elsewhere(
    vectors: np.ndarray, targets: np.ndarray, groups: np.ndarray, label: int, seed: int = 0
) -> Planted:
    """Pictures of one label filed under the others; nobody is taught that label."""
    out = targets == label
    rest = np.where(targets > label, targets - 1, targets)[~out]
    return strangers(vectors[~out], rest, groups[~out], vectors[out], seed)


def damage(picture: "Image", kind: str, seed: int = 0) -> "Image":
    """An RGB picture spoilt: `noise` (σ 80 of 255), `blur` (radius 1/16 of the shorter side), `inverted`.

    Raises ValueError for another kind.
    """
    from PIL import Image, ImageFilter, ImageOps

    if kind == "noise":
        pixels = np.asarray(picture, np.float64)
        rough = pixels + np.random.default_rng(seed).normal(0, 80, pixels.shape)
        return Image.fromarray(rough.round().clip(0, 255).astype(np.uint8))
    if kind == "blur":
        return picture.filter(ImageFilter.GaussianBlur(min(picture.size) / 16))
    if kind == "inverted":
        return ImageOps.invert(picture)
    raise ValueError(f"There is no damage {kind!r}: {', '.join(DAMAGES)}.")


def experiments(
    vectors: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    labels: tuple[str, ...],
    picture: Callable[[int], "Image"],
    embed: Callable[["Image"], np.ndarray],
) -> dict[str, Planted]:
    """All kinds that can be planted among a collection's own pictures.

    picture: the RGB picture of a row; embed: its features, d, as `vectors` were made.
    """
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(0)
    names = np.unique(groups)
    chosen = random.choice(names, _count(len(names)), replace=False)
    rows = np.flatnonzero(np.isin(groups, chosen))
    found = {"label swapped": swapped(vectors, targets, groups)}
    whole = {row: picture(row) for row in rows.tolist()}
    for kind in DAMAGES:
        with threadpool_limits(1):
            spoilt = [embed(damage(one, kind, row)) for row, one in whole.items()]
        found[f"damaged: {kind}"] = damaged(vectors, targets, groups, rows, np.array(spoilt))
    if len(labels) > 2:
        commonest = np.argsort(-np.bincount(targets), kind="stable")[:_FILED_ELSEWHERE]
        for label in commonest.tolist():
            found[f"filed elsewhere: {labels[label]}"] = filed_elsewhere(
                vectors, targets, groups, label
            )
    return found


def judge(scores: np.ndarray, odd: np.ndarray) -> dict[str, float]:
    """How well scores tell the odd ones: auroc with its 95 % interval, and fpr_at_95_recall.

    The interval is Hanley and McNeil's (1982), its width taken at (m·area + ½) / (m + 1) for m planted: all
    found would have none, however few they are. The false positive rate is the least at which 95 % of the
    planted ones are found. Raises ValueError when none or all are odd.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    if not 0 < odd.sum() < len(odd):
        raise ValueError(f"{int(odd.sum())} of {len(odd)} are odd: nothing can be told apart.")
    area = float(roc_auc_score(odd, scores))
    fpr, tpr, _ = roc_curve(odd, scores, drop_intermediate=False)
    count = int(min(odd.sum(), (~odd).sum()))
    half = 1.96 * _deviation((count * area + 0.5) / (count + 1), int(odd.sum()), int((~odd).sum()))
    return {
        "auroc": area,
        "low": max(0.0, area - half),
        "high": min(1.0, area + half),
        "fpr_at_95_recall": float(fpr[tpr >= RECALL][0]),
    }


def report(planted: Planted) -> dict[str, Any]:
    """{pictures, planted, measures: {name: judge(…)}}: every measure of models.outliers, judged."""
    found = measures(
        planted.logits, planted.vectors, planted.targets, planted.groups, planted.sound
    )
    return {
        "pictures": len(planted.odd),
        "planted": int(planted.odd.sum()),
        "measures": {name: judge(scores, planted.odd) for name, scores in found.items()},
    }


def label_issues_found(planted: Planted) -> dict[str, float | int | None]:
    """Precision and recall of cleanlab's issues against swapped labels; precision null where it names none."""
    named = issues(softmax(planted.logits), planted.targets)
    hits, count = int((named & planted.odd).sum()), int(named.sum())
    return {
        "planted": int(planted.odd.sum()),
        "named": count,
        "precision": hits / count if count else None,
        "recall": hits / int(planted.odd.sum()),
    }


def _count(pictures: int) -> int:
    return max(1, round(SHARE * pictures))


def _deviation(area: float, odd: int, plain: int) -> float:
    one, two = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (odd - 1) * (one - area * area) + (plain - 1) * (two - area * area)
    return float(np.sqrt(max(spread, 0) / (odd * plain)))
