"""Manifests: every labelled picture with its sides, for people and programs outside the lake."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.labels import SCHEMES

_COLUMNS = (
    "artwork_id",
    "sha256",
    "label",
    "as_written",
    "provenance",
    "artist",
    "group_id",
)
_ALL_SCHEMES = (*SCHEMES, "naive")


def manifest(
    examples: pa.Table, splits: pa.Table, derivatives: pa.Table, attribute: str
) -> pa.Table:
    """One row an example of the attribute, sorted by artwork_id, with its side under each scheme.

    examples: EXAMPLES; splits: SPLITS; derivatives: DERIVATIVES. Columns: artwork_id, sha256, path (of the
    256-px derivative, below the image store), label, as_written, provenance, artist, group_id, then a column
    a scheme, empty where the example is on no side.
    """
    made = examples.filter(pc.equal(examples["attribute"], attribute)).sort_by("artwork_id")
    made = made.select(_COLUMNS)
    place = pc.index_in(made["sha256"], value_set=derivatives["sha256"].combine_chunks())
    made = made.add_column(2, "path", derivatives["path"].take(place))
    own = splits.filter(pc.equal(splits["attribute"], attribute))
    for scheme in _ALL_SCHEMES:
        chosen = own.filter(pc.equal(own["scheme"], scheme))
        place = pc.index_in(made["artwork_id"], value_set=chosen["artwork_id"].combine_chunks())
        made = made.append_column(scheme, chosen["split"].take(place))
    return made


def summary(made: pa.Table, attribute: str) -> dict[str, Any]:
    """Counts of a manifest: pictures a label and side under each scheme, and where the labels are from."""
    return {
        "attribute": attribute,
        "examples": made.num_rows,
        "groups": pc.count_distinct(made["group_id"]).as_py(),
        "labels": {
            scheme: _counts(made.filter(pc.is_valid(made[scheme])), ["label", scheme])
            for scheme in _ALL_SCHEMES
            if made[scheme].null_count < made.num_rows
        },
        "provenance": {
            row["provenance"]: row["provenance_count"]
            for row in made.group_by("provenance").aggregate([("provenance", "count")]).to_pylist()
        },
    }


def _counts(made: pa.Table, keys: list[str]) -> dict[str, dict[str, int]]:
    """label → side → examples."""
    label, side = keys
    found: dict[str, dict[str, int]] = {}
    for row in made.group_by(keys).aggregate([("sha256", "count")]).to_pylist():
        found.setdefault(row[label], {})[row[side]] = row["sha256_count"]
    return found
