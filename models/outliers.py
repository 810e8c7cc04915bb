"""Artworks that do not look like their label: a list for a curator to look at, oddest first."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.features import check_model, matrix, unit
from models.head import Head
from storage.schemas import OUTLIERS, table


def outliers(head: Head, features: pa.Table, examples: pa.Table) -> pa.Table:
    """Return an OUTLIERS table over all examples of the head's attribute.

    Two views, both asked: the head's uncertainty (1 − highest calibrated probability; Hendrycks and
    Gimpel 2017) and the cosine distance to the centroid of the example's own label. They rank by the
    mean of their two percentiles, as their scales have nothing in common. Examples that the head was
    trained on look more certain than they are; the distance does not depend on the head.
    Raises FingerprintError for features of another backbone, ValueError for a label unknown to it.
    """
    check_model(features, head.backbone, f"The head {head.id}")
    chosen = examples.filter(pc.equal(examples["attribute"], head.attribute)).sort_by("artwork_id")
    names = chosen["label"].to_pylist()
    strangers = sorted(set(names) - set(head.labels))
    if strangers:
        raise ValueError(f"{head.id} does not know the label {strangers[0]!r}.")
    if not names:
        return OUTLIERS.empty_table()
    vectors = matrix(features, chosen["sha256"].to_pylist())
    likely = head.probabilities(vectors)
    guesses = likely.argmax(axis=1)
    uncertainty = 1 - likely.max(axis=1)
    distance = _centroid_distance(vectors, np.array(names))
    strange = _percentile(uncertainty), _percentile(distance)
    nearer = np.searchsorted(np.sort(distance), distance, side="left") / len(distance)
    order = np.argsort(-(strange[0] + strange[1]), kind="stable")
    artworks = chosen["artwork_id"].to_pylist()
    rows = [
        {
            "artwork_id": artworks[row],
            "attribute": head.attribute,
            "uncertainty": float(uncertainty[row]),
            "centroid_distance": float(distance[row]),
            "rank": rank,
            "reason": _reason(
                names[row],
                head.labels[guesses[row]],
                float(likely[row, guesses[row]]),
                float(distance[row]),
                float(nearer[row]),
            ),
        }
        for rank, row in enumerate(order, start=1)
    ]
    return table(OUTLIERS, rows)


def _centroid_distance(vectors: np.ndarray, names: np.ndarray) -> np.ndarray:
    """1 − cosine to the mean direction of each example's own label, 0 to 2."""
    directions = unit(vectors.astype(np.float64))
    distance = np.zeros(len(names))
    for name in np.unique(names):
        own = names == name
        centroid = unit(directions[own].mean(axis=0, keepdims=True))
        distance[own] = 1 - directions[own] @ centroid[0]
    return distance


def _percentile(values: np.ndarray) -> np.ndarray:
    """The share of values at or below each, 0 to 1; equal values share theirs."""
    return np.searchsorted(np.sort(values), values, side="right") / len(values)


def _reason(label: str, guess: str, probability: float, distance: float, share: float) -> str:
    if guess == label:
        said = f"the model agrees with {label}, at {probability:.0%}"
    else:
        said = f"filed under {label}, the model says {guess} at {probability:.0%}"
    return (
        f"{said}; cosine distance {distance:.2f} from the centre of {label}, "
        f"further than {int(100 * share)}% of all"
    )
