"""Figures with their intervals in a column, as PNG bytes: by label, by museum and period, model by model.

What belongs here: dots with whiskers. Equal figures give equal bytes.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models.canvas import BLUE, GREY, INK, ORANGE, figure, png, short, styled, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SLICES = 25


@styled
def per_class(summary: Mapping[str, Any]) -> bytes:
    """Recall with its interval and precision of each label, those with the most pictures first."""
    rows = sorted(summary["per_class"], key=lambda row: (-row["support"], row["label"]))
    drawn, (axes,) = figure(8.6, 1.8 + 0.3 * len(rows))
    names = [f"{short(row['label'], 40)} ({row['support']:,})" for row in rows]
    borne = [place for place, row in enumerate(rows) if row["support"]]
    recalls = [
        {
            "value": rows[at]["recall"],
            "low": rows[at]["recall_low"],
            "high": rows[at]["recall_high"],
        }
        for at in borne
    ]
    _whiskers(axes, [at - 0.12 for at in borne], recalls, BLUE, "recall, 95 % interval")
    precise = [row["precision"] for row in rows]
    places = [at + 0.18 for at in range(len(rows))]
    axes.scatter(precise, places, marker="D", s=24, color=ORANGE, label="precision", zorder=3)
    _column(axes, names)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("share; in brackets: test pictures")
    title(
        drawn,
        f"{summary['attribute'].capitalize()} by label (test, n = {summary['pictures']['test']:,})",
    )
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1)
    return png(drawn)


@styled
def slices(summary: Mapping[str, Any], column: str) -> bytes:
    """Accuracy with its interval for each value of a fact, beside that of the whole; the commonest 25."""
    told = summary["slices"][column]
    rows = told[:_SLICES]
    drawn, (axes,) = figure(8.6, 1.6 + 0.3 * len(rows))
    whole = summary["accuracy"]
    axes.axvspan(whole["low"], whole["high"], color=ORANGE, alpha=0.15, linewidth=0)
    axes.axvline(whole["value"], color=ORANGE, linewidth=1.2)
    told_rows = [{**row, "value": row["accuracy"]} for row in rows]
    _whiskers(axes, range(len(rows)), told_rows, BLUE)
    _column(axes, [f"{short(row['value'] or 'unknown', 40)} ({row['pictures']:,})" for row in rows])
    axes.set_xlim(min(row["low"] for row in rows) - 0.02, 1.02)
    rest = f"; {len(told) - _SLICES} smaller ones left out" if len(told) > _SLICES else ""
    axes.set_xlabel(f"accuracy; orange: all, {whole['value']:.3f}{rest}")
    title(
        drawn,
        f"{summary['attribute'].capitalize()} by {column} "
        f"(test, n = {summary['pictures']['test']:,})",
    )
    return png(drawn)


@styled
def ablations(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Accuracy and macro-F1 with intervals of every model of one attribute and scheme, the best first.

    rows: as models.ablations makes them. Grey band: the interval of the first among them, the reference.
    """
    ordered = sorted(rows, key=lambda row: (-row["accuracy"]["value"], row["name"]))
    drawn, axes = figure(10, 1.8 + 0.42 * len(rows), columns=2)
    reference = next((row for row in rows if row["difference"] is None), rows[0])
    for one, measure, name in zip(
        axes, ("accuracy", "macro_f1"), ("accuracy", "macro-F1"), strict=True
    ):
        band = reference[measure]
        one.axvspan(band["low"], band["high"], color=GREY, alpha=0.15, linewidth=0)
        for frozen, colour, text in ((True, ORANGE, "frozen"), (False, BLUE, "fine-tuned")):
            places = [at for at, row in enumerate(ordered) if row["frozen"] is frozen]
            _whiskers(one, places, [ordered[at][measure] for at in places], colour, text)
        _column(one, [_named(row) for row in ordered] if one is axes[0] else [""] * len(ordered))
        one.set_xlabel(f"{name}, 95 % interval")
    pictures = max(row["pictures"] for row in rows)
    title(
        drawn,
        f"{rows[0]['attribute'].capitalize()}, split {rows[0]['scheme'].replace('_', '-')}: "
        f"what each part adds (test, n = {pictures:,})",
    )
    axes[1].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.1)
    return png(drawn)


def _named(row: Mapping[str, Any]) -> str:
    parts = [row["backbone"]]
    if row["sequence"] != "none":
        parts.append(str(row["sequence"]).upper())
    if row["pooling"] == "attention":
        parts.append("attention")
    return f"{short(row['name'], 28)}: {short(' + '.join(parts), 44)}"


def _whiskers(
    axes: "Axes",
    places: Sequence[float],
    rows: Sequence[Mapping[str, Any]],
    colour: str,
    label: str | None = None,
) -> None:
    if not rows:
        return
    values = [row["value"] for row in rows]
    axes.hlines(
        places,
        [row["low"] for row in rows],
        [row["high"] for row in rows],
        color=colour,
        linewidth=2,
    )
    axes.scatter(values, places, s=34, color=colour, label=label, zorder=3)


def _column(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(colors=INK)
