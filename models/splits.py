"""Train, validation and test: who learns from which example, with duplicates kept together."""

import warnings

import numpy as np
import pyarrow as pa

from storage.schemas import SPLITS, table

SIDES = ("train", "validation", "test")
# Of seven folds five teach, one validates, one tests: 71/14/14 %, the nearest to 70/15/15 at which
# a label with few groups still reaches every side.
_FOLDS = 7
_SIDE_OF_FOLD = {0: "test", 1: "validation"}


class SplitError(ValueError):
    """The examples cannot be split so that every side has every label."""


def split(examples: pa.Table, seed: int = 0) -> pa.Table:
    """Return a SPLITS table: 71/14/14 % of the examples, stratified by label, a group on one side.

    scikit-learn's StratifiedGroupKFold over `group_id`, seeded; equal examples give an equal split.
    Raises SplitError naming label and side when a side has no example of a label.
    """
    return _split(examples, seed, grouped=True)


def naive_split(examples: pa.Table, seed: int = 0) -> pa.Table:
    """The same shares ignoring duplicate groups: what leaks, kept to say how much."""
    return _split(examples, seed, grouped=False)


def leaking_groups(examples: pa.Table, splits: pa.Table) -> int:
    """How many duplicate groups have examples on more than one side."""
    side = sides(examples, splits)
    seen: dict[str, set[str]] = {}
    for group, name in zip(examples["group_id"].to_pylist(), side, strict=True):
        seen.setdefault(group, set()).add(name)
    return sum(len(names) > 1 for names in seen.values())


def sides(examples: pa.Table, splits: pa.Table) -> np.ndarray:
    """The side of each example, in the order of `examples`.

    Raises SplitError when an example has none.
    """
    side = dict(zip(splits["artwork_id"].to_pylist(), splits["split"].to_pylist(), strict=True))
    names = examples["artwork_id"].to_pylist()
    absent = [name for name in names if name not in side]
    if absent:
        raise SplitError(f"{len(absent)} examples are on no side of the split, first {absent[0]}.")
    return np.array([side[name] for name in names])


def grouped_folds(targets: np.ndarray, groups: np.ndarray, count: int = 5) -> list[np.ndarray]:
    """Rows of each of `count` folds, stratified, a group in one fold; seeded."""
    from sklearn.model_selection import StratifiedGroupKFold

    folder = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        # A label in fewer groups than folds is simply absent from some of them.
        warnings.filterwarnings("ignore", message="The least populated class")
        return [fold for _, fold in folder.split(targets, targets, groups)]


def _split(examples: pa.Table, seed: int, grouped: bool) -> pa.Table:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    # The folds depend on the order of rows, so that is fixed here.
    examples = examples.sort_by("artwork_id")
    labels = np.array(examples["label"].to_pylist())
    groups = np.array(examples["group_id"].to_pylist())
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    folder = kind(n_splits=_FOLDS, shuffle=True, random_state=seed)
    side = np.full(len(labels), "train", dtype="<U10")
    try:
        with warnings.catch_warnings():
            # A small label is told below, by name.
            warnings.filterwarnings("ignore", message="The least populated class")
            for fold, (_, chosen) in enumerate(
                folder.split(labels, labels, groups if grouped else None)
            ):
                side[chosen] = _SIDE_OF_FOLD.get(fold, "train")
    except ValueError as error:
        raise SplitError(
            f"{len(set(groups))} duplicate groups of {len(set(labels))} labels are too few for "
            f"{_FOLDS} folds: {error}"
        ) from error
    for label in np.unique(labels):
        for name in SIDES:
            if not np.any((labels == label) & (side == name)):
                count = len(np.unique(groups[labels == label]))
                raise SplitError(
                    f"Label {str(label)!r} ({count} duplicate groups) has no example for {name}. "
                    "Raise the minimum support, or gather more works."
                )
    rows = [
        {"attribute": attribute, "artwork_id": artwork_id, "split": str(name)}
        for attribute, artwork_id, name in zip(
            examples["attribute"].to_pylist(), examples["artwork_id"].to_pylist(), side, strict=True
        )
    ]
    return table(SPLITS, rows)
