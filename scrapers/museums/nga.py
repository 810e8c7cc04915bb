"""The National Gallery of Art's open data: six CSV files, exported daily, read by header name.

Nothing is crawled page by page: files are fetched when their ETag moves, and kept as they came.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scrapers.ledger import Ledger
from scrapers.museum import WHOLE, Museum, Noun, Site, reject, text_table
from scrapers.net import Session
from scrapers.nga_catalog import catalog
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
}  # fmt: skip
# The column without which a row cannot be placed; the others may be missing in a layout.
_KEYS = {
    "objects": "objectid",
    "constituents": "constituentid",
    "objects_constituents": "objectid",
    "published_images": "uuid",
    "objects_terms": "objectid",
    "objects_dimensions": "objectid",
}


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """One version for the six files, from what their server says of them."""
    with Ledger(site.ledger) as ledger:
        session = Session(site.net, ledger, HOSTS)
        tags = [session.fingerprint(f"{BASE}{noun}.csv", "csv") for noun in NOUNS]
    said = json.dumps([tags, site.net.limit])
    return {WHOLE: hashlib.sha256(said.encode()).hexdigest()}


def crawl(site: Site, partition: str, progress: Progress) -> None:
    """Fetch the files that changed; a file that is not offered any more is set aside, not read."""
    progress.expect(len(NOUNS))
    offered: dict[str, bool] = {}
    with Ledger(site.ledger) as ledger:
        session = Session(site.net, ledger, HOSTS)
        for noun in tuple(NOUNS):
            path = _path(site, noun)
            progress.requests += 1
            status = session.download(f"{BASE}{noun}.csv", path, "csv")
            offered[noun] = status != 404
            progress.not_modified += status == 304
            progress.item(path.stat().st_size if status == 200 else 0)
        ledger.remember("nga", {"offered": offered})


def _path(site: Site, noun: str) -> Path:
    return site.downloads / "nga" / f"{noun}.csv"


def tables(site: Site, partition: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """The files as they came, every value as text; rows that do not fit are rejects."""
    from storage import schemas

    refused: list[dict[str, str]] = []
    with Ledger(site.ledger) as ledger:
        offered = ledger.state("nga").get("offered", {})
    raw: dict[str, pa.Table] = {}
    for noun, table in NOUNS.items():
        if offered.get(noun) and _path(site, noun).exists():
            raw[noun] = read_csv(_path(site, noun), table.columns, _KEYS[noun], refused)
        else:
            raw[noun] = text_table([*table.columns, "source_row"], [])
            refused.append(reject("raw", "nga", f"{BASE}{noun}.csv", "no_table", "not offered"))
    if site.net.limit is not None:
        raw = _limited(raw, site.net.limit)
    return raw, schemas.table(schemas.REJECTS, refused)


def read_csv(
    path: Path, known: Sequence[str], key: str, refused: list[dict[str, str]]
) -> "pa.Table":
    """Read a CSV by header name, all as text, with the address of each row.

    A row with a wrong number of fields goes to `refused`, one without `key` too; known columns that
    are missing are null, new ones are kept. Raises ValueError naming the file when the key's column
    is missing or the bytes are not UTF-8.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        header = [name.strip().strip('"') for name in handle.readline().strip("\r\n").split(",")]
    if key not in header:
        raise ValueError(f"{path.name} has no column {key!r}; its header is {header}")
    odd: list[int] = []

    def skip(row: csv.InvalidRow) -> str:
        odd.append(row.number)
        detail = f"{row.actual_columns} fields instead of {row.expected_columns}"
        refused.append(reject("raw", "nga", f"{path.name}#{row.number}", "bad_row", detail))
        return "skip"

    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False, block_size=8 << 20),
            parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    rows = set(odd)
    numbers = pa.array(n for n in range(2, table.num_rows + len(odd) + 2) if n not in rows)
    addresses = pc.binary_join_element_wise(f"{path.name}#", numbers.cast(pa.string()), "")
    table = table.append_column("source_row", addresses)
    for name in known:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    has_key = pc.not_equal(table[key], "")
    for row in table.filter(pc.invert(has_key))["source_row"].to_pylist():
        refused.append(reject("raw", "nga", row, "no_id", f"{key} is empty"))
    return table.filter(has_key)


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
    cut = {
        noun: raw[noun].filter(pc.is_in(raw[noun][column], ids))
        for noun, column in (
            ("objects_constituents", "objectid"),
            ("published_images", "depictstmsobjectid"),
            ("objects_terms", "objectid"),
            ("objects_dimensions", "objectid"),
        )
    }
    people = cut["objects_constituents"]["constituentid"].combine_chunks()
    wanted = pc.is_in(raw["constituents"]["constituentid"], people)
    return raw | cut | {"objects": objects, "constituents": raw["constituents"].filter(wanted)}


MUSEUM = Museum(
    name="nga",
    title="National Gallery of Art",
    hosts=HOSTS,
    licence="CC0-1.0",
    nouns=NOUNS,
    observe=observe,
    crawl=crawl,
    tables=tables,
    catalog=catalog,
    source="nga_opendata",
    rank=10,
)
