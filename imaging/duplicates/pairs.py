"""Which pictures are the same: pairs with their evidence.

What belongs here: the way from pictures to pairs (propose, compare, judge), and what people decided, which wins
over all of it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imaging.duplicates.candidates import propose
from imaging.duplicates.decisions import NOT_DUPLICATE, Decision, latest, words
from imaging.duplicates.groups import components
from imaging.duplicates.slices import places
from storage.schemas import PAIRS
from storage.schemas import table as as_table

SAME_FILE, SAME_IMAGE, SAME_WORK = "same_file", "same_image", "same_work"
DIFFERENT_WORK = "different_work"
_SURENESS = {SAME_FILE: 0, SAME_IMAGE: 1, SAME_WORK: 2}
_ENDS = ("image_a", "image_b")
_ORDER = [(name, "ascending") for name in _ENDS]

Key = tuple[str, str]


def find_pairs(
    images: pa.Table,
    decisions: pa.Table | None,
    store_root: Path,
    *,
    records: pa.Table | None = None,
    vectors: pa.Table | None = None,
    memo: Path | None = None,
) -> pa.Table:
    """PAIRS: every pair that files, hashes, embeddings, records or people propose, with its evidence.

    images: one row a picture that decoded: image_id, source, artwork_id, bytes, derivative, content and all
    MEASURES columns. decisions: image_a, image_b, verdict (see imaging.duplicates.decisions), or None.
    records: what the catalog says of each picture (see imaging.duplicates.verdict), or None. vectors:
    sha256, vector. store_root: the image store that holds the derivatives; only those of proposed pairs
    are read. memo: where comparisons are kept, so that new pictures cost only their own.

    Where people said that two pictures are not duplicates, no chain of other pairs joins them: the weakest
    confirmed pair that would is refused instead.

    Raises ValueError naming a decision that is none, and what `compare` raises.
    """
    from imaging.duplicates.compare import compare
    from imaging.duplicates.verdict import judge

    decided = latest(decisions)  # a bad one is told before the work, not after
    compared = compare(propose(images, vectors), images, store_root, memo)
    pairs = judge(compared, images, records)
    return follow(pairs, decided, images).sort_by(_ORDER) if decided else pairs


def follow(pairs: pa.Table, decided: Mapping[Key, Decision], images: pa.Table) -> pa.Table:
    """PAIRS where the decisions of people overrule, or add, the pairs they speak of.

    A decision about a picture that is no longer here waits for its return.

    Raises ValueError naming a picture of a pair that is not among `images`.
    """
    if not decided:
        return pairs
    named = pa.array(sorted({image for key in decided for image in key}), pa.string())
    here = images.select(["image_id", "sha256", "phash", "dhash_h", "dhash_v"])
    here = here.filter(pc.is_in(here["image_id"], value_set=named))
    known = {row["image_id"]: row for row in here.to_pylist()}
    spoken = {key: it for key, it in decided.items() if known.keys() >= set(key)}
    touched = _touched(pairs, spoken, images["image_id"])
    rows = {(row["image_a"], row["image_b"]): row for row in pairs.filter(touched).to_pylist()}
    for key, decision in spoken.items():
        rows[key] = _overruled(rows.get(key), known[key[0]], known[key[1]], decision)
    apart = [key for key, decision in spoken.items() if decision.verdict == NOT_DUPLICATE]
    _keep_apart(rows.values(), apart, spoken.keys())
    parts = [pairs.filter(~touched), as_table(PAIRS, list(rows.values()))]
    added = np.arange(pairs.num_rows, sum(part.num_rows for part in parts))
    place = np.concatenate([np.flatnonzero(~touched), np.flatnonzero(touched), added])
    return pa.concat_tables(parts).take(np.argsort(place))


def _touched(pairs: pa.Table, spoken: Mapping[Key, Decision], ids: pa.ChunkedArray) -> np.ndarray:
    """Pairs that decisions can change: those they name, and what is confirmed in a group with two to keep apart."""
    named = pa.table(
        {
            name: pa.array([key[side] for key in spoken], pa.string())
            for side, name in enumerate(_ENDS)
        }
    )
    a, b = (places(ids, pairs, name, "pairs") for name in _ENDS)
    one, other = (places(ids, named, name, "decisions") for name in _ENDS)
    apart = np.array([it.verdict == NOT_DUPLICATE for it in spoken.values()], dtype=bool)
    sure = pairs["confirmed"].to_numpy()
    first, _ = components(
        len(ids), np.append(a[sure], one[~apart]), np.append(b[sure], other[~apart])
    )
    mixed = first[one[apart & (first[one] == first[other])]]
    return np.isin(a * len(ids) + b, one * len(ids) + other) | (sure & np.isin(first[a], mixed))


def _overruled(
    row: dict[str, Any] | None, a: dict[str, Any], b: dict[str, Any], decision: Decision
) -> dict[str, Any]:
    """The pair as the person decided; what was measured of it stays beside."""
    measured = row or {
        "proposed_by": "person",
        "phash_distance": (a["phash"] ^ b["phash"]).bit_count(),
        "dhash_distance": sum((a[name] ^ b[name]).bit_count() for name in ("dhash_h", "dhash_v")),
        "frame": "whole/whole",
    }
    same = decision.verdict != NOT_DUPLICATE
    found = measured.get("kind")
    kind = found if found in _SURENESS else SAME_IMAGE
    if a["sha256"] == b["sha256"]:
        kind = SAME_FILE
    return {
        **measured,
        "image_a": a["image_id"],
        "image_b": b["image_id"],
        "kind": kind if same else DIFFERENT_WORK,
        "relation": measured.get("relation") if same else None,
        "confirmed": same,
        "evidence": words(decision.verdict),
    }


def _keep_apart(rows: Iterable[dict[str, Any]], apart: list[Key], spoken: Iterable[Key]) -> None:
    """Refuse confirmed pairs, weakest first, that would join what people keep apart."""
    if not apart:
        return
    strangers: dict[str, set[str]] = {}
    for a, b in apart:
        strangers.setdefault(a, set()).add(b)
        strangers.setdefault(b, set()).add(a)
    spoken = set(spoken)

    def surest_first(row: dict[str, Any]) -> tuple:
        key = (row["image_a"], row["image_b"])
        like = row.get("likeness")
        return (key not in spoken, _SURENESS[row["kind"]], -1.0 if like is None else -like, *key)

    where: dict[str, set[str]] = {}  # the group that a picture is in so far
    for row in sorted((row for row in rows if row["confirmed"]), key=surest_first):
        one, other = (where.setdefault(row[it], {row[it]}) for it in ("image_a", "image_b"))
        if one is other:
            continue
        kept = min(
            ((x, y) for x in one if x in strangers for y in strangers[x] & other), default=None
        )
        if kept:
            row.update(confirmed=False, kind=DIFFERENT_WORK, relation=None)
            row["evidence"] += f"; but a person keeps {kept[0]} and {kept[1]} apart"
            if (row["image_a"], row["image_b"]) in spoken:
                row["evidence"] += ": these decisions contradict each other, and apart wins"
            continue
        small, large = sorted((one, other), key=len)
        large |= small
        for image in small:
            where[image] = large
