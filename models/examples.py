"""Training examples: which pictured artworks teach an attribute, with which label, and where it is from."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.labels import ARTISTS, LabelMap
from storage.schemas import CORRECTIONS, EXAMPLES, table

# A role that says the maker is somebody else, near the one who is named.
_NOT_BY_HAND = re.compile(
    r"\b(after|attribut|circle|cop(y|ies)|follower|forger|imitat|manner|school|style|workshop)",
    re.I,
)


# How the provenance of a label begins that a person gave or confirmed.
CORRECTED = "correction of "


class TooFewExamplesError(ValueError):
    """Fewer than two labels have enough pictures; the message says which labels have how many."""


@dataclass(frozen=True)
class ExamplesReport:
    """What was left out and what looks wrong.

    without_picture, without_label: artworks; dropped_by_map: label as written → artworks; dropped_labels:
    class → groups, for classes under the minimum; conflicts: groups whose pictures bear more than one
    of the labels kept (they stay, together on one side of the split); corrected: examples whose label a
    person gave.
    """

    without_picture: int
    without_label: int
    dropped_by_map: dict[str, int] = field(default_factory=dict)
    dropped_labels: dict[str, int] = field(default_factory=dict)
    conflicts: int = 0
    corrected: int = 0


def examples(
    artworks: pa.Table,
    pictures: pa.Table,
    groups: pa.Table,
    labels: LabelMap,
    *,
    artists: pa.Table | None = None,
    makers: Mapping[str, str] | None = None,
    corrections: pa.Table | None = None,
) -> tuple[pa.Table, ExamplesReport]:
    """Return an EXAMPLES table of the attribute, sorted by artwork_id, and a report.

    artworks: ARTWORKS; pictures: `artwork_id`, `sha256` of primary pictures that have features; groups:
    `artwork_id`, `group_id` (`models.related.groups`); artists: ARTISTS, where the labels are artists;
    makers: `models.related.makers`; corrections: CORRECTIONS, of which the one accepted last wins over
    what is written, also in sources that are not learned from otherwise.

    Raises TooFewExamplesError when fewer than two classes are left, LabelsError as `LabelMap.classes_of`
    does, ValueError when a pictured artwork has no group.
    """
    written = _written(artworks, labels, artists)
    corrected = _corrected(corrections, labels.attribute)
    picture, group = _mapping(pictures, "sha256"), _mapping(groups, "group_id")
    sources = dict(
        zip(artworks["artwork_id"].to_pylist(), artworks["source"].to_pylist(), strict=True)
    )
    asked = {
        name for name, source in sources.items() if not labels.sources or source in labels.sources
    } | (corrected.keys() & sources.keys())
    pictured = sorted(asked & picture.keys())
    said = {
        name: corrected[name]["label"] if name in corrected else written.get(name)
        for name in pictured
    }
    class_of = labels.classes_of(label for label in said.values() if label)

    rows: list[dict[str, Any]] = []
    for name in pictured:
        label = class_of.get(said[name] or "")
        if label is None:
            continue
        if name not in group:
            raise ValueError(f"{name} has a picture but no group.")
        fix = corrected.get(name)
        rows.append(
            {
                "attribute": labels.attribute,
                "artwork_id": name,
                "sha256": picture[name],
                "label": label,
                "group_id": group[name],
                "artist": (makers or {}).get(name),
                "provenance": f"{CORRECTED}{fix['accepted_on']} by {fix['accepted_by']}"
                if fix
                else f"{labels.column} of {sources[name]}",
                "as_written": written.get(name),
            }
        )
    kept, dropped = _supported(rows, labels)
    bearing = defaultdict(set)
    for row in kept:
        bearing[row["group_id"]].add(row["label"])
    unmapped = Counter(label for label in said.values() if label and class_of[label] is None)
    report = ExamplesReport(
        without_picture=len(asked - picture.keys()),
        without_label=sum(not label for label in said.values()),
        dropped_by_map=dict(sorted(unmapped.items())),
        dropped_labels=dropped,
        conflicts=sum(len(found) > 1 for found in bearing.values()),
        corrected=sum(row["artwork_id"] in corrected for row in kept),
    )
    return table(EXAMPLES, kept), report


def _supported(
    rows: list[dict[str, Any]], labels: LabelMap
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows of classes with enough groups, and the groups of the others."""
    support = Counter(label for label, _ in {(row["label"], row["group_id"]) for row in rows})
    dropped = {
        label: count for label, count in sorted(support.items()) if count < labels.minimum_support
    }
    if len(support) - len(dropped) < 2:
        counted = ", ".join(f"{label} {count}" for label, count in sorted(support.items()))
        raise TooFewExamplesError(
            f"{labels.attribute}: at least two labels with {labels.minimum_support} groups or more are "
            f"needed to learn from; found {counted or 'none'}."
        )
    return [row for row in rows if row["label"] not in dropped], dropped


def _written(artworks: pa.Table, labels: LabelMap, artists: pa.Table | None) -> dict[str, str]:
    """What the source itself says of each artwork, where it says anything."""
    ids = artworks["artwork_id"].to_pylist()
    if labels.column != ARTISTS:
        said = zip(ids, artworks[labels.column].to_pylist(), strict=True)
        return {name: label for name, label in said if label}
    if artists is None:
        raise ValueError(f"{labels.where}: labels that are artists need the table of artists.")
    named = dict(zip(artists["artist_id"].to_pylist(), artists["name"].to_pylist(), strict=True))
    return {
        name: named[links[0]["artist_id"]]
        for name, links in zip(ids, artworks["artists"].to_pylist(), strict=True)
        if links
        and links[0]["artist_id"] in named
        and not _NOT_BY_HAND.search(links[0]["role"] or "")
    }


def _corrected(corrections: pa.Table | None, attribute: str) -> dict[str, dict[str, str]]:
    """The correction of each artwork that was accepted last; of one day, the last row."""
    if corrections is None:
        return {}
    rows = corrections.select(CORRECTIONS.names)
    rows = rows.filter(pc.equal(rows["attribute"], attribute)).to_pylist()
    return {row["artwork_id"]: row for row in sorted(rows, key=lambda row: row["accepted_on"])}


def _mapping(pairs: pa.Table, value: str) -> dict[str, str]:
    return dict(zip(pairs["artwork_id"].to_pylist(), pairs[value].to_pylist(), strict=True))
