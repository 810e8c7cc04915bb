"""Which picture of a group to keep, and why, in words with figures.

What belongs here: ranking. Nothing is moved or deleted by it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from imaging.decisions import KEEP_BOTH, KEEP_THIS, Decision, latest
from storage.schemas import KEEPERS
from storage.schemas import table as as_table

# Differences below a tenth are not worth a decision; the next criterion speaks.
_STEP = 1.1


@dataclass(frozen=True)
class _Criterion:
    name: str
    more: str  # said of the better one, with the factor before it
    unit: str


_CRITERIA = (
    _Criterion("pixels", "the pixels", ""),
    _Criterion("sharpness", "the sharpness", ""),
    _Criterion("bytes", "the bytes", " bytes"),
)


def rank_keepers(
    groups: pa.Table,
    images: pa.Table,
    sources_order: Sequence[str],
    decisions: pa.Table | None,
) -> pa.Table:
    """KEEPERS of every group of two or more: rank 1 is the one to keep.

    groups: GROUPS. images: image_id, source, width, height, sharpness, bytes.
    sources_order: sources from the most to the least trusted; unnamed ones come last.
    decisions: image_a, image_b, verdict: `keep_this` puts image_a before image_b and makes it the
    keeper, `keep_both` keeps both.

    In order: what people decided, pixels, sharpness, bytes (each where it differs by a tenth from
    the group's best), source, and the smaller image_id.

    Raises ValueError when a picture of a group is not among `images`.
    """
    shared = groups.filter(pc.greater(groups["group_size"], 1))
    wanted = images.filter(pc.is_in(images["image_id"], value_set=shared["image_id"]))
    facts = {row["image_id"]: _with_pixels(row, sources_order) for row in wanted.to_pylist()}
    decided = latest(decisions)
    rows: list[dict[str, Any]] = []
    order = [("group_id", "ascending"), ("image_id", "ascending")]
    for group, members in groupby(shared.sort_by(order).to_pylist(), lambda row: row["group_id"]):
        ids = [member["image_id"] for member in members]
        lost = [image for image in ids if image not in facts]
        if lost:
            raise ValueError(f"group {group}: no facts about picture {lost[0]}")
        rows += _ranked(group, [facts[image] for image in ids], decided)
    return as_table(KEEPERS, rows)


def _with_pixels(row: dict[str, Any], sources_order: Sequence[str]) -> dict[str, Any]:
    known = row["source"] in sources_order
    place = sources_order.index(row["source"]) if known else len(sources_order)
    return {**row, "pixels": row["width"] * row["height"], "place": place}


def _ranked(
    group: str, members: list[dict[str, Any]], decided: dict[tuple[str, str], Decision]
) -> list[dict[str, Any]]:
    ids = {member["image_id"] for member in members}
    said = [it for pair, it in decided.items() if ids.issuperset(pair)]
    beaten = {it.image_b for it in said if it.verdict == KEEP_THIS}
    chosen = {it.image_a for it in said if it.verdict == KEEP_THIS} - beaten
    both = {image for it in said if it.verdict == KEEP_BOTH for image in (it.image_a, it.image_b)}
    best = {it.name: max(member[it.name] for member in members) for it in _CRITERIA}

    def key(member: dict[str, Any]) -> tuple:
        image = member["image_id"]
        classes = [_class(member[it.name], best[it.name]) for it in _CRITERIA]
        return (image not in chosen, image in beaten, *classes, member["place"], image)

    ranked = sorted(members, key=key)
    rows = []
    for rank, member in enumerate(ranked, start=1):
        image = member["image_id"]
        # The keeper is compared with the next, every other with the keeper.
        rival = ranked[1] if rank == 1 else ranked[0]
        if image in chosen:
            reason = "a person chose it"
        elif image in beaten:
            reason = "a person chose another"
        elif image in both:
            reason = "a person keeps both"
        else:
            reason = _reason(member, rival, best, better=rank == 1)
        rows.append(
            {
                "image_id": image,
                "group_id": group,
                "is_keeper": rank == 1 or image in both or image in chosen,
                "rank": rank,
                "reason": reason,
            }
        )
    return rows


def _class(value: float, best: float) -> int:
    """How many steps below the group's best; 0 within a tenth of it."""
    if best <= 0:
        return 0
    # A measure of 0 is infinitely below; any large number ranks it last.
    return int(math.log(best / value, _STEP)) if value > 0 else 10**6


def _reason(
    member: dict[str, Any], rival: dict[str, Any], best: dict[str, float], *, better: bool
) -> str:
    than = "the next" if better else "the keeper"
    for it in _CRITERIA:
        if _class(member[it.name], best[it.name]) != _class(rival[it.name], best[it.name]):
            return f"{_factor(member[it.name], rival[it.name])} {it.more} of {than} ({_figures(it, member, rival)})"
    if member["place"] != rival["place"]:
        order = "before" if better else "after"
        return f"equal in size and sharpness; {member['source']} ranks {order} {rival['source']}"
    return f"equal to {than} in size, sharpness and source; " + (
        "the first by name" if better else "not the first by name"
    )


def _factor(value: float, other: float) -> str:
    if other <= 0:
        return "more than"
    factor = value / other
    return f"{factor:.1f}×" if factor >= 1.1 else f"{factor:.2f}×"


def _figures(it: _Criterion, member: dict[str, Any], rival: dict[str, Any]) -> str:
    if it.name == "pixels":
        return f"{member['width']}×{member['height']} against {rival['width']}×{rival['height']}"
    return f"{member[it.name]:,.0f} against {rival[it.name]:,.0f}{it.unit}"
