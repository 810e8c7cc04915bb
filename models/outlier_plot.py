"""The plot of what each measure of oddness is worth, as PNG bytes: equal figures give equal bytes."""

import io
from collections.abc import Mapping
from typing import Any

_INK, _GRID, _BLUE, _ORANGE = "#22303c", "#d9dfe4", "#1f6f9c", "#d9722e"
_WIDTH, _ROW, _COLUMNS = 3.4, 0.24, 3


def judged(report: Mapping[str, Mapping[str, Any]], title: str) -> bytes:
    """A panel for each kind of planted outlier: the AUROC of every measure, with its 95 % interval.

    report: kind → what `models.planted.report` gives; chance is the line at 0.5, `combined` is set apart.
    """
    import matplotlib
    from matplotlib.figure import Figure

    columns = min(_COLUMNS, len(report))
    rows = -(-len(report) // columns)
    measures = list(next(iter(report.values()))["measures"])[::-1]
    style: Any = {"font.family": "DejaVu Sans", "font.size": 9, "text.color": _INK}
    with matplotlib.rc_context(style):
        figure = Figure(
            figsize=(_WIDTH * columns + 1, (_ROW * len(measures) + 0.8) * rows + 0.6),
            layout="constrained",
        )
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (kind, told) in zip(panels, report.items(), strict=False):
            for place, name in enumerate(measures):
                one = told["measures"][name]
                colour = _ORANGE if name == "combined" else _BLUE
                axes.barh(place, one["auroc"], height=0.62, color=colour)
                axes.plot([one["low"], one["high"]], [place, place], color=_INK, linewidth=1.2)
            axes.axvline(0.5, color=_INK, linewidth=0.8, linestyle=":")
            axes.set_title(f"{kind}\n{told['planted']} of {told['pictures']:,}", fontsize=9)
            axes.set_xlim(0, 1)
            axes.set_yticks(range(len(measures)), [name.replace("_", " ") for name in measures])
            axes.grid(axis="x", color=_GRID)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
        for axes in panels[len(report) :]:
            axes.set_visible(False)
        for axes in panels[max(0, len(report) - columns) : len(report)]:
            axes.tick_params(labelbottom=True)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
        figure.supxlabel("AUROC with 95 % interval; 0.5 is chance", fontsize=9)
        data = io.BytesIO()
        figure.savefig(data, format="png", dpi=110, metadata={"Software": None})
    return data.getvalue()
