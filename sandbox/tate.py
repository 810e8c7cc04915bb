"""Tate's repository on GitHub, from sample records: its artists as they lie, the index of its artworks.

The samples hold no index, so it is put together from the JSON records, a field a column as in the
repository. Where nothing lies, nothing is offered.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from sandbox.collection import CollectionError

_BASE = "/tategallery/collection/master/"
# Column of the index → field of a record; those that are filled in below are empty.
_COLUMNS = {
    "id": "id", "accession_number": "acno", "artist": "", "artistRole": "", "artistId": "",
    "title": "title", "dateText": "dateText", "medium": "medium", "creditLine": "creditLine",
    "year": "", "acquisitionYear": "acquisitionYear", "dimensions": "dimensions",
    "width": "width", "height": "height", "depth": "depth", "units": "units",
    "inscription": "inscription", "thumbnailCopyright": "thumbnailCopyright",
    "thumbnailUrl": "thumbnailUrl", "url": "url",
}  # fmt: skip


class Repository:
    """The two CSV files by their address."""

    def __init__(self, root: Path) -> None:
        artists, records = root / "artist_data.csv", sorted(root.glob("artworks/**/*.json"))
        self.count = len(records)
        self._files: dict[str, bytes] = {}
        if artists.is_file() and records:
            self._files[f"{_BASE}artist_data.csv"] = artists.read_bytes()
            self._files[f"{_BASE}artwork_data.csv"] = _index(records)

    def file(self, path: str) -> bytes | None:
        """The file at a path of raw.githubusercontent.com."""
        return self._files.get(path)


def _index(records: list[Path]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _COLUMNS)
    writer.writeheader()
    for path in records:
        try:
            writer.writerow(_row(json.loads(path.read_bytes())))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise CollectionError(f"{path.name} is no record of Tate: {error!r}") from error
    return out.getvalue().encode("utf-8-sig")


def _row(record: dict[str, Any]) -> dict[str, Any]:
    first = record["contributors"][0]
    return {column: record.get(field) for column, field in _COLUMNS.items()} | {
        "artist": first["mda"],
        "artistRole": first["role"],
        "artistId": first["id"],
        "year": (record["dateRange"] or {}).get("startYear"),
    }
