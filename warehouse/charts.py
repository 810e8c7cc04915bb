"""Charts of answers, drawn for people: a chart's line in a question's header is read by `chartspec`."""

import textwrap
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from storage.errors import MendableError
from warehouse.ask import TRUNCATED
from warehouse.chartspec import (
    OTHER,
    UNSAID,
    Chart,
    Row,
    categories_of,
    channels,
    few_colours,
    first,
    in_order,
    values_at,
    without_gaps,
)

if TYPE_CHECKING:
    import altair

Form = Literal["png", "svg", "html"]

_WIDTH = 680
_LABEL = 420  # pixels of a legend's label at most
_STEP = 22  # pixels a row of bars
_LINE = 120  # characters of a subtitle's line
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_GREY = "#bab0ac"
_GREYS = (OTHER, UNSAID, "unknown", "not applicable", "not stated")
# Tableau's ten without its grey, which is for "other".
_PALETTE = [
    "#4c78a8",
    "#f58518",
    "#54a24b",
    "#e45756",
    "#72b7b2",
    "#b279a2",
    "#eeca3b",
    "#9d755d",
    "#ff9da6",
]
_PAINT = {
    "black": "#26221f", "grey": "#9b9892", "white": "#e9e6d8", "red": "#b23a34", "brown": "#7d5a3c",
    "orange": "#dd9a55", "yellow": "#e3c95c", "green": "#6f8f57", "blue": "#4f7399", "purple": "#8a5f86",
}  # fmt: skip


class ChartError(MendableError):
    """There is nothing to draw; the message says why."""


def chart(table: pa.Table, spec: Chart) -> "altair.LayerChart":
    """Draw an answer. The order of the rows is the order of the categories.

    Of more than CATEGORIES categories the first are drawn, and of more than COLOURS parts the largest,
    the others summed up; the subtitle says so, and where the table is not the whole answer.

    Raises ChartError when the table has no rows.
    """
    import altair as alt

    if not table.num_rows:
        raise ChartError(f"There is nothing to draw, the answer has no rows: {spec.title}")
    more = TRUNCATED in (table.schema.metadata or {})
    rows, titles = channels(table, spec)
    categories = categories_of(rows, spec)
    for row in rows:
        row |= {channel: UNSAID for channel in categories if row[channel] is None}
    cuts: list[str] = []
    for channel in ("x", "y"):
        if channel in categories and spec.kind != "columns":
            rows, cut = first(rows, channel, titles[channel], more=more)
            cuts += cut
    if more and ("colour" in titles or not cuts):  # else it is said, and those drawn are whole
        cuts.append(f"The answer is cut after its first {table.num_rows:,} rows.")
    if "colour" in categories:
        rows = few_colours(rows, spec)
    base = alt.Chart(alt.Data(values=rows))
    encoded: dict[str, Any] = {
        "x": alt.X("x", **_axis("x", rows, titles, categories, spec)),
        "y": alt.Y("y", **_axis("y", rows, titles, categories, spec)),
        "tooltip": _tooltips(rows, titles, categories, spec),
    }
    if "colour" in titles:
        encoded["color"] = _colour(rows, titles, categories, spec)
        if "rank" in rows[0]:
            encoded["order"] = alt.Order("rank:Q")
    layers = [_mark(base, spec).encode(**encoded)]
    if spec.kind == "heat":
        layers.append(_cell_values(base, rows, encoded, spec))
    return (
        alt.layer(*layers)
        .properties(
            title=alt.TitleParams(textwrap.wrap(spec.title, 76), subtitle=[*textwrap.wrap(spec.note, _LINE), *cuts]),
            **_size(rows, categories, spec),
        )
        .configure(font=_FONT, background="white", padding=18)
        .configure_title(
            anchor="start", frame="bounds", fontSize=17, lineHeight=21, offset=16,
            subtitleFontSize=12, subtitleLineHeight=16, subtitleColor="#555", subtitlePadding=6,
        )
        .configure_axis(
            labelFontSize=12, titleFontSize=12, titleFontWeight="normal", titleColor="#333",
            labelLimit=260, labelPadding=6, gridColor="#e6e6e6", domainColor="#888", tickColor="#888",
        )
        .configure_legend(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", labelLimit=_LABEL)
        .configure_view(stroke=None)
    )  # fmt: skip


def draw(chart: "altair.TopLevelMixin", form: Form) -> bytes:
    """The chart as a file: a PNG at twice its size, an SVG, or a page that needs no network.

    The same chart gives the same bytes.
    """
    import vl_convert

    spec = chart.to_dict()
    if form == "png":
        return bytes(vl_convert.vegalite_to_png(spec, scale=2))
    if form == "svg":
        return str(vl_convert.vegalite_to_svg(spec)).encode()
    return str(vl_convert.vegalite_to_html(spec, bundle=True)).encode()


def _mark(base: "altair.Chart", spec: Chart) -> "altair.Chart":
    if spec.kind == "heat":
        return base.mark_rect(stroke="white")
    if spec.kind == "points":
        return base.mark_circle(size=80, opacity=0.85)
    return base.mark_bar(color=_PALETTE[0])


def _axis(
    channel: str, rows: list[Row], titles: dict[str, str], categories: set[str], spec: Chart
) -> dict[str, Any]:
    import altair as alt

    bars = spec.kind in ("columns", "bars")
    if channel not in categories:
        form = "%" if spec.share or spec.percent else ",~f"
        whole = 1 if bars and not spec.share else alt.Undefined  # there is no half an object
        return {
            "type": "quantitative",
            "title": titles[channel],
            "stack": "normalize" if spec.share else bars,
            "scale": alt.Scale(zero=True, nice=True),
            "axis": alt.Axis(format=form, tickCount=6, tickMinStep=whole),
        }
    names = without_gaps(in_order(rows, channel))
    angle = -40 if channel == "x" and (spec.kind == "heat" or _are_long(names)) else 0
    above: dict[str, Any] = {}
    if spec.kind == "heat" and channel == "y":
        above = {"titleAngle": 0, "titleAlign": "right", "titleX": -8, "titleY": -8}
    return {
        "type": "nominal",
        "title": titles[channel] if channel == "x" or spec.kind == "heat" else None,
        "sort": names,
        "scale": alt.Scale(domain=names),
        "axis": alt.Axis(
            grid=spec.kind == "points", labelAngle=angle, ticks=False, domain=bars, **above
        ),
    }


def _are_long(names: list[Any]) -> bool:
    """Whether names below the columns would run into each other."""
    return 7 * sum(len(str(name)) for name in names) + 10 * len(names) > _WIDTH


def _colour(
    rows: list[Row], titles: dict[str, str], categories: set[str], spec: Chart
) -> "altair.Color":
    import altair as alt

    if "colour" not in categories:  # a heat map's
        top = 1 if spec.percent else alt.Undefined
        scale = alt.Scale(scheme="blues", domainMin=0, domainMax=top)
        return alt.Color("colour:Q", scale=scale, legend=None)
    names = in_order(rows, "colour")
    if "rank" in rows[0]:
        names = [row["colour"] for row in sorted(rows, key=lambda row: row["rank"])]
        names = list(dict.fromkeys(names))
    colours = [
        _PAINT.get(name, _GREY) if spec.paint
        else _GREY if name in _GREYS
        else _PALETTE[number % len(_PALETTE)]
        for number, name in enumerate(names)
    ]  # fmt: skip
    return alt.Color(
        "colour:N", sort=names, scale=alt.Scale(domain=names, range=colours),
        title=titles["colour"] or None, legend=alt.Legend(orient="bottom", columns=_legend_columns(names)),
    )  # fmt: skip


def _legend_columns(names: list[str]) -> int:
    longest = min(_LABEL, 7 * max(map(len, names)) + 30)
    return max(1, min(len(names), _WIDTH // longest))


def _cell_values(
    base: "altair.Chart", rows: list[Row], encoded: dict[str, Any], spec: Chart
) -> "altair.Chart":
    """The number in each cell of a heat map, light on the dark ones."""
    import altair as alt

    half = 0.5 if spec.percent else max(row["colour"] or 0 for row in rows) / 2
    return base.mark_text(fontSize=11).encode(
        x=encoded["x"],
        y=encoded["y"],
        tooltip=encoded["tooltip"],
        text=alt.Text("colour:Q", format=".0%" if spec.percent else ",~f"),
        color=alt.condition(f"datum.colour > {half}", alt.value("white"), alt.value("#222")),
    )


def _tooltips(
    rows: list[Row], titles: dict[str, str], categories: set[str], spec: Chart
) -> "list[altair.Tooltip]":
    import altair as alt

    shown = []
    for name in rows[0]:
        if name == "rank":
            continue
        numeric = name not in categories and isinstance(rows[0][name], int | float)
        form = ".1%" if spec.percent and name == values_at(spec) else ",~f"
        title = titles.get(name, name) or ("value" if name == values_at(spec) else "of")
        kind: Any = "quantitative" if numeric else "nominal"
        written = form if numeric else alt.Undefined
        shown.append(alt.Tooltip(field=name, type=kind, title=title, format=written))
    return shown


def _size(rows: list[Row], categories: set[str], spec: Chart) -> dict[str, Any]:
    height = _STEP * len(in_order(rows, "y")) if "y" in categories else 340
    width = _WIDTH
    if spec.kind == "heat":
        width = max(280, min(_WIDTH, 64 * len(in_order(rows, "x"))))
    if spec.kind == "columns":
        width = min(_WIDTH, 90 * len(without_gaps(in_order(rows, "x"))))
    return {"width": width, "height": max(height, 60)}
