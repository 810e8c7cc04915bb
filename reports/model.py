"""The model page: how good each classifier is, how sure one can be of that, and what it is made of."""

from collections.abc import Mapping
from typing import Any

from reports.pages import data_uri, render

Evaluation = Mapping[str, Any]
Figures = Mapping[str, bytes]


def page(
    evaluations: Mapping[str, Evaluation],
    figures: Mapping[str, Figures],
    about: Mapping[str, str],
) -> str:
    """The report on the classifiers as one HTML page that needs no network.

    evaluations: attribute → the summary that `models.evaluation` writes; what is absent is not shown.
    One whose `trained` is false is told with its `why`.
    figures: attribute → caption → PNG bytes. about: what everybody must know of data and weights
    (licences, sources), name → sentence.
    """
    models = [
        {
            "attribute": attribute,
            "told": evaluation,
            "headlines": headlines(evaluation),
            "classes": per_class(evaluation),
            "caveats": caveats(evaluation),
            "figures": {
                caption: data_uri(png, "image/png")
                for caption, png in figures.get(attribute, {}).items()
            },
        }
        for attribute, evaluation in evaluations.items()
    ]
    return render("model.html", models=models, about=about)


def headlines(evaluation: Evaluation) -> list[dict[str, str]]:
    """The few figures to remember: value, name and interval, as far as they were measured."""
    found = []
    for key, name in (("accuracy", "accuracy"), ("macro_f1", "macro-F1")):
        if figure := evaluation.get(key):
            interval = f"95 % interval {figure['low']:.3f} to {figure['high']:.3f}"
            found.append({"value": f"{figure['value']:.3f}", "name": name, "note": interval})
    if (majority := evaluation.get("majority_accuracy")) is not None:
        note = "always answering the commonest label"
        found.append({"value": f"{majority:.3f}", "name": "accuracy to beat", "note": note})
    if (top := evaluation.get("top_3_accuracy")) is not None:
        note = "the right label is among the first three"
        found.append({"value": f"{top:.3f}", "name": "top-3 accuracy", "note": note})
    if calibration := evaluation.get("calibration"):
        note = "mean gap between confidence and accuracy"
        if "ece_before" in calibration:
            note += f"; {calibration['ece_before']:.3f} before calibration"
        found.append(
            {"value": f"{calibration['ece']:.3f}", "name": "calibration error", "note": note}
        )
    if routed := evaluation.get("routing", {}).get("test"):
        wanted = evaluation["routing"]["wanted_precision"]
        note = f"no human needed, threshold chosen for {100 * wanted:g} % precision on validation"
        if routed.get("precision") is not None:
            note += f"; {100 * routed['precision']:.1f} % right on test"
        found.append({"value": f"{100 * routed['share']:.1f} %", "name": "routed", "note": note})
    return found


def per_class(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Precision, recall, F1 and support of each label, from the confusion matrix (rows: the truth)."""
    counts, labels = evaluation.get("confusion"), evaluation.get("labels")
    if not counts or not labels:
        return []
    rows = []
    for place, label in enumerate(labels):
        hits, support = counts[place][place], sum(counts[place])
        given = sum(row[place] for row in counts)
        rows.append(
            {
                "label": label,
                "precision": hits / given if given else None,
                "recall": hits / support if support else None,
                "f1": 2 * hits / (given + support) if given + support else None,
                "support": support,
                "mistaken_for": _commonest_mistake(counts[place], labels, place),
            }
        )
    return sorted(rows, key=lambda row: (-row["support"], row["label"]))


def caveats(evaluation: Evaluation) -> list[str]:
    """What to keep in mind, said only where the figures themselves say so."""
    said = []
    rare = [
        f"{row['label']} ({row['support']})" for row in per_class(evaluation) if row["support"] < 30
    ]
    if rare:
        said.append(f"Labels with fewer than 30 test pictures say little alone: {', '.join(rare)}.")
    if leakage := evaluation.get("leakage"):
        naive = leakage["naive_accuracy"]["value"]
        said.append(
            f"A split that ignores duplicates would have put {leakage['groups_on_two_sides']:,} of "
            f"{leakage['groups']:,} groups on two sides and claimed an accuracy of {naive:.3f}."
        )
    if evaluation.get("routing", {}).get("threshold", 0) is None:
        said.append(
            "No confidence reaches the wanted precision on validation: a human sees every picture."
        )
    elif routed := evaluation.get("routing", {}).get("test"):
        wanted = evaluation["routing"]["wanted_precision"]
        bound = routed.get("at_least")
        if bound is not None and bound < wanted:
            confidence = 100 * evaluation["routing"]["bound_confidence"]
            said.append(
                f"The {routed['routed']:,} pictures routed on the test side prove a precision of "
                f"{100 * bound:.1f} % or more ({confidence:g} % confidence), not yet {100 * wanted:g} %."
            )
    said.append(
        "Labels are the museums' own; a mistake of theirs counts as a mistake of the model."
    )
    return said


def _commonest_mistake(row: list[int], labels: list[str], own: int) -> str | None:
    count, place = max(
        ((count, -place) for place, count in enumerate(row) if place != own), default=(0, 0)
    )
    return f"{labels[-place]} ({count})" if count else None
