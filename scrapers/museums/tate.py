"""Tate: its collection as two CSV files on GitHub; the records are CC0, the pictures are not open.

The repository also has a JSON file of each record, which says more; asking 70,000 times for data that
stands still since 2014 would be no manners. Tate calls the two CSV files the index to them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scrapers import museum
from scrapers.csv_tables import read
from scrapers.dates import parse_years
from scrapers.ledger import Ledger
from scrapers.museum import WHOLE, Catalog, Museum, Noun, Site, Tables, filled, misc, year
from scrapers.net import Session
from scrapers.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

BASE = "https://raw.githubusercontent.com/tategallery/collection/master/"
HOSTS = frozenset({"raw.githubusercontent.com"})
FILES = {"artworks": "artwork_data.csv", "artists": "artist_data.csv"}
# Tate's column → the lake's; what else a file has goes to misc.
_WORK = {
    "title": "title", "artist": "artist_text", "dateText": "date_text", "medium": "medium",
    "creditLine": "credit_line", "dimensions": "dimensions_text", "url": "object_url",
    "accession_number": "accession_number",
}  # fmt: skip
_ARTIST = {
    "name": "sort_name", "dates": "life_text", "gender": "gender", "placeOfBirth": "birth_place",
    "placeOfDeath": "death_place",
}  # fmt: skip
_LINKS = ("id", "artistId", "artistRole", "source_row")
_LIFE = ("id", "yearOfBirth", "yearOfDeath", "source_row")
_PICTURE = ("thumbnailUrl", "thumbnailCopyright")
_YEARS = ("year", "acquisitionYear")
NOUNS = {
    "artworks": Noun((*_WORK, *_LINKS, *_PICTURE, *_YEARS), key="id"),
    "artists": Noun((*_ARTIST, *_LIFE), key="id"),
}
# What of Tate the lake's columns are read from (see `Museum.fields`).
FIELDS = {
    "artworks": {ours: f"artworks.{theirs}" for theirs, ours in _WORK.items()} | {
        "artwork_id": "artworks.id", "source": '"tate"', "source_id": "artworks.id",
        "artists": "artworks.artistId + artworks.artistRole", "repository": '"Tate"',
        "begin_year": "artworks.dateText / artworks.year", "end_year": "artworks.dateText",
        "date_precision": "artworks.dateText", "height_cm": "artworks.dimensions",
        "width_cm": "artworks.dimensions", "acquired_year": "artworks.acquisitionYear",
        "licence": '"CC0-1.0"', "misc": "*", "source_row": "artworks.source_row",
    },
    "artists": {ours: f"artists.{theirs}" for theirs, ours in _ARTIST.items()} | {
        "artist_id": "artists.id", "source": '"tate"', "source_id": "artists.id",
        "name": "artists.name", "begin_year": "artists.yearOfBirth",
        "end_year": "artists.yearOfDeath", "misc": "*", "source_row": "artists.source_row",
    },
    "image_links": {
        "image_id": "artworks.id", "artwork_id": "artworks.id", "source": '"tate"',
        "url": "artworks.thumbnailUrl", "position": '"0"', "may_fetch": '"false"',
        "licence": "artworks.thumbnailCopyright",
    },
}  # fmt: skip
# "support: 781 x 1111 mm": height, then width. The columns width and height hold them swapped.
_SIZE = re.compile(r"(?P<height>\d+(?:\.\d+)?) x (?P<width>\d+(?:\.\d+)?)(?: x [\d.]+)? ?mm")
# "Griffier, Jan, I" is Jan Griffier I; groups list their members in brackets.
_NAME = re.compile(r"(?P<last>[^,]+), (?P<first>[^,]+)(?:,(?P<rest> .+))?")


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """One version for both files, from what their server says of them."""
    with Ledger(site.ledger) as ledger:
        session = Session(site.net, ledger, HOSTS)
        tags = [session.fingerprint(BASE + file, "csv") for file in FILES.values()]
    return {WHOLE: museum.version(tags, site.net.limit)}


def crawl(site: Site, partition: str, progress: Progress) -> None:
    """Fetch the files that changed; one that is not offered any more stays as it was."""
    progress.expect(len(FILES))
    with Ledger(site.ledger) as ledger:
        session = Session(site.net, ledger, HOSTS)
        for file in FILES.values():
            museum.bring(session, BASE + file, site.downloads / "tate" / file, "csv", progress)


def tables(site: Site, partition: str) -> tuple[Tables, "pa.Table"]:
    """The files as they came, every value as text; rows that do not fit are rejects."""
    from storage import schemas

    refused: list[dict[str, str]] = []
    raw = {noun: museum.text_table(table.columns, []) for noun, table in NOUNS.items()}
    paths = {noun: site.downloads / "tate" / file for noun, file in FILES.items()}
    if all(path.exists() for path in paths.values()):
        for noun, path in paths.items():
            raw[noun] = read(path, NOUNS[noun].columns, "id", "tate", refused)
        raw["artworks"] = raw["artworks"].slice(0, site.net.limit)
    else:
        refused.append(museum.reject("raw", "tate", BASE, "no_table", "not offered"))
    return raw, schemas.table(schemas.REJECTS, refused)


def catalog(raw: Tables) -> Catalog:
    """Works, artists, and the addresses of pictures, none of which may be fetched."""
    from storage import schemas

    artists = [_artist(row) for row in raw["artists"].to_pylist()]
    known = {artist["source_id"] for artist in artists}
    works, links, refused = [], [], []
    for row in raw["artworks"].to_pylist():
        works.append(_artwork(row, known))
        if row["artistId"] not in known:
            detail = f"{row['artist']!r}: {FILES['artists']} has no artist {row['artistId']!r}"
            refused.append(museum.reject("catalog", "tate", row["source_row"], "no_artist", detail))
        if row["thumbnailUrl"]:
            links.append({
                "image_id": f"tate:{row['id']}#0", "artwork_id": f"tate:{row['id']}",
                "source": "tate", "url": row["thumbnailUrl"], "position": 0, "may_fetch": False,
                "licence": filled(row["thumbnailCopyright"]) or "not open: see Tate's terms of use",
            })  # fmt: skip
    return Catalog(
        schemas.table(schemas.ARTWORKS, works), schemas.table(schemas.ARTISTS, artists),
        schemas.table(schemas.IMAGE_LINKS, links), schemas.table(schemas.REJECTS, refused),
    )  # fmt: skip


def _artwork(row: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    begin, end, precision = parse_years(row["dateText"])
    size = _SIZE.search(row["dimensions"] or "")
    artist = {"artist_id": f"tate:{row['artistId']}", "role": row["artistRole"], "position": 0}
    acquired = year(row["acquisitionYear"])
    used = frozenset({*_WORK, *_LINKS, *(() if acquired is None else ("acquisitionYear",))})
    return {ours: filled(row[theirs]) for theirs, ours in _WORK.items()} | {
        "artwork_id": f"tate:{row['id']}", "source": "tate", "source_id": row["id"],
        "artists": [artist] if row["artistId"] in known else [], "repository": "Tate", "tags": [],
        "begin_year": year(row["year"]) if begin is None else begin, "end_year": end,
        "date_precision": precision,
        "height_cm": float(size["height"]) / 10 if size else None,
        "width_cm": float(size["width"]) / 10 if size else None, "licence": MUSEUM.licence,
        "acquired_year": acquired, "misc": misc(row, used), "source_row": row["source_row"],
    }  # fmt: skip


def _artist(row: Mapping[str, Any]) -> dict[str, Any]:
    found = None if "(" in row["name"] else _NAME.fullmatch(row["name"])
    return {ours: filled(row[theirs]) for theirs, ours in _ARTIST.items()} | {
        "artist_id": f"tate:{row['id']}", "source": "tate", "source_id": row["id"], "aliases": [],
        "name": f"{found['first']} {found['last']}{found['rest'] or ''}" if found else row["name"],
        "begin_year": year(row["yearOfBirth"]), "end_year": year(row["yearOfDeath"]),
        "misc": misc(row, frozenset({*_ARTIST, *_LIFE})), "source_row": row["source_row"],
    }  # fmt: skip


MUSEUM = Museum(
    name="tate", title="Tate", source="tate_collection", licence="CC0-1.0", hosts=HOSTS,
    nouns=NOUNS, observe=observe, crawl=crawl, tables=tables, catalog=catalog,
    fields=FIELDS, works="artworks", rank=40, shows_images=False,
)  # fmt: skip
