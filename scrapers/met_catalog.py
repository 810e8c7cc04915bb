"""MET records in the contract of the lake: which of its fields mean what."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scrapers.dates import parse_years
from scrapers.museum import Catalog, Row, catalog_of, fields_read, filled, misc, normal_name, year
from scrapers.people import merge, parse_attribution, parse_life
from scrapers.places import joined, parse_keeper

if TYPE_CHECKING:
    import pyarrow as pa

_PLACE = ("locus", "locale", "city", "county", "state", "subregion", "region", "country")
_PERIOD = ("period", "dynasty", "reign")
_LINE = "artistPrefix + artistDisplayName + artistSuffix"
_ARTIST = "constituents.constituentID / artistDisplayName + artistDisplayBio"
FIELDS = {
    "artworks": {
        "artwork_id": "objectID", "source": '"met"', "source_id": "objectID", "title": "title",
        "artists": f"constituents + artistRole + {_LINE}", "artist_text": _LINE,
        "date_text": "objectDate", "date_precision": "objectDate", "begin_year": "objectBeginDate",
        "end_year": "objectEndDate", "medium": "medium", "classification": "classification",
        "department": "department", "culture": "culture", "period": " + ".join(_PERIOD),
        "place": " + ".join(("geographyType", *_PLACE)), "repository": "repository",
        "repository_city": "repository", "dimensions_text": "dimensions",
        "height_cm": "measurements / dimensions", "width_cm": "measurements / dimensions",
        "accession_number": "accessionNumber", "credit_line": "creditLine",
        "acquired_year": "accessionYear", "tags": "tags", "is_public_domain": "isPublicDomain",
        "licence": '"CC0-1.0"', "object_url": "objectURL", "misc": "*", "source_row": "source_row",
    },
    "artists": {
        "artist_id": _ARTIST, "source": '"met"', "source_id": _ARTIST,
        "name": "artistDisplayName / constituents.name", "sort_name": "artistAlphaSort",
        "aliases": "artistDisplayName / constituents.name",
        "life_text": "artistDisplayBio", "begin_year": "artistBeginDate / artistDisplayBio",
        "end_year": "artistEndDate / artistDisplayBio", "birth_place": "artistDisplayBio",
        "death_place": "artistDisplayBio", "nationality": "artistNationality",
        "gender": "constituents.gender / artistGender",
        "ulan": "constituents.constituentULAN_URL / artistULAN_URL",
        "wikidata": "constituents.constituentWikidata_URL / artistWikidata_URL",
        "misc": "artistBeginDate + artistEndDate", "source_row": "source_row",
    },
    "image_links": {
        "image_id": "objectID", "artwork_id": "objectID", "source": '"met"',
        "url": "primaryImageSmall / primaryImage + additionalImages",
        "original_url": "primaryImage + additionalImages",
        "position": "primaryImage + additionalImages",
        "may_fetch": "isPublicDomain + primaryImage", "licence": "isPublicDomain + primaryImage",
    },
}  # fmt: skip
# Said only in part by a column, or only where they are what they should be, so that `misc` has them too.
_IN_PART = frozenset({"accessionYear", "additionalImages", "geographyType", "measurements"})
_USED = fields_read(FIELDS) - _IN_PART
_LIFE_DATES = ("artistBeginDate", "artistEndDate")
_YEAR = re.compile(r"\s*-?\d{1,4}\s*")
_SIDES = re.compile(r"\(([\d.]+) [x×] ([\d.]+)(?: [x×] [\d.]+)? cm\)")
_SIDE = {
    "height": re.compile(r"\bH(?:eight|\.)[^();]*\(([\d.]+) cm\)"),
    "width": re.compile(r"\bW(?:idth|\.)[^();]*\(([\d.]+) cm\)"),
}


def catalog(raw: Mapping[str, "pa.Table"]) -> Catalog:
    """Every record of `raw["objects"]` as an artwork with its artists and the links of its pictures."""

    def read(row: Row, artists: dict[str, Row]) -> tuple[Row, list[Row]]:
        artwork_id = f"met:{row['objectID']}"
        people = _people(row)
        for person in people:
            merge(artists, person["artist"])
        return _artwork(row, artwork_id, people), _links(row, artwork_id)

    return catalog_of(raw["objects"], read)


def _links(row: Mapping[str, Any], artwork_id: str) -> list[dict[str, Any]]:
    """The primary picture (position 0) and the additional ones, each web-large and original."""
    primary = filled(row["primaryImage"])
    is_open = bool(row["isPublicDomain"]) and primary is not None
    pairs = [(filled(row["primaryImageSmall"]) or _web_large(primary), primary)]
    additional = json.loads(row["additionalImages"] or "null") or []
    pairs += [(_web_large(original), original) for original in map(filled, additional)]
    return [
        {
            "image_id": f"{artwork_id}#{position}",
            "artwork_id": artwork_id,
            "source": "met",
            "url": url,
            "original_url": original if original != url else None,
            "position": position,
            "may_fetch": is_open,
            "licence": "CC0-1.0" if is_open else "in copyright, or not known",
        }
        for position, (url, original) in enumerate(pairs)
        if url is not None
    ]


def _web_large(original: str | None) -> str | None:
    """Where the site keeps the same picture as web-large; the address itself where it is no such."""
    return original and original.replace("/original/", "/web-large/", 1)


def _artwork(row: Mapping[str, Any], artwork_id: str, people: list[Any]) -> dict[str, Any]:
    dated = filled(row["objectDate"]) or row["objectBeginDate"] or row["objectEndDate"]
    height, width = _sides(row["dimensions"] or "", row.get("measurements"))
    extra = {"additionalImages": len(json.loads(row["additionalImages"] or "[]"))}
    acquired = year(row["accessionYear"])
    line = (row["artistPrefix"], row["artistDisplayName"], row["artistSuffix"])
    return {
        "artwork_id": artwork_id,
        "source": "met",
        "source_id": str(row["objectID"]),
        "title": filled(row["title"]),
        "artists": [
            {"artist_id": p["artist"]["artist_id"], "role": p["role"], "position": position}
            for position, p in enumerate(people)
        ],
        "artist_text": " ".join(part for part in map(filled, line) if part) or None,
        "date_text": filled(row["objectDate"]),
        "date_precision": parse_years(row["objectDate"])[2],
        "begin_year": row["objectBeginDate"] if dated else None,
        "end_year": row["objectEndDate"] if dated else None,
        "medium": filled(row["medium"]),
        "classification": filled(row["classification"]),
        "department": filled(row["department"]),
        "culture": filled(row["culture"]),
        "period": _joined(row, _PERIOD),
        "place": joined([filled(row[name]) for name in _PLACE], filled(row["geographyType"])),
        "repository": filled(row["repository"]),
        "repository_city": parse_keeper(row["repository"]).city,
        "dimensions_text": filled(row["dimensions"]),
        "height_cm": height,
        "width_cm": width,
        "accession_number": filled(row["accessionNumber"]),
        "credit_line": filled(row["creditLine"]),
        "acquired_year": acquired,
        "tags": _tags(row["tags"]),
        "is_public_domain": row["isPublicDomain"],
        "licence": "CC0-1.0",
        "object_url": filled(row["objectURL"]),
        "misc": misc(dict(row) | extra, _USED if acquired is None else _USED | {"accessionYear"}),
        "source_row": row["source_row"],
    }


def _joined(row: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return ", ".join(text for name in names if (text := filled(row[name]))) or None


def _tags(text: str | None) -> list[str]:
    """Terms of both forms met so far: a list of strings (2019), of objects with a `term` (now)."""
    values = json.loads(text) if text else []
    return [value["term"] if isinstance(value, dict) else str(value) for value in values or []]


def _sides(text: str, measurements: str | None) -> tuple[float | None, float | None]:
    """Height and width in cm: of the whole object as measured, else as the text gives them."""
    for part in json.loads(measurements or "null") or []:
        sizes = part.get("elementMeasurements") or {}
        if part.get("elementName") == "Overall" and sizes.get("Height"):
            return sizes["Height"], sizes.get("Width")
    if both := _SIDES.search(text):
        return float(both[1].rstrip(".")), float(both[2].rstrip("."))
    found = {side: pattern.search(text) for side, pattern in _SIDE.items()}
    height, width = (float(m[1].rstrip(".")) if (m := found[s]) else None for s in _SIDE)
    return height, width


def _people(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Artists in the record's order. The `artist…` fields describe the first constituent."""
    main = filled(row["artistDisplayName"])
    constituents = json.loads(row["constituents"] or "null") or []
    if not constituents and main:
        roles = (row["artistRole"] or "").split("|")
        names = main.split("|")
        roles += [""] * (len(names) - len(roles))
        constituents = [
            {"name": n.strip(), "role": r} for n, r in zip(names, roles, strict=False) if n.strip()
        ]
    return [
        _person(row, one, main if position == 0 and "|" not in (main or "") else None)
        for position, one in enumerate(constituents)
        if filled(one.get("name"))
    ]


def _person(row: Mapping[str, Any], one: Mapping[str, Any], main: str | None) -> dict[str, Any]:
    role = filled(one.get("role"))
    name = one["name"].strip()
    alone = parse_attribution(name)
    if not main and alone.name and alone.qualifier:
        name, role = alone.name, f"{role} ({alone.qualifier})" if role else alone.qualifier
    if main:
        # "Workshop of Duncan Phyfe": the artist is Duncan Phyfe, in that role.
        manner = " ".join(p for p in map(filled, (row["artistPrefix"], row["artistSuffix"])) if p)
        name, role = main, f"{role} ({manner})" if role and manner else manner or role
    number = one.get("constituentID")
    life = filled(row["artistDisplayBio"]) if main else None
    # Without a number a name alone is nobody: "Unknown" is French here and British there.
    named = f"{name} {life}" if life else name
    source_id = str(number) if number else normal_name(named) or named
    dates = {n: row[n] for n in _LIFE_DATES if main and not _YEAR.fullmatch(row[n] or "")}
    begin, end = (
        _life_year(row["artistBeginDate"] if main else None),
        _life_year(row["artistEndDate"] if main else None),
    )
    said = parse_life(life)
    if begin is None and end is None:
        begin, end = said.begin_year, said.end_year
    return {
        "role": role,
        "artist": {
            "artist_id": f"met:{source_id}",
            "source": "met",
            "source_id": source_id,
            "name": name,
            "sort_name": filled(row["artistAlphaSort"]) if main else None,
            "aliases": [],
            "life_text": life,
            "begin_year": begin,
            "end_year": end,
            "birth_place": said.birth_place,
            "death_place": said.death_place,
            "nationality": filled(row["artistNationality"]) if main else None,
            "gender": filled(one.get("gender")) or (filled(row["artistGender"]) if main else None),
            "ulan": _last(one.get("constituentULAN_URL") or (main and row["artistULAN_URL"])),
            "wikidata": _last(
                one.get("constituentWikidata_URL") or (main and row["artistWikidata_URL"])
            ),
            "misc": misc(dates, frozenset()),
            "source_row": row["source_row"],
        },
    }


def _life_year(text: str | None) -> int | None:
    """A year as the API writes it; 9999 stands for somebody still living."""
    found = re.match(r"\s*(-?\d{1,4})", text or "")
    value = int(found[1]) if found else None
    return None if value in (None, 9999) else value


def _last(url: str | None) -> str | None:
    return (filled(url) or "").rsplit("/", 1)[-1] or None
