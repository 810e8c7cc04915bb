"""Tables to arrays: examples, sides and feature vectors lined up for training and evaluation."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.features import matrix
from models.folders import to_json
from models.splits import sides


@dataclass(frozen=True)
class Prepared:
    """Pictures of one attribute as arrays, in the order of artwork_id."""

    attribute: str
    labels: tuple[str, ...]
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
    distinct: bool = True,
) -> Prepared:
    """Line examples, sides and vectors up.

    distinct: a picture filed under several objects of one label counts once, as it tells no more.
    Raises ValueError when there is no example of the attribute, a picture without features, or
    features that are not numbers; SplitError when an example is on no side.
    """
    examples = examples.filter(pc.equal(examples["attribute"], attribute)).sort_by("artwork_id")
    if not len(examples):
        raise ValueError(f"There is no example of {attribute} to learn from.")
    if distinct:
        seen = zip(examples["sha256"].to_pylist(), examples["label"].to_pylist(), strict=True)
        first = {pair: row for row, pair in reversed(list(enumerate(seen)))}
        examples = examples.take(sorted(first.values()))
    splits = splits.filter(pc.equal(splits["attribute"], attribute))
    names = examples["label"].to_pylist()
    labels = tuple(sorted(set(names)))
    number = {label: index for index, label in enumerate(labels)}
    vectors = matrix(features, examples["sha256"].to_pylist())
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise ValueError(
            f"The features of {len(bad)} pictures are not numbers, "
            f"first {examples['sha256'][int(bad[0])].as_py()}."
        )
    return Prepared(
        attribute,
        labels,
        vectors,
        np.array([number[name] for name in names]),
        sides(examples, splits),
        np.array(examples["group_id"].to_pylist()),
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
