"""A folder of real samples served as the museums: only what lies there, nothing made up.

Layout read (whatever is missing is simply not offered):
`met_api/objects_raw*.tar.gz`, `met_api/objects_sample/*.json`, `met_api/departments.json` – recorded
answers; `images/manifest.csv` with `images/met/` and `images/met_original_manifest.csv` –
photographs; `met_csv/MetObjects*.csv` – the bulk file; `nga_csv/zips_*/*.zip` – tables;
`wga/catalog_derived.csv` – the catalogue; `museum_other/tate/` – Tate's artists and records.

A photograph whose object has no recorded answer gets one put together from its manifest row alone:
what the row does not say is empty. The folder has no page of the Web Gallery (its artist list is
empty), no `objects` and no `published_images` of the NGA (they answer 404: not offered).
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.collection import DEPARTMENTS, CollectionError, Row, WgaArtist
from sandbox.tate import Repository

# The fields every recorded answer of 2019 has, in its order; strings unless set otherwise below.
_FIELDS = (
    "objectID isHighlight accessionNumber isPublicDomain primaryImage primaryImageSmall "
    "additionalImages constituents department objectName title culture period dynasty reign "
    "portfolio artistRole artistPrefix artistDisplayName artistDisplayBio artistSuffix "
    "artistAlphaSort artistNationality artistBeginDate artistEndDate objectDate objectBeginDate "
    "objectEndDate medium dimensions creditLine geographyType city state county country region "
    "subregion locale locus excavation river classification rightsAndReproduction linkResource "
    "metadataDate repository objectURL tags"
)
_FROM_MANIFEST = {
    "accessionNumber": "accession_number", "primaryImageSmall": "image_url",
    "department": "department", "objectName": "object_name", "title": "title",
    "culture": "culture", "artistDisplayName": "artist", "artistNationality": "nationality",
    "objectDate": "object_date", "medium": "medium", "classification": "classification",
    "objectURL": "object_url",
}  # fmt: skip


class Folder:
    """Records, rows and pictures of `root`; pictures and tables are read when asked for."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise CollectionError(f"--collection {root}: no such folder")
        self.name = root.name
        self._root = root
        self.listed_only: set[int] = set()
        self.wga_artists: list[WgaArtist] = []
        self.met: dict[int, dict[str, Any]] = {}
        self.recorded: dict[int, bytes] = {}
        self._pictures: dict[str, Path] = {}
        self.departments = self._read_departments()
        self._read_answers()
        recorded = len(self.met)
        self._second = self._read_pictures()
        pictured = sum(
            bool(r["primaryImage"]) and r["primaryImage"] in self._pictures
            for r in self.met.values()
        )
        catalogue = self.wga_catalogue()
        self.wga_rows = _rows(catalogue) if catalogue else []
        self._zips = {path.stem: path for path in sorted(root.glob("nga_csv/zips_*/*.zip"))}
        self._tate = Repository(root / "museum_other" / "tate")
        if not (self.met or self.wga_rows or self._zips or self._tate.count):
            raise CollectionError(
                f"--collection {root}: holds none of met_api/, images/manifest.csv, nga_csv/, wga/, "
                "museum_other/tate/"
            )
        self.counts = {"met": len(self.met), "wga": len(self.wga_rows), "nga": 0}
        self.details = {
            "recorded answers": recorded,
            "answers put together from a picture's manifest row": len(self.met) - recorded,
            "answers with their picture": pictured,
            "answers without their picture": len(self.met) - pictured,
            "pictures no record links to as its primary image": self._unlinked(),
            "further copies at an address already served": self._second,
            "WGA rows": len(self.wga_rows),
            "NGA tables": len(self._zips),
            "Tate records": self._tate.count,
        }

    def met_csv(self) -> bytes | None:
        """The bulk file's bytes as they lie."""
        path = next(iter(sorted((self._root / "met_csv").glob("MetObjects*.csv"))), None)
        return path.read_bytes() if path else b""

    def wga_catalogue(self) -> bytes | None:
        """The catalogue's bytes as they lie."""
        path = self._root / "wga" / "catalog_derived.csv"
        return path.read_bytes() if path.is_file() else b""

    def nga_rows(self, table: str) -> list[Row] | None:
        """None: the tables are served as they lie."""
        return None

    def nga_file(self, table: str) -> bytes | None:
        """A table out of its zip."""
        path = self._zips.get(table)
        if path is None:
            return None
        with zipfile.ZipFile(path) as archive:
            return archive.read(f"{table}.csv")

    def github_file(self, path: str) -> bytes | None:
        """A file of Tate's repository."""
        return self._tate.file(path)

    def picture(self, address: str) -> bytes | None:
        """The photograph recorded at an address."""
        path = self._pictures.get(address)
        return path.read_bytes() if path else None

    def truth(self) -> dict[str, Any]:
        """Nothing was planted here; the folder's own `natural_pairs.csv` tells its duplicates."""
        return {"duplicates": [], "corrupt": [], "missing": [], "not_public": []}

    def _read_departments(self) -> list[dict[str, Any]]:
        path = self._root / "met_api" / "departments.json"
        if path.is_file():
            return list(json.loads(path.read_bytes())["departments"])
        return [{"departmentId": k, "displayName": v} for k, v in DEPARTMENTS.items()]

    def _read_answers(self) -> None:
        for path in sorted((self._root / "met_api").glob("objects_raw*.tar.gz")):
            with tarfile.open(path) as archive:
                for member in archive:
                    body = archive.extractfile(member)
                    if body is not None:
                        self._add(body.read(), f"{path.name}:{member.name}")
        for path in sorted((self._root / "met_api" / "objects_sample").glob("*.json")):
            self._add(path.read_bytes(), path.name)

    def _add(self, body: bytes, where: str) -> None:
        try:
            record = json.loads(body)
            key = int(record["objectID"])
        except (ValueError, KeyError, TypeError) as error:
            raise CollectionError(f"{where} is no recorded answer of the MET: {error}") from error
        self.met[key], self.recorded[key] = record, body

    def _read_pictures(self) -> int:
        """Map image addresses to files; returns how many files shared an address already mapped."""
        images, again = self._root / "images", 0
        manifest = images / "manifest.csv"
        if not manifest.is_file():
            return 0
        larger = {}
        if (images / "met_original_manifest.csv").is_file():
            with (images / "met_original_manifest.csv").open(encoding="utf-8", newline="") as file:
                larger = {r["same_as_resized"]: r["file"] for r in csv.DictReader(file)}
        with manifest.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                small = row["image_url"]
                if row["corpus"] != "met" or not small:
                    continue
                if small in self._pictures:
                    again += 1
                    continue
                path = images / row["file"]
                self._pictures[small] = path
                full = small.replace("/web-large/", "/original/")
                self._pictures[full] = images / larger.get(row["file"], row["file"])
                for identifier in row["met_object_id"].split("|"):
                    key = int(identifier)
                    if key not in self.met:
                        self.met[key] = _assembled(key, row, full)
        return again

    def _unlinked(self) -> int:
        linked = {record["primaryImage"] for record in self.met.values()}
        full = {url for url in self._pictures if "/original/" in urlsplit(url).path}
        return len(full - linked)


def _assembled(key: int, row: Row, full: str) -> dict[str, Any]:
    """An answer in the shape of 2019 that says what the manifest's row says and no more."""
    record: dict[str, Any] = dict.fromkeys(_FIELDS.split(), "")
    record.update({name: row[column] for name, column in _FROM_MANIFEST.items()})
    record.update({
        "objectID": key, "isHighlight": False, "primaryImage": full, "additionalImages": [],
        # the manifest's rights column names every MET picture as open access
        "isPublicDomain": row["is_public_domain"] == "True" or row["rights"].startswith("CC0"),
        "constituents": None, "objectBeginDate": _year(row["begin_year"]),
        "objectEndDate": _year(row["end_year"]),
        "tags": [t for t in row["tags"].split("|") if t],
    })  # fmt: skip
    return record


def _year(text: str) -> int | str:
    return int(float(text)) if text else ""


def _rows(catalogue: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(catalogue.decode("latin-1"), newline=""), delimiter=";"))
