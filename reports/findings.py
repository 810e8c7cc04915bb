"""What was found of the lake as a whole: leakage, ablations, outliers. One chapter or section each.

What belongs here: saying what training/leakage, training/ablations and predictions/outlier_evaluation hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.document import (
    NOT_MEASURED,
    Block,
    Figure,
    Heading,
    Points,
    Table,
    Text,
    duration,
    figure,
    with_interval,
)
from reports.pages import percent

Json = Mapping[str, Any]


def leakage(found: Json | None) -> Iterator[Block]:
    """What stands on two sides under each split, and what a naive one would have claimed."""
    if not found or not found["attributes"]:
        yield Text(NOT_MEASURED)
        return
    rows, claims = [], []
    for attribute, schemes in found["attributes"].items():
        rows += [
            (
                f"{attribute}, {scheme.replace('_', '-')}",
                f"{one['groups_on_two_sides']:,} of {one['groups']:,}",
                f"{one['artists_on_two_sides']:,} of {one['artists']:,}",
                f"{one['tested']:,} of {one['test']:,}",
                with_interval(one["probe"]),
            )
            for scheme, one in schemes.items()
        ]
        naive, grouped = (schemes.get(name, {}).get("probe") for name in ("naive", "grouped"))
        if naive and grouped:
            claims.append(
                f"{attribute.capitalize()}: a split by chance would have claimed {naive['value']:.3f} where the "
                f"grouped one measures {grouped['value']:.3f}."
            )
    columns = ("Split", "Groups on two sides", "Artists on two sides", "Test pictures with a near-duplicate", "Accuracy of one probe (95 %)")  # fmt: skip
    yield Table("Leakage, and the same linear probe under each split", columns, rows, frozenset(range(1, 5)))  # fmt: skip
    if claims:
        yield Points(claims)


def ablations(variants: Sequence[Json], drawn: bytes | None) -> Iterator[Block]:
    """Backbone alone against CNN-RNN, frozen against fine-tuned: a row a variant."""
    yield Heading("What each part adds or takes")
    if not variants:
        yield Text(NOT_MEASURED)
        return
    rows = [
        (
            str(row["name"]),
            str(row["attribute"]),
            str(row.get("scheme", "grouped")).replace("_", "-"),
            f"{row['backbone']}, {'frozen' if row['frozen'] else 'fine-tuned'}",
            f"{row['sequence']}, {row['pooling']}",
            with_interval(row["accuracy"]),
            with_interval(row["macro_f1"]),
            _difference(row.get("difference")),
            duration(row["seconds"]) if row.get("seconds") else "–",
            f"{row['parameters'] / 1e6:.1f} M" if row.get("parameters") else "–",
        )
        for row in variants
    ]
    columns = ("Model", "Attribute", "Split", "Backbone", "Sequence, pooling", "Accuracy (95 %)", "Macro-F1 (95 %)", "Accuracy against the first", "Time", "Parameters")  # fmt: skip
    yield Table("Backbone alone, recurrence, attention, fine-tuning", columns, rows, frozenset({5, 6, 7, 8, 9}))  # fmt: skip
    if drawn:
        alt = "accuracy and macro-F1 of each variant with their intervals, as in the table"
        yield Figure("What each part adds or takes", drawn, alt)


def _difference(told: Json | None) -> str:
    """Paired, on the same test pictures; a dash for the model that the others are compared with."""
    if told is None:
        return "–"
    return f"{told['difference']:+.3f} ({told['low']:+.3f}\u00a0to\u00a0{told['high']:+.3f})"


def outliers(
    judged: Json | None, drawn: bytes | None, label_issues: Mapping[str, int]
) -> Iterator[Block]:
    """Labels that are likely wrong, and what the measures of oddness find of planted outliers."""
    yield Heading("Outliers and label errors")
    for attribute, count in sorted(label_issues.items()):
        yield Text(f"{count:,} labels of the {attribute} are likely wrong; people accept or refuse them.")  # fmt: skip
    if not judged:
        yield Text(f"The measures of oddness, judged on planted outliers: {NOT_MEASURED.lower()}")
        return
    caption = f"What each measure finds of outliers planted among the {judged['attribute']}s"
    columns = ("Planted", "Measure", "AUROC (95 %)", "FPR at 95 % recall", "Outliers")
    yield Table(caption, columns, list(_planted(judged["kinds"])), frozenset({2, 3, 4}))
    if drawn:
        alt = "bars of the AUROC of every measure for each kind of planted outlier, as in the table"
        yield Figure(caption, drawn, alt)
    if on_test := judged.get("on_test"):
        yield from _on_test(on_test)
    if issues := judged.get("label_issues"):
        yield Text(
            f"Of {issues['planted']:,} labels swapped on purpose, cleanlab named {percent(issues['recall'])}; "
            f"of the {issues['named']:,} that it named, {percent(issues['precision'])} had been swapped."
        )


def _planted(kinds: Json) -> Iterator[tuple[str, ...]]:
    """A row a measure of each kind of outlier."""
    for kind, found in kinds.items():
        for measure, one in found["measures"].items():
            yield (
                kind.replace("_", " "),
                measure.replace("_", " "),
                with_interval({**one, "value": one["auroc"]}),
                figure(one["fpr_at_95_recall"]),
                f"{found['planted']:,} of {found['pictures']:,}",
            )


def _on_test(on_test: Json) -> Iterator[Block]:
    """The same measures on frozen features and on those of the network in use, side by side."""
    rows = [
        (kind, features, *figures)
        for name in on_test["frozen"]
        for features in ("frozen", "fine-tuned")
        for kind, *figures in _planted({name: on_test[features][name]})
    ]
    yield Text(
        f"The network in use, {on_test['model']}, has features of its own. Pictures that it was taught lie where "
        "their labels are, so the two kinds of features are set side by side on its test pictures alone."
    )
    columns = ("Planted", "Features", "Measure", "AUROC (95 %)", "FPR at 95 % recall", "Outliers")
    yield Table("The same, frozen and fine-tuned features on test pictures", columns, rows, frozenset({3, 4, 5}))  # fmt: skip
