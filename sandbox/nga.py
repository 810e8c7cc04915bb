"""The National Gallery of Art: open data tables on GitHub, and the IIIF image service."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.collection import Collection
from sandbox.site import Answer, as_json, smaller

HOSTS = ("raw.githubusercontent.com", "api.nga.gov")
_DATA = "/NationalGalleryOfArt/opendata/main/data/"
_LAYOUTS = ("new", "old")
# columns that were added in March 2026
_NEW_COLUMNS = {"objects": "uuid", "constituents": "uuid", "published_images": "openaccess"}
_IMAGE = re.compile(r"/iiif/([^/]+)/full/([^/]+)/0/default\.jpg")
_SIZE = re.compile(r"!?(\d+)?,(\d+)?")
_CEILING = 4096


class NgaSite:
    """The tables in one of two layouts, and pictures whose longest side is capped.

    A table the collection does not hold is not offered: its address answers GitHub's own
    "404: Not Found", while the tables that are there answer as usual.
    """

    def __init__(self, collection: Collection, layout: str = "new") -> None:
        self._data = collection
        self._layout = layout

    def use_layout(self, layout: str) -> None:
        """Serve the tables with (`new`) or without (`old`) the columns of March 2026."""
        if layout not in _LAYOUTS:
            raise ValueError(f"nga_layout={layout!r}: it is one of {', '.join(_LAYOUTS)}")
        self._layout = layout

    def answer(self, host: str, path: str, query: Mapping[str, str]) -> Answer | None:
        """A CSV file, an info.json or a picture."""
        if host == "api.nga.gov":
            return self._iiif(path)
        if path.startswith(_DATA) and path.endswith(".csv"):
            body = self._table(path.removeprefix(_DATA).removesuffix(".csv"))
            if body is not None:
                return Answer(body, "text/plain; charset=utf-8")
        other = self._data.github_file(path)
        if other is not None:
            return Answer(other, "text/plain; charset=utf-8")
        return Answer(b"404: Not Found", "text/plain; charset=utf-8", 404)

    def change(self, identifier: str, fields: Mapping[str, Any]) -> None:
        """Set columns of a row of `objects`, and its lastdetectedmodification to now."""
        row = self._object(identifier)
        unknown = fields.keys() - row.keys()
        if unknown:
            raise KeyError(f"the NGA's objects table has no column {sorted(unknown)[0]!r}")
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        row.update({"lastdetectedmodification": now, **{k: str(v) for k, v in fields.items()}})

    def withdraw(self, identifier: str) -> None:
        """Remove the row from `objects`; rows of other tables stay, as they do in the real data."""
        row = self._object(identifier)
        (self._data.nga_rows("objects") or []).remove(row)

    def _object(self, identifier: str) -> dict[str, str]:
        for row in self._data.nga_rows("objects") or []:
            if row["objectid"] == identifier:
                return row
        raise KeyError(f"the NGA's objects table has no objectid {identifier}")

    def _table(self, name: str) -> bytes | None:
        rows = self._data.nga_rows(name)
        if not rows:
            return self._data.nga_file(name)
        columns = list(rows[0])
        if self._layout == "old" and name in _NEW_COLUMNS:
            columns.remove(_NEW_COLUMNS[name])
        out = io.StringIO(newline="")
        ending = "\r\n" if name == "objects_terms" else "\n"
        writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator=ending)
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().encode()

    def _iiif(self, path: str) -> Answer | None:
        identifier = path.removeprefix("/iiif/").split("/")[0]
        address = f"https://api.nga.gov/iiif/{identifier}"
        body = self._data.picture(address)
        if body is None:
            return None
        row = next(
            r for r in self._data.nga_rows("published_images") or [] if r["iiifurl"] == address
        )
        width, height = int(row["width"]), int(row["height"])
        cap = min(max(width, height), int(row["maxpixels"] or _CEILING), _CEILING)
        if path == f"/iiif/{identifier}/info.json":
            return as_json({
                "@context": "http://iiif.io/api/image/2/context.json",
                "@id": address, "protocol": "http://iiif.io/api/image",
                "width": width, "height": height,
                "profile": ["http://iiif.io/api/image/2/level2.json", {"maxWidth": cap, "maxHeight": cap}],
            })  # fmt: skip
        asked = _IMAGE.fullmatch(path)
        size = asked and (("", "") if asked[2] in ("full", "max") else _parse_size(asked[2]))
        if not size:
            return Answer(
                b"Bad Request: only whole pictures, unrotated, as JPEG", "text/plain", 400
            )
        box = [min(int(side), cap) if side else cap for side in size]
        return Answer(smaller(body, (box[0], box[1])), "image/jpeg")


def _parse_size(text: str) -> tuple[str, str] | None:
    match = _SIZE.fullmatch(text)
    return (match[1] or "", match[2] or "") if match and (match[1] or match[2]) else None
