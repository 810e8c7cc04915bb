"""The slide deck: what is in the lake, how it was cleaned, how good the models are, what next."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports import plots
from reports.document import figure, with_interval
from reports.facts import Collection, Row
from reports.goals import goals
from reports.headlines import caveats, headlines
from reports.layout import BODY, MARGIN, Deck, fitted, picture, table, write
from reports.model import Told
from reports.pages import percent, size, thumbnail
from reports.quality import Model
from storage import Lake

if TYPE_CHECKING:
    from pptx.slide import Slide

_TEXT = (MARGIN, 1.6, BODY, 5.5)
_LEFT, _RIGHT = (MARGIN, 1.6, 5.4, 5.5), (6.5, 1.5, 6.1, 5.6)
_BESIDE = ((MARGIN, 1.5, 5.8, 4.7), (6.8, 1.5, 5.8, 4.7))
_BELOW = (MARGIN, 6.3, BODY, 0.9)


def deck(lake: Lake, collection: Collection, told: Told) -> bytes:
    """The deck as PPTX bytes, from the same figures as the pages; equal figures give equal bytes.

    Of each model: the question, the answer, the evidence, its limits; speaker notes say how to read them.
    """
    made = Deck("The collection")
    _opening(made, collection)
    _contents(made, collection)
    notes = "Nothing was deleted: what could not be used is a row with its reason."
    write(made.add("How it was cleaned", notes), _cleaning(collection), _TEXT, 20)
    _gallery(made.add("The same picture, more than once"), lake, collection.duplicates)
    if told.models:
        _goals(made, told.models)
    for model in told.models:
        _question(made, model)
        _evidence(made, model)
    if told.ablations:
        _ablations(made, told)
    _gallery(made.add("What looks alike"), lake, collection.lookalikes)
    write(made.add("What next"), _next(collection, told.models), _TEXT, 20)
    return made.bytes()


def _opening(made: Deck, collection: Collection) -> None:
    totals = collection.totals
    lines = [
        f"{totals['objects']:,} objects, {totals['artists']:,} artists, {totals['images']:,} image files",
        *(f"{row['museum']}: {row['objects']:,} objects" for row in collection.museums[:5]),
    ]
    write(made.add("The collection"), lines, (MARGIN, 2.4, BODY, 4.6), 24)


def _contents(made: Deck, collection: Collection) -> None:
    rows = collection.terms["department"] or collection.terms["school"] or collection.terms["style"]
    totals, slide = collection.totals, made.add("What is in the lake")
    lines = [
        f"{totals['pictured_objects']:,} objects have a picture",
        f"{totals['dated_objects']:,} have a usable date",
        f"{totals['artists_joined']:,} artists were joined from several records",
        f"{size(totals['bytes'])} of original files",
    ]
    write(slide, lines, (MARGIN, 1.7, 4.6, 5.4), 18)
    if rows:
        names, counts = [row["term"] for row in rows], [row["objects"] for row in rows]
        drawn = plots.bars(names, counts, "objects", form="png")
        alt = (
            f"Bars: objects of the {len(names)} commonest terms, most {names[0]} with {counts[0]:,}"
        )
        picture(slide, drawn, (5.6, 1.5, 7.0, 5.6), alt)


def _cleaning(collection: Collection) -> list[str]:
    totals = collection.totals
    unreadable = totals["images"] - totals["readable_images"]
    return [
        f"{totals['readable_images']:,} of {totals['images']:,} image files decode; {unreadable:,} do not",
        f"{totals['rejects']:,} records and files were refused, each with its reason",
        *(
            f"   {row['reason']} ({row['stage']}): {row['count']:,}"
            for row in collection.rejects[:3]
        ),
        f"{totals['redundant_images']:,} files are copies of a better one",
        f"{totals['doubtful_dates']:,} objects have years that cannot be; they are kept and flagged",
    ]


def _goals(made: Deck, models: Sequence[Model]) -> None:
    ordered = sorted(models, key=lambda model: not model.promoted)
    told = goals([(model.name, model.evaluation) for model in ordered])
    notes = "\n".join(
        f"{row[0]}: wanted {row[2]}, measured {row[3]}; {row[5]}." for row in told.rows
    )
    slide = made.add("What was wanted, and what was measured", notes)
    # Why a goal is missed is in the notes and in the report.
    rows = [(row[0], *row[2:5], row[5].split(";")[0]) for row in [told.columns, *told.rows]]
    table(slide, rows, (4.2, 1.1, 1.5, 1.9, 3.1), 1.6, told.caption)


def _question(made: Deck, model: Model) -> None:
    told, name = model.evaluation, model.attribute.capitalize()
    if told.get("trained") is False:
        write(made.add(f"{name}: not trained"), [told["why"]], _TEXT, 20)
        return
    accuracy = told.get("accuracy")
    right = "not judged" if not accuracy else f"{percent(accuracy['value'])} right on pictures it has not seen"  # fmt: skip
    found, kept_in_mind = headlines(told), caveats(told)
    notes = "\n".join([*(f"{one[1]}: {one[0]} ({one[2]})" for one in found), *kept_in_mind])
    slide = made.add(f"{name}: {right}", notes)
    test = (told.get("pictures") or {}).get("test")
    judged = "" if test is None else f", judged on {test:,} test pictures"
    lines = [
        "Question:",
        f"Can the {model.attribute} be told from the picture alone? ({model.name.replace('_', ' ')}{judged})",
        "Answer:",
        f"Accuracy {with_interval(accuracy)}, macro-F1 {with_interval(told.get('macro_f1'))}",
        "Evidence:",
        *(f"{one[1]}: {one[0]}" for one in found[2:]),
        "Limits:",
        *(_short(sentence) for sentence in kept_in_mind[:3]),
    ]
    drawn = next(iter(model.figures.items()), None)
    write(slide, lines, _LEFT if drawn else _TEXT, 16)
    if drawn:
        picture(slide, drawn[1], _RIGHT, f"{name}: {drawn[0].lower()}")


def _evidence(made: Deck, model: Model) -> None:
    """Whether its confidence can be believed, and what that is worth: two charts and a sentence."""
    drawn = [
        (name, model.figures[name])
        for name in ("Reliability", "Risk and coverage")
        if name in model.figures
    ]
    if not drawn:
        return
    told = model.evaluation
    calibration, routing = told["calibration"], told["routing"]
    notes = (
        "Left, a calibrated model lies on the diagonal. Right, the errors among the most confident pictures. "
        "The threshold was chosen on held-out pictures and confirmed once on test."
    )
    slide = made.add(f"{model.attribute.capitalize()}: can its confidence be believed?", notes)
    for box, (name, png) in zip(_BESIDE, drawn, strict=False):
        picture(slide, png, box, f"{model.attribute.capitalize()}: {name.lower()}")
    routed = routing["test"]
    line = (
        f"Calibration error {figure(calibration['ece'])}; {percent(routed['share'])} of the pictures need no "
        f"human at a wanted precision of {percent(routing['wanted_precision'], 0)}; of these "
        f"{percent(routed.get('precision'))} are right, {percent(routed.get('at_least'))} or more "
        f"with {percent(routing['bound_confidence'], 0)} confidence."
    )
    write(slide, [line], _BELOW, 16)


def _ablations(made: Deck, told: Told) -> None:
    rows = [("Model", "Attribute, split", "Accuracy (95 %)", "Macro-F1 (95 %)")]
    rows += [
        (
            str(row["name"]),
            f"{row['attribute']}, {str(row.get('scheme', 'grouped')).replace('_', '-')}",
            with_interval(row["accuracy"]),
            with_interval(row["macro_f1"]),
        )
        for row in told.ablations
    ]
    notes = "The same test pictures for each row of an attribute and split; overlapping intervals settle nothing."
    slide = made.add("What recurrence, attention and fine-tuning add or take", notes)
    table(slide, rows, (4.4, 2.6, 2.4, 2.4), 1.6, "Accuracy and macro-F1 of each variant")


def _next(collection: Collection, models: Sequence[Model]) -> list[str]:
    """What the figures themselves say is missing."""
    points = []
    for row in collection.completeness[:3]:
        shares = {name: row[name] for name in row if name not in ("museum", "objects")}
        worst = min(shares, key=lambda name: (shares[name], name))
        points.append(
            f"{row['museum']}: only {percent(shares[worst], 0)} of the objects have a {worst}"
        )
    if collection.totals["disagreements"]:
        points.append(
            f"{collection.totals['disagreements']:,} predictions contradict the museum: "
            "let a curator look at them"
        )
    for model in models:
        if routed := (model.evaluation.get("routing") or {}).get("test"):
            points.append(
                f"{model.name.replace('_', ' ')}: {percent(1 - routed['share'])} of the pictures "
                "still need a human"
            )
    return points or ["The figures name nothing that is missing."]


def _gallery(slide: "Slide", lake: Lake, groups: Sequence[Sequence[Row]]) -> None:
    """Two rows of up to five pictures; those that may not be republished stay out."""
    shown = [
        [(row, data) for row in group if (data := thumbnail(lake, row)) is not None]
        for group in groups
    ]
    rows = [row for row in shown if len(row) > 1][:2]
    if not rows:
        write(slide, ["Nothing that may be shown here."], _TEXT, 20)
    for number, pictures in enumerate(rows):
        for column, (row, data) in enumerate(pictures[:5]):
            left, top = MARGIN + 2.4 * column, 1.5 + 2.95 * number
            picture(slide, data, (left, top, 2.2, 2.1), f"{row['title'][:200]}, {row['museum']}")
            # Each cut to its own line, so that a long title leaves the museum its place.
            lines = [fitted([row[name]], 2.2, 0.21, 12)[1][0] for name in ("title", "museum")]
            write(slide, lines, (left, top + 2.15, 2.2, 0.55), 12)


def _short(sentence: str) -> str:
    """The first of several sentences, or what stands before its list of names."""
    return re.split(r"[:.] ", sentence, maxsplit=1)[0].rstrip(".") + "."
