"""How a crawl went, as a picture: requests, bytes and trouble over time, with the pauses a host asked for."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from reports.plots import ACCENT, INK, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAND, _FILL = "#cbc4ba", "#a4604f"
_TROUBLE = {"retries": ACCENT, "errors": INK, "cooldowns": "#a07c2c"}
_POINTS = 100  # steps that can be told apart on a picture of this width


def timeline(samples: Sequence[Mapping[str, float]], *, form: str = "png") -> bytes:
    """Draw the course of a crawl; grey bands are times in which a host was left alone.

    samples: counts since the start by "requests", "bytes" (received), "not_modified" (answers 304),
    "retries", "cooldowns" and "errors", at "elapsed" seconds, and whether a host was "cooling" then.
    Raises ValueError for fewer than two samples.
    """
    if len(samples) < 2:
        raise ValueError("there is nothing to draw: a timeline has two samples at least")
    ends = samples[:: -(-len(samples) // _POINTS)]
    if ends[-1] is not samples[-1]:
        ends = [*ends, samples[-1]]
    unit, seconds = _time_unit(samples[-1]["elapsed"])
    pauses = _pauses(samples)
    times = [sample["elapsed"] / seconds for sample in ends]

    def draw(figure: "Figure") -> None:
        top, middle, low = figure.subplots(3, sharex=True, height_ratios=(3, 2, 2))
        names = ["all requests", _FILL]
        top.stairs(_rates(ends, "requests"), times, fill=True, color=_FILL)
        top.set_ylabel("requests/s")
        if any(same := _rates(ends, "not_modified")):
            top.stairs(same, times, color=INK, linewidth=1.2)
            names += ["unchanged (304)", INK]
        received = _rates(ends, "bytes")
        size, scale = ("MB/s", 1e6) if max(received) >= 1e6 else ("kB/s", 1e3)
        middle.stairs([rate / scale for rate in received], times, fill=True, color=_FILL)
        middle.set_ylabel(size)
        for name, colour in _TROUBLE.items():
            low.step(times, [end[name] for end in ends], where="post", color=colour)
        low.set_ylim(bottom=0, top=max(1, *(ends[-1][name] for name in _TROUBLE)) * 1.15)
        low.yaxis.get_major_locator().set_params(integer=True)
        low.set_ylabel("so far")
        low.set_xlabel(f"{unit} since the start")
        totals = [part for n, c in _TROUBLE.items() for part in (f"{n}: {ends[-1][n]:,.0f}", c)]
        _named(low, *totals)
        for axes in (top, middle, low):
            axes.set_xlim(0, times[-1])
            axes.grid(axis="y")
            axes.locator_params(axis="y", nbins=4)
            for start, end in pauses:
                axes.axvspan(start / seconds, end / seconds, color=_BAND, linewidth=0, zorder=0.5)
        if pauses:
            names += ["a host left alone", _BAND]
        _named(top, *names)

    return drawn(draw, 8, 4.6, form)


def _rates(ends: Sequence[Mapping[str, float]], name: str) -> list[float]:
    """Count a second between each two samples."""
    return [
        (after[name] - before[name]) / max(after["elapsed"] - before["elapsed"], 1e-3)
        for before, after in pairwise(ends)
    ]


def _pauses(samples: Sequence[Mapping[str, float]]) -> list[tuple[float, float]]:
    """Spans of seconds at whose end a host was being left alone, joined where they touch."""
    spans: list[tuple[float, float]] = []
    for before, after in pairwise(samples):
        if after["cooling"] and spans and spans[-1][1] == before["elapsed"]:
            spans[-1] = (spans[-1][0], after["elapsed"])
        elif after["cooling"]:
            spans.append((before["elapsed"], after["elapsed"]))
    return spans


def _time_unit(elapsed: float) -> tuple[str, int]:
    return next(
        (name, size)
        for name, size in (("hours", 3600), ("minutes", 60), ("seconds", 1))
        if elapsed >= 2 * size or size == 1
    )


def _named(axes: "Axes", *names_and_colours: str) -> None:
    """Names in their colours above the right end, instead of a legend's box over the data."""
    from matplotlib.patches import Patch

    pairs = zip(names_and_colours[::2], names_and_colours[1::2], strict=True)
    axes.legend(
        handles=[Patch(color=colour, label=name) for name, colour in pairs],
        loc="lower right",
        bbox_to_anchor=(1, 0.97),
        ncols=3,
        frameon=False,
        fontsize="small",
        labelcolor=INK,
    )
