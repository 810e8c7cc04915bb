"""Plots of what was learned, as PNG bytes: equal figures give equal bytes.

What belongs here: the curves and maps of one evaluation; models.dot_plots has figures with intervals in a
column. Each has a title that says what is seen, named axes and the number of pictures behind it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from models.canvas import (
    BLUE,
    GREY,
    GRID,
    HUES,
    INK,
    ORANGE,
    figure,
    interval,
    png,
    short,
    styled,
    title,
    wrapped,
)

# From so many labels on, a confusion matrix shows numbers for mistakes no more: they would not be legible.
_LEGIBLE = 15
_CURVES = 6


@styled
def training_curve(summary: Mapping[str, Any]) -> bytes:
    """Loss and accuracy per epoch, train beside validation, from an evaluation's summary.

    What a record does not have (a network's trainer knows no train accuracy) is not drawn.
    """
    from matplotlib.ticker import MaxNLocator

    attribute, count = summary["attribute"], summary["pictures"]
    curve = [_of_attribute(record, attribute) for record in summary["curve"]]
    drawn, (left, right) = figure(9, 3.8, columns=2)
    for axes, measure, name in ((left, "loss", "cross-entropy"), (right, "accuracy", "accuracy")):
        for side, colour in (("train", BLUE), ("validation", ORANGE)):
            key = f"{side}_{measure}"
            points = [(record["epoch"], record[key]) for record in curve if key in record]
            if points:
                mark = "o" if len(points) < 30 else None
                label = f"{side} (n = {count[side]:,})"
                axes.plot(
                    *zip(*points, strict=True),
                    color=colour, linewidth=2, marker=mark, markersize=4, label=label,
                )  # fmt: skip
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if axes.lines:
            axes.legend()
    left.set_title(f"Learning the {attribute}: loss")
    right.set_title("Accuracy")
    right.set_ylim(top=1.02)
    return png(drawn)


def _of_attribute(record: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    """A record of the curve, validation's figures being the attribute's own where they are told."""
    own = record.get("attributes", {}).get(attribute, {})
    return {**record, **{f"validation_{name}": value for name, value in own.items()}}


@styled
def confusion_matrix(summary: Mapping[str, Any]) -> bytes:
    """Rows: the museum's label; columns: the model's; colour: share of the row; number: pictures."""
    counts = np.array(summary["confusion"])
    many = len(counts) > _LEGIBLE
    labels = [short(one, 30) if many else wrapped(one) for one in summary["labels"]]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 3.4 + (0.26 if many else 0.66) * len(labels)
    drawn, (axes,) = figure(max(side + 1.6, 6.5), side)
    axes.grid(False)
    # The square root shows single mistakes among many pictures; the bar beside it tells shares.
    image = axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counts > 0):
        if not many or row == column or shares[row, column] >= 0.1:
            colour = "white" if np.sqrt(shares[row, column]) > 0.55 else INK
            text = str(counts[row, column])
            axes.text(
                column, row, text,
                ha="center", va="center", color=colour, fontsize=7 if many else 10,
            )  # fmt: skip
    ticks, size = range(len(labels)), 8 if many else 10
    turned: dict[str, Any] = {"rotation": 90 if many else 40, "ha": "center" if many else "right"}
    axes.set_xticks(
        ticks, labels, fontsize=size, rotation_mode="default" if many else "anchor", **turned
    )
    axes.set_yticks(ticks, labels, fontsize=size)
    axes.tick_params(length=0)
    axes.set(xlabel="predicted", ylabel="filed by the museum under")
    title(
        drawn,
        f"{summary['attribute'].capitalize()}: {interval('accuracy', summary['accuracy'])}",
        f"{interval('macro-F1', summary['macro_f1'])} (test, n = {counts.sum():,})",
    )
    bar = drawn.colorbar(image, ax=axes, shrink=0.6, label="share of the row")
    shown = (0, 0.01, 0.05, 0.2, 0.5, 1)
    bar.set_ticks([one**0.5 for one in shown], labels=[f"{one:.0%}" for one in shown])
    return png(drawn)


@styled
def reliability(summary: Mapping[str, Any]) -> bytes:
    """Accuracy against confidence in 15 bins; a calibrated model lies on the diagonal."""
    calibration = summary["calibration"]
    bins = calibration["bins"]
    confidence = [one["confidence"] for one in bins]
    pictures = [one["pictures"] for one in bins]
    drawn, (axes,) = figure(5.6, 5)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="calibrated")
    accuracy = [one["accuracy"] for one in bins]
    axes.plot(confidence, accuracy, color=BLUE, linewidth=1.5)
    sizes = 20 + 380 * np.array(pictures) / max(pictures)
    axes.scatter(
        confidence, accuracy, s=sizes, color=BLUE, alpha=0.75, label="bin (area: pictures)"
    )
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.03), ylim=(0, 1.05))
    axes.set_title(
        f"{summary['attribute'].capitalize()}: can its confidence be believed?\n"
        f"ECE {calibration['ece']:.3f}, before temperature {calibration['ece_before']:.3f}\n"
        f"(chance alone {calibration['if_calibrated']:.3f}; test, n = {sum(pictures):,})",
        fontsize=11,
    )
    legend = axes.legend(loc="upper left")
    for handle in legend.legend_handles[1:]:
        handle.set_sizes([60])  # type: ignore[union-attr]
    return png(drawn)


@styled
def risk_coverage(summary: Mapping[str, Any]) -> bytes:
    """Error rate among the most confident pictures, against the share of them that is routed."""
    points = summary["risk_coverage"]
    routed = summary["routing"]["test"]
    drawn, (axes,) = figure(6.4, 4.2)
    coverage = [point["coverage"] for point in points]
    risk = [point["risk"] for point in points]
    axes.plot(coverage, risk, color=BLUE, linewidth=2)
    axes.fill_between(coverage, risk, color=BLUE, alpha=0.12)
    wanted = 1 - summary["routing"]["wanted_precision"]
    axes.axhline(wanted, color=ORANGE, linestyle="--", linewidth=1.2)
    axes.text(0.01, wanted, f" {1 - wanted:.0%} right", color=ORANGE, va="bottom")
    if routed["routed"]:
        axes.axvline(routed["share"], color=GREY, linewidth=1.2)
        note = f"routed {routed['share']:.0%} "
        axes.text(routed["share"], axes.get_ylim()[1], note, va="top", ha="right")
    axes.set(xlabel="share of pictures routed, most confident first", ylabel="error rate")
    axes.set(xlim=(0, 1), ylim=(0, None))
    axes.set_title(
        f"{summary['attribute'].capitalize()}: errors by share routed "
        f"(test, n = {routed['pictures']:,})"
    )
    return png(drawn)


@styled
def roc(summary: Mapping[str, Any]) -> bytes:
    """True against false positives of each label against all others: at most six named, the rest in grey.

    Named are those with the smallest area: where the model is weakest.
    """
    told = sorted(summary["roc"].items(), key=lambda one: (one[1]["auc"], one[0]))
    drawn, (axes,) = figure(8.6, 5)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2)
    for place, (label, curve) in reversed(list(enumerate(told))):
        named = place < _CURVES
        text = f"{curve['auc']:.3f} [{curve['low']:.3f}, {curve['high']:.3f}]  {short(label, 30)}"
        axes.plot(
            *zip(*curve["curve"], strict=True),
            color=HUES[place] if named else GRID,
            linewidth=2 if named else 1.2,
            zorder=3 if named else 2,
            label=text if named else None,
        )
    axes.set(xlabel="false positives", ylabel="true positives", xlim=(-0.01, 1), ylim=(0, 1.02))
    macro = summary["macro_auc"]
    axes.set_title(
        f"{summary['attribute'].capitalize()}: one label against all others\n"
        + (f"{interval('mean AUC', macro)} " if macro else "")
        + f"(test, n = {summary['pictures']['test']:,})"
    )
    if told:
        handles, texts = axes.get_legend_handles_labels()
        rest = f"; {len(told) - _CURVES} more in grey" if len(told) > _CURVES else ""
        axes.legend(
            handles[::-1], texts[::-1],
            title=f"AUC, smallest first{rest}", loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9,
        )  # fmt: skip
    return png(drawn)


@styled
def projection(
    points: pa.Table, labels: Mapping[str, str | None], attribute: str, how: str = "PCA"
) -> bytes:
    """The map of a PROJECTION table, coloured by the commonest labels (artwork_id → label)."""
    names = [labels.get(artwork_id) for artwork_id in points["artwork_id"].to_pylist()]
    counted = Counter(name for name in names if name)
    shown = [name for name, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0]))]
    shown = shown[: len(HUES)]
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    drawn, (axes,) = figure(9, 5.6)
    rest = np.array([name not in shown for name in names], dtype=bool)
    if rest.any():
        axes.scatter(x[rest], y[rest], s=9, color=GRID, label=f"other or none ({rest.sum():,})")
    size = float(np.clip(9000 / max(len(names), 1), 6, 40))
    for name, hue in zip(shown, HUES, strict=False):
        own = np.array([one == name for one in names])
        text = f"{short(name, 30)} ({own.sum():,})"
        axes.scatter(x[own], y[own], s=size, color=hue, alpha=0.7, linewidths=0, label=text)
    axes.set(xlabel=f"{how} 1", ylabel=f"{how} 2")
    axes.set_title(f"The collection by likeness, coloured by {attribute} (n = {len(names):,})")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6, fontsize=9)
    return png(drawn)
