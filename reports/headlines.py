"""What an evaluation comes to: the few figures to remember, those of each label, and what to keep in mind.

What belongs here: reading the summary that `models.evaluation` writes, for pages, PDF and slides alike.
"""

from collections.abc import Mapping
from typing import Any

from reports.document import figure, interval, with_interval
from reports.pages import percent

Evaluation = Mapping[str, Any]
FEW = 30  # test pictures of a label below which its own figures say little


def headlines(told: Evaluation) -> list[tuple[str, str, str]]:
    """The few figures to remember: value, name and interval, as far as they were measured."""
    found = []
    for key, name in (("accuracy", "accuracy"), ("macro_f1", "macro-F1")):
        if measured := told.get(key):
            floor = (told.get("floor") or {}).get(key)
            note = f"95 % interval {interval(measured)}"
            if floor is not None:
                note += f"; frozen head {with_interval(floor)}"
            found.append((figure(measured["value"]), name, note))
    if (of_common := told.get("headline")) and of_common["macro_f1"]:
        note = f"labels of {of_common['minimum']:,} pictures or more; {interval(of_common['macro_f1'])}"
        found.append((figure(of_common["macro_f1"]["value"]), "macro-F1, common labels", note))
    if (majority := told.get("majority_accuracy")) is not None:
        note = "always answering the commonest label"
        found.append((figure(majority), "accuracy to beat", note))
    if calibration := told.get("calibration"):
        note = "mean gap between confidence and accuracy"
        if "ece_before" in calibration:
            note += f"; {calibration['ece_before']:.3f} before calibration"
        if (bounds := interval(calibration)) != "–":
            note += f"; 95 % interval {bounds}"
        found.append((figure(calibration["ece"]), "calibration error", note))
    if routed := (told.get("routing") or {}).get("test"):
        wanted = told["routing"]["wanted_precision"]
        note = f"no human needed, threshold chosen for {100 * wanted:g} % precision on held-out pictures"
        if routed.get("precision") is not None:
            note += f"; {percent(routed['precision'])} right on test"
        if routed.get("share_low") is not None:
            note += f"; 95 % interval {_percents(routed)}"
        found.append((percent(routed["share"]), "routed", note))
    return found


def per_class(told: Evaluation) -> list[dict[str, Any]]:
    """Precision, recall, F1 and support of each label, the commonest first.

    The evaluation's own rows where it has them, else counted from its confusion matrix (rows: the truth).
    """
    counts, labels = told.get("confusion"), told.get("labels")
    if not counts or not labels:
        return [{**row, "mistaken_for": None} for row in told.get("per_class", [])]
    measured = {row["label"]: row for row in told.get("per_class", [])}
    rows = []
    for place, label in enumerate(labels):
        hits, support = counts[place][place], sum(counts[place])
        given = sum(row[place] for row in counts)
        counted = {
            "label": label,
            "precision": hits / given if given else None,
            "recall": hits / support if support else None,
            "f1": 2 * hits / (given + support) if given + support else None,
            "support": support,
        }
        mistaken = _commonest_mistake(counts[place], labels, place)
        rows.append({**counted, **measured.get(label, {}), "mistaken_for": mistaken})
    return sorted(rows, key=lambda row: (-row["support"], row["label"]))


def caveats(told: Evaluation) -> list[str]:
    """What to keep in mind, said only where the figures themselves say so."""
    said = []
    rare = [f"{row['label']} ({row['support']})" for row in per_class(told) if row["support"] < FEW]
    if rare:
        said.append(
            f"Labels with fewer than {FEW} test pictures say little alone: {', '.join(rare)}."
        )
    routing = told.get("routing") or {}
    if routing.get("threshold", 0) is None:
        said.append(
            "No confidence reaches the wanted precision on held-out pictures: a human sees every picture."
        )
    elif routed := routing.get("test"):
        wanted, bound = routing["wanted_precision"], routed.get("at_least")
        if bound is not None and bound < wanted:
            confidence = 100 * routing["bound_confidence"]
            said.append(
                f"The {routed['routed']:,} pictures routed on the test side prove a precision of "
                f"{100 * bound:.1f} % or more ({confidence:g} % confidence), not yet {100 * wanted:g} %."
            )
    said.append(_SPLITS.get(told.get("scheme", "grouped"), _SPLITS["grouped"]))
    said.append(
        "Labels are the museums' own; a mistake of theirs counts as a mistake of the model."
    )
    if (written := told.get("as_written")) and written["corrected"] + written["added"]:
        said.append(
            f"People changed {written['corrected']:,} labels of the test pictures and gave {written['added']:,} "
            "that had none. They look where a model wondered, which flatters it: on the labels as the museums "
            f"wrote them its accuracy is {with_interval(written['accuracy'])} "
            f"({written['pictures']:,} pictures)."
        )
    elif written:
        said.append("No label of the test pictures was corrected by a person.")
    return said


def share_routed(routed: Mapping[str, Any]) -> str:
    """The share of a routing, with its interval where it has one."""
    share = percent(routed["share"])
    return share if routed.get("share_low") is None else f"{share} ({_percents(routed)})"


def _percents(routed: Mapping[str, Any]) -> str:
    return f"{percent(routed['share_low'])} to {percent(routed['share_high'])}".replace(
        " ", "\u00a0"
    )


_SPLITS = {
    "grouped": "Duplicates, views of one object and leaves of one album stand on one side of the split; "
    "artists do not. On artists that it has never met the model will do worse than its figure here.",
    "artist_disjoint": "No artist of the test pictures was among those it learned from.",
    "official": "The split is the collection's own published one; near-duplicates may stand on both sides.",
    "naive": "The split is by chance: copies of one picture may stand on both sides, and flatter the model.",
}


def _commonest_mistake(row: list[int], labels: list[str], own: int) -> str | None:
    count, place = max(
        ((count, -place) for place, count in enumerate(row) if place != own), default=(0, 0)
    )
    return f"{labels[-place]} ({count})" if count else None
