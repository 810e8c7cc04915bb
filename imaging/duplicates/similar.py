"""Pictures that look alike without being confirmed as the same: sets for people to review, never groups.

What belongs here: making those sets.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.duplicates.candidates import NEAREST
from imaging.duplicates.cosine import pairs_above, unit
from imaging.duplicates.decisions import NOT_DUPLICATE, words
from imaging.duplicates.groups import components, find_groups
from storage.schemas import SIMILAR_SETS

LEAST = 0.92  # cosine; where the culling references begin to call pictures similar


def similar_sets(
    images: pa.Table, vectors: pa.Table | None, pairs: pa.Table, least: float = LEAST
) -> pa.Table:
    """SIMILAR_SETS: connected pictures whose embeddings are at cosine ≥ `least` without being confirmed.

    images: image_id, sha256. vectors: sha256, vector, or None. pairs: PAIRS after people's decisions.
    Left out are pairs inside one group of confirmed duplicates and pairs that a person refused. Of equal
    files the first by image_id stands for all.
    """
    if vectors is None or not vectors.num_rows:
        return SIMILAR_SETS.empty_table()
    images = images.select(["image_id", "sha256"]).sort_by("image_id")
    firsts = images.group_by("sha256", use_threads=False).aggregate([("image_id", "min")])
    firsts = firsts.sort_by("image_id_min")
    known = pc.index_in(firsts["sha256"], value_set=vectors["sha256"].combine_chunks())
    firsts = firsts.filter(known.is_valid())
    ids = firsts["image_id_min"].combine_chunks()
    rows = vectors["vector"].combine_chunks().take(known.drop_null().combine_chunks())
    width = vectors["vector"].type.list_size
    directions = unit(pc.list_flatten(rows).to_numpy().reshape(len(ids), width))
    i, j, alike = pairs_above(directions, least, NEAREST)

    groups = find_groups(images["image_id"], pairs)
    place = pc.index_in(ids, value_set=groups["image_id"].combine_chunks())
    group = groups["group_id"].take(place).combine_chunks().dictionary_encode().indices.to_numpy()
    refused = _refused(pairs, images, firsts["sha256"].combine_chunks())
    left = (group[i] != group[j]) & ~np.isin(i * len(ids) + j, refused)
    i, j, alike = i[left], j[left], alike[left]

    first, sizes = components(len(ids), i, j)
    one, other, both = np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([alike] * 2)
    order = np.lexsort((other, -both, one))
    members, at = np.unique(one[order], return_index=True)
    nearest = order[at]
    return pa.table(
        [
            ids.take(pa.array(members)),
            ids.take(pa.array(first[members])),
            pa.array(sizes[members], pa.int32()),
            ids.take(pa.array(other[nearest])),
            pa.array(both[nearest], pa.float32()),
        ],
        schema=SIMILAR_SETS,
    )


def _refused(pairs: pa.Table, images: pa.Table, files: pa.Array) -> np.ndarray:
    """Pairs that a person refused, as numbers of their files: smaller × n + larger."""
    told = pairs.filter(pc.equal(pairs["evidence"], words(NOT_DUPLICATE)))
    ends = []
    for name in ("image_a", "image_b"):
        at = pc.index_in(told[name], value_set=images["image_id"].combine_chunks())
        number = pc.index_in(images["sha256"].take(at), value_set=files)
        ends.append(pc.fill_null(number, -1).to_numpy())
    both = np.sort(np.stack(ends), axis=0).astype(np.int64)
    both = both[:, both[0] >= 0]
    return both[0] * len(files) + both[1]
