"""Works that people describe in words of their own: one table of names, and the contract made from it.

A folder's manifest and a list of works are read by it. Which names are known is `TERMS`; what is not
known goes to `misc`.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from scrapers.dates import parse_years
from scrapers.museum import (
    BATCH,
    Catalog,
    Fields,
    Row,
    catalog_of,
    misc,
    normal_name,
    number,
    text_table,
    year,
)
from scrapers.people import merge, parse_attribution, parse_life
from scrapers.places import parse_keeper

if TYPE_CHECKING:
    import pyarrow as pa

# Column of the contract → the names it goes by, as `term` writes them; of several in a row the first
# that is filled counts, and the others go to misc.
TERMS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "object_title", "work_title", "name"),
    "artist": (
        "artist", "artist_name", "artist_display_name", "author", "creator", "maker", "painter",
        "artist_text",
    ),
    "artist_text": ("artist_text", "attribution"),
    "life_text": ("artist_years", "artist_life", "artist_dates", "artist_display_bio", "born_died"),
    "nationality": ("nationality", "artist_nationality"),
    "date_text": (
        "date_text", "object_date", "date", "dated", "display_date", "creation_date",
        "date_created", "year",
    ),
    "begin_year": ("begin_year", "start_year", "object_begin_date", "year_begin", "year_from"),
    "end_year": ("end_year", "object_end_date", "year_end", "year_to"),
    "medium": ("medium", "material", "materials", "technique"),
    "technique": ("technique",),  # where the materials have a column of their own
    "classification": ("classification", "object_type", "form", "type"),
    "department": ("department",),
    "culture": ("culture",),
    "school": ("school",),
    "style": ("style", "movement"),
    "genre": ("genre",),
    "period": ("period",),
    "place": ("place", "place_made", "location", "country"),
    "repository": ("repository", "museum", "collection", "owner"),
    "dimensions_text": ("dimensions_text", "dimensions", "size"),
    "height_cm": ("height_cm",),
    "width_cm": ("width_cm",),
    "accession_number": ("accession_number", "inventory_number", "accession_no"),
    "credit_line": ("credit_line", "credit"),
    "acquired_year": (
        "acquired_year", "acquisition_year", "accession_year", "year_acquired", "acquired",
        "date_acquired", "acquisition_date",
    ),
    "notes": ("notes", "note", "description", "comment", "comments", "inscription"),
    "tags": ("tags", "subjects", "subject", "keywords"),
    "is_public_domain": ("is_public_domain", "public_domain"),
    "licence": ("licence", "license", "rights"),
    "object_url": ("object_url", "page_url", "page", "link", "url"),
}  # fmt: skip
_OF_ARTIST = ("artist", "life_text", "nationality")
_FREE = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_MOST = 1_000  # names or addresses in one cell that are still a list; the contract counts to 32,767


def _is_size(text: str) -> bool:
    value = number(text)
    return value is not None and math.isfinite(value)


# Columns that are no text: a value that does not fit them stays in misc.
_FITS: Mapping[str, Callable[[str], object]] = {
    "begin_year": lambda text: year(text) is not None,
    "end_year": lambda text: year(text) is not None,
    "acquired_year": lambda text: year(text) is not None,
    "height_cm": _is_size,
    "width_cm": _is_size,
    "is_public_domain": lambda text: text.strip().casefold() in _FREE,
}


def fields(source: str, key: str, links: str) -> Fields:
    """`Museum.fields` of a source that people describe.

    `key`: the raw column that names a work; `links`: that of its pictures' addresses. The other names
    are those of `TERMS`, as `term` writes them.
    """
    known = {column: " / ".join(names) for column, names in TERMS.items()}
    own = {"artwork_id": key, "source": f'"{source}"', "source_id": key, "source_row": "source_row"}
    life, artist = known["life_text"], known["artist"]
    years = {name: f"{known[name]} / {known['date_text']}" for name in ("begin_year", "end_year")}
    works = {name: said for name, said in known.items() if name not in _OF_ARTIST}
    works |= {
        "artists": artist,
        "artist_text": f"{works['artist_text']} / {artist}",
        **years,
        **own,
    }
    works |= {"date_precision": known["date_text"], "repository_city": known["repository"]}
    people = dict.fromkeys(("artist_id", "source_id", "name", "aliases"), artist)
    people |= dict.fromkeys(("begin_year", "end_year", "birth_place", "death_place"), life)
    people |= {"life_text": life, "nationality": known["nationality"]}
    pictures = dict.fromkeys(("image_id", "artwork_id"), key)
    pictures |= {
        "url": links,
        "position": links,
        "may_fetch": '"true"',
        "licence": known["licence"],
    }
    return {
        "artworks": works | {"misc": "*"},
        "artists": people | {"source": own["source"], "source_row": "source_row"},
        "image_links": pictures | {"source": own["source"]},
    }


@cache
def term(name: str) -> str:
    """A column's name as the tables of terms write it: "imageURL" and "Image Url" are image_url."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return "_".join(re.findall(r"[^\W_]+", words.casefold()))


def text_batches(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> "pa.Table":
    """Rows as strings, as `text_table` makes them, a batch of them held as dicts at a time."""
    import pyarrow as pa

    parts, rest = [text_table(columns, [])], iter(rows)
    while batch := list(islice(rest, BATCH)):
        parts.append(text_table(columns, batch))
    return pa.concat_tables(parts, promote_options="default")


def catalog(
    raw: "pa.Table",
    *,
    source: str,
    key: str,
    own: frozenset[str],
    licence: str,
    links: Callable[[Mapping[str, Any]], Sequence[str]],
) -> Catalog:
    """Each row of `raw` as an artwork named by its `key`, with the pictures that `links` gives.

    `own` are the columns that are not the describer's words; `licence` is what holds where no row
    says otherwise.
    """

    def read(row: Row, artists: dict[str, Row]) -> tuple[Row, list[Row]]:
        said, rest = _terms(row, own)
        work = _artwork(row, said, source, key, licence, misc(rest, frozenset()), artists)
        return work, _links(work, links(row))

    return catalog_of(raw, read)


def _terms(row: Mapping[str, Any], own: frozenset[str]) -> tuple[dict[str, str], dict[str, str]]:
    """What a row says by column of the contract, and the rest under the row's own names."""
    rest = {name: value for name, value in row.items() if name not in own and value}
    by_term = {term(name): name for name in reversed(rest)}  # of two alike the first counts
    said: dict[str, str] = {}
    for column, names in TERMS.items():
        fits = _FITS.get(column, bool)
        for name in names:
            found = by_term.get(name)
            if found in rest and fits(rest[found]):
                said[column] = rest.pop(found).strip()
                break
    return said, rest


def _artwork(
    row: Mapping[str, Any],
    said: dict[str, str],
    source: str,
    key: str,
    licence: str,
    left: str | None,
    artists: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    begin, end = year(said.get("begin_year")), year(said.get("end_year"))
    first, last, precision = parse_years(said.get("date_text"))
    if begin is None and end is None:
        begin, end = first, last
    makers = [_artist(name, said, source, row, artists) for name in _split(said.get("artist"))]
    return {name: value for name, value in said.items() if name not in _OF_ARTIST} | {
        "artwork_id": f"{source}:{row[key]}",
        "source": source,
        "source_id": row[key],
        "artists": [
            {"artist_id": artist_id, "role": role, "position": position}
            for position, (artist_id, role) in enumerate(dict.fromkeys(makers))
        ],
        "artist_text": said.get("artist_text") or said.get("artist"),
        "begin_year": begin,
        "end_year": end,
        "date_precision": precision,
        "repository_city": parse_keeper(said.get("repository")).city,
        "height_cm": number(said.get("height_cm")),
        "width_cm": number(said.get("width_cm")),
        "acquired_year": year(said.get("acquired_year")),
        "tags": _split(said.get("tags")),
        "is_public_domain": _FREE.get(said.get("is_public_domain", "").casefold()),
        "licence": said.get("licence") or licence,
        "misc": left,
        "source_row": row["source_row"],
    }


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split("|") if part.strip()][:_MOST]


def _artist(
    name: str,
    said: Mapping[str, str],
    source: str,
    row: Mapping[str, Any],
    artists: dict[str, dict[str, Any]],
) -> tuple[str, str | None]:
    """Take the artist in, and say in what role; the life and nationality a row gives are those of its only artist."""
    alone = "|" not in said["artist"]
    life = said.get("life_text") if alone else None
    told = parse_life(life)
    attribution = parse_attribution(name)
    name = attribution.name or name
    source_id = normal_name(name) or name
    artist = {
        "artist_id": f"{source}:{source_id}",
        "source": source,
        "source_id": source_id,
        "name": name,
        "aliases": [],
        "life_text": life,
        "begin_year": told.begin_year,
        "end_year": told.end_year,
        "birth_place": told.birth_place,
        "death_place": told.death_place,
        "nationality": said.get("nationality") if alone else None,
        "source_row": row["source_row"],
    }
    merge(artists, artist)
    return str(artist["artist_id"]), attribution.qualifier


def _links(work: Mapping[str, Any], addresses: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "image_id": f"{work['artwork_id']}#{position}",
            "artwork_id": work["artwork_id"],
            "source": work["source"],
            "url": url,
            "position": position,
            "may_fetch": True,
            "licence": work["licence"],
        }
        for position, url in enumerate(addresses)
    ]
