"""The tables of one classifier's chapter, each from its evaluation; what was not measured is said to be so."""

from collections.abc import Iterator

from reports.document import (
    NOT_MEASURED,
    Block,
    Heading,
    Table,
    Text,
    figure,
    interval,
    with_interval,
)
from reports.headlines import Evaluation, per_class, share_routed
from reports.pages import percent


def top_k(told: Evaluation) -> Iterator[Block]:
    """How often the right label is among the first, and the mean AUC, as far as measured."""
    rows = [
        (f"Right label among the first {k}", with_interval(value))
        for k, value in (told.get("top_k") or {}).items()
    ]
    if not rows and told.get("top_3_accuracy") is not None:
        rows = [("Right label among the first 3", figure(told["top_3_accuracy"]))]
    if auc := told.get("macro_auc"):
        rows.append(("Mean AUC, one label against the rest", with_interval(auc)))
    if rows:
        yield Table("Ranking of labels", ("Figure", "Value (95 % interval)"), rows, frozenset({1}))


def classes(told: Evaluation) -> Iterator[Block]:
    """Precision, recall and F1 of each label with their intervals, AUC, support, what it is mistaken for."""
    roc = told.get("roc") or {}
    rows = [
        (
            row["label"],
            *(
                with_interval(
                    {
                        "value": row[name],
                        "low": row.get(f"{name}_low"),
                        "high": row.get(f"{name}_high"),
                    }
                )
                for name in ("precision", "recall", "f1")
            ),
            figure((roc.get(row["label"]) or {}).get("auc")),
            f"{row['support']:,}",
            row["mistaken_for"] or "–",
        )
        for row in per_class(told)
    ]
    if not rows:
        yield Text(NOT_MEASURED)
        return
    columns = ("Label", "Precision (95 %)", "Recall (95 %)", "F1 (95 %)", "AUC", "Test pictures", "Mistaken for")  # fmt: skip
    yield Table("Label by label, on test", columns, rows, frozenset(range(1, 6)))


def routing(told: Evaluation) -> Iterator[Block]:
    """The threshold, what it routes on held-out and test pictures, and of each label."""
    routing = told.get("routing")
    if not routing:
        yield Text(NOT_MEASURED)
        return
    confidence = f"{100 * routing['bound_confidence']:g} %"
    threshold = routing.get("threshold")
    chosen = (
        "no confidence proves it, so a human sees every picture."
        if threshold is None
        else f"a picture is routed when its confidence is {threshold:.4f} or more."
    )
    yield Text(
        f"Wanted is a precision of {100 * routing['wanted_precision']:g} %, chosen on held-out "
        f"predictions and confirmed once on test: {chosen} The bound is a one-sided "
        f"Clopper–Pearson bound at {confidence} confidence."
    )
    sides = [(name, routing[key]) for name, key in (("held out", "held_out"), ("test", "test")) if routing.get(key)]  # fmt: skip
    sides += [(f"test: {row['label']}", row) for row in routing.get("by_label", [])]
    rows = [
        (
            name,
            f"{row['pictures']:,}",
            f"{row['routed']:,}",
            share_routed(row),
            percent(row.get("precision")),
            percent(row.get("at_least")),
        )
        for name, row in sides
    ]
    columns = ("Pictures", "In all", "Routed", "Share (95 %)", "Right", "Right, at least")
    yield Table("Routed without a human", columns, rows, frozenset(range(1, 6)))


def groupings(told: Evaluation) -> Iterator[Block]:
    """What sums of probabilities by groups of labels come to; nothing where none was judged."""
    rows = [
        (
            name.replace("_", " "),
            str(len(one["groups"])),
            with_interval(one["accuracy"]),
            with_interval(one["macro_f1"]),
            share_routed(one["routing"]),
            percent(one["routing"]["precision"]),
        )
        for name, one in (told.get("groupings") or {}).items()
    ]
    if rows:
        columns = (
            "Grouping",
            "Groups",
            "Accuracy (95 %)",
            "Macro-F1 (95 %)",
            "Routed (95 %)",
            "Right",
        )
        yield Heading("With labels added up, for a smaller institution", 3)
        caption = "Probabilities summed by group; nothing is trained anew"
        yield Table(caption, columns, rows, frozenset(range(1, 6)))


def slices(told: Evaluation) -> Iterator[Block]:
    """Accuracy by museum, period, and whatever else was asked."""
    slices = told.get("slices") or {}
    if not slices:
        yield Text(NOT_MEASURED)
    for name, rows in slices.items():
        yield Table(
            f"Accuracy by {name}, on test",
            (name.capitalize(), "Pictures", "Accuracy", "95 % interval"),
            [
                (
                    "unknown" if row["value"] is None else str(row["value"]),
                    f"{row['pictures']:,}",
                    figure(row["accuracy"]),
                    interval(row),
                )
                for row in rows
            ],
            frozenset({1, 2}),
        )
