"""The slide deck: what is in the lake, how it was cleaned, how good the models are, what next."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reports import plots
from reports.facts import Collection, Row
from reports.model import Evaluation, headlines
from reports.pages import cut, percent, size
from storage import Lake

if TYPE_CHECKING:
    from pptx.slide import Slide

# Office files carry a date; equal content must give equal bytes.
_EPOCH = datetime(2000, 1, 1)
_WIDTH, _HEIGHT, _MARGIN = 13.333, 7.5, 0.75
_INK, _SOFT, _PAPER = "1D1B19", "6B645B", "FDFCFA"
_SERIF, _SANS = "Georgia", "Arial"
_BULLETS = 7


def deck(
    lake: Lake,
    collection: Collection,
    evaluations: Mapping[str, Evaluation],
    figures: Mapping[str, Mapping[str, bytes]],
) -> bytes:
    """The deck as PPTX bytes, from the same figures as the pages; equal figures give equal bytes.

    evaluations and figures: as for `reports.model.page`; of an attribute the first figure is shown.
    """
    from pptx import Presentation
    from pptx.util import Inches

    presentation = Presentation()
    presentation.slide_width, presentation.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    properties = presentation.core_properties
    properties.author = properties.last_modified_by = "artlake"
    properties.title = "The collection"
    properties.created = properties.modified = _EPOCH

    def add(title: str) -> "Slide":
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        slide.background.fill.solid()
        slide.background.fill.fore_color.rgb = _colour(_PAPER)
        _write(slide, [title], 0.5, _WIDTH - 2 * _MARGIN, 30, font=_SERIF)
        return slide

    _opening(add("The collection"), collection)
    _contents(add("What is in the lake"), collection)
    _points(add("How it was cleaned"), _cleaning(collection))
    _gallery(add("The same picture, more than once"), lake, collection.duplicates)
    for attribute, evaluation in evaluations.items():
        drawn = next(iter(figures.get(attribute, {}).values()), None)
        _quality(add(f"How good the {attribute} model is"), evaluation, drawn)
    _gallery(add("What looks alike"), lake, collection.lookalikes)
    _points(add("What next"), _next(collection, evaluations))
    buffer = io.BytesIO()
    presentation.save(buffer)
    return _undated(buffer.getvalue())


def _opening(slide: "Slide", collection: Collection) -> None:
    totals = collection.totals
    _write(
        slide,
        [
            f"{totals['objects']:,} objects, {totals['artists']:,} artists, {totals['images']:,} image files",
            *(f"{row['museum']}: {row['objects']:,} objects" for row in collection.museums[:5]),
        ],
        2.6,
        _WIDTH - 2 * _MARGIN,
        24,
    )


def _contents(slide: "Slide", collection: Collection) -> None:
    rows = collection.terms["department"] or collection.terms["school"] or collection.terms["style"]
    totals = collection.totals
    _write(
        slide,
        [
            f"{totals['pictured_objects']:,} objects have a picture",
            f"{totals['dated_objects']:,} have a usable date",
            f"{totals['artists_joined']:,} artists were joined from several records",
            f"{size(totals['bytes'])} of original files",
        ],
        1.7,
        4.6,
        18,
    )
    if rows:
        names, counts = [row["term"] for row in rows], [row["objects"] for row in rows]
        _picture(slide, plots.bars(names, counts, "objects", form="png"), 5.6, 1.5, 7.0, 5.4)


def _cleaning(collection: Collection) -> list[str]:
    totals = collection.totals
    unreadable = totals["images"] - totals["readable_images"]
    points = [
        f"{totals['readable_images']:,} of {totals['images']:,} image files decode; {unreadable:,} do not",
        f"{totals['rejects']:,} records and files were refused, each with its reason",
        *(
            f"   {row['reason']} ({row['stage']}): {row['count']:,}"
            for row in collection.rejects[:3]
        ),
        f"{totals['redundant_images']:,} files are copies of a better one",
        f"{totals['doubtful_dates']:,} objects have years that cannot be; they are kept and flagged",
    ]
    return points


def _quality(slide: "Slide", evaluation: Evaluation, drawn: bytes | None) -> None:
    if evaluation.get("trained") is False:
        _points(slide, [f"Not trained. {evaluation['why']}"])
        return
    lines = [f"{one['name']}: {one['value']} ({one['note']})" for one in headlines(evaluation)]
    _write(slide, lines, 1.7, 5.4 if drawn else _WIDTH - 2 * _MARGIN, 16)
    if drawn:
        _picture(slide, drawn, 6.4, 1.5, 6.2, 5.4)


def _next(collection: Collection, evaluations: Mapping[str, Evaluation]) -> list[str]:
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
    for attribute, evaluation in evaluations.items():
        if routed := evaluation.get("routing", {}).get("test"):
            points.append(
                f"{attribute}: {percent(1 - routed['share'])} of the pictures still need a human"
            )
    return points or ["The figures name nothing that is missing."]


def _gallery(slide: "Slide", lake: Lake, groups: Sequence[Sequence[Row]]) -> None:
    """Two rows of up to six pictures; those that may not be republished stay out."""
    shown = [
        [
            (picture, lake.images.root / picture["path"])
            for picture in group
            if picture["may_show"]
            and picture["path"]
            and (lake.images.root / picture["path"]).is_file()
        ]
        for group in groups
    ]
    rows = [row for row in shown if len(row) > 1][:2]
    if not rows:
        _points(slide, ["Nothing that may be shown here."])
    for number, row in enumerate(rows):
        for column, (picture, file) in enumerate(row[:6]):
            left, top = _MARGIN + 1.98 * column, 1.5 + 2.9 * number
            _picture(slide, file.read_bytes(), left, top, 1.8, 2.2)
            _write(
                slide, [cut(picture["title"], 28), picture["museum"]], top + 2.2, 1.8, 9, left=left
            )


def _points(slide: "Slide", points: Sequence[str]) -> None:
    _write(slide, points[:_BULLETS], 1.8, _WIDTH - 2 * _MARGIN, 20)


def _write(
    slide: "Slide",
    lines: Sequence[str],
    top: float,
    width: float,
    points: float,
    *,
    left: float = _MARGIN,
    font: str = _SANS,
) -> None:
    from pptx.util import Inches, Pt

    height = min(_HEIGHT - top - 0.1, len(lines) * points / 72 * 2.2)
    box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height))
    frame = box.text_frame
    frame.word_wrap = True
    for place, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        # Control characters are no XML; a title may hold any.
        run = paragraph.add_run()
        run.text = "".join(letter for letter in line if letter.isprintable())
        run.font.size, run.font.name = Pt(points), font
        run.font.color.rgb = _colour(_INK if place == 0 or points > 10 else _SOFT)
        paragraph.space_after = Pt(points * 0.5)


def _picture(
    slide: "Slide", data: bytes, left: float, top: float, width: float, height: float
) -> None:
    """Fit the picture into the box, its own shape kept."""
    from PIL import Image
    from pptx.util import Inches

    with Image.open(io.BytesIO(data)) as image:
        scale = min(width / image.width, height / image.height)
        wide, high = image.width * scale, image.height * scale
    slide.shapes.add_picture(
        io.BytesIO(data),
        Inches(left + (width - wide) / 2),
        Inches(top + (height - high) / 2),
        Inches(wide),
        Inches(high),
    )


def _colour(code: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(code)


def _undated(office_file: bytes) -> bytes:
    """The same zip with its entries' times set to one date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office_file)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return buffer.getvalue()
