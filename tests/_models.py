"""Feature tables with a known structure, for the tests of the room `models`."""

import hashlib

import numpy as np
import pyarrow as pa

from models.features import WIDTH
from models.weights import packaged_fingerprint
from storage.schemas import EXAMPLES, FEATURES, table

MODEL = packaged_fingerprint().id


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def feature_table(vectors: dict[str, np.ndarray], model: str = MODEL) -> pa.Table:
    """A FEATURES table of those vectors by sha256."""
    rows = [
        {"sha256": key, "vector": vector.astype(np.float32).tolist(), "model": model}
        for key, vector in vectors.items()
    ]
    return table(FEATURES, rows)


def blobs(
    counts: dict[str, int], spread: float = 3.0, twins: int = 0, seed: int = 0
) -> tuple[pa.Table, pa.Table]:
    """FEATURES and EXAMPLES (attribute department): one Gaussian blob a label, `spread` apart.

    The first `twins` examples of a label come with a near-identical picture in their group.
    """
    random = np.random.default_rng(seed)
    vectors, rows = {}, []
    for label, count in counts.items():
        centre = random.normal(size=WIDTH) * spread / np.sqrt(WIDTH)
        for number in range(count):
            name = f"x:{label}-{number:03d}"
            vector = centre + random.normal(size=WIDTH) / np.sqrt(WIDTH)
            for twin in range(2 if number < twins else 1):
                artwork_id = f"{name}{'ab'[twin]}"
                vectors[sha(artwork_id)] = vector + 1e-3 * twin
                rows.append(
                    {
                        "attribute": "department",
                        "artwork_id": artwork_id,
                        "sha256": sha(artwork_id),
                        "label": label,
                        "group_id": name,
                        "provenance": "department of x",
                        "as_written": label,
                    }
                )
    return feature_table(vectors), table(EXAMPLES, rows)


def pictures(examples: pa.Table) -> pa.Table:
    return examples.select(["artwork_id", "sha256"])


def groups(examples: pa.Table) -> pa.Table:
    return examples.select(["artwork_id", "group_id"])
