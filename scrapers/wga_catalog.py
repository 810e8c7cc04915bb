"""Rows of the Web Gallery of Art in the contract of the lake."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scrapers.dates import parse_life, parse_years
from scrapers.museum import Catalog, filled, misc, normal_name, reject
from scrapers.people import merge
from scrapers.wga_pages import SITE, address_key

if TYPE_CHECKING:
    import pyarrow as pa

LICENCE = "Web Gallery of Art: educational and personal use only, no redistribution"
_SIZE = re.compile(r",?\s*(?P<size>(?P<height>[\d.]+)\s*[x×]\s*(?P<width>[\d.]+)\s*cm)\b")
_WHICH = re.compile(r"(.*?)\s*(\bthe (?:Elder|Younger)\b)?(\([^)]*\))?\s*$")
_USED = frozenset(
    {
        *("AUTHOR", "ARTIST", "BORN-DIED", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "URL"),
        *("FORM", "TYPE", "SCHOOL", "licence", "source_row", "encoding"),
    }
)


def catalog(raw: Mapping[str, "pa.Table"]) -> Catalog:
    """Every work with an address as an artwork; artists from the list, else from the rows themselves."""
    from storage import schemas

    artists: dict[str, dict[str, Any]] = {}
    for row in raw["artists"].to_pylist():
        merge(artists, _listed(row))
    artworks: dict[str, dict[str, Any]] = {}
    said: set[str] = set()
    links: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    for row in raw["works"].to_pylist():
        key = address_key(row["URL"] or "")
        content = json.dumps({n: v for n, v in row.items() if n != "source_row"}, sort_keys=True)
        if not key or content in said:
            reason = "duplicate_row" if key else "no_address"
            refused.append(reject("catalog", "wga", row["source_row"], reason, row["URL"] or ""))
            continue
        said.add(content)
        source_id, again = key, 2
        while f"wga:{source_id}" in artworks:  # two works filed under one address
            source_id, again = f"{key}~{again}", again + 1
        artist = _author(row)
        if artist:
            merge(artists, artist)
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
    name = filled(row.get("AUTHOR")) or filled(row.get("ARTIST"))
    return _artist(name, filled(row["BORN-DIED"]), [], row["source_row"]) if name else None


def _artist(name: str, life: str | None, aliases: list[str], source_row: str) -> dict[str, Any]:
    source_id = normal_name(name) or name
    begin, end, _ = parse_life(life)
    return {
        "artist_id": f"wga:{source_id}",
        "source": "wga",
        "source_id": source_id,
        "name": reading_order(name),
        "sort_name": name,
        "aliases": sorted(reading_order(alias) for alias in aliases),
        "life_text": life,
        "begin_year": begin,
        "end_year": end,
        "source_row": source_row,
    }


def _artwork(
    row: Mapping[str, Any], source_id: str, artist: Mapping[str, Any] | None
) -> dict[str, Any]:
    dated = filled(row["DATE"]) or filled(row["page_date"])
    begin, end, _ = parse_years(dated)
    technique = filled(row["TECHNIQUE"]) or filled(row["page_technique"])
    size = _SIZE.search(technique or "")
    return {
        "artwork_id": f"wga:{source_id}",
        "source": "wga",
        "source_id": source_id,
        "title": filled(row["TITLE"]) or filled(row["page_title"]),
        "artists": [{"artist_id": artist["artist_id"], "role": "artist", "position": 0}]
        if artist
        else [],
        "artist_text": filled(row.get("AUTHOR")) or filled(row.get("ARTIST")),
        "date_text": dated,
        "begin_year": begin,
        "end_year": end,
        "medium": technique and (_SIZE.sub("", technique).strip(" ,") or None),
        "classification": filled(row["FORM"]),
        "school": filled(row["SCHOOL"]),
        "genre": filled(row["TYPE"]),
        "repository": filled(row["LOCATION"]) or filled(row["page_location"]),
        "dimensions_text": size["size"] if size else None,
        "height_cm": float(size["height"].strip(".")) if size else None,
        "width_cm": float(size["width"].strip(".")) if size else None,
        "tags": [],
        "licence": LICENCE,
        "object_url": filled(row["URL"]),
        "misc": misc(row, _USED),
        "source_row": row["source_row"],
    }
