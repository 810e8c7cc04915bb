"""Plots of a collection as SVG text or PNG bytes: equal figures give equal bytes."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, ACCENT, FAINT = "#1d1b19", "#7a2e1d", "#d9d2c7"
_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "svg.fonttype": "path",
    # matplotlib names SVG elements by a random salt unless it is given one.
    "svg.hashsalt": "artlake",
}


def bars(names: Sequence[str], counts: Sequence[int], unit: str, *, form: str = "svg") -> bytes:
    """Horizontal bars, the first name on top, each with its count.

    form: svg or png. Raises ValueError when there is nothing to draw.
    """
    _need(counts)

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        drawn = axes.barh(range(len(names)), counts, color=ACCENT, height=0.66)
        axes.bar_label(drawn, [f"{count:,}" for count in counts], padding=4)
        axes.set_yticks(range(len(names)), [_short(name) for name in names])
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        axes.margins(x=0.12)
        axes.tick_params(axis="y", length=0)

    return drawn(draw, 8, 0.9 + 0.34 * len(names), form)


def half_centuries(starts: Sequence[int], counts: Sequence[int], *, form: str = "svg") -> bytes:
    """Objects by half-century on a true scale of years.

    starts: first year of each half-century, negative before Christ. Where the earliest works lie
    far from the rest, the axis begins at the half-century before which less than 2 % of them lie, and
    the label says how many are earlier.
    """
    _need(counts)
    total, early, first = sum(counts), 0, 0
    while early + counts[first] < 0.02 * total:
        early += counts[first]
        first += 1

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.bar(starts[first:], counts[first:], width=46, align="edge", color=ACCENT)
        axes.xaxis.set_major_formatter(_calendar)
        axes.xaxis.set_major_locator(_whole_numbers())
        axes.yaxis.set_major_locator(_whole_numbers())
        axes.set_ylabel("objects")
        axes.grid(axis="y")
        axes.set_xlabel("year" + (f"  ({early:,} earlier objects are left out)" if early else ""))

    return drawn(draw, 8, 3, form)


def sizes(megapixels: Sequence[float], *, form: str = "svg") -> bytes:
    """Histogram of image sizes on a logarithmic scale of megapixels."""
    import numpy as np

    _need(megapixels)
    low, high = min(megapixels), max(megapixels)
    bins = np.geomspace(low / 2, high * 2, 40)

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.hist(megapixels, bins=bins.tolist(), color=ACCENT, rwidth=0.9)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda size, _: f"{size:g}")
        axes.xaxis.set_minor_formatter(_telling_minor(bins[-1] / bins[0]))
        axes.yaxis.set_major_locator(_whole_numbers())
        axes.set_xlabel("megapixels")
        axes.set_ylabel("images")
        axes.grid(axis="y")

    return drawn(draw, 8, 3, form)


def drawn(draw: Any, width: float, height: float, form: str) -> bytes:
    """Draw on a figure of that many inches in the house's style; form: svg or png."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        buffer = io.BytesIO()
        stamp = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(buffer, format=form, dpi=160, metadata=stamp, transparent=form == "svg")
    return buffer.getvalue()


def _calendar(year: float, _: float) -> str:
    return f"{-year:.0f} BC" if year < 0 else f"{max(year, 1):.0f}"


def _telling_minor(span: float) -> Any:
    """Labels between the powers of ten only where there are too few of those to read the scale."""
    return lambda size, _: f"{size:g}" if span < 100 and f"{size:.0e}"[0] in "25" else ""


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)


def _need(figures: Sequence[Any]) -> None:
    if not figures:
        raise ValueError("there is nothing to draw")


def _short(name: str, length: int = 34) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"
