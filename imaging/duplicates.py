"""Which pictures are the same: pairs with their evidence, and groups of confirmed pairs.

What belongs here: proposing, confirming and grouping. Hashes only propose: on real museum pictures
pHash ≤ 10 finds 0.93 of the same works and lets 0.70 of look-alike objects through. A second hash and
the structure of the pictures confirm, and what people decided wins over both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging import structure
from imaging.decisions import NOT_DUPLICATE, Decision, latest
from imaging.hamming import pairs_within
from imaging.hashes import hamming
from storage import ImageStore
from storage.schemas import GROUPS, PAIRS
from storage.schemas import table as as_table

PHASH_BITS = 10  # imagehash's usual limit; what it lets through is refused by what follows
DHASH_BITS = 26  # of 128; keeps what edits and rescaling move, refuses other layouts
LIKENESS = 0.70  # see imaging.structure

SAME_FILE, SAME_IMAGE, DIFFERENT_WORK = "same_file", "same_image", "different_work"


@dataclass
class _Pair:
    image_a: str
    image_b: str
    kind: str
    confirmed: bool
    phash_distance: int
    dhash_distance: int
    evidence: str
    decided: bool = False

    def strength(self) -> tuple[bool, bool, int, str, str]:
        """Sorts the surest first."""
        bits = self.phash_distance + self.dhash_distance
        return not self.decided, self.kind != SAME_FILE, bits, self.image_a, self.image_b


def find_pairs(images: pa.Table, decisions: pa.Table | None, store_root: Path) -> pa.Table:
    """PAIRS: every pair that files, hashes or people propose, confirmed or refused, with evidence.

    images: one row a picture that decoded: image_id, sha256, phash, dhash_h, dhash_v, width, height.
    decisions: image_a, image_b, verdict (see imaging.decisions), or None.
    store_root: the image store that holds the derivatives; only those of proposed pairs are read.

    Equal files are chained to the smallest image_id among them, and only that one is compared with
    others, so a file filed a thousand times makes a thousand rows and not a million. Where people
    said that two pictures are not duplicates, no chain of other pairs joins them: the weakest
    confirmed pair that would is refused instead.

    Raises FileNotFoundError naming a derivative that is not in the store.
    """
    images = images.sort_by("image_id")
    pairs = {(pair.image_a, pair.image_b): pair for pair in _same_files(images)}
    for pair in _same_images(_first_of_each_file(images), ImageStore(store_root)):
        pairs[pair.image_a, pair.image_b] = pair
    decided = latest(decisions)
    _follow(pairs, decided, images)
    _keep_apart(pairs.values(), [key for key, it in decided.items() if it.verdict == NOT_DUPLICATE])
    rows = [{name: getattr(pair, name) for name in PAIRS.names} for pair in pairs.values()]
    return as_table(PAIRS, rows).sort_by([("image_a", "ascending"), ("image_b", "ascending")])


def find_groups(image_ids: Iterable[str], pairs: pa.Table) -> pa.Table:
    """GROUPS: connected components of the confirmed pairs; every picture is in exactly one group.

    Raises ValueError when a confirmed pair names a picture that is not among `image_ids`.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids = pa.array(sorted(set(image_ids)), pa.string())
    sure = pairs.filter(pairs["confirmed"])
    ends = [pc.index_in(sure[name], value_set=ids) for name in ("image_a", "image_b")]
    for name, positions in zip(("image_a", "image_b"), ends, strict=True):
        if positions.null_count:
            stranger = sure[name][positions.is_null().index(True).as_py()]
            raise ValueError(f"pairs: {name} {stranger} is not among the pictures to group")
    a, b = (positions.to_numpy() for positions in ends)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(ids), len(ids)))
    _, label = connected_components(graph, directed=False) if len(ids) else (0, np.empty(0, int))
    # ids are sorted, so the first of a component is its smallest image_id.
    _, first, inverse, sizes = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    groups = ids.take(pa.array(first[inverse], pa.int64()))
    return pa.table([ids, groups, pa.array(sizes[inverse], pa.int32())], schema=GROUPS)


def _first_of_each_file(images: pa.Table) -> pa.Table:
    firsts = images.group_by("sha256", use_threads=False).aggregate([("image_id", "min")])
    return images.filter(pc.is_in(images["image_id"], value_set=firsts["image_id_min"]))


def _same_files(images: pa.Table) -> Iterable[_Pair]:
    first: dict[str, str] = {}
    for image, sha256 in zip(
        images["image_id"].to_pylist(), images["sha256"].to_pylist(), strict=True
    ):
        if first.setdefault(sha256, image) != image:
            evidence = f"the files are equal byte for byte (sha256 {sha256[:12]}…)"
            yield _Pair(first[sha256], image, SAME_FILE, True, 0, 0, evidence)


def _same_images(images: pa.Table, store: ImageStore) -> Iterable[_Pair]:
    ids, files = images["image_id"].to_pylist(), images["sha256"].to_pylist()
    phash, along, down = (images[name].to_numpy() for name in ("phash", "dhash_h", "dhash_v"))
    # A picture without a single edge has no hash to speak of; all such would match one another.
    told = np.flatnonzero((along != 0) | (down != 0))
    left, right, distances = pairs_within(phash[told], PHASH_BITS)
    for i, j, bits in zip(told[left], told[right], distances.tolist(), strict=True):
        more = int(hamming(along[i], along[j])) + int(hamming(down[i], down[j]))
        if more > DHASH_BITS:
            confirmed, why = False, f"their layouts differ (the limit is {DHASH_BITS} bits)"
        else:
            confirmed, why = _compared(
                *(store.path(files[k], "derivative", ".jpg") for k in (i, j))
            )
        kind = SAME_IMAGE if confirmed else DIFFERENT_WORK
        evidence = f"pHash {bits} of 64 and dHash {more} of 128 bits apart; {why}"
        yield _Pair(ids[i], ids[j], kind, confirmed, bits, more, evidence)


def _compared(one: Path, other: Path) -> tuple[bool, str]:
    a, b = structure.frames(one), structure.frames(other)
    if structure.is_flat(a) or structure.is_flat(b):
        return False, "one is too flat to be recognised"
    like = structure.likeness(a, b)
    if like >= LIKENESS:
        return True, f"their structure agrees (correlation {like:.2f})"
    return False, f"their structure differs (correlation {like:.2f}, wanted {LIKENESS:.2f})"


def _follow(
    pairs: dict[tuple[str, str], _Pair],
    decided: dict[tuple[str, str], Decision],
    images: pa.Table,
) -> None:
    """Let the decisions of people overrule, or add, the pairs they speak of."""
    named = pa.array(sorted({image for key in decided for image in key}), pa.string())
    rows = images.filter(pc.is_in(images["image_id"], value_set=named)).to_pylist()
    known = {row["image_id"]: row for row in rows}
    for (small, large), decision in decided.items():
        if small not in known or large not in known:
            continue  # a picture that is no longer here: the decision waits for its return
        a, b = known[small], known[large]
        same = decision.verdict != NOT_DUPLICATE
        kind = SAME_FILE if a["sha256"] == b["sha256"] else SAME_IMAGE
        pairs[small, large] = _Pair(
            small,
            large,
            kind if same else DIFFERENT_WORK,
            same,
            (a["phash"] ^ b["phash"]).bit_count(),
            (a["dhash_h"] ^ b["dhash_h"]).bit_count() + (a["dhash_v"] ^ b["dhash_v"]).bit_count(),
            f"a person decided: {decision.verdict.replace('_', ' ')}",
            decided=True,
        )


def _keep_apart(pairs: Iterable[_Pair], apart: list[tuple[str, str]]) -> None:
    """Refuse confirmed pairs, weakest first, that would join what people keep apart."""
    if not apart:
        return
    strangers: dict[str, set[str]] = {}
    for a, b in apart:
        strangers.setdefault(a, set()).add(b)
        strangers.setdefault(b, set()).add(a)
    where: dict[str, set[str]] = {}  # the group that a picture is in so far

    for pair in sorted((pair for pair in pairs if pair.confirmed), key=_Pair.strength):
        one, other = (where.setdefault(it, {it}) for it in (pair.image_a, pair.image_b))
        if one is other:
            continue
        kept = min(
            ((x, y) for x in one if x in strangers for y in strangers[x] & other), default=None
        )
        if kept:
            pair.confirmed, pair.kind = False, DIFFERENT_WORK
            pair.evidence += f"; but a person keeps {kept[0]} and {kept[1]} apart"
            continue
        small, large = sorted((one, other), key=len)
        large |= small
        for image in small:
            where[image] = large
