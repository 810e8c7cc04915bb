"""Training examples: which pictured artworks teach an attribute, and with which label."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from storage.schemas import ARTWORKS, EXAMPLES, table

MIN_SUPPORT = 14  # two groups are expected on each of the two smaller sides of models.splits


class TooFewExamplesError(ValueError):
    """Fewer than two labels have enough pictures; the message says which labels have how many."""


@dataclass(frozen=True)
class ExamplesReport:
    """What was left out and what looks wrong.

    without_picture, without_label: artworks; dropped_labels: label → groups, for labels under the
    minimum; conflicts: duplicate groups whose pictures bear more than one of the labels kept (they
    stay, together on one side of the split).
    """

    without_picture: int
    without_label: int
    dropped_labels: dict[str, int] = field(default_factory=dict)
    conflicts: int = 0


def examples(
    artworks: pa.Table,
    primary_images: pa.Table,
    groups: pa.Table,
    attribute: str,
    *,
    min_support: int = MIN_SUPPORT,
    source: str | None = None,
) -> tuple[pa.Table, ExamplesReport]:
    """Return an EXAMPLES table of `attribute` and a report.

    artworks: ARTWORKS; primary_images: `artwork_id`, `sha256` of pictures that have features;
    groups: `artwork_id`, `group_id`; attribute: a string column of artworks, such as department or
    style; min_support: duplicate groups a label must have; source: learn from one museum alone, as
    museums name their departments differently.

    Raises ValueError when the column does not exist, a pictured artwork has no group, or fewer than
    two labels are left.
    """
    if attribute not in artworks.column_names or ARTWORKS.field(attribute).type != pa.string():
        raise ValueError(f"Artworks have no text column {attribute!r} to learn from.")
    if source is not None:
        artworks = artworks.filter(pc.equal(artworks["source"], source))
    picture = _mapping(primary_images, "sha256")
    group = _mapping(groups, "group_id")

    rows: list[dict[str, str]] = []
    without_picture = without_label = 0
    for artwork_id, label in zip(
        artworks["artwork_id"].to_pylist(), artworks[attribute].to_pylist(), strict=True
    ):
        if artwork_id not in picture:
            without_picture += 1
        elif not label:
            without_label += 1
        elif artwork_id not in group:
            raise ValueError(f"{artwork_id} has a picture but no duplicate group.")
        else:
            rows.append(
                {
                    "attribute": attribute,
                    "artwork_id": artwork_id,
                    "sha256": picture[artwork_id],
                    "label": label,
                    "group_id": group[artwork_id],
                }
            )

    support = Counter(label for label, _ in {(row["label"], row["group_id"]) for row in rows})
    kept = [row for row in rows if support[row["label"]] >= min_support]
    dropped = {label: count for label, count in sorted(support.items()) if count < min_support}
    if len(support) - len(dropped) < 2:
        counted = ", ".join(f"{label} {count}" for label, count in sorted(support.items()))
        raise TooFewExamplesError(
            f"{attribute}: at least two labels with {min_support} duplicate groups or more are "
            f"needed to learn from; found {counted or 'none'}."
        )
    labels = defaultdict(set)
    for row in kept:
        labels[row["group_id"]].add(row["label"])
    conflicts = sum(len(found) > 1 for found in labels.values())
    kept.sort(key=lambda row: row["artwork_id"])
    report = ExamplesReport(without_picture, without_label, dropped, conflicts)
    return table(EXAMPLES, kept), report


def _mapping(pairs: pa.Table, value: str) -> dict[str, str]:
    return dict(zip(pairs["artwork_id"].to_pylist(), pairs[value].to_pylist(), strict=True))
