"""The gate before a model is asked: how two registered ones compare, and when one may follow the other.

What belongs here: the rules, one gate for people and a narrower one for what promotes by itself. Both judge on
pictures that neither model was taught; recording what was decided is `models.registry`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from models.versions import RegistryError, Version

# Below so many pictures one in a hundred is no longer told apart from none.
MINIMUM = 100

# ours, theirs, attribute → why ours may follow; raises RegistryError where it may not.
Gate = Callable[[Version, Version, str], str]


def compare(ours: Version, theirs: Version, attribute: str) -> dict[str, Any]:
    """How much better `ours` is on the test pictures of both, in accuracy and macro-F1, with intervals.

    As models.evaluation.compare, over the labels of both, and `of`: how many pictures `ours` was tested on.
    The truth is as `ours` has it. Raises RegistryError when no picture was in both tests, or one of the two
    does not tell the attribute.
    """
    from models import evaluation

    for one in (ours, theirs):
        if attribute not in one.config["labels"]:
            raise RegistryError(f"{one.id} does not tell the {attribute}; nothing to compare.")
    labels = sorted({*ours.config["labels"][attribute], *theirs.config["labels"][attribute]})
    left, right = (_widened(one, attribute, labels) for one in (ours, theirs))
    if not set(left["artwork_id"].to_pylist()) & set(right["artwork_id"].to_pylist()):
        raise RegistryError(
            f"{ours.id} and {theirs.id} were tested on no common picture of {attribute}. Train both "
            "on today's splits, or promote with a reason."
        )
    return {**evaluation.compare(left, right, tuple(labels)), "of": len(left)}


def in_words(found: Mapping[str, Any]) -> str:
    """What `compare` found, in one line: both differences with their 95 % intervals, and the pictures."""
    figures = [
        f"{one['difference']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}] of {name}"
        for name, one in (("accuracy", found), ("macro-F1", found["macro_f1"]))
    ]
    return f"{' and '.join(figures)} on {found['pictures']:,} pictures that both were tested on"


def gate(ours: Version, theirs: Version, attribute: str) -> str:
    """Whether people may have `ours` asked instead of `theirs` without a reason: the comparison in words.

    Refused where they were judged under different schemes: what one scheme tests, the other taught. Refused where
    too few pictures are in both tests: they must be most of those that `ours` was tested on and at
    least `MINIMUM`, or all of them where its whole test is smaller. Refused where accuracy or macro-F1 is
    worse beyond the interval of its difference. Raises RegistryError.
    """
    return _said(ours, theirs, _fair(ours, theirs, attribute))


def gate_by_itself(ours: Version, theirs: Version, attribute: str) -> str:
    """Whether `ours` may follow `theirs` though nobody asked for it: why it may.

    As `gate`, and better or as good by the figures themselves: the differences of accuracy and macro-F1 add
    up to 0 or more. Within the interval alone, many small steps would lead down unseen. A head follows a
    network only where its accuracy is better beyond the interval: someone trained the network on purpose.

    A head follows an older one of its name and scheme without comparison where the data of that one no
    longer exist as they were: a picture that taught or tested it is gone, bears another label or is on another
    side. Its figures speak of labels no longer held true, and what was taken down or corrected would
    live on in its answers; judged by the new labels it could not win but by chance. Where the data only
    grew, or did not change, the two are compared.
    """
    if _of_one_plan(ours, theirs) and not _shown(theirs, attribute) <= _shown(ours, attribute):
        return f"the data of {theirs.id} no longer exist as they were"
    found = _fair(ours, theirs, attribute)
    said = _said(ours, theirs, found)
    if (ours.config["kind"], theirs.config["kind"]) == ("head", "network") and found["low"] <= 0:
        raise RegistryError(f"the head is not better beyond its interval ({said})")
    if found["difference"] + found["macro_f1"]["difference"] < 0:
        raise RegistryError(
            f"{ours.id} is not better, though not worse beyond its interval ({said}). Promote it "
            f"yourself if you want it: `artlake models promote {ours.id} --attribute {attribute}`."
        )
    return said


def _fair(ours: Version, theirs: Version, attribute: str) -> dict[str, Any]:
    """What `compare` finds, where that says anything. Raises RegistryError where it does not."""
    by_reason = f'`artlake models promote {ours.id} --attribute {attribute} --force "…"`'
    schemes = [one.config["scheme"] for one in (ours, theirs)]
    if schemes[0] != schemes[1]:
        raise RegistryError(
            f"{ours.id} was judged under the scheme {schemes[0]}, {theirs.id} under {schemes[1]}: "
            f"what one was tested on taught the other.{_beside_floor(ours, attribute)} Train one of them "
            f"under the other's scheme, or promote with a reason: {by_reason}."
        )
    found = compare(ours, theirs, attribute)
    common, of = found["pictures"], found["of"]
    needed = of if of < MINIMUM else max(MINIMUM, of // 2 + 1)
    if common < needed:
        old, new = (one.folder.parent.name for one in (theirs, ours))
        first = "If you want it, " if old == new else f"Train {old} on today's set first, or "
        raise RegistryError(
            f"{ours.id} and {theirs.id} share {common:,} of the {of:,} test pictures of {attribute}, and "
            f"{needed:,} are needed: the set grew or changed between the two. "
            f"{first}promote with a reason: {by_reason}."
        )
    return found


def _beside_floor(one: Version, attribute: str) -> str:
    """How it does beside the frozen features that were taught under its own scheme, where that was judged."""
    floor = one.metrics[attribute].get("floor")
    return f" Beside {floor['name']} it is {in_words(floor['compared'])}." if floor else ""


def _said(ours: Version, theirs: Version, found: Mapping[str, Any]) -> str:
    """The comparison in words. Raises RegistryError where `ours` is worse beyond an interval."""
    said = f"{in_words(found)}, against {theirs.id}"
    for name, one in (("accuracy", found), ("macro-F1", found["macro_f1"])):
        if one["high"] < 0:
            raise RegistryError(
                f"{ours.id} is not promoted: its {name} is worse beyond its interval ({said}). "
                "Train a better one, or promote it with a reason."
            )
    return said


def _of_one_plan(ours: Version, theirs: Version) -> bool:
    facts = [
        (one.config["kind"], one.folder.parent.name, one.config["scheme"]) for one in (ours, theirs)
    ]
    return facts[0] == facts[1] and facts[0][0] == "head"


def _shown(one: Version, attribute: str) -> set[tuple[str, ...]]:
    """Every picture that taught or tested it, with label and side, as far as its outputs tell."""
    return {
        (row["sha256"], row["label"], row["side"])
        for table in (one.outputs(attribute), one.held_out(attribute))
        for row in table.select(["sha256", "label", "side"]).to_pylist()
    }


def _widened(one: Version, attribute: str, labels: Sequence[str]) -> pa.Table:
    """Its outputs over `labels`; one that it does not know is never its guess."""
    known = one.config["labels"][attribute]
    table = one.outputs(attribute)
    place = {label: number for number, label in enumerate(known)}
    rows = [
        [row[place[label]] if label in place else -1e9 for label in labels]
        for row in table["logits"].to_pylist()
    ]
    column = table.column_names.index("logits")
    return table.set_column(column, "logits", pa.array(rows, table.schema.field("logits").type))
