"""Groups of pictures that show the same: the connected components of confirmed pairs.

What belongs here: joining. Which pair is confirmed is decided before.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.duplicates.slices import places
from storage.schemas import GROUPS


def find_groups(image_ids: pa.ChunkedArray | Iterable[str], pairs: pa.Table) -> pa.Table:
    """GROUPS of the confirmed pairs of a PAIRS table; every picture is in exactly one group.

    Raises ValueError when a confirmed pair names a picture that is not among `image_ids`.
    """
    if not isinstance(image_ids, pa.ChunkedArray):
        image_ids = pa.chunked_array([list(image_ids)], pa.string())
    ids = pc.unique(image_ids)
    ids = ids.take(pc.sort_indices(ids))
    sure = pairs.select(["image_a", "image_b"]).filter(pairs["confirmed"])
    ends = (places(ids, sure, name, "pairs") for name in ("image_a", "image_b"))
    first, sizes = components(len(ids), *ends)
    return pa.table([ids, ids.take(pa.array(first)), pa.array(sizes, pa.int32())], schema=GROUPS)


def components(n: int, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of n nodes the smallest node of its component (int64) and that component's size.

    a, b: the ends of the edges, as positions.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not n:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    _, first, inverse, sizes = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    return first[inverse], sizes[inverse]
