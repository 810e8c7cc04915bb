"""Tables to arrays: examples, sides and feature vectors lined up for training and evaluation."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.features import matrix
from models.folders import to_json
from models.splits import of_scheme, sides
from models.together import kept_together


@dataclass(frozen=True)
class Prepared:
    """Pictures of one attribute as arrays, in the order of artwork_id."""

    attribute: str
    labels: tuple[str, ...]
    artworks: np.ndarray
    sha256s: np.ndarray
    vectors: np.ndarray
    targets: np.ndarray
    side: np.ndarray
    groups: np.ndarray


def prepare(
    features: pa.Table,
    examples: pa.Table,
    splits: pa.Table,
    attribute: str,
    *,
    scheme: str = "grouped",
) -> Prepared:
    """Line examples, sides and vectors up.

    scheme: which of the splits. A picture filed under several objects of one label counts once,
    as it tells no more. `groups` is what the scheme keeps on one side (`together.kept_together`).
    Raises ValueError when there is no example of the attribute, a picture without features, or
    features that are not numbers; SplitError when the attribute has no such split, or an example is on no side.
    """
    examples = examples.filter(pc.equal(examples["attribute"], attribute)).sort_by("artwork_id")
    if not len(examples):
        raise ValueError(f"There is no example of {attribute} to learn from.")
    chosen = of_scheme(splits, attribute, scheme)
    if scheme == "official":  # lists leave out what they do not know
        listed = chosen["artwork_id"].combine_chunks()
        examples = examples.filter(pc.is_in(examples["artwork_id"], value_set=listed))
    artworks = np.array(examples["artwork_id"].to_pylist())
    groups = kept_together(examples, scheme)
    seen = zip(examples["sha256"].to_pylist(), examples["label"].to_pylist(), strict=True)
    kept = sorted({pair: row for row, pair in reversed(list(enumerate(seen)))}.values())
    examples, artworks, groups = examples.take(kept), artworks[kept], groups[kept]
    names = examples["label"].to_pylist()
    labels = tuple(sorted(set(names)))
    number = {label: index for index, label in enumerate(labels)}
    sha256s = examples["sha256"].to_pylist()
    vectors = matrix(features, sha256s)
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise ValueError(
            f"The features of {len(bad)} pictures are not numbers, first {sha256s[int(bad[0])]}."
        )
    return Prepared(
        attribute,
        labels,
        artworks,
        np.array(sha256s),
        vectors,
        np.array([number[name] for name in names]),
        sides(examples, chosen),
        groups,
    )


def standardisation(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale of each feature; one that never varies keeps the scale 1."""
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
    return mean, np.where(spread > 1e-6, spread, 1).astype(np.float32)


def data_version(data: Prepared) -> str:
    """The sha256 over everything that training sees."""
    digest = hashlib.sha256(to_json({"labels": list(data.labels)}))
    for array in (data.vectors, data.targets.astype(np.int64)):
        digest.update(array.tobytes())
    digest.update("\n".join([*data.side.tolist(), *data.groups.tolist()]).encode())
    return digest.hexdigest()
