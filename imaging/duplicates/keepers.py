"""Which picture of a group to keep, and why.

What belongs here: ranking by people, references, a policy and the score of `imaging.duplicates.scores`. Nothing
is moved or deleted by it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from imaging.duplicates.decisions import KEEP_BOTH, KEEP_THIS, Decision, latest
from imaging.duplicates.scores import Bests, Picture, compared, own_date, pixels, points
from imaging.duplicates.slices import slices
from storage.schemas import KEEPERS
from storage.schemas import table as as_table


@dataclass(frozen=True)
class Policy:
    """A way to rank: `key` of a picture among its group, smallest first; ties go to the quality score."""

    words: str
    key: Callable[[Picture, Bests], Any]


def rank_keepers(
    groups: pa.Table,
    images: pa.Table,
    decisions: pa.Table | None,
    *,
    policy: str = "quality",
    sources_order: Sequence[str] = (),
    references: frozenset[str] = frozenset(),
) -> pa.Table:
    """KEEPERS of every group of two or more: rank 1 is the one to keep.

    groups: GROUPS. images: one row a picture: image_id, source, bytes and the columns of MEASURES; where
    there is a column modified_at (ISO time of the file), it dates pictures that carry no date themselves.
    decisions: image_a, image_b, verdict: `keep_this` puts image_a before image_b and makes it a keeper,
    `keep_both` keeps both. policy: one of POLICIES. sources_order: sources from the most to the least
    trusted; unnamed ones come last. references: pictures that all stay; where a group has any, the others
    are not kept however good they are.

    In order: what people decided, references, the policy, the score, the source, the shorter and then the
    smaller name.

    Raises ValueError when a picture of a group is not among `images`, or the policy is unknown.
    """
    if policy not in POLICIES:
        raise ValueError(f"policy {policy!r} is none of {', '.join(POLICIES)}")
    order = [("group_id", "ascending"), ("image_id", "ascending")]
    shared = groups.filter(pc.greater(groups["group_size"], 1)).sort_by(order)
    at = pc.index_in(shared["image_id"], value_set=images["image_id"].combine_chunks())
    if at.null_count:
        lost = shared.filter(at.is_null()).slice(0, 1).to_pylist()[0]
        raise ValueError(f"group {lost['group_id']}: no facts about picture {lost['image_id']}")
    flat = [field.name for field in images.schema if not pa.types.is_nested(field.type)]
    facts = images.select(flat)
    trusted = {source: place for place, source in enumerate(sources_order)}
    by_picture: dict[str, list[tuple[int, Decision]]] = {}
    for number, decision in enumerate(latest(decisions).values()):
        by_picture.setdefault(decision.image_a, []).append((number, decision))
    made = [KEEPERS.empty_table()]
    for part in slices(shared.append_column("at", at), by="group_id"):
        rows: list[dict[str, Any]] = []
        pictures = zip(
            part["group_id"].to_pylist(), facts.take(part["at"]).to_pylist(), strict=True
        )
        for group, members in groupby(pictures, lambda it: it[0]):
            these: list[Picture] = [
                {**row, "place": trusted.get(row["source"], len(trusted))} for _, row in members
            ]
            ids = [row["image_id"] for row in these]
            among = set(ids)
            told = [it for one in ids for it in by_picture.get(one, ()) if it[1].image_b in among]
            said = [it for _, it in sorted(told, key=lambda one: one[0])]
            rows += _ranked(group, these, said, POLICIES[policy], references)
        made.append(as_table(KEEPERS, rows))
    return pa.concat_tables(made)


def _ranked(
    group: str,
    members: list[Picture],
    said: list[Decision],
    policy: Policy,
    references: frozenset[str],
) -> list[dict[str, Any]]:
    chosen, beaten, both = _said(said)
    bests = Bests.of(members)
    worth = {member["image_id"]: points(member, bests) for member in members}

    def key(member: Picture) -> tuple:
        image = member["image_id"]
        score = -round(sum(worth[image].values()), 2)
        people = (image not in chosen, image in beaten, image not in references)
        return *people, policy.key(member, bests), score, member["place"], *_by_name(member)

    ranked = sorted(members, key=key)
    safe = references & {member["image_id"] for member in members}
    rows = []
    for rank, member in enumerate(ranked, start=1):
        image = member["image_id"]
        # The keeper is compared with the next, every other with the keeper.
        rival = ranked[1] if rank == 1 else ranked[0]
        by_policy = policy.key(member, bests) != policy.key(rival, bests)
        reason = f"{policy.words}; " if by_policy and rank == 1 else ""
        reason += compared(member, rival, worth, "the next" if rank == 1 else "the keeper")
        for word, whose in (
            ("a person keeps both", both),
            ("a person chose another", beaten),
            ("a person chose it", chosen),
            ("a reference, which always stays", safe),
        ):
            if image in whose:
                reason = word
        if safe and image not in safe | chosen | both | beaten:
            reason = f"a reference of the group stays; {reason}"
        first = rank == 1 and not safe
        kept = first or image in both or image in chosen or image in safe
        row = {"image_id": image, "group_id": group, "is_keeper": kept, "rank": rank}
        rows.append({**row, "reason": reason})
    return rows


def _said(said: Sequence[Decision]) -> tuple[set[str], set[str], set[str]]:
    """The pictures that people chose, chose another for, and keep with another; the later word counts."""
    last: dict[str, str] = {}  # what was said last against, or for, a picture
    winners: list[str] = []
    for it in said:
        last[it.image_b] = it.verdict
        if it.verdict == KEEP_BOTH:
            last[it.image_a] = it.verdict
        else:
            winners.append(it.image_a)
    beaten = {image for image, verdict in last.items() if verdict == KEEP_THIS}
    both = set(last) - beaten
    # Where each is chosen over another in a ring, the last word chooses.
    chosen = set(winners) - beaten or set(winners[-1:])
    return chosen, beaten - chosen, both


def _by_name(member: Picture) -> tuple[int, str]:
    """The shorter file name first (`a.jpg` before `a (1).jpg`), then by alphabet."""
    image = member["image_id"]
    return len(image.rpartition("/")[2]), image


def _date(member: Picture, bests: Bests) -> str:
    """Its own date where all of the group carry one, the file's otherwise: like is compared with like."""
    return own_date(member) if bests.dated else member.get("modified_at") or ""


def _newest(member: Picture, bests: Bests) -> tuple[bool, list[int]]:
    date = _date(member, bests)
    return not date, [-ord(letter) for letter in date]


def _oldest(member: Picture, bests: Bests) -> tuple[bool, str]:
    date = _date(member, bests)
    return not date, date


def _sharpest(member: Picture, bests: Bests) -> float:
    """At full resolution where all are of one size; otherwise at 256 px, where all can be compared."""
    return -(member["sharpness_full"] if bests.alike else member["sharpness"])


POLICIES: Mapping[str, Policy] = {
    "quality": Policy("the best score", lambda member, bests: 0),
    "largest": Policy("the most pixels", lambda member, bests: -pixels(member)),
    "newest": Policy("the newest", _newest),
    "oldest": Policy("the oldest", _oldest),
    "sharpest": Policy("the sharpest", _sharpest),
    "first_source": Policy("of the first source", lambda member, bests: member["place"]),
    "smallest_name": Policy("the smallest name", lambda member, bests: _by_name(member)),
}
