"""The house's style of plots: colours, lettering, figures without global state, PNG bytes.

What belongs here: what every plot of this room shares. Equal figures give equal bytes.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID = "#22303c", "#d9dfe4"
BLUE, ORANGE, GREY = "#1f6f9c", "#d9722e", "#8a97a3"
# Ten hues told apart with common colour-vision deficiencies (after Okabe and Ito, and Tol).
HUES = (
    *("#1f6f9c", "#d9722e", "#2f9e6e", "#b5487a", "#e0b02f"),
    *("#6a5acd", "#58b4d8", "#8c5a3c", "#7a8b2f", "#c94f4f"),
)
_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "legend.frameon": False,
    # Labels are text as museums wrote it: a dollar sign starts no formula.
    "text.parse_math": False,
}

_Arguments = ParamSpec("_Arguments")


def styled(plot: Callable[_Arguments, bytes]) -> Callable[_Arguments, bytes]:
    """Draw in the house's style, and leave matplotlib's own settings as they were."""

    @wraps(plot)
    def drawn(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> bytes:
        import matplotlib

        with matplotlib.rc_context(_RC):
            return plot(*args, **kwargs)

    return drawn


def figure(width: float, height: float, columns: int = 1) -> tuple["Figure", Sequence["Axes"]]:
    """A figure of that many inches with axes side by side."""
    # Figure and canvas by hand: pyplot would keep global state and pick a screen's backend.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(made)
    return made, list(made.subplots(1, columns, squeeze=False)[0])


def png(drawn: "Figure") -> bytes:
    """The figure as PNG."""
    target = io.BytesIO()
    # The software's version would change the bytes with every upgrade.
    drawn.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def interval(name: str, told: Mapping[str, float]) -> str:
    """`accuracy 0.913 [0.892, 0.934]`."""
    return f"{name} {told['value']:.3f} [{told['low']:.3f}, {told['high']:.3f}]"


def title(drawn: "Figure", *lines: str) -> None:
    """Head the whole figure, from its left edge, for plots whose axes begin far right of it."""
    drawn.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)


def wrapped(label: str, width: int = 22, lines: int = 2) -> str:
    """A label on a few lines of that many letters, cut where it is longer."""
    import textwrap

    return textwrap.fill(label, width, max_lines=lines, placeholder="…")


def short(label: str, length: int = 24) -> str:
    """A label on one line, cut to that many letters."""
    label = " ".join(label.split())
    return label if len(label) <= length else label[: length - 1].rstrip() + "…"
