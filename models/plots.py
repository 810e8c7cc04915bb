"""Plots of what was learned, as PNG bytes: equal figures give equal bytes.

Each has a title that says what is seen, named axes and the number of pictures behind it.
"""

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _GRID = "#22303c", "#d9dfe4"
_BLUE, _ORANGE, _GREY = "#1f6f9c", "#d9722e", "#8a97a3"
# Ten hues told apart with common colour-vision deficiencies (after Okabe and Ito, and Tol).
_HUES = (
    *("#1f6f9c", "#d9722e", "#2f9e6e", "#b5487a", "#e0b02f"),
    *("#6a5acd", "#58b4d8", "#8c5a3c", "#7a8b2f", "#c94f4f"),
)
_LABELS_SHOWN = len(_HUES)
_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "legend.frameon": False,
}


_Arguments = ParamSpec("_Arguments")


def _styled(plot: Callable[_Arguments, bytes]) -> Callable[_Arguments, bytes]:
    """Draw in the house's style, and leave matplotlib's own settings as they were."""

    @wraps(plot)
    def drawn(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> bytes:
        import matplotlib

        with matplotlib.rc_context(_RC):
            return plot(*args, **kwargs)

    return drawn


@_styled
def training_curve(summary: Mapping[str, Any]) -> bytes:
    """Loss and accuracy per epoch, train beside validation, from an evaluation's summary."""
    curve = summary["curve"]
    epochs = [record["epoch"] for record in curve]
    count = summary["pictures"]
    figure, (left, right) = _figure(9, 3.8, columns=2)
    for axes, measure, name in ((left, "loss", "cross-entropy"), (right, "accuracy", "accuracy")):
        for side, colour in (("train", _BLUE), ("validation", _ORANGE)):
            values = [record[f"{side}_{measure}"] for record in curve]
            label = f"{side} (n = {count[side]:,})"
            axes.plot(epochs, values, color=colour, linewidth=2, label=label)
        axes.set(xlabel="epoch", ylabel=name)
        axes.legend()
    left.set_title(f"Learning the {summary['attribute']}: loss")
    right.set_title("Accuracy")
    right.set_ylim(top=1.02)
    return _png(figure)


@_styled
def confusion_matrix(summary: Mapping[str, Any]) -> bytes:
    """Rows: the museum's label; columns: the model's; colour: share of the row; number: pictures."""
    counts = np.array(summary["confusion"])
    labels = [_short(label) for label in summary["labels"]]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.8 + 0.62 * len(labels)
    figure, (axes,) = _figure(side + 1.6, side)
    axes.grid(False)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counts > 0):
        colour = "white" if shares[row, column] > 0.55 else _INK
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    ticks = range(len(labels))
    axes.set_xticks(ticks, labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, labels)
    axes.set(xlabel="predicted", ylabel="filed by the museum under")
    axes.set_title(
        f"{summary['attribute'].capitalize()}: {_interval('accuracy', summary['accuracy'])}\n"
        f"{_interval('macro-F1', summary['macro_f1'])} (test, n = {counts.sum():,})"
    )
    figure.colorbar(image, ax=axes, shrink=0.75, label="share of the row")
    return _png(figure)


@_styled
def reliability(summary: Mapping[str, Any]) -> bytes:
    """Accuracy against confidence in 15 bins; a calibrated model lies on the diagonal."""
    calibration = summary["calibration"]
    bins = calibration["bins"]
    confidence = [one["confidence"] for one in bins]
    pictures = [one["pictures"] for one in bins]
    figure, (axes,) = _figure(5.6, 5)
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1.2, label="calibrated")
    accuracy = [one["accuracy"] for one in bins]
    axes.plot(confidence, accuracy, color=_BLUE, linewidth=1.5)
    sizes = 20 + 380 * np.array(pictures) / max(pictures)
    axes.scatter(
        confidence, accuracy, s=sizes, color=_BLUE, alpha=0.75, label="bin (area: pictures)"
    )
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.03), ylim=(0, 1.05))
    axes.set_title(
        f"{summary['attribute'].capitalize()}: can its confidence be believed?\n"
        f"ECE {calibration['ece']:.3f} (before temperature {calibration['ece_before']:.3f}), "
        f"n = {sum(pictures):,}",
        fontsize=11,
    )
    legend = axes.legend(loc="upper left")
    for handle in legend.legend_handles[1:]:
        handle.set_sizes([60])  # type: ignore[union-attr]
    return _png(figure)


@_styled
def risk_coverage(summary: Mapping[str, Any]) -> bytes:
    """Error rate among the most confident pictures, against the share of them that is routed."""
    points = summary["risk_coverage"]
    routed = summary["routing"]["test"]
    figure, (axes,) = _figure(6.4, 4.2)
    coverage = [point["coverage"] for point in points]
    risk = [point["risk"] for point in points]
    axes.plot(coverage, risk, color=_BLUE, linewidth=2)
    axes.fill_between(coverage, risk, color=_BLUE, alpha=0.12)
    wanted = 1 - summary["routing"]["wanted_precision"]
    axes.axhline(wanted, color=_ORANGE, linestyle="--", linewidth=1.2)
    axes.text(0.01, wanted, " 99 % right", color=_ORANGE, va="bottom")
    if routed["routed"]:
        axes.axvline(routed["share"], color=_GREY, linewidth=1.2)
        note = f"routed {routed['share']:.0%} "
        axes.text(routed["share"], axes.get_ylim()[1], note, va="top", ha="right")
    axes.set(xlabel="share of pictures routed, most confident first", ylabel="error rate")
    axes.set(xlim=(0, 1), ylim=(0, None))
    axes.set_title(
        f"{summary['attribute'].capitalize()}: errors by share routed "
        f"(test, n = {routed['pictures']:,})"
    )
    return _png(figure)


@_styled
def projection(
    points: pa.Table, labels: Mapping[str, str | None], attribute: str, how: str = "PCA"
) -> bytes:
    """The map of a PROJECTION table, coloured by the commonest labels (artwork_id → label)."""
    names = [labels.get(artwork_id) for artwork_id in points["artwork_id"].to_pylist()]
    counted = Counter(name for name in names if name)
    shown = [name for name, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0]))]
    shown = shown[:_LABELS_SHOWN]
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    figure, (axes,) = _figure(9, 5.6)
    rest = np.array([name not in shown for name in names], dtype=bool)
    if rest.any():
        axes.scatter(x[rest], y[rest], s=9, color=_GRID, label=f"other or none ({rest.sum():,})")
    size = float(np.clip(9000 / max(len(names), 1), 6, 40))
    for name, hue in zip(shown, _HUES, strict=False):
        own = np.array([one == name for one in names])
        text = f"{_short(name, 30)} ({own.sum():,})"
        axes.scatter(x[own], y[own], s=size, color=hue, alpha=0.7, linewidths=0, label=text)
    axes.set(xlabel=f"{how} 1", ylabel=f"{how} 2")
    axes.set_title(f"The collection by likeness, coloured by {attribute} (n = {len(names):,})")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6, fontsize=9)
    return _png(figure)


def _figure(width: float, height: float, columns: int = 1) -> tuple["Figure", Sequence["Axes"]]:
    # Figure and canvas by hand: pyplot would keep global state and pick a screen's backend.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def _png(figure: "Figure") -> bytes:
    target = io.BytesIO()
    # The software's version would change the bytes with every upgrade.
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _interval(name: str, figure: Mapping[str, float]) -> str:
    return f"{name} {figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _short(label: str, length: int = 24) -> str:
    return label if len(label) <= length else label[: length - 1].rstrip() + "…"
