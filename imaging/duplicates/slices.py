"""Tables of any length worked on a few thousand rows at a time, and rows found by their ids.

What belongs here: what keeps memory flat where rows must be Python's own; what is done with them is said elsewhere.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ROWS = 4096  # facts of a picture are 2 kB as a dict: 8 MB in all


def slices(table: pa.Table, by: str | None = None) -> Iterator[pa.Table]:
    """The table in parts of ROWS rows, in order; equal values of column `by` that follow each other stay together."""
    ends = np.arange(1, table.num_rows + 1)
    if by is not None and table.num_rows:
        values = table[by].combine_chunks()
        changes = pc.not_equal(values[1:], values[:-1]).to_numpy(zero_copy_only=False)
        ends = ends[np.append(changes, True)]
    start = 0
    while start < table.num_rows:
        stop = int(ends[np.searchsorted(ends, min(start + ROWS, table.num_rows))])
        yield table.slice(start, stop - start)
        start = stop


def places(ids: pa.Array | pa.ChunkedArray, table: pa.Table, name: str, what: str) -> np.ndarray:
    """For each row of the table the position in `ids` of what its column `name` holds.

    Raises ValueError naming the first that is not there, in words that begin with `what`.
    """
    known = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    found = pc.index_in(table[name], value_set=known)
    if found.null_count:
        stranger = table[name][found.is_null().index(True).as_py()]
        raise ValueError(f"{what}: {name} {stranger} is not among the pictures")
    return found.to_numpy().astype(np.int64)
