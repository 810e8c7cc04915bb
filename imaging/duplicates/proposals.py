"""Proposals as columns: one row each, the best of every pair, and as many as a crowd needs to hang together.

What belongs here: putting proposals together. Where they come from is `imaging.duplicates.candidates`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.duplicates import forests

BY = ("file", "derivative", "hash", "embedding", "record")  # the surest reason first
FILE, DERIVATIVE, HASH, EMBEDDING, RECORD = range(5)
# Spanning forests of hashes' proposals, see `thinned`. On the variants of 40 bases of the seen half two lose nothing
# against all proposals; twice as many allow for comparisons that wrongly refuse.
FORESTS = 4
_UPRIGHT_FIRST = (
    4  # bits that a turned form must be nearer by, since many pictures are nearly symmetric
)

# One proposal a row: positions a < b, and why. A pair may come several times.
_COLUMNS = {
    "a": np.int32,
    "b": np.int32,
    "by": np.int8,
    "phash": np.int16,
    "dhash": np.int16,
    "frame": np.int16,
    "form": np.int8,
}
Found = dict[str, np.ndarray]


def proposals(
    a: np.ndarray,
    b: np.ndarray,
    by: int,
    phash: np.ndarray,
    dhash: np.ndarray,
    frame: np.ndarray | int,
    form: np.ndarray | int,
) -> Found:
    """One proposal for each a and b, positions a < b; single values hold for all."""
    columns = zip(_COLUMNS.items(), (a, b, by, phash, dhash, frame, form), strict=True)
    return {
        name: np.broadcast_to(np.asarray(it, dtype=kind), a.shape) for (name, kind), it in columns
    }


def only(found: Mapping[str, np.ndarray], keep: np.ndarray) -> Found:
    """The proposals that `keep` marks, or those at its positions."""
    return {name: column[keep] for name, column in found.items()}


def best(found: Sequence[Found]) -> Found:
    """Each pair once: its surest reason, and the frame and form in which its hashes are nearest."""
    every = {name: np.concatenate([it[name] for it in found]) for name in _COLUMNS}
    near = every["phash"] + np.where(every["form"] > 0, _UPRIGHT_FIRST, 0)
    order = np.lexsort(
        (every["form"], every["frame"], every["dhash"], near, every["b"], every["a"])
    )
    every = only(every, order)
    new = (np.diff(every["a"], prepend=-1) != 0) | (np.diff(every["b"], prepend=-1) != 0)
    starts = np.flatnonzero(new)
    kept = only(every, starts)
    if len(starts):
        kept["by"] = np.minimum.reduceat(every["by"], starts)
    return kept


def thinned(pairs: Found, contents: pa.ChunkedArray) -> Found:
    """Without most hashes' proposals inside a crowd: those of the nearest pairs that still hold it together.

    n pictures of one work propose n² pairs; FORESTS × n of them join it as well, and a wrong refusal here and there
    does not part it. Equally near pairs are taken by their contents, so that a file's name decides nothing. What
    files, embeddings and records propose stays.
    """
    hashed = np.flatnonzero(pairs["by"] == HASH)
    some = only(pairs, hashed)
    rank = pc.rank(contents, tiebreaker="dense").to_numpy().astype(np.int64)
    ends = np.sort(np.stack([rank[some["a"]], rank[some["b"]]]), axis=0)
    near = some["phash"] + some["dhash"] + np.where(some["form"] > 0, _UPRIGHT_FIRST, 0)
    order = np.lexsort((some["b"], some["a"], ends[1], ends[0], near))
    keep = np.ones(len(pairs["a"]), dtype=bool)
    keep[hashed] = forests.lightest(len(contents), some["a"], some["b"], order, FORESTS)
    return only(pairs, keep)
