"""What leaks from training to test: counted under each scheme, and what the naive split would have claimed.

What belongs here: counts of what stands on two sides, and one probe that is the same under every scheme, so
that only the split differs between its figures.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.features import matrix
from models.splits import of_scheme, sides

NEAR = 0.92  # cosine; where imaging.duplicates.similar begins to call pictures similar
_NEAREST = 10  # neighbours a picture that are looked at
_RIDGE = 0.1  # penalty, in mean eigenvalues of the standardised features
_RESAMPLES = 1000


def report(examples: pa.Table, splits: pa.Table, features: pa.Table) -> dict[str, Any]:
    """attribute → scheme → figures, of every split there is.

    groups, artists: of those that have two works or more, how many stand on two sides. near_duplicates: pairs of
    cosine ≥ 0.92 of frozen features between test and the rest; tested: pictures of the test that are in one.
    probe: accuracy on test of a linear probe on frozen features taught with the rest, with the 95 %
    bootstrap interval over groups; None where a label is taught by none.
    """
    found: dict[str, Any] = {}
    for attribute in sorted(pc.unique(splits["attribute"]).to_pylist()):
        of = examples.filter(pc.equal(examples["attribute"], attribute)).sort_by("artwork_id")
        known = pc.unique(splits.filter(pc.equal(splits["attribute"], attribute))["scheme"])
        found[attribute] = {
            scheme: _figures(of, of_scheme(splits, attribute, scheme), features)
            for scheme in sorted(known.to_pylist())
        }
    return found


def torn_groups(examples: pa.Table, splits: pa.Table) -> int:
    """How many groups stand on two sides under a scheme that should keep them together."""
    torn = 0
    for attribute in pc.unique(splits["attribute"]).to_pylist():
        of = examples.filter(pc.equal(examples["attribute"], attribute))
        of_splits = splits.filter(pc.equal(splits["attribute"], attribute))
        for scheme in pc.unique(of_splits["scheme"]).to_pylist():
            # The official lists are what they are, and the naive split is kept to show this.
            if scheme not in ("official", "naive"):
                side = sides(of, of_scheme(of_splits, attribute, scheme))
                torn += on_two_sides(of["group_id"].to_pylist(), side)[0]
    return torn


def on_two_sides(keys: Sequence[str | None], side: np.ndarray) -> tuple[int, int]:
    """Of keys that several rows bear, how many are on two sides or more, and how many there are."""
    rows = defaultdict(list)
    for key, name in zip(keys, side, strict=True):
        if key:
            rows[key].append(name)
    several = [names for names in rows.values() if len(names) > 1]
    return sum(len(set(names)) > 1 for names in several), len(several)


def _figures(examples: pa.Table, splits: pa.Table, features: pa.Table) -> dict[str, Any]:
    examples = examples.filter(
        pc.is_in(examples["artwork_id"], value_set=splits["artwork_id"].combine_chunks())
    )
    side = sides(examples, splits)
    vectors = matrix(features, examples["sha256"].to_pylist())
    torn, several = on_two_sides(examples["group_id"].to_pylist(), side)
    parted, artists = on_two_sides(examples["artist"].to_pylist(), side)
    pairs, tested = _near(vectors, side == "test")
    return {
        "pictures": len(side),
        "test": int((side == "test").sum()),
        "groups": several,
        "groups_on_two_sides": torn,
        "artists": artists,
        "artists_on_two_sides": parted,
        "near_duplicates": pairs,
        "tested": tested,
        "probe": _probe(
            vectors,
            np.array(examples["label"].to_pylist()),
            np.array(examples["group_id"].to_pylist()),
            side == "test",
        ),
    }


def _near(vectors: np.ndarray, tested: np.ndarray) -> tuple[int, int]:
    from imaging.duplicates.cosine import pairs_above, unit

    i, j, _ = pairs_above(unit(vectors), NEAR, _NEAREST)
    across = tested[i] != tested[j]
    i, j = i[across], j[across]
    return len(i), len(np.unique(np.where(tested[i], i, j)))


def _probe(
    vectors: np.ndarray, labels: np.ndarray, groups: np.ndarray, tested: np.ndarray
) -> dict[str, float] | None:
    """Ridge regression on ±1 targets, solved in closed form: quick, and the same each time."""
    names, targets = np.unique(labels, return_inverse=True)
    if set(targets[tested]) - set(targets[~tested]) or not tested.any():
        return None
    taught = vectors[~tested].astype(np.float64)
    mean, spread = taught.mean(axis=0), taught.std(axis=0)
    scale = np.where(spread > 1e-6, spread, 1.0)
    taught, asked = (taught - mean) / scale, (vectors[tested] - mean) / scale
    wanted = 2.0 * np.eye(len(names))[targets[~tested]] - 1.0
    offset = wanted.mean(axis=0)
    gram = taught.T @ taught
    gram[np.diag_indices_from(gram)] += _RIDGE * np.trace(gram) / len(gram)
    weights = np.linalg.solve(gram, taught.T @ (wanted - offset))
    right = (asked @ weights + offset).argmax(axis=1) == targets[tested]

    _, group = np.unique(groups[tested], return_inverse=True)
    hits, sizes = np.bincount(group, right), np.bincount(group)
    drawn = np.random.default_rng(0).integers(len(sizes), size=(_RESAMPLES, len(sizes)))
    low, high = np.quantile(hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    return {"value": float(right.mean()), "low": float(low), "high": float(high)}
