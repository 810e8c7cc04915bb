"""The report on the classifiers: how they were made, how good they are, how sure one can be of that.

What belongs here: the order in which it is told, and its page. `reports.quality` has the chapter on one
model, `reports.model_pdf` sets the same report on paper.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.document import (
    Block,
    Document,
    Heading,
    Points,
    Table,
    Text,
    figure,
    with_interval,
)
from reports.findings import ablations, leakage, outliers
from reports.goals import goals
from reports.pages import data_uri, render
from reports.quality import Model, chapter

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """All that the report is made from; what is empty or None is said to be not measured.

    about: what everybody must know, name → sentence. sources: rows of museum, licence, images_may_be_shown.
    label_maps: attribute → what its label map says. leakage, ablations, outliers: the JSON files of
    training/leakage, training/ablations, predictions/outlier_evaluation; *_figure: their plots as PNG.
    label_issues: attribute → labels that are likely wrong.
    """

    models: Sequence[Model]
    about: Mapping[str, str] = field(default_factory=dict)
    sources: Sequence[Json] = ()
    label_maps: Mapping[str, Json] = field(default_factory=dict)
    leakage: Json | None = None
    ablations: Sequence[Json] = ()
    ablation_figure: bytes | None = None
    outliers: Json | None = None
    outlier_figure: bytes | None = None
    label_issues: Mapping[str, int] = field(default_factory=dict)


def report(told: Told) -> Document:
    """The whole report; the page and the PDF are made of it."""
    return Document(
        "The classifiers",
        "How they were made, how good they are on pictures they have not seen, and how sure one can be of that.",
        [
            *_in_short(told.models),
            *_data(told),
            *(block for model in told.models for block in chapter(model)),
            *ablations(told.ablations, told.ablation_figure),
            *outliers(told.outliers, told.outlier_figure, told.label_issues),
            *_limits(told),
            *_versions(told.models),
        ],
    )


def page(document: Document) -> str:
    """The report as one HTML page that needs no network."""
    return render("model.html", document=document, data_uri=data_uri, anchor=anchor)


def anchor(text: str) -> str:
    """A heading's name within the page."""
    letters = "".join(letter if letter.isalnum() else "-" for letter in text.lower())
    return "-".join(part for part in letters.split("-") if part) or "part"


def _in_short(models: Sequence[Model]) -> Iterator[Block]:
    yield Heading("In short")
    # A promoted model is the one that predicts, so it is the one to be held to a goal.
    ordered = sorted(models, key=lambda model: not model.promoted)
    yield goals([(model.name.replace("_", " "), model.evaluation) for model in ordered])
    rows = []
    for model in models:
        told = model.evaluation
        if told.get("trained") is False:
            rows.append((model.title, "not trained", "–", "–", "–", "–"))
            continue
        test = (told.get("pictures") or {}).get("test")
        rows.append(
            (
                model.title + (" (promoted)" if model.promoted else ""),
                told.get("scheme", "grouped").replace("_", "-"),
                with_interval(told.get("accuracy")),
                with_interval(told.get("macro_f1")),
                figure((told.get("calibration") or {}).get("ece")),
                "–" if test is None else f"{test:,}",
            )
        )
    columns = ("Model", "Split", "Accuracy (95 %)", "Macro-F1 (95 %)", "ECE", "Test pictures")
    yield Table("The models, each on test pictures", columns, rows, frozenset({2, 3, 4, 5}))


def _data(told: Told) -> Iterator[Block]:
    yield Heading("What they learned from")
    for name, sentence in told.about.items():
        yield Text(f"{name}. {sentence}")
    if told.sources:
        licences = [
            (
                str(row["museum"]),
                str(row.get("licence") or row.get("licences") or "not stated"),
                "yes" if row["images_may_be_shown"] else "no",
            )
            for row in told.sources
        ]
        columns = ("Source", "Licence of its records and pictures", "Pictures may be shown")
        yield Table("Sources and licences", columns, licences)
    yield Heading("Labels", 2)
    if not told.label_maps:
        yield Text("The label maps are not at hand.")
    for attribute, said in told.label_maps.items():
        rows = [(name.replace("_", " "), _plainly(value)) for name, value in said.items() if value]
        yield Table(f"Label map of the {attribute}", ("What", "Value"), rows)
    yield Heading("Leakage", 2)
    yield from leakage(told.leakage)


def _limits(told: Told) -> Iterator[Block]:
    yield Heading("Limits")
    missing = [
        name
        for name, there in (
            ("the leakage report", told.leakage),
            ("the ablation of backbone, recurrence and fine-tuning", told.ablations),
            ("the judgement on planted outliers", told.outliers),
        )
        if not there
    ]
    points = [
        "A picture of another kind than those it learned from gets a label all the same; its confidence, "
        "not its label, says so.",
        "Intervals tell how far the figures would move with other test pictures of the same collection. "
        "Another collection is another question.",
    ]
    if missing:
        points.append(f"This lake has not made: {', '.join(missing)}.")
    yield Points(points)


def _versions(models: Sequence[Model]) -> Iterator[Block]:
    yield Heading("Versions")
    registered = [model for model in models if model.config]
    if not registered:
        yield Text("No model is registered.")
    for model in registered:
        rows = [
            (name.replace("_", " "), _plainly(value))
            for name, value in sorted((model.config or {}).items())
            if name not in ("labels", "architecture", "recipe")
        ]
        yield Heading(model.title, 2)
        yield Table(f"Registry: {model.name}", ("What", "Value"), rows)


def _plainly(value: Any) -> str:
    """A value of a JSON file as people read it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        if {"value", "low", "high"} <= set(value):
            return with_interval(value)
        return "; ".join(f"{key}: {_plainly(one)}" for key, one in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(_plainly, value)) or "–"
    return str(value)
