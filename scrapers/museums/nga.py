"""The National Gallery of Art's open data: CSV files, exported daily, read by header name.

Nothing is crawled page by page: files are fetched when their ETag moves, and kept as they came. Of the
files offered those are taken that say what an object is, who made it, what it belongs to and where its
pictures are. Left out are the ones that no table of the lake asks for: the literature and exhibitions
of `objects_text_entries` (the largest file of all), earlier titles and attributions
(`objects_historical_data`), and where things hang.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scrapers import csv_tables
from scrapers.ledger import Ledger
from scrapers.museum import (
    WHOLE,
    Cadence,
    Museum,
    Noun,
    Site,
    bring,
    reject,
    text_table,
    version,
)
from scrapers.net import Session
from scrapers.nga_catalog import FIELDS, catalog
from scrapers.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

BASE = "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data/"
HOSTS = frozenset({"raw.githubusercontent.com", "api.nga.gov"})
NOUNS = {
    "objects": Noun((
        "objectid", "accessioned", "accessionnum", "locationid", "title", "displaydate",
        "beginyear", "endyear", "visualbrowsertimespan", "medium", "dimensions", "inscription",
        "markings", "attributioninverted", "attribution", "provenancetext", "creditline",
        "classification", "subclassification", "visualbrowserclassification", "parentid",
        "isvirtual", "departmentabbr", "portfolio", "series", "volume", "watermarks",
        "lastdetectedmodification", "wikidataid", "customprinturl",
    ), key="objectid"),
    "constituents": Noun((
        "constituentid", "ulanid", "preferreddisplayname", "forwarddisplayname", "lastname",
        "displaydate", "artistofngaobject", "beginyear", "endyear", "visualbrowsertimespan",
        "nationality", "visualbrowsernationality", "constituenttype", "wikidataid",
    ), key="constituentid"),
    "objects_constituents": Noun((
        "objectid", "constituentid", "displayorder", "roletype", "role", "prefix", "suffix",
        "displaydate", "beginyear", "endyear", "country", "zipcode",
    ), key="objectid", of="objects"),
    "published_images": Noun((
        "uuid", "iiifurl", "iiifthumburl", "viewtype", "sequence", "width", "height", "maxpixels",
        "openaccess", "created", "modified", "depictstmsobjectid", "assistivetext",
    ), key="depictstmsobjectid", of="objects"),
    "objects_terms": Noun((
        "termid", "objectid", "termtype", "term", "visualbrowsertheme", "visualbrowserstyle",
    ), key="objectid", of="objects"),
    "objects_dimensions": Noun((
        "objectid", "element", "dimensiontype", "dimension", "unitname",
    ), key="objectid", of="objects"),
    "object_associations": Noun((
        "parentobjectid", "childobjectid", "relationship",
    ), key="childobjectid", of="objects"),
    "constituents_altnames": Noun((
        "altnameid", "constituentid", "lastname", "displayname", "forwarddisplayname", "nametype",
    ), key="constituentid", of="constituents"),
}  # fmt: skip
# The column without which a row cannot be placed, where it is not the key: a picture of no object is
# kept in the raw table and refused in the catalog.
_PLACED_BY = {"published_images": "uuid"}


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """One version for all files, from what their server says of them."""
    with Ledger(site.ledger) as ledger:
        session = Session(site.net, ledger, HOSTS)
        tags = [session.fingerprint(f"{BASE}{noun}.csv", "csv") for noun in NOUNS]
    return {WHOLE: version(tags, site.net.limit)}


def crawl(site: Site, partition: str, progress: Progress) -> None:
    """Fetch the files that changed; of one that is not offered today, what was fetched before stays."""
    progress.expect(len(NOUNS))
    with Ledger(site.ledger) as ledger:
        session = Session(site.net, ledger, HOSTS)
        offered = {
            noun: bring(session, f"{BASE}{noun}.csv", _path(site, noun), "csv", progress)
            for noun in NOUNS
        }
        ledger.remember("nga", {"offered": offered})


def _path(site: Site, noun: str) -> Path:
    return site.downloads / "nga" / f"{noun}.csv"


def tables(site: Site, partition: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """The files as they came, every value as text; rows that do not fit are rejects.

    A museum does not drop a table overnight: of a file that is not offered today the last one that was
    is read, and a reject says so. One that never was offered is an empty table, and a reject too.
    """
    from storage import schemas

    refused: list[dict[str, str]] = []
    with Ledger(site.ledger) as ledger:
        offered = ledger.state("nga").get("offered", {})
    raw: dict[str, pa.Table] = {}
    for noun, table in NOUNS.items():
        path, url = _path(site, noun), f"{BASE}{noun}.csv"
        if path.exists():
            key = _PLACED_BY.get(noun, table.key)
            raw[noun] = csv_tables.read(path, table.columns, key, "nga", refused)
            if not offered.get(noun, True):
                detail = "not offered any more; the file fetched before is still used"
                refused.append(reject("raw", "nga", url, "not_offered", detail))
        else:
            raw[noun] = text_table([*table.columns, "source_row"], [])
            refused.append(reject("raw", "nga", url, "no_table", "not offered; the table is empty"))
    if site.net.limit is not None:
        raw = _limited(raw, site.net.limit)
    return raw, schemas.table(schemas.REJECTS, refused)


def _limited(raw: dict[str, "pa.Table"], limit: int) -> dict[str, "pa.Table"]:
    """The first `limit` objects, those with a picture before the others, and what belongs to them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pictured = pc.is_in(raw["objects"]["objectid"], raw["published_images"]["depictstmsobjectid"])
    order = pa.concat_tables(
        [raw["objects"].filter(pictured), raw["objects"].filter(pc.invert(pictured))]
    )
    objects = order.slice(0, limit)
    ids = objects["objectid"].combine_chunks()
    cut = {"objects": objects}
    cut |= {n: _of(raw[n], t.key, ids) for n, t in NOUNS.items() if t.of == "objects"}
    people = cut["objects_constituents"]["constituentid"].combine_chunks()
    cut["constituents"] = _of(raw["constituents"], "constituentid", people)
    cut |= {n: _of(raw[n], t.key, people) for n, t in NOUNS.items() if t.of == "constituents"}
    return cut


def _of(table: "pa.Table", key: str, ids: "pa.Array") -> "pa.Table":
    import pyarrow.compute as pc

    return table.filter(pc.is_in(table[key], ids))


MUSEUM = Museum(
    name="nga",
    title="National Gallery of Art",
    hosts=HOSTS,
    licence="CC0-1.0",
    nouns=NOUNS,
    works="objects",
    observe=observe,
    crawl=crawl,
    tables=tables,
    catalog=catalog,
    fields=FIELDS,
    source="nga_opendata",
    rank=10,
    cadence=Cadence("nightly", "30 12 * * *", allowed_days=2),  # exported at 06:00 US Eastern
)
