"""How the MET would write its records into MetObjects.csv, the bulk file of its GitHub repository.

What belongs here: the file's 54 columns, and the pointer that stands where Git LFS keeps the file
elsewhere. What does not: the API (`sandbox.met`).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from typing import Any

POINTER_HOST, FILE_HOST = "raw.githubusercontent.com", "media.githubusercontent.com"
POINTER_PATH = "/metmuseum/openaccess/master/MetObjects.csv"
FILE_PATH = f"/media{POINTER_PATH}"

# column → field of the API, in the file's order; "" is filled from constituents or tags
_COLUMNS = {
    "Object Number": "accessionNumber", "Is Highlight": "isHighlight",
    "Is Timeline Work": "isTimelineWork", "Is Public Domain": "isPublicDomain",
    "Object ID": "objectID", "Gallery Number": "GalleryNumber", "Department": "department",
    "AccessionYear": "accessionYear", "Object Name": "objectName", "Title": "title",
    "Culture": "culture", "Period": "period", "Dynasty": "dynasty", "Reign": "reign",
    "Portfolio": "portfolio", "Constituent ID": "", "Artist Role": "", "Artist Prefix": "",
    "Artist Display Name": "", "Artist Display Bio": "", "Artist Suffix": "",
    "Artist Alpha Sort": "", "Artist Nationality": "", "Artist Begin Date": "",
    "Artist End Date": "", "Artist Gender": "", "Artist ULAN URL": "", "Artist Wikidata URL": "",
    "Object Date": "objectDate", "Object Begin Date": "objectBeginDate",
    "Object End Date": "objectEndDate", "Medium": "medium", "Dimensions": "dimensions",
    "Credit Line": "creditLine", "Geography Type": "geographyType", "City": "city",
    "State": "state", "County": "county", "Country": "country", "Region": "region",
    "Subregion": "subregion", "Locale": "locale", "Locus": "locus", "Excavation": "excavation",
    "River": "river", "Classification": "classification",
    "Rights and Reproduction": "rightsAndReproduction", "Link Resource": "objectURL",
    "Object Wikidata URL": "objectWikidata_URL", "Metadata Date": "metadataDate",
    "Repository": "repository", "Tags": "", "Tags AAT URL": "", "Tags Wikidata URL": "",
}  # fmt: skip
# what the record says of its first artist; the file says of the others only what constituents tell
_FIRST = {
    "Artist Prefix": "artistPrefix", "Artist Display Name": "artistDisplayName",
    "Artist Display Bio": "artistDisplayBio", "Artist Suffix": "artistSuffix",
    "Artist Alpha Sort": "artistAlphaSort", "Artist Nationality": "artistNationality",
    "Artist Begin Date": "artistBeginDate", "Artist End Date": "artistEndDate",
}  # fmt: skip
_EVERY = {
    "Constituent ID": "constituentID", "Artist Role": "role", "Artist Display Name": "name",
    "Artist Gender": "gender", "Artist ULAN URL": "constituentULAN_URL",
    "Artist Wikidata URL": "constituentWikidata_URL",
}  # fmt: skip
_TAGS = {"Tags": "term", "Tags AAT URL": "AAT_URL", "Tags Wikidata URL": "Wikidata_URL"}


def as_csv(records: Iterable[Mapping[str, Any]]) -> bytes:
    """The records as the file has them: UTF-8 with BOM, several values divided by `|`."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(_COLUMNS), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(map(_row, records))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def pointer(body: bytes) -> bytes:
    """What a plain fetch from Git gives instead of a file that Git LFS keeps."""
    digest = hashlib.sha256(body).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(body)}\n"
    return text.encode()


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    row = {column: record[field] if field else "" for column, field in _COLUMNS.items()}
    people = record["constituents"] or []
    for column, field in _EVERY.items():
        row[column] = "|".join(str(person[field]) for person in people)
    for column, field in _FIRST.items() if people else ():
        names = [person["name"] if column == "Artist Display Name" else "" for person in people]
        row[column] = "|".join([record[field], *names[1:]])
    for column, field in _TAGS.items():
        row[column] = "|".join(tag[field] for tag in record["tags"] or [])
    return row
