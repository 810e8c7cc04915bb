"""What a head says about artworks."""

import numpy as np
import pyarrow as pa

from models.features import check_model, matrix
from models.head import Head
from storage.schemas import PREDICTIONS

TOP = 3


def predict(head: Head, features: pa.Table, pictures: pa.Table) -> pa.Table:
    """Return a PREDICTIONS table: the `TOP` most likely labels of each artwork.

    pictures: `artwork_id`, `sha256` of the primary picture; one without features gets no row.
    Raises FingerprintError when the features were made with another backbone than the head's.
    """
    check_model(features, head.backbone, f"The head {head.id}")
    names, sha256s = with_features(pictures, features)
    likely = head.probabilities(matrix(features, sha256s)) if names else np.zeros((0, 1))
    top = np.argsort(-likely, axis=1, kind="stable")[:, :TOP]
    count, ranks = len(names), top.shape[1] if names else 0
    columns = [
        np.repeat(np.array(names, dtype=object), ranks),
        [head.attribute] * (count * ranks),
        np.tile(np.arange(1, ranks + 1, dtype=np.int16), count),
        [head.labels[label] for label in top.ravel()] if names else [],
        np.take_along_axis(likely, top, axis=1).ravel().astype(np.float32) if names else [],
        [head.id] * (count * ranks),
    ]
    arrays = [
        pa.array(column, type=field.type)
        for column, field in zip(columns, PREDICTIONS, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=PREDICTIONS)


def with_features(pictures: pa.Table, features: pa.Table) -> tuple[list[str], list[str]]:
    """Artworks whose picture has features, by artwork_id, and those pictures' sha256."""
    known = set(features["sha256"].to_pylist())
    ordered = pictures.sort_by("artwork_id")
    pairs = [
        (artwork_id, sha256)
        for artwork_id, sha256 in zip(
            ordered["artwork_id"].to_pylist(), ordered["sha256"].to_pylist(), strict=True
        )
        if sha256 in known
    ]
    return [artwork_id for artwork_id, _ in pairs], [sha256 for _, sha256 in pairs]
