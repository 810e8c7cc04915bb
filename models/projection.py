"""A map of the collection: embeddings laid flat, near things near."""

import numpy as np
import pyarrow as pa

from models.features import matrix, model_of, unit, with_features
from storage.schemas import PROJECTION


def project(features: pa.Table, pictures: pa.Table) -> tuple[pa.Table, tuple[float, float]]:
    """Return a PROJECTION table by PCA, and the shares of the variance that x and y explain.

    pictures: `artwork_id`, `sha256` of the primary picture; one without features is left out.
    The axes' signs are fixed (the largest loading is positive), so equal data gives an equal map.
    """
    model_of(features)
    names, sha256s = with_features(pictures, features)
    vectors = unit(matrix(features, sha256s).astype(np.float64))
    points, explained = np.zeros((len(names), 2)), (0.0, 0.0)
    if len(names) > 2:  # fewer points span no plane; they lie at the origin
        from sklearn.decomposition import PCA

        model = PCA(n_components=2, svd_solver="covariance_eigh").fit(vectors)
        largest = np.abs(model.components_).argmax(axis=1)
        signs = np.sign(model.components_[[0, 1], largest])
        points = model.transform(vectors) * signs
        first, second = model.explained_variance_ratio_
        explained = float(first), float(second)
    columns = [names, points[:, 0].astype(np.float32), points[:, 1].astype(np.float32)]
    arrays = [pa.array(column, f.type) for column, f in zip(columns, PROJECTION, strict=True)]
    return pa.Table.from_arrays(arrays, schema=PROJECTION), explained
