"""Train, validation and test: who learns from which example, with what belongs together on one side.

What belongs here: the schemes of splitting. All attributes are split together, so that a network with
several heads has each picture on one side:

- `grouped`: 70/15/15 %, stratified by the labels of all attributes, a group on one side;
- `artist_disjoint`: the same, and all works of a maker on one side as well;
- `official`: a published list's training and test pictures, validation taken out of its training part;
- `naive`: 70/15/15 % by pictures alone: what leaks, kept to say how much. Nothing is judged on it.
"""

import warnings
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.labels import SCHEMES, LabelMap
from models.together import components
from storage.schemas import SPLITS, table

SIDES = ("train", "validation", "test")
# Twenty folds are dealt 14/3/3, which is 70/15/15 %; where no label has twenty pictures, seven 5/1/1.
_FOLDS = ((20, 3), (7, 1))
# Which folds: of so many seeded deals the one whose worst label is nearest to its share. Measured on 67 labels of
# 5,078 pictures, the worst is 4.3 percentage points from its 15; ten times as many deals bring it to 3.9.
_DEALS = 1000


class SplitError(ValueError):
    """The examples cannot be split so that every side has every label.

    attribute: the one whose label is to blame, where there is one.
    """

    def __init__(self, message: str, attribute: str | None = None):
        super().__init__(message)
        self.attribute = attribute


def split(
    examples: pa.Table,
    scheme: str = "grouped",
    *,
    seed: int = 0,
    official: Mapping[str, Mapping[str, str]] | None = None,
) -> pa.Table:
    """Return a SPLITS table of all attributes in `examples`; equal examples give an equal split.

    examples: EXAMPLES; for `artist_disjoint` with their artists. official: attribute → artwork_id → train
    or test; examples that it does not have are on no side.

    Folds are scikit-learn's StratifiedGroupKFold over the labels of all attributes, each example a row.
    Raises SplitError naming attribute, label and side when a side has no example of a label, and when there
    are too few examples for folds.
    """
    # The folds depend on the order of rows, so that is fixed here.
    examples = examples.sort_by([("artwork_id", "ascending"), ("attribute", "ascending")])
    if scheme == "official":
        return _official(examples, official or {}, seed)
    if scheme not in ("grouped", "artist_disjoint", "naive"):
        raise SplitError(f"There is no scheme {scheme!r} to split by.")
    side = _dealt(examples, components(examples, scheme), seed, SIDES)
    _check(examples, side, scheme)
    return _table(examples, side, scheme)


def schemes(
    examples: pa.Table,
    maps: Mapping[str, LabelMap],
    official: Mapping[str, Mapping[str, str]],
    seed: int = 0,
) -> tuple[pa.Table, dict[str, str]]:
    """SPLITS under every scheme that the label maps ask for, and `naive`; and which were left out, why.

    maps: attribute → label map. official: as `split` takes it; a scheme that needs it and has it not is left out.
    An attribute that cannot be split under a scheme is left out of that scheme alone; one that cannot be split
    under `grouped`, which every other rests on, is left out of all. What is left out and why is keyed
    `<scheme>: <attributes>`.
    """
    made, told = [SPLITS.empty_table()], {}
    present = pc.unique(examples["attribute"]).to_pylist()
    for scheme in (*SCHEMES, "naive"):
        asked = [name for name in present if scheme == "naive" or scheme in maps[name].schemes]
        if scheme == "official":
            asked = [name for name in asked if official.get(name)]
        while asked:
            chosen = examples.filter(pc.is_in(examples["attribute"], value_set=pa.array(asked)))
            try:
                made.append(split(chosen, scheme, seed=seed, official=official))
                break
            except SplitError as error:
                out = [error.attribute] if error.attribute else asked
                told[f"{scheme}: {', '.join(out)}"] = str(error)
                asked = [name for name in asked if name not in out]
                if scheme == "grouped":
                    present = [name for name in present if name not in out]
    return pa.concat_tables(made), told


def of_scheme(splits: pa.Table, attribute: str, scheme: str) -> pa.Table:
    """The sides of one attribute under one scheme.

    Raises SplitError when there are none, saying which schemes the attribute has.
    """
    of_attribute = splits.filter(pc.equal(splits["attribute"], attribute))
    chosen = of_attribute.filter(pc.equal(of_attribute["scheme"], scheme))
    if not len(chosen):
        known = ", ".join(sorted(pc.unique(of_attribute["scheme"]).to_pylist())) or "none"
        raise SplitError(
            f"{attribute} has no split {scheme!r}; it has {known}. See the metadata of training/splits "
            "for why, and `schemes` in the attribute's label map.",
            attribute,
        )
    return chosen


def sides(examples: pa.Table, splits: pa.Table) -> np.ndarray:
    """The side of each example, in the order of `examples`; both of one attribute and scheme.

    Raises SplitError when an example has none, or has two.
    """
    names = splits["artwork_id"].to_pylist()
    side = dict(zip(names, splits["split"].to_pylist(), strict=True))
    if len(side) < len(names):
        raise SplitError(
            "The splits hold several attributes or schemes; take one of them with `of_scheme`."
        )
    wanted = examples["artwork_id"].to_pylist()
    absent = [name for name in wanted if name not in side]
    if absent:
        raise SplitError(f"{len(absent)} examples are on no side of the split, first {absent[0]}.")
    return np.array([side[name] for name in wanted])


def grouped_folds(targets: np.ndarray, groups: np.ndarray, count: int = 5) -> list[np.ndarray]:
    """Rows of each of `count` folds, stratified, a group in one fold; seeded."""
    return _folds(targets, groups, count, 0)


def _folds(targets: np.ndarray, groups: np.ndarray, count: int, seed: int) -> list[np.ndarray]:
    from sklearn.model_selection import StratifiedGroupKFold

    folder = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A label in fewer groups than folds is simply absent from some of them.
        warnings.filterwarnings("ignore", message="The least populated class")
        return [fold for _, fold in folder.split(targets, targets, groups)]


def _dealt(examples: pa.Table, groups: np.ndarray, seed: int, names: tuple[str, ...]) -> np.ndarray:
    """A side for each example: folds of whole groups, dealt so that labels have their shares.

    names: the first takes what the others, a deal of folds each, leave.
    """
    pairs = zip(examples["attribute"].to_pylist(), examples["label"].to_pylist(), strict=True)
    labels, targets = np.unique(
        np.array(["\0".join(pair) for pair in pairs], dtype=object), return_inverse=True
    )
    most = np.bincount(targets).max(initial=0)
    kinds = len(set(groups.tolist()))
    count, dealt = next((one for one in _FOLDS if one[0] <= min(most, kinds)), _FOLDS[-1])
    if min(most, kinds) < count:
        raise SplitError(f"{kinds} groups of {len(labels)} labels are too few for {count} folds.")
    fold = np.empty(len(targets), np.int64)
    for number, rows in enumerate(_folds(targets, groups, count, seed)):
        fold[rows] = number
    counts = np.zeros((len(labels), count))
    np.add.at(counts, (targets, fold), 1)
    share = counts / counts.sum(axis=1, keepdims=True)

    random = np.random.default_rng(seed)
    deals = random.permuted(np.tile(np.arange(count), (_DEALS, 1)), axis=1)
    got = np.stack(
        [
            share[:, deals[:, dealt * at : dealt * (at + 1)]].sum(axis=2)
            for at in range(len(names) - 1)
        ]
    )  # sides × labels × deals
    lacking = (got == 0).sum(axis=(0, 1)) + (1 - got.sum(axis=0) < 1e-9).sum(axis=0)
    worst = np.abs(got - dealt / count).max(axis=(0, 1))
    best = deals[np.lexsort((worst, lacking))[0]]
    side_of_fold = np.full(count, names[0], dtype="<U10")
    for at, name in enumerate(names[1:]):
        side_of_fold[best[dealt * at : dealt * (at + 1)]] = name
    return side_of_fold[fold]


def _official(examples: pa.Table, official: Mapping[str, Mapping[str, str]], seed: int) -> pa.Table:
    names = zip(examples["attribute"].to_pylist(), examples["artwork_id"].to_pylist(), strict=True)
    listed = np.array([official.get(attribute, {}).get(name, "") for attribute, name in names])
    kept = examples.filter(pa.array(listed != ""))
    if not len(kept):
        raise SplitError("No example is in the official lists.")
    side = np.array([name for name in listed if name], dtype="<U10")
    # The published lists differ between attributes: each has its own validation part.
    attributes = np.array(kept["attribute"].to_pylist())
    for attribute in np.unique(attributes):
        rows = np.flatnonzero((attributes == attribute) & (side == "train"))
        part = kept.take(rows)
        side[rows] = _dealt(part, components(part, "grouped"), seed, SIDES[:2])
    _check(kept, side, "official")
    return _table(kept, side, "official")


def _check(examples: pa.Table, side: np.ndarray, scheme: str) -> None:
    attributes = np.array(examples["attribute"].to_pylist())
    labels = np.array(examples["label"].to_pylist())
    groups = np.array(examples["group_id"].to_pylist())
    for attribute in np.unique(attributes):
        for label in np.unique(labels[attributes == attribute]):
            rows = (attributes == attribute) & (labels == label)
            for name in SIDES:
                if not np.any(rows & (side == name)):
                    raise SplitError(
                        f"{attribute}: label {str(label)!r} ({rows.sum()} examples in "
                        f"{len(np.unique(groups[rows]))} groups) has no example for {name} under "
                        f"{scheme}. Raise `minimum_support` in its label map, or gather more works.",
                        str(attribute),
                    )


def _table(examples: pa.Table, side: np.ndarray, scheme: str) -> pa.Table:
    rows = [
        {"attribute": attribute, "artwork_id": artwork_id, "split": str(name), "scheme": scheme}
        for attribute, artwork_id, name in zip(
            examples["attribute"].to_pylist(), examples["artwork_id"].to_pylist(), side, strict=True
        )
    ]
    return table(SPLITS, rows)
