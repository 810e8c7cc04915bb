"""Any folder of pictures, with a `manifest.csv` beside or above it when somebody has described them.

Each picture is an artwork named by its path in the folder. Nothing in the folder is ever changed.
"""

import csv
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapers.dates import parse_life, parse_years
from scrapers.museum import (
    WHOLE,
    Catalog,
    Museum,
    Noun,
    Site,
    filled,
    misc,
    normal_name,
    number,
    reject,
    text_table,
    year,
)
from scrapers.people import merge
from storage.files import sha256_file

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "manifest.csv"
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".webp", ".jpe", ".jfif"})
_NOUN = "pictures"
_TEXTS = (
    "title", "medium", "classification", "department", "culture", "school", "style", "genre",
    "period", "place", "repository", "dimensions_text", "accession_number", "credit_line",
    "object_url",
)  # fmt: skip
_LICENCE = "not stated; rights stay with the folder's owner"
_USED = frozenset(
    {
        *_TEXTS,
        *(
            "picture",
            "url",
            "sha256",
            "source_row",
            "artist",
            "artist_text",
            "date_text",
            "object_date",
        ),
        *("begin_year", "end_year", "height_cm", "width_cm", "tags", "licence", "rights"),
        *("is_public_domain", "nationality", "artist_years"),
    }
)
COLUMNS = ("picture", "url", "sha256", "source_row")


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """The version is the sha256 of the listing: path, size and time of change of every file."""
    digest = hashlib.sha256(str(site.net.limit).encode())
    if site.folder is not None:
        found = _manifest(_existing(site.folder))
        for path in [*_walk(_existing(site.folder)), *([found] if found else [])]:
            stat = path.stat()
            name = os.path.relpath(path, site.folder)
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return {WHOLE: digest.hexdigest()}


def tables(site: Site, partition: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """One row a picture, with what the manifest says of it; other files are rejects."""
    from storage import schemas

    rows: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    described = _descriptions(site.folder, refused) if site.folder else {}
    for path in _walk(_existing(site.folder)) if site.folder else ():
        name = path.relative_to(site.folder).as_posix() if site.folder else ""
        if path.name == MANIFEST:
            continue
        if path.suffix.lower() not in _SUFFIXES:
            detail = f"{path.suffix or 'no suffix'} is no picture artlake reads"
            refused.append(reject("raw", "folder", name, "not_an_image", detail))
            continue
        if site.net.limit is not None and len(rows) >= site.net.limit:
            break
        about = described.get(path.resolve(), {"source_row": name})
        kept = {"picture": name, "url": path.resolve().as_uri(), "sha256": sha256_file(path)}
        rows.append(about | kept)
    return {_NOUN: text_table(COLUMNS, rows)}, schemas.table(schemas.REJECTS, refused)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder of pictures {folder} does not exist or is no folder.")
    return folder


def _walk(folder: Path) -> Iterator[Path]:
    """Every visible file below `folder`, in a stable order, each real folder once."""
    seen: set[str] = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here, name)
            if not name.startswith(".") and path.is_file():
                yield path


def _manifest(folder: Path) -> Path | None:
    return next((p for p in (folder / MANIFEST, folder.parent / MANIFEST) if p.is_file()), None)


def _descriptions(folder: Path, refused: list[dict[str, str]]) -> dict[Path, dict[str, str]]:
    """What the manifest says, by the picture's real path; its `file` is relative to the manifest."""
    path = _manifest(folder)
    if path is None:
        return {}
    described: dict[Path, dict[str, str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        if "file" not in (reader.fieldnames or ()):
            raise ValueError(f"{path} has no column 'file'; it has {reader.fieldnames}")
        for position, row in enumerate(reader, start=2):
            where = f"{MANIFEST}#{position}"
            if None in row or None in row.values():
                detail = f"{path.name}: row {position} has a wrong number of fields"
                refused.append(reject("raw", "folder", where, "bad_row", detail))
                continue
            real = (path.parent / row.pop("file")).resolve()
            described[real] = {k: v for k, v in row.items() if v} | {"source_row": where}
    return described


def catalog(raw: Mapping[str, "pa.Table"]) -> Catalog:
    """Each picture as an artwork of its own."""
    from storage import schemas

    artworks: list[dict[str, Any]] = []
    artists: dict[str, dict[str, Any]] = {}
    links: list[dict[str, Any]] = []
    for row in raw[_NOUN].to_pylist():
        name = row["picture"]
        artist = _artist(row)
        if artist:
            merge(artists, artist)
        artworks.append(_artwork(row, artist))
        links.append(
            {
                "image_id": f"folder:{name}#0",
                "artwork_id": f"folder:{name}",
                "source": "folder",
                "url": row["url"],
                "position": 0,
                "may_fetch": True,
                "licence": _licence(row),
            }
        )
    return Catalog(
        schemas.table(schemas.ARTWORKS, artworks),
        schemas.table(schemas.ARTISTS, list(artists.values())),
        schemas.table(schemas.IMAGE_LINKS, links),
        schemas.table(schemas.REJECTS, []),
    )


def _licence(row: Mapping[str, Any]) -> str:
    return filled(row.get("licence")) or filled(row.get("rights")) or _LICENCE


def _artist(row: Mapping[str, Any]) -> dict[str, Any] | None:
    name = filled(row.get("artist")) or filled(row.get("artist_text"))
    if not name:
        return None
    source_id = normal_name(name) or name
    life = filled(row.get("artist_years"))
    begin, end, _ = parse_life(life)
    return {
        "artist_id": f"folder:{source_id}",
        "source": "folder",
        "source_id": source_id,
        "name": name,
        "aliases": [],
        "life_text": life,
        "begin_year": begin,
        "end_year": end,
        "nationality": filled(row.get("nationality")),
        "source_row": row["source_row"],
    }


def _artwork(row: Mapping[str, Any], artist: Mapping[str, Any] | None) -> dict[str, Any]:
    dated = filled(row.get("date_text")) or filled(row.get("object_date"))
    begin, end = year(row.get("begin_year")), year(row.get("end_year"))
    if begin is None and end is None:
        begin, end, _ = parse_years(dated)
    free = {"true": True, "1": True, "false": False, "0": False}
    return {name: filled(row.get(name)) for name in _TEXTS} | {
        "artwork_id": f"folder:{row['picture']}",
        "source": "folder",
        "source_id": row["picture"],
        "artists": [{"artist_id": artist["artist_id"], "role": None, "position": 0}]
        if artist
        else [],
        "artist_text": filled(row.get("artist_text")) or filled(row.get("artist")),
        "date_text": dated,
        "begin_year": begin,
        "end_year": end,
        "height_cm": number(row.get("height_cm")),
        "width_cm": number(row.get("width_cm")),
        "tags": [t.strip() for t in (row.get("tags") or "").split("|") if t.strip()],
        "is_public_domain": free.get((row.get("is_public_domain") or "").strip().lower()),
        "licence": _licence(row),
        "misc": misc(row, _USED),
        "source_row": row["source_row"],
    }


MUSEUM = Museum(
    name="folder",
    title="A folder of pictures",
    hosts=frozenset(),
    licence=_LICENCE,
    nouns={_NOUN: Noun(COLUMNS, key="picture")},
    observe=observe,
    tables=tables,
    catalog=catalog,
    rank=90,
)
