"""A record of the MET as a row: its columns, their types, and what does not fit.

What belongs here: the shape that records of the API (both forms met so far: 49 fields in 2019, 57
now) and rows of the bulk file share. Where they come from is `scrapers.museums.met`'s and
`scrapers.met_csv`'s business, what they mean `scrapers.met_catalog`'s.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

INTEGERS = ("objectID", "objectBeginDate", "objectEndDate")
BOOLEANS = ("isHighlight", "isPublicDomain", "isTimelineWork")
NESTED = ("additionalImages", "constituents", "measurements", "tags")
TEXTS = (
    "accessionNumber", "accessionYear", "primaryImage", "primaryImageSmall", "department",
    "objectName", "title", "culture", "period", "dynasty", "reign", "portfolio", "artistRole",
    "artistPrefix", "artistDisplayName", "artistDisplayBio", "artistSuffix", "artistAlphaSort",
    "artistNationality", "artistBeginDate", "artistEndDate", "artistGender", "artistWikidata_URL",
    "artistULAN_URL", "objectDate", "medium", "dimensions", "creditLine", "geographyType", "city",
    "state", "county", "country", "region", "subregion", "locale", "locus", "excavation", "river",
    "classification", "rightsAndReproduction", "linkResource", "metadataDate", "repository",
    "objectURL", "objectWikidata_URL", "GalleryNumber",
)  # fmt: skip
COLUMNS = (*INTEGERS, *BOOLEANS, *NESTED, *TEXTS, "source_row")
PICTURES = ("primaryImage", "primaryImageSmall", "additionalImages")


def as_row(record: Any, address: str) -> dict[str, Any]:
    """A record as a row, nested values as JSON text.

    Raises ValueError naming the field that is not what the API promises.
    """
    if not isinstance(record, dict) or type(record.get("objectID")) is not int:
        raise ValueError("objectID is missing or no whole number")
    row: dict[str, Any] = {"source_row": address}
    for name, value in record.items():
        if name in INTEGERS or name in BOOLEANS:
            wanted = int if name in INTEGERS else bool
            known = None if value == "" else value  # blank text for nothing known, in numbers too
            if known is not None and type(known) is not wanted:
                raise ValueError(f"{name} is {value!r}, not {wanted.__name__}")
            row[name] = known
        elif value is None or isinstance(value, str):
            row[name] = value
        else:
            row[name] = json.dumps(value, ensure_ascii=False)
    return row


def as_table(rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
    """Rows under COLUMNS and whatever new columns they bring; missing is null."""
    import pyarrow as pa

    new = sorted({name for row in rows for name in row} - set(COLUMNS))
    types = dict.fromkeys(INTEGERS, pa.int64()) | dict.fromkeys(BOOLEANS, pa.bool_())
    return pa.table(
        {
            name: pa.array([row.get(name) for row in rows], types.get(name, pa.string()))
            for name in (*COLUMNS, *new)
        }
    )


def joined(tables: Sequence["pa.Table"]) -> "pa.Table":
    """Tables of `as_table` as one; a column that only some have is null in the others."""
    import pyarrow as pa

    whole = pa.concat_tables([as_table([]), *tables], promote_options="default")
    return whole.select([*COLUMNS, *sorted(set(whole.column_names) - set(COLUMNS))])


def merged(record: dict[str, Any] | None, seed: dict[str, Any] | None) -> dict[str, Any] | None:
    """One row out of the API's and the bulk file's: the fresher one, with the API's pictures.

    Where the file says no date, the API is the fresher one. What the file has no column for (its
    value is null) stays as the API says it.
    """
    if record is None or seed is None:
        return record or seed
    if _moment(seed) <= _moment(record):
        return record
    newer = {name: value for name, value in seed.items() if value is not None}
    return record | newer | {name: record.get(name) for name in PICTURES}


def _moment(row: Mapping[str, Any]) -> str:
    """`metadataDate`, comparable as text (its fraction of a second has one to three digits)."""
    return (row.get("metadataDate") or "").rstrip("Z")
