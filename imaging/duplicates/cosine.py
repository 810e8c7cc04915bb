"""Which vectors point the same way: the nearest neighbours above a cosine, in bounded memory.

What belongs here: the exact join of embeddings. What a cosine means is decided by its callers.

All pairs are compared in blocks, first by a sketch: the leading principal directions, with the length of what
they leave out as one more coordinate. By Cauchy and Schwarz the product of two sketches is never less than
their cosine, so nothing is lost, and few pairs need all their coordinates.
"""

import numpy as np

_DIRECTIONS = 128
_SAMPLE = 5_000  # vectors that the directions are found from; they decide the speed, not the result
_ROWS, _COLUMNS = 1024, 16_384  # 64 MB of products at once
_SLACK = 1e-4  # rounding of the sketches' products
_PAIRS = 8_192


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, float32; a row of zeros stays as it is.

    vectors: n×d floats.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    return (vectors / np.where(lengths > 0, lengths, 1.0)[:, None]).astype(np.float32)


def cosines(vectors: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Cosine of the unit vectors at i and j, pair by pair, float32; equal whatever else is asked for."""
    made = np.empty(len(i), dtype=np.float32)
    for at in range(0, len(i), _PAIRS):
        part = slice(at, at + _PAIRS)
        made[part] = np.einsum("nd,nd->n", vectors[i[part]], vectors[j[part]])
    return made


def pairs_above(
    vectors: np.ndarray, least: float, nearest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (i, j, cosine), i < j, of cosine ≥ `least` where one is among the `nearest` of the other.

    vectors: n×d unit vectors (see `unit`). Equally near ones are taken in their order. So there are at
    most n × `nearest` pairs, however much alike the vectors are. Sorted by i and j.
    """
    sketches = _sketches(vectors)
    found: list[np.ndarray] = []
    for top in range(0, len(vectors), _ROWS):
        block = sketches[top : top + _ROWS]
        one, other, alike = [], [], []
        for left in range(0, len(vectors), _COLUMNS):
            products = block @ sketches[left : left + _COLUMNS].T
            i, j = np.nonzero(products >= least - _SLACK)
            i, j = i + top, j + left
            i, j = i[i != j], j[i != j]
            exact = cosines(vectors, i, j)
            enough = exact >= least
            one.append(i[enough])
            other.append(j[enough])
            alike.append(exact[enough])
        pairs = np.concatenate(one), np.concatenate(other), np.concatenate(alike)
        found.append(_nearest(*pairs, nearest))
    keys = np.concatenate([_keys(pair, len(vectors)) for pair in found] or [np.empty(0, np.int64)])
    keys = np.unique(keys)
    i, j = keys // max(len(vectors), 1), keys % max(len(vectors), 1)
    return i, j, cosines(vectors, i, j)


def _sketches(vectors: np.ndarray) -> np.ndarray:
    sample = vectors[:: 1 + len(vectors) // _SAMPLE]
    if len(vectors) <= _ROWS or vectors.shape[1] <= _DIRECTIONS:
        return vectors
    _, directions = np.linalg.eigh(sample.T @ sample)
    leading = vectors @ directions[:, -_DIRECTIONS:]
    rest = 1.0 - np.einsum("nd,nd->n", leading, leading)
    return np.column_stack([leading, np.sqrt(np.maximum(rest, 0.0))]).astype(np.float32)


def _nearest(i: np.ndarray, j: np.ndarray, alike: np.ndarray, nearest: int) -> np.ndarray:
    order = np.lexsort((j, -alike, i))
    i, j = i[order], j[order]
    first = np.searchsorted(i, i, side="left")
    keep = np.arange(len(i)) - first < nearest
    return np.stack([i[keep], j[keep]])


def _keys(pair: np.ndarray, n: int) -> np.ndarray:
    return pair.min(axis=0) * n + pair.max(axis=0)
