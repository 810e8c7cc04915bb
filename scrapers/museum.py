"""The one interface every source implements. A new museum is one module with a `Museum` in it.

What belongs here: the shape of a source, and the few helpers every source needs to fill it. What a
source's records mean is its own module's business.
"""

import dataclasses
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapers.net import Net

if TYPE_CHECKING:
    import pyarrow as pa

    from scrapers.net import Session
    from scrapers.progress import Progress

# Rows held as Python values at a time: the largest department of the MET has 170,000.
BATCH = 10_000
WHOLE = "whole"  # the one partition of a source that has none


@dataclass(frozen=True)
class Site:
    """Where a source's work happens: the network, the ledger, downloaded files, what the user gave.

    `image_size`: "web" (about 1,000 to 2,000 pixels, for learning and looking) or "original".
    `folder`: a folder of pictures. `listing`: a CSV or JSON file of works with addresses of pictures.
    `met_csv`: the MET's bulk file MetObjects.csv, a path or a web address.
    """

    net: Net
    ledger: Path
    downloads: Path
    folder: Path | None = None
    listing: Path | None = None
    met_csv: str | None = None
    image_size: str = "web"

    def to_json(self) -> str:
        """The site as text, to hand to a child process."""
        return json.dumps(dataclasses.asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "Site":
        """The site that `to_json` wrote."""
        plain = json.loads(text)
        paths = ("ledger", "downloads", "folder", "listing")
        given = {name: plain[name] and Path(plain[name]) for name in paths}
        return cls(**(plain | given | {"net": Net(**plain["net"])}))


@dataclass(frozen=True)
class Noun:
    """One raw table of a source.

    `columns`: those known; what a source adds later is kept beside them. `key`: the column that names
    the record a row belongs to. `of`: the noun whose record that is, for tables whose rows are parts
    of another table's records; None for records of their own.
    """

    columns: Sequence[str]
    key: str
    of: str | None = None


@dataclass(frozen=True)
class Catalog:
    """One source in the contract of `storage.schemas`."""

    artworks: "pa.Table"
    artists: "pa.Table"
    image_links: "pa.Table"
    rejects: "pa.Table"


Tables = Mapping[str, "pa.Table"]
Row = dict[str, Any]
ReadWork = Callable[[Row, dict[str, Row]], tuple[Row, Sequence[Row]]]  # see `catalog_of`
Refuse = Callable[[str, str, str], None]  # subject, reason, detail
Fields = Mapping[str, Mapping[str, str]]  # see `Museum.fields`
_BETWEEN_FIELDS = re.compile(r" [+/] ")


@dataclass(frozen=True)
class Cadence:
    """How often a source is looked at by itself (cron, UTC), and how old a look may become."""

    name: str
    cron: str
    allowed_days: float


# A look may be a day late, and no more.
WEEKLY = Cadence("weekly", "0 3 * * 1", allowed_days=8)


@dataclass(frozen=True)
class Museum:
    """A source of records and pictures.

    `nouns`: raw table (`raw/<name>_<noun>`) → what it is made of; `works`: the one of artworks.
    `fields`: table of the lake (artworks, artists, image_links) → its column → what of the source it
    is read from: names of fields, with their raw table before a point where there are several, and
    after them in brackets which rows are meant; ` + ` between those read together, ` / ` before one
    that stands in for an empty one; in quotes what holds of every record; `*` for everything that has
    no column.
    `source`: what is observed, as its asset is called; the name itself when empty.
    `rank`: its place in lists, and whose picture is kept of equal ones; lower goes first.
    `shows_images`: whether its pictures may appear on pages and slides.
    `own_addresses`: its user says where pictures are: files of this machine, or any public host.
    `cadence`: how often its schedule looks at it.
    `partitions`: partition key → title; empty when the source is taken as a whole.
    `observe(site, partitions)`: partition (or WHOLE) → version, changing only with the source.
    `crawl(site, partition, progress)`: bring what is missing into the ledger or downloads; None
    when there is nothing to bring. Runs in a child process.
    `pending(site, partition)`: how many requests a crawl would send at least; a crawl with nothing to
    send needs no child process. None where that is not known beforehand.
    `tables(site, partition)`: the raw tables and the rows refused (schemas.REJECTS).
    `catalog(raw)`: those tables (all partitions) in the contract of the lake.
    """

    name: str
    title: str
    hosts: frozenset[str]
    licence: str
    nouns: Mapping[str, Noun]
    works: str
    observe: Callable[[Site, Sequence[str]], dict[str, str]]
    tables: Callable[[Site, str], tuple[Tables, "pa.Table"]]
    catalog: Callable[[Tables], Catalog]
    fields: Fields
    crawl: Callable[[Site, str, "Progress"], None] | None = None
    pending: Callable[[Site, str], int] | None = None
    partitions: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    rank: int = 50
    shows_images: bool = True
    own_addresses: bool = False
    cadence: Cadence = WEEKLY


def reject(stage: str, source: str, subject: str, reason: str, detail: str = "") -> dict[str, str]:
    """One row of schemas.REJECTS."""
    return {
        "stage": stage,
        "source": source,
        "subject": subject,
        "reason": reason,
        "detail": detail,
    }


def fields_read(fields: Fields, table: str | None = None) -> frozenset[str]:
    """The source's fields that `Museum.fields` names: those of one raw table, without its name, or all."""
    named = {
        name.partition(" (")[0]
        for columns in fields.values()
        for said in columns.values()
        if not said.startswith(('"', "*"))
        for name in _BETWEEN_FIELDS.split(said)
    }
    if table is None:
        return frozenset(named)
    return frozenset(n.removeprefix(f"{table}.") for n in named if n.startswith(f"{table}."))


def version(*said: Any) -> str:
    """A text that changes when any of the plain values `said` does, for `Museum.observe`."""
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def bring(session: "Session", url: str, path: Path, expects: str, progress: "Progress") -> bool:
    """Download a whole file if it has changed, and count it; False where it is not offered."""
    status = session.download(url, path, expects)
    progress.requests += 1
    if status == 404:
        progress.error("not_offered")
        return False
    progress.not_modified += status == 304
    progress.item(path.stat().st_size if status == 200 else 0)
    return True


def catalog_of(raw: "pa.Table", read: "ReadWork") -> Catalog:
    """Each row of `raw` as an artwork with the links of its pictures; a batch held as dicts at a time.

    read(row, artists): the artwork and its links; it takes the artists of the row into `artists`, by id.
    """
    import pyarrow as pa

    from storage import schemas

    artists: dict[str, dict[str, Any]] = {}
    artworks = [schemas.table(schemas.ARTWORKS, [])]
    links = [schemas.table(schemas.IMAGE_LINKS, [])]
    for batch in raw.to_batches(max_chunksize=BATCH):
        read_rows = [read(row, artists) for row in batch.to_pylist()]
        artworks.append(schemas.table(schemas.ARTWORKS, [work for work, _ in read_rows]))
        shown = [link for _, its in read_rows for link in its]
        links.append(schemas.table(schemas.IMAGE_LINKS, shown))
    return Catalog(
        pa.concat_tables(artworks),
        schemas.table(schemas.ARTISTS, list(artists.values())),
        pa.concat_tables(links),
        schemas.table(schemas.REJECTS, []),
    )


def text_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
    """Rows as strings under `columns` and whatever new columns they bring; missing is null."""
    import pyarrow as pa

    known = dict.fromkeys(columns)
    new = sorted({name for row in rows for name in row} - set(known))
    names = [*known, *new]
    return pa.table({n: pa.array([row.get(n) for row in rows], pa.string()) for n in names})


def normal_name(text: str) -> str:
    """A name as an identifier: accents stripped, case folded, everything but letters and digits a dash."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())


def filled(value: Any) -> Any:
    """None for what a source writes when it has nothing to say: empty text, an empty list."""
    if isinstance(value, str):
        value = value.strip()
    return None if value in ("", [], {}) else value


def number(text: str | None) -> float | None:
    """A number out of a text cell; None when there is none."""
    try:
        return float(text) if text else None
    except ValueError:
        return None


def year(text: str | None) -> int | None:
    """A year out of a text cell; None when there is none."""
    value = number(text)
    return int(value) if value is not None and abs(value) < 10_000 else None


def misc(row: Mapping[str, Any], used: frozenset[str]) -> str | None:
    """Everything the source says that has no column, as JSON with sorted keys."""
    rest = {name: value for name, value in row.items() if name not in used and filled(value)}
    return json.dumps(rest, ensure_ascii=False, sort_keys=True) if rest else None
