"""What a careless split would have claimed of the frozen baseline: the price of leakage, as a figure."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models import metrics
from models.data import prepare, standardisation
from models.fitting import fit_linear, side_by_side
from models.head import Head
from models.splits import split


def naive_claim(head: Head, features: pa.Table, examples: pa.Table) -> dict[str, Any]:
    """The head's settings, taught and judged on a split that ignores what belongs together.

    Returns `naive_accuracy` and `naive_macro_f1`, each with its interval over groups, how many `groups` there
    are, and how many of them the split tore (`groups_on_two_sides`).
    Raises SplitError where there are too few examples to split.
    """
    chosen = examples.filter(pc.equal(examples["attribute"], head.attribute))
    careless = split(chosen, "naive")
    data = prepare(features, chosen, careless, head.attribute, scheme="naive", distinct=False)
    test = data.side == "test"
    mean, scale = standardisation(data.vectors[~test])
    inputs = (data.vectors.astype(np.float64) - mean) / scale
    learned, judged = ((inputs[rows], data.targets[rows]) for rows in (~test, test))
    (fit,) = side_by_side([lambda: fit_linear(learned, judged, len(data.labels), head.settings)])
    guesses = fit.logits(judged[0]).argmax(axis=1)
    names = chosen["artwork_id"].to_pylist()
    group_of = dict(zip(names, chosen["group_id"].to_pylist(), strict=True))
    groups = np.array([group_of[name] for name in data.artworks])
    resamples = metrics.Resamples(groups[test])
    sides = Counter(group for group, _ in set(zip(groups, data.side, strict=True)))
    return {
        "groups": len(sides),
        "groups_on_two_sides": sum(count > 1 for count in sides.values()),
        "naive_accuracy": metrics.share(guesses == judged[1], resamples),
        "naive_macro_f1": metrics.macro_f1_interval(
            judged[1], guesses, len(data.labels), resamples
        ),
    }
