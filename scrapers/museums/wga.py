"""The Web Gallery of Art: its catalogue as one file, and its artist pages, reconciled by address.

Educational and personal use only: the licence stands on every row, and no image is republished.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from scrapers.ledger import Ledger
from scrapers.museum import WHOLE, Museum, Noun, Site, reject, text_table
from scrapers.net import Session
from scrapers.pages import Fetch, Pages
from scrapers.progress import Progress
from scrapers.wga_catalog import LICENCE, catalog
from scrapers.wga_pages import (
    SITE,
    address_key,
    artist_page,
    canonical,
    decode,
    is_list,
    list_pages,
    listed_artists,
    soup,
)

if TYPE_CHECKING:
    import pyarrow as pa

HOSTS = frozenset({"www.wga.hu"})
CATALOGUE = f"{SITE}/database/download/data_txt.zip"
_PAGE = 50
_LIST = "/cgi-bin/artist.cgi"
_DEPTH = 3  # sub-indexes of sub-indexes; deeper ones were never met
ARTIST_COLUMNS = (
    "name", "url", "aliases", "life", "period", "school", "biography", "page_name", "page_life",
    "licence", "source_row",
)  # fmt: skip
WORK_COLUMNS = (
    "AUTHOR", "BORN-DIED", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "URL", "FORM", "TYPE",
    "SCHOOL", "TIMEFRAME", "page_title", "page_date", "page_technique", "page_location",
    "page_file_info", "page_comment", "page_url", "found", "encoding", "licence", "source_row",
)  # fmt: skip


def list_url(letter: str = "-", start: int = 0) -> str:
    """The address of a page of the artist list; letter "-" lists everybody."""
    return (
        f"{SITE}{_LIST}?Profession=any&School=any&Period=any&Time-line=any"
        f"&from={start}&max={_PAGE}&Sort=Name&letter={letter}"
    )


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """One version for catalogue and pages, from the catalogue file and the first list page."""
    with Ledger(site.ledger) as ledger:
        return {WHOLE: _observe(site, ledger)}


def _observe(site: Site, ledger: Ledger) -> str:
    session = Session(site.net, ledger, HOSTS)
    tags = [session.fingerprint(CATALOGUE, "zip"), session.fingerprint(list_url(), "html")]
    version = hashlib.sha256(json.dumps([tags, site.net.limit]).encode()).hexdigest()
    ledger.remember("wga", ledger.state("wga") | {"version": version})
    return version


def crawl(site: Site, partition: str, progress: Progress) -> None:
    """Fetch the catalogue when it changed, then every artist page not stored in this version."""
    from scrapers import spider

    with Ledger(site.ledger) as ledger:
        version = ledger.state("wga").get("version") or _observe(site, ledger)
        progress.expect(1)
        status = Session(site.net, ledger, HOSTS).download(CATALOGUE, _path(site), "zip")
        progress.requests += 1
        progress.not_modified += status == 304
        progress.item(_path(site).stat().st_size if status == 200 else 0)
        ledger.remember("wga", ledger.state("wga") | {"offered": status != 404})
        pages = _Walk(_wanted(site, ledger))
        errand = Pages(ledger, version, pages.first(), progress, pages.follow)
        spider.run(site.net, ledger, HOSTS, errand, progress)


def _path(site: Site) -> Path:
    return site.downloads / "wga" / "data_txt.zip"


def _wanted(site: Site, ledger: Ledger) -> dict[str, set[str]] | None:
    """With a limit: the artists of the limited catalogue as letter → folders; None means all."""
    if site.net.limit is None:
        return None
    wanted: dict[str, set[str]] = {}
    for row in _catalogue(site, ledger, [])[0]:
        name = row.get("AUTHOR") or row.get("ARTIST") or "-"
        folder = "/".join(address_key(row.get("URL") or "").split("/")[:2])
        wanted.setdefault(name[0].lower(), set()).add(folder)
    return wanted


class _Walk:
    """Which pages lead to which: list → its further pages → artists → their sub-indexes."""

    def __init__(self, wanted: dict[str, set[str]] | None):
        self._wanted = wanted
        self._folders = set().union(*wanted.values()) if wanted is not None else None

    def first(self) -> list[Fetch]:
        letters = ["-"] if self._wanted is None else sorted(self._wanted)
        return [Fetch(list_url(letter), "html") for letter in letters]

    def follow(self, fetch: Fetch, body: bytes) -> Iterator[Fetch]:
        page = soup(body)
        if not urlsplit(fetch.url).path.startswith(_LIST):
            if fetch.url.count("/") < _DEPTH + 6:
                for link in artist_page(page, fetch.url).links:
                    yield Fetch(link, "html")
            return
        query = parse_qs(urlsplit(fetch.url).query)
        if query["from"] == ["0"]:
            for number in range(1, list_pages(page)):
                yield Fetch(list_url(query["letter"][0], number * _PAGE), "html")
        for artist in listed_artists(page):
            folder = "/".join(address_key(artist.url).split("/")[:2])
            if artist.alias_of is None and (self._folders is None or folder in self._folders):
                yield Fetch(artist.url, "html")


def tables(site: Site, partition: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """Artists of the list and works of catalogue and pages; works only on pages are added."""
    from storage import schemas

    refused: list[dict[str, str]] = []
    with Ledger(site.ledger) as ledger:
        works, encoding = _catalogue(site, ledger, refused)
        artists, page_works = _read_pages(site, ledger, refused)
    by_key = {key: work for work in page_works if (key := address_key(work["art"]))}
    rows = []
    for work in works:
        on_page = by_key.pop(address_key(work.get("URL") or ""), None)
        found = {"found": "both" if on_page else "catalogue", "encoding": encoding}
        rows.append(work | _as_columns(on_page) | found)
    if site.net.limit is None:
        rows += [_page_only(work) for work in by_key.values()]
    for row in (*rows, *artists):
        row["licence"] = LICENCE
    raw = {"artists": text_table(ARTIST_COLUMNS, artists), "works": text_table(WORK_COLUMNS, rows)}
    return raw, schemas.table(schemas.REJECTS, refused)


def _as_columns(work: dict[str, str] | None) -> dict[str, str]:
    names = ("title", "date", "technique", "location", "file_info", "comment", "url")
    return {f"page_{name}": work[name] for name in names if name in work} if work else {}


def _page_only(work: dict[str, str]) -> dict[str, str]:
    address = canonical(work["art"]).replace("/art/", "/html/", 1).rsplit(".", 1)[0] + ".html"
    known = {"AUTHOR": work["artist"], "URL": address, "found": "page", "source_row": work["url"]}
    return known | _as_columns(work)


def _catalogue(
    site: Site, ledger: Ledger, refused: list[dict[str, str]]
) -> tuple[list[dict[str, Any]], str]:
    """The rows of the catalogue file, up to the limit, and the encoding it was read in."""
    if not ledger.state("wga").get("offered") or not _path(site).exists():
        refused.append(reject("raw", "wga", CATALOGUE, "no_table", "not offered"))
        return [], ""
    with zipfile.ZipFile(_path(site)) as pack:
        names = [name for name in pack.namelist() if name.lower().endswith((".csv", ".txt"))]
        if not names:
            raise ValueError(f"{_path(site).name} holds no .csv; it holds {pack.namelist()}")
        text, encoding = decode(pack.read(names[0]))
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";")
    header = [name.strip() for name in next(reader, [])]
    if "URL" not in header or not {"AUTHOR", "ARTIST"} & set(header):
        raise ValueError(f"{names[0]} has no column URL or AUTHOR; its header is {header}")
    rows: list[dict[str, Any]] = []
    for position, cells in enumerate(reader, start=2):
        where = f"{names[0]}#{position}"
        if len(cells) != len(header):
            detail = f"{len(cells)} fields instead of {len(header)}"
            refused.append(reject("raw", "wga", where, "bad_row", detail))
        elif len(rows) == site.net.limit:
            break
        else:
            rows.append(dict(zip(header, cells, strict=True)) | {"source_row": where})
    return rows, encoding


def _read_pages(
    site: Site, ledger: Ledger, refused: list[dict[str, str]]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Artists and works from the stored pages, in the order of the list.

    Raises ValueError when a list page is not recognised as one: the site was redesigned.
    """
    walk = _Walk(_wanted(site, ledger))
    artists: dict[str, dict[str, str]] = {}
    aliases: dict[str, set[str]] = {}
    pages: list[tuple[str, str]] = []
    lists: list[Fetch] = list(walk.first())
    for fetch in lists:
        body = _body(ledger, fetch.url, refused)
        if body is None:
            continue
        listed = list(listed_artists(page := soup(body)))
        if not listed and not is_list(page):
            words = " ".join(page.get_text(" ").split())[:200]
            raise ValueError(
                f"{fetch.url} is no artist list; has the site changed? It says: {words}"
            )
        if not listed:
            refused.append(reject("raw", "wga", fetch.url, "empty_list", "lists no artist"))
        lists += [f for f in walk.follow(fetch, body) if _LIST in f.url and f not in lists]
        wanted = {f.url for f in walk.follow(fetch, body)}
        for artist in listed:
            if artist.alias_of is not None:
                aliases.setdefault(artist.alias_of, set()).add(artist.name)
            elif artist.url in wanted:
                known = {"name": artist.name, "url": artist.url, "life": artist.life}
                known |= {"period": artist.period, "school": artist.school}
                if artists.setdefault(artist.name, known | {"source_row": fetch.url}) is not None:
                    pages.append((artist.name, artist.url))
    works: list[dict[str, str]] = []
    seen: set[str] = set()
    for name, url in pages:
        if url not in seen:
            works += _works_of(ledger, artists[name], url, seen, refused)
    for name, artist_row in artists.items():
        artist_row["aliases"] = json.dumps(sorted(aliases.get(name, ())), ensure_ascii=False)
    return list(artists.values()), works


def _works_of(
    ledger: Ledger,
    artist: dict[str, str],
    first: str,
    seen: set[str],
    refused: list[dict[str, str]],
) -> Iterable[dict[str, str]]:
    works: list[dict[str, str]] = []
    queue = [first]
    for url in queue:
        if url in seen:
            continue
        seen.add(url)
        body = _body(ledger, url, refused)
        if body is None:
            continue
        page = artist_page(soup(body), url)
        queue += page.links
        if page.gone or not (page.works or page.links):
            reason = "soft_404" if page.gone else "no_works"
            refused.append(reject("raw", "wga", url, reason, f"page of {artist['name']}"))
        for name, value in (
            ("biography", page.biography),
            ("page_name", page.name),
            ("page_life", page.life),
        ):
            if value:
                artist.setdefault(name, value)
        works += [work | {"artist": artist["name"], "url": url} for work in page.works]
    return works


def _body(ledger: Ledger, url: str, refused: list[dict[str, str]]) -> bytes | None:
    found = ledger.response(url)
    if found is None:
        return None
    body = ledger.body(url)
    if body is None:
        reason = found.reason or "gone"
        refused.append(reject("raw", "wga", url, reason, found.detail or f"HTTP {found.status}"))
    return body


MUSEUM = Museum(
    name="wga",
    title="Web Gallery of Art",
    hosts=HOSTS,
    licence=LICENCE,
    nouns={
        "artists": Noun(ARTIST_COLUMNS, key="name"),
        "works": Noun(WORK_COLUMNS, key="URL"),
    },
    observe=observe,
    crawl=crawl,
    tables=tables,
    catalog=catalog,
    source="wga_catalogue",
    rank=30,
    shows_images=False,
)
