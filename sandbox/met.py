"""The MET: its collection API, its image host, and its bulk file on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox import met_csv
from sandbox.collection import Collection
from sandbox.site import Answer, as_json, smaller

HOSTS = ("collectionapi.metmuseum.org", "images.metmuseum.org", met_csv.FILE_HOST)
_BASE = "/public/collection/v1/"
_WEB_LARGE = (600, 600)
# departments that records call otherwise than the list of departments does
_OTHER_NAMES = {
    "The American Wing": 1, "Costume Institute": 8, "Robert Lehman Collection": 15,
    "Modern and Contemporary Art": 21,
}  # fmt: skip


class MetSite:
    """`/objects`, `/objects/{id}`, `/departments`, `/search` and the pictures."""

    def __init__(self, collection: Collection) -> None:
        self._data = collection
        self._dump: bytes | None = None
        self._departments = dict(_OTHER_NAMES)
        for row in collection.departments:
            self._departments[row["displayName"]] = row["departmentId"]

    def answer(self, host: str, path: str, query: Mapping[str, str]) -> Answer | None:
        """Answer of either host; None for an address the museum does not have."""
        if host == "images.metmuseum.org":
            return self._picture(path)
        if host in (met_csv.FILE_HOST, met_csv.POINTER_HOST):
            return self._bulk(host, path)
        if not path.startswith(_BASE):
            return None
        what, _, identifier = path.removeprefix(_BASE).partition("/")
        if what == "objects" and identifier:
            return self._record(identifier)
        if what == "objects":
            return self._list(query)
        if what == "departments":
            return as_json({"departments": self._data.departments})
        return self._search(query) if what == "search" else None

    def change(self, identifier: str, fields: Mapping[str, Any]) -> None:
        """Set fields of a record, and its metadataDate to now."""
        record = self._data.met[int(identifier)]
        self._dumped()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        record.update({"metadataDate": now, **fields})
        self._data.recorded.pop(int(identifier), None)

    def withdraw(self, identifier: str) -> None:
        """Make the record answer 404 and leave the list."""
        self._dumped()
        del self._data.met[int(identifier)]

    def _dumped(self) -> bytes:
        """The bulk file. It is of one day: what changes later is in the API alone."""
        if self._dump is None:
            found = self._data.met_csv()
            self._dump = met_csv.as_csv(self._data.met.values()) if found is None else found
        return self._dump

    def _bulk(self, host: str, path: str) -> Answer | None:
        wanted = {met_csv.FILE_HOST: met_csv.FILE_PATH, met_csv.POINTER_HOST: met_csv.POINTER_PATH}
        if path != wanted[host] or not self._dumped():
            return None
        if host == met_csv.FILE_HOST:
            return Answer(self._dumped(), "application/octet-stream")
        return Answer(met_csv.pointer(self._dumped()), "text/plain; charset=utf-8")

    def _record(self, identifier: str) -> Answer:
        key = int(identifier) if identifier.isdecimal() else -1
        if key in self._data.recorded and key in self._data.met:
            return Answer(self._data.recorded[key], "application/json")
        if key in self._data.met:
            return as_json(self._data.met[key])
        return as_json({"message": "Not a valid object"}, 404)

    def _list(self, query: Mapping[str, str]) -> Answer:
        records: Iterable[tuple[int, dict[str, Any]]] = self._data.met.items()
        wanted = query.get("departmentIds")
        if wanted:
            ids = {int(part) for part in wanted.split("|") if part.isdecimal()}
            records = [(k, r) for k, r in records if self._departments.get(r["department"]) in ids]
        since = query.get("metadataDate")
        if since:
            records = [(k, r) for k, r in records if r["metadataDate"][:10] > since[:10]]
        found = [key for key, _ in records]
        if not wanted and not since:
            found += self._data.listed_only
        return as_json({"total": len(found), "objectIDs": sorted(found)})

    def _search(self, query: Mapping[str, str]) -> Answer:
        if not query.get("q"):
            return Answer(b"<html><body>Service Unavailable</body></html>", "text/html", 503)
        found = sorted(
            key for key, record in self._data.met.items() if self._matches(record, query)
        )
        return as_json({"total": len(found), "objectIDs": found or None})

    def _matches(self, record: dict[str, Any], query: Mapping[str, str]) -> bool:
        # hasImages is not looked at: the API, too, returns objects without a picture
        tags = [tag["term"] for tag in record.get("tags") or []]
        said = [str(v) for v in record.values() if isinstance(v, str)] + tags
        word = query["q"].lower()
        if word != "*" and not any(word in text.lower() for text in said):
            return False
        if (
            "departmentId" in query
            and str(self._departments.get(record["department"])) != query["departmentId"]
        ):
            return False
        if query.get("isHighlight") == "true" and not record["isHighlight"]:
            return False
        if query.get("isOnView") == "true" and not record.get("GalleryNumber"):
            return False
        if query.get("title") == "true" and word not in record["title"].lower():
            return False
        if query.get("tags") == "true" and not any(word in tag.lower() for tag in tags):
            return False
        if (
            query.get("artistOrCulture") == "true"
            and word not in (record["artistDisplayName"] + " " + record["culture"]).lower()
        ):
            return False
        for field, parameter in (("medium", "medium"), ("country", "geoLocation")):
            asked = query.get(parameter)
            if asked and not any(
                part.lower() in record[field].lower() for part in asked.split("|")
            ):
                return False
        if "dateBegin" in query and "dateEnd" in query:  # one of them alone is ignored
            begin, end = int(query["dateBegin"]), int(query["dateEnd"])
            return bool(record["objectEndDate"] >= begin and record["objectBeginDate"] <= end)
        return True

    def _picture(self, path: str) -> Answer | None:
        address = f"https://images.metmuseum.org{path}"
        body = self._data.picture(address)
        if body is None and "/web-large/" in path:
            full = self._data.picture(address.replace("/web-large/", "/original/"))
            body = smaller(full, _WEB_LARGE) if full is not None else None
        return Answer(body, "image/jpeg") if body is not None else None
