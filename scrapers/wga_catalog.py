"""Rows of the Web Gallery of Art in the contract of the lake."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scrapers.dates import parse_years
from scrapers.museum import Catalog, fields_read, filled, misc, normal_name, reject
from scrapers.people import merge, parse_life
from scrapers.places import parse_keeper
from scrapers.wga_pages import SITE, address_key
from scrapers.wga_rules import mend

if TYPE_CHECKING:
    import pyarrow as pa

LICENCE = "Web Gallery of Art: educational and personal use only, no redistribution"
_SIZE = re.compile(r",?\s*(?P<size>(?P<height>(?<![\d.])[\d.]+)\s*[x×]\s*(?P<width>[\d.]+)\s*cm)\b")
_WHICH = re.compile(r"(.*?)\s*(\bthe (?:Elder|Younger)\b)?(\([^)]*\))?\s*$")
_TECHNIQUE = "works.TECHNIQUE / works.page_technique"
_LIFE = "artists.life / artists.page_life / works.BORN-DIED"
_NAME = "artists.name / works.AUTHOR"
FIELDS = {
    "artworks": {
        "artwork_id": "works.URL", "source": '"wga"', "source_id": "works.URL",
        "title": "works.TITLE / works.page_title", "artists": "works.AUTHOR + works.BORN-DIED",
        "artist_text": "works.AUTHOR", "date_text": "works.DATE / works.page_date",
        "begin_year": "works.DATE / works.page_date", "end_year": "works.DATE / works.page_date",
        "date_precision": "works.DATE / works.page_date", "medium": _TECHNIQUE,
        "classification": "works.FORM", "school": "works.SCHOOL", "genre": "works.TYPE",
        "repository": "works.LOCATION / works.page_location",
        "repository_city": "works.LOCATION / works.page_location", "dimensions_text": _TECHNIQUE,
        "height_cm": _TECHNIQUE, "width_cm": _TECHNIQUE, "notes": "works.page_comment",
        "licence": "works.licence", "object_url": "works.URL", "misc": "*",
        "source_row": "works.source_row",
    },
    "artists": {
        "artist_id": _NAME, "source": '"wga"', "source_id": _NAME, "name": _NAME,
        "sort_name": _NAME, "aliases": "artists.aliases + works.AUTHOR", "life_text": _LIFE, "begin_year": _LIFE,
        "end_year": _LIFE, "birth_place": _LIFE, "death_place": _LIFE, "misc": "*",
        "source_row": "artists.source_row / works.source_row",
    },
    "image_links": {
        "image_id": "works.URL", "artwork_id": "works.URL", "source": '"wga"', "url": "works.URL",
        "position": '"0"', "may_fetch": '"true"', "licence": f'"{LICENCE}"',
    },
}  # fmt: skip
# What a page says of a work in the catalogue stays in `misc`, whether it stood in for that or not.
_OF_PAGE = frozenset({"page_title", "page_date", "page_technique", "page_location"})
_USED = fields_read(FIELDS, "works") - _OF_PAGE | {"encoding", "page_encoding"}

_MENDED = {
    name: name for name in ("AUTHOR", "BORN-DIED", "TITLE", "DATE", "TECHNIQUE", "LOCATION")
} | {f"page_{name.lower()}": name for name in ("TITLE", "DATE", "TECHNIQUE", "LOCATION")}
# Two rows that differ in nothing else are one row, written twice: page and picture name one work.
_WHERE = frozenset({"URL", "source_row", "mended", "written"})


def catalog(raw: Mapping[str, "pa.Table"]) -> Catalog:
    """Every work with an address as an artwork; artists from the list, else from the rows themselves."""
    from storage import schemas

    artists: dict[str, dict[str, Any]] = {}
    refused: list[dict[str, str]] = []
    for row in raw["artists"].to_pylist():
        listed = _listed(row)
        if listed["artist_id"] in artists:
            refused.append(reject("catalog", "wga", row["source_row"], "same_name", row["name"]))
        merge(artists, listed)
    artworks: dict[str, dict[str, Any]] = {}
    seen: set[tuple[Any, ...]] = set()
    filed: Counter[str] = Counter()
    authors: dict[tuple[str | None, str | None], dict[str, Any] | None] = {}
    links: list[dict[str, Any]] = []
    for written in raw["works"].to_pylist():
        key = address_key(written["URL"] or "")
        row = _mended(written)
        content = (key, *(value for name, value in row.items() if name not in _WHERE))
        if not key or content in seen:
            reason = "duplicate_row" if key else "no_address"
            refused.append(reject("catalog", "wga", row["source_row"], reason, row["URL"] or ""))
            continue
        seen.add(content)
        source_id = key
        while f"wga:{source_id}" in artworks:  # two works filed under one address
            filed[key] += 1
            row["same_address"] = filed[key] + 1
            source_id = f"{key}~{filed[key] + 1}"
        who = (row["AUTHOR"], row["BORN-DIED"])
        if who not in authors:
            authors[who] = artist = _author(row)
            if artist:
                merge(artists, artist)
        artist = authors[who]
        artworks[f"wga:{source_id}"] = _artwork(row, source_id, artist)
        links.append(
            {
                "image_id": f"wga:{source_id}#0",
                "artwork_id": f"wga:{source_id}",
                "source": "wga",
                "url": f"{SITE}/art/{key}.jpg",
                "position": 0,
                "may_fetch": True,
                "licence": LICENCE,
            }
        )
    return Catalog(
        schemas.table(schemas.ARTWORKS, list(artworks.values())),
        schemas.table(schemas.ARTISTS, list(artists.values())),
        schemas.table(schemas.IMAGE_LINKS, links),
        schemas.table(schemas.REJECTS, refused),
    )


def _mended(row: dict[str, Any]) -> dict[str, Any]:
    """The row as it was meant; `mended` names the rules that fired, `written` has the words before."""
    now, written, fired = dict(row), {}, list[str]()
    for column, known_as in _MENDED.items():
        if text := row[column]:
            now[column], rules = mend(known_as, text)
            if rules:
                written[column] = text
                fired += rules
    if written:
        now |= {"mended": fired, "written": written}
    return now


def reading_order(name: str) -> str:
    """A name as one says it: "BRUEGEL, Pieter the Elder" is Pieter Bruegel the Elder."""
    family, _, given = name.partition(",")
    words = [w.title() if w.isupper() and len(w) > 1 else w for w in family.split()]
    first, which, rest = _WHICH.match(given).groups("")  # type: ignore[union-attr]
    return " ".join([*first.split(), *words, *which.split(), *rest.split()])


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    life = filled(row["life"]) or filled(row["page_life"])
    return _artist(row["name"], life, json.loads(row["aliases"] or "[]"), row["source_row"]) | {
        "misc": misc(row, frozenset({"name", "aliases", "life", "licence", "source_row"}))
    }


def _author(row: Mapping[str, Any]) -> dict[str, Any] | None:
    name = filled(row["AUTHOR"])
    return _artist(name, filled(row["BORN-DIED"]), [], row["source_row"]) if name else None


def _artist(name: str, life: str | None, aliases: list[str], source_row: str) -> dict[str, Any]:
    source_id = normal_name(name) or name
    said = parse_life(life)
    return {
        "artist_id": f"wga:{source_id}",
        "source": "wga",
        "source_id": source_id,
        "name": reading_order(name),
        "sort_name": name,
        "aliases": sorted(reading_order(alias) for alias in aliases),
        "life_text": life,
        "begin_year": said.begin_year,
        "end_year": said.end_year,
        "birth_place": said.birth_place,
        "death_place": said.death_place,
        "source_row": source_row,
    }


def _artwork(
    row: Mapping[str, Any], source_id: str, artist: Mapping[str, Any] | None
) -> dict[str, Any]:
    dated = filled(row["DATE"]) or filled(row["page_date"])
    begin, end, precision = parse_years(dated)
    technique = filled(row["TECHNIQUE"]) or filled(row["page_technique"])
    size = _SIZE.search(technique or "")
    kept_at = filled(row["LOCATION"]) or filled(row["page_location"])
    return {
        "artwork_id": f"wga:{source_id}",
        "source": "wga",
        "source_id": source_id,
        "title": filled(row["TITLE"]) or filled(row["page_title"]),
        "artists": [{"artist_id": artist["artist_id"], "role": "artist", "position": 0}]
        if artist
        else [],
        "artist_text": filled(row["AUTHOR"]),
        "date_text": dated,
        "begin_year": begin,
        "end_year": end,
        "date_precision": precision,
        "medium": technique and (_SIZE.sub("", technique).strip(" ,") or None),
        "classification": filled(row["FORM"]),
        "school": filled(row["SCHOOL"]),
        "genre": filled(row["TYPE"]),
        "repository": kept_at,
        "repository_city": parse_keeper(kept_at).city,
        "dimensions_text": size["size"] if size else None,
        "height_cm": float(size["height"].strip(".")) if size else None,
        "width_cm": float(size["width"].strip(".")) if size else None,
        "notes": filled(row["page_comment"]),
        "tags": [],
        "licence": LICENCE,
        "object_url": filled(row["URL"]),
        "misc": misc(row, _USED),
        "source_row": row["source_row"],
    }
