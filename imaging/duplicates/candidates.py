"""Which two pictures are worth comparing: equal files, near hashes, near embeddings, one record.

What belongs here: proposing. Nothing is confirmed here, so the limits are generous: on the natural pairs
of museum photographs every same work lies within 14 bits of pHash and 35 of dHash, and so do 18 of
the 23 look-alikes.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.duplicates.cosine import cosines, pairs_above, unit
from imaging.duplicates.hamming import pairs_between, pairs_within
from imaging.duplicates.proposals import (
    BY,
    DERIVATIVE,
    EMBEDDING,
    FILE,
    HASH,
    RECORD,
    Found,
    best,
    only,
    proposals,
    thinned,
)
from imaging.duplicates.turned import turned_dhash
from imaging.hashes import hamming

WHOLE_BITS = 16  # of pHash, both pictures whole
FRAME_BITS = 10  # of pHash, one whole and the other in a frame: a frame that fits leaves few
TURNED_BITS = (
    8  # of pHash, one turned or mirrored: the coefficients are the same but for their signs
)
DHASH_BITS = 40  # of 128, upright: keeps all natural pairs, drops nearly all that agree by chance
COSINE = 0.90  # of embeddings
NEAREST = 20  # embeddings propose with so many at most, however much alike a collection is
EQUAL_HASHES = 8  # pictures of equal hashes that are compared with each other; more are chained

WHOLE = "whole"

_READ = "image_id artwork_id sha256 content width height phash dhash_h dhash_v phash_turned frame_hashes"
CANDIDATES = pa.schema(
    [
        ("image_a", pa.string()),
        ("image_b", pa.string()),
        ("proposed_by", pa.string()),
        ("phash_distance", pa.int16()),
        ("dhash_distance", pa.int16()),
        ("frame", pa.string()),
        ("form", pa.int8()),
        ("cosine", pa.float32()),
    ]
)


def propose(images: pa.Table, vectors: pa.Table | None = None) -> pa.Table:
    """CANDIDATES: pairs worth comparing, each once, sorted by image_a and image_b.

    images: one row a picture: image_id, artwork_id, sha256, content, width, height, phash, dhash_h,
    dhash_v, phash_turned, frame_hashes. vectors: sha256, vector; or None.

    Equal files are chained to the smallest image_id among them, and so are equal derivatives of equal size;
    only that one is compared with others, so a file filed a thousand times makes a thousand rows and
    not a million. More than 8 pictures of equal hashes are each paired with the first and the next of
    them. A picture without any edge has no hash to speak of and is proposed by its files alone. Distances and
    `frame` ("whole/90 %": a whole, b in its middle 90 %) are those in which the hashes match best; those
    of a turned form follow from the upright bits, which count equal neighbours as a difference.
    """
    images = _in_order(images.select(_READ.split()))
    facts = _Facts(images)
    found = [*_equal_files(images, facts)]
    found += [*_near_hashes(facts), _same_record(images, facts)]
    directions = _unit_vectors(images, vectors)
    if directions is not None:
        found.append(_near_vectors(directions, facts))
    pairs = thinned(best(found), images["content"])
    alike = np.full(len(pairs["a"]), np.nan, dtype=np.float32)
    if directions is not None:
        rows, known = directions
        both = np.flatnonzero((known[pairs["a"]] >= 0) & (known[pairs["b"]] >= 0))
        alike[both] = cosines(rows, known[pairs["a"][both]], known[pairs["b"][both]])
    ids = images["image_id"].combine_chunks()
    return pa.table(
        [
            ids.take(pa.array(pairs["a"])),
            ids.take(pa.array(pairs["b"])),
            pa.array(BY).take(pa.array(pairs["by"])),
            pa.array(pairs["phash"], pa.int16()),
            pa.array(pairs["dhash"], pa.int16()),
            pa.array(facts.frames, pa.string()).take(pa.array(pairs["frame"])),
            pa.array(pairs["form"], pa.int8()),
            pa.array(alike, pa.float32(), mask=np.isnan(alike)),
        ],
        schema=CANDIDATES,
    )


def _in_order(images: pa.Table) -> pa.Table:
    """By image_id; as it is where it is so already, since a copy weighs as much again."""
    ids = images["image_id"].combine_chunks()
    ordered = pc.all(pc.less_equal(ids[:-1], ids[1:])).as_py()
    return images.sort_by("image_id") if ordered is False else images


class _Facts:
    """The columns that proposing reads, as arrays; `first` marks the pictures that are compared."""

    def __init__(self, images: pa.Table):
        self.phash, self.along, self.down = (
            images[name].to_numpy() for name in ("phash", "dhash_h", "dhash_v")
        )
        n = images.num_rows
        self.turned = _flat(images["phash_turned"]).to_numpy().reshape(n, 8)
        self.first = np.ones(n, dtype=bool)
        self.owner, parts = _parts(images["frame_hashes"])
        self.part_phash, self.part_along, self.part_down = (
            pc.struct_field(parts, name).to_numpy(zero_copy_only=False)
            for name in ("phash", "dhash_h", "dhash_v")
        )
        names = pc.struct_field(parts, "frame").dictionary_encode()
        labels = names.dictionary.to_pylist()
        # Labels of both ways round, by number: 0 for both whole, then b in a frame, then a in one.
        self.frames = [
            f"{WHOLE}/{WHOLE}",
            *(f"{WHOLE}/{it}" for it in labels),
            *(f"{it}/{WHOLE}" for it in labels),
        ]
        self.part_frame = names.indices.to_numpy() + 1
        self.reverse = len(labels)

    def told(self) -> np.ndarray:
        """Positions of the pictures that are compared and have an edge to be known by."""
        return np.flatnonzero(self.first & ((self.along != 0) | (self.down != 0)))

    def whole(self, a: np.ndarray, b: np.ndarray, by: int) -> Found:
        """Proposals of whole and upright pictures, with their distances."""
        dhash = _dhash(self.along[a], self.down[a], self.along[b], self.down[b])
        return proposals(a, b, by, hamming(self.phash[a], self.phash[b]), dhash, 0, 0)


def _equal_files(images: pa.Table, facts: _Facts) -> Iterator[Found]:
    """Chain equal files, then equal derivatives of equal size, each to its smallest image_id."""
    for by, names in ((FILE, ["sha256"]), (DERIVATIVE, ["content", "width", "height"])):
        here = np.flatnonzero(facts.first)
        leader = here[_leaders(images.select(names).take(pa.array(here)))]
        chained = leader != here
        facts.first[here[chained]] = False
        yield facts.whole(leader[chained], here[chained], by)


def _near_hashes(facts: _Facts) -> Iterator[Found]:
    told = facts.told()
    triple = {"phash": facts.phash, "along": facts.along, "down": facts.down}
    leader = _leaders(pa.table({name: column[told] for name, column in triple.items()}))
    sizes = np.bincount(leader, minlength=len(told))[leader]
    crowded = sizes > EQUAL_HASHES
    yield from _chained(told[crowded], told[leader[crowded]], facts)
    told = told[~crowded | (leader == np.arange(len(told)))]

    yield _whole(told, facts)
    yield _framed(told, facts)
    yield _turned(told, facts)


def _whole(told: np.ndarray, facts: _Facts) -> Found:
    i, j, _ = pairs_within(facts.phash[told], WHOLE_BITS)
    found = facts.whole(told[i], told[j], HASH)
    return only(found, found["dhash"] <= DHASH_BITS)


def _framed(told: np.ndarray, facts: _Facts) -> Found:
    """One whole, the other in a frame; frame by frame, since most pairs that agree do so in several."""
    among = np.zeros(len(facts.phash), dtype=bool)
    among[told] = True
    edged = among[facts.owner] & ((facts.part_along != 0) | (facts.part_down != 0))
    found = [proposals(told[:0], told[:0], HASH, told[:0], told[:0], 0, 0)]
    for frame in range(1, facts.reverse + 1):
        parts = np.flatnonzero(edged & (facts.part_frame == frame))
        i, k, bits = pairs_between(facts.phash[told], facts.part_phash[parts], FRAME_BITS)
        a, k = told[i], parts[k]
        b = facts.owner[k]
        dhash = _dhash(facts.along[a], facts.down[a], facts.part_along[k], facts.part_down[k])
        names = np.where(a < b, frame, frame + facts.reverse)
        framed = proposals(np.minimum(a, b), np.maximum(a, b), HASH, bits, dhash, names, 0)
        found = [best([*found, only(framed, (dhash <= DHASH_BITS) & (a != b))])]
    return found[0]


def _turned(told: np.ndarray, facts: _Facts) -> Found:
    i, k, bits = pairs_between(facts.phash[told], facts.turned[told, 1:].ravel(), TURNED_BITS)
    a, b, form = told[k // 7], told[i], k % 7 + 1
    before = a < b  # the other way round is found from the other side
    a, b, form = a[before], b[before], form[before]
    dhash = np.empty(len(a), dtype=np.int64)
    for number in range(1, 8):
        of = form == number
        along, down = turned_dhash(facts.along[a[of]], facts.down[a[of]], number)
        dhash[of] = _dhash(along, down, facts.along[b[of]], facts.down[b[of]])
    return proposals(a, b, HASH, bits[before], dhash, 0, form)


def _chained(members: np.ndarray, leaders: np.ndarray, facts: _Facts) -> Iterator[Found]:
    """Pair each member of a crowd with the first of it and with the next."""
    others = members != leaders
    yield facts.whole(leaders[others], members[others], HASH)
    order = np.lexsort((members, leaders))
    members, leaders = members[order], leaders[order]
    next_one = np.flatnonzero(leaders[:-1] == leaders[1:])
    yield facts.whole(members[next_one], members[next_one + 1], HASH)


def _same_record(images: pa.Table, facts: _Facts) -> Found:
    """Pair each picture of an artwork with its first: details, versos, other sides."""
    here = np.flatnonzero(facts.first & images["artwork_id"].is_valid().to_numpy())
    leader = here[_leaders(images.select(["artwork_id"]).take(pa.array(here)))]
    others = leader != here
    return facts.whole(leader[others], here[others], RECORD)


def _near_vectors(directions: tuple[np.ndarray, np.ndarray], facts: _Facts) -> Found:
    rows, known = directions
    here = np.flatnonzero(facts.first & (known >= 0))
    i, j, _ = pairs_above(rows[known[here]], COSINE, NEAREST)
    return facts.whole(here[i], here[j], EMBEDDING)


def _unit_vectors(
    images: pa.Table, vectors: pa.Table | None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Unit vectors, and for each picture its row among them or -1."""
    if vectors is None or not vectors.num_rows:
        return None
    rows = unit(_flat(vectors["vector"]).to_numpy().reshape(vectors.num_rows, -1))
    known = pc.index_in(images["sha256"], value_set=vectors["sha256"].combine_chunks())
    return rows, pc.fill_null(known, -1).to_numpy()


def _dhash(along: np.ndarray, down: np.ndarray, other: np.ndarray, below: np.ndarray) -> np.ndarray:
    return hamming(along, other).astype(np.int16) + hamming(down, below)


def _leaders(columns: pa.Table) -> np.ndarray:
    """For each row the first row that holds the same values."""
    n = columns.num_rows
    numbered = columns.append_column("row", pa.array(np.arange(n)))
    keys = columns.column_names
    firsts = numbered.group_by(keys, use_threads=False).aggregate([("row", "min")])
    joined = numbered.join(firsts, keys, use_threads=False).sort_by("row")
    return joined["row_min"].to_numpy()


def _flat(column: pa.ChunkedArray) -> pa.Array:
    """The values of a list column, one after the other."""
    return pc.list_flatten(column.combine_chunks())


def _parts(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """The values of a list column, and which row each belongs to."""
    whole = column.combine_chunks()
    return pc.list_parent_indices(whole).to_numpy(), pc.list_flatten(whole)
