"""The Web Gallery of Art: its catalogue as one file, and its artist pages, reconciled by address.

Educational and personal use only: the licence stands on every row, and no image is republished.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapers.ledger import Ledger
from scrapers.museum import (
    WHOLE,
    Museum,
    Noun,
    Site,
    bring,
    normal_name,
    reject,
    text_table,
    version,
)
from scrapers.net import Session
from scrapers.pages import Pages
from scrapers.progress import Progress
from scrapers.wga_catalog import FIELDS, LICENCE, catalog
from scrapers.wga_file import read_catalogue
from scrapers.wga_pages import SITE, ArtistPage, ListPage, address_key, canonical, missing
from scrapers.wga_rules import mend
from scrapers.wga_walk import Walk, further, list_url, page_of

if TYPE_CHECKING:
    import pyarrow as pa

HOSTS = frozenset({"www.wga.hu"})
CATALOGUE = f"{SITE}/database/download/data_txt.zip"
ARTIST_COLUMNS = (
    "name", "url", "aliases", "life", "period", "school", "biography", "page_name", "page_life",
    "same_url_as", "encoding", "licence", "source_row",
)  # fmt: skip
WORK_COLUMNS = (
    "AUTHOR", "BORN-DIED", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "URL", "FORM", "TYPE",
    "SCHOOL", "TIMEFRAME", "page_title", "page_date", "page_technique", "page_location",
    "page_file_info", "page_comment", "page_url", "page_encoding", "found", "differs", "encoding",
    "licence", "source_row",
)  # fmt: skip


def observe(site: Site, partitions: Sequence[str]) -> dict[str, str]:
    """One version for catalogue and pages, from the catalogue file and the first list page."""
    with Ledger(site.ledger) as ledger:
        return {WHOLE: _observe(site, ledger)}


def _observe(site: Site, ledger: Ledger) -> str:
    session = Session(site.net, ledger, HOSTS)
    tags = [session.fingerprint(CATALOGUE, "zip"), session.fingerprint(list_url(), "html")]
    seen = version(tags, site.net.limit)
    ledger.remember("wga", ledger.state("wga") | {"version": seen})
    return seen


def pending(site: Site, partition: str) -> int:
    """1 when the catalogue or a page is not stored in the version last observed, else 0."""
    with Ledger(site.ledger) as ledger:
        seen = ledger.state("wga").get("version")
        if seen is None or not _has_catalogue(site, ledger, seen):
            return 1
        walk = _walk(site, ledger)
        pages = Pages(ledger, seen, walk.first(), Progress("", lambda counts: None), walk.follow)
        return int(any(True for _ in pages.start()))


def crawl(site: Site, partition: str, progress: Progress) -> None:
    """Fetch the catalogue when it changed, then every page not stored in this version.

    Raises UnrecognisedPageError when pages that must have rows have none.
    """
    if not pending(site, partition):
        return
    from scrapers import spider

    with Ledger(site.ledger) as ledger:
        seen = ledger.state("wga").get("version") or _observe(site, ledger)
        if not _has_catalogue(site, ledger, seen):
            progress.expect(1)
            session = Session(site.net, ledger, HOSTS)
            offered = bring(session, CATALOGUE, _path(site), "zip", progress)
            found = {"offered": offered, "catalogue": seen}
            ledger.remember("wga", ledger.state("wga") | found)
        walk = _walk(site, ledger)
        errand = Pages(ledger, seen, walk.first(), progress, walk.follow)
        spider.run(site.net, ledger, HOSTS, errand, progress)
        if walk.stopped:  # by a page stored before: the transport only sees those that come
            raise walk.stopped


def _path(site: Site) -> Path:
    return site.downloads / "wga" / "data_txt.zip"


def _walk(site: Site, ledger: Ledger) -> Walk:
    """With a limit only the artists of the limited catalogue are visited."""
    only = None if site.net.limit is None else _catalogue(site, ledger, [])
    return Walk(ledger, _path(site).with_name("unrecognised.html"), only)


def _has_catalogue(site: Site, ledger: Ledger, seen: str) -> bool:
    state = ledger.state("wga")
    return state.get("catalogue") == seen and (not state["offered"] or _path(site).exists())


def tables(site: Site, partition: str) -> tuple[dict[str, "pa.Table"], "pa.Table"]:
    """Artists of the list and works of catalogue and pages, reconciled by address.

    `found` of a work says "both", "catalogue" or "page"; `differs` lists, as JSON, what the two do
    not agree on once typing mistakes are mended (`scrapers.wga_rules`).
    """
    from storage import schemas

    refused: list[dict[str, str]] = []
    with Ledger(site.ledger) as ledger:
        works = _catalogue(site, ledger, refused)
        artists, page_works = _read_pages(_walk(site, ledger), ledger, refused, site.net.limit)
    by_key: dict[str, dict[str, str]] = {}
    for work in page_works:
        key = address_key(work["art"])
        if by_key.setdefault(key, work) is not work:
            refused.append(reject("raw", "wga", work["url"], "shown_twice", work["art"]))
    matched = set()
    for row in works:
        key = address_key(row["URL"])
        on_page = by_key.get(key)
        row["found"] = "both" if on_page else "catalogue"
        if on_page:
            matched.add(key)
            row.update(_as_columns(on_page))
            row["differs"] = _differing(row)
    if site.net.limit is None:
        works += [_page_only(work) for key, work in by_key.items() if key not in matched]
    for row in (*works, *artists):
        row["licence"] = LICENCE
    raw = {"artists": text_table(ARTIST_COLUMNS, artists), "works": text_table(WORK_COLUMNS, works)}
    return raw, schemas.table(schemas.REJECTS, refused)


def _as_columns(work: dict[str, str]) -> dict[str, str]:
    names = ("title", "date", "technique", "location", "file_info", "comment", "url", "encoding")
    return {f"page_{name}": work[name] for name in names if name in work}


def _differing(row: dict[str, Any]) -> str | None:
    """The columns, as JSON, in which catalogue and page say different things; None where they agree."""
    differing = []
    for column in ("TITLE", "DATE", "TECHNIQUE", "LOCATION"):
        ours, theirs = row.get(column), row.get(f"page_{column.lower()}")
        if ours and theirs and ours != theirs:
            one, other = (mend(column, text)[0].casefold() for text in (ours, theirs))
            if one != other:
                differing.append(column)
    return json.dumps(differing) if differing else None


def _page_only(work: dict[str, str]) -> dict[str, str]:
    address = canonical(work["art"]).replace("/art/", "/html/", 1).rsplit(".", 1)[0] + ".html"
    known = {"AUTHOR": work["artist"], "URL": address, "found": "page", "source_row": work["url"]}
    return known | _as_columns(work)


def _catalogue(site: Site, ledger: Ledger, refused: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The rows of the catalogue file, up to the limit."""
    if not _path(site).exists():
        refused.append(reject("raw", "wga", CATALOGUE, "no_table", "not offered"))
        return []
    if not ledger.state("wga").get("offered"):
        detail = "not offered any more; the file fetched before is still used"
        refused.append(reject("raw", "wga", CATALOGUE, "not_offered", detail))
    return read_catalogue(_path(site), site.net.limit, refused)


def _read_pages(
    walk: Walk, ledger: Ledger, refused: list[dict[str, str]], limit: int | None
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Artists and works from the stored pages, in the order of the list.

    Raises UnrecognisedPageError when a list page is not recognised as one, or announced and not there:
    the site was redesigned.
    """
    rows: dict[tuple[str, str], dict[str, str]] = {}
    names: dict[str, list[str]] = {}
    aliases: dict[str, set[str]] = {}
    lists = walk.first()
    first = len(lists)
    for number, fetch in enumerate(lists):
        body = _body(ledger, fetch.url, refused)
        if body is None:
            if number >= first:
                walk.check_announced(fetch.url)
            continue
        page = page_of(ledger, fetch.url, body)
        walk.check(fetch.url, page, body)
        assert isinstance(page, ListPage)
        lists += further(fetch.url, page)
        if not page.artists:
            refused.append(reject("raw", "wga", fetch.url, "empty_list", "lists no artist"))
        for artist in page.artists:
            if artist.alias_of is not None:
                aliases.setdefault(normal_name(artist.alias_of), set()).add(artist.name)
            elif walk.wants(artist) and (artist.name, artist.url) not in rows:
                known = {"name": artist.name, "url": artist.url, "life": artist.life}
                known |= {"period": artist.period, "school": artist.school}
                known |= {"encoding": page.encoding, "source_row": fetch.url}
                rows[artist.name, artist.url] = known
                names.setdefault(artist.url, []).append(artist.name)
    works: list[dict[str, str]] = []
    seen: set[str] = set()
    for url, sharing in names.items():
        if url not in seen:
            works += _works_of(ledger, [rows[name, url] for name in sharing], seen, refused)
    for (name, url), row in rows.items():
        others = [other for other in names[url] if other != name]
        spelt = sorted(aliases.get(normal_name(name), ()))
        row["aliases"] = json.dumps(spelt, ensure_ascii=False)
        if others:
            row["same_url_as"] = json.dumps(others, ensure_ascii=False)
    listed = {normal_name(name) for name, _ in rows}
    if limit is None:
        for target in sorted(aliases.keys() - listed):
            detail = f"{', '.join(sorted(aliases[target]))}: see an artist who is not listed"
            refused.append(reject("raw", "wga", target, "alias_of_nobody", detail))
    return list(rows.values()), works


def _works_of(
    ledger: Ledger,
    sharing: list[dict[str, str]],
    seen: set[str],
    refused: list[dict[str, str]],
) -> Iterable[dict[str, str]]:
    """The works on the pages of one address; of artists who share it, the one the page names has them."""
    works: list[dict[str, str]] = []
    owner, queue = sharing[0], [sharing[0]["url"]]
    for url in queue:
        if url in seen:
            continue
        seen.add(url)
        body = _body(ledger, url, refused)
        if body is None:
            continue
        page = page_of(ledger, url, body)
        assert isinstance(page, ArtistPage)
        queue += page.links
        named = normal_name(page.name or "")
        owner = next((row for row in sharing if normal_name(row["name"]) == named), owner)
        if missing(url, page) or page.gone:
            reason = "soft_404" if page.gone else "no_works"
            refused.append(reject("raw", "wga", url, reason, f"page of {owner['name']}"))
        for name, value in (
            ("biography", page.biography),
            ("page_name", page.name),
            ("page_life", page.life),
        ):
            if value:
                owner.setdefault(name, value)
        where = {"artist": owner["name"], "url": url, "encoding": page.encoding}
        works += [work | where for work in page.works]
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
    works="works",
    observe=observe,
    crawl=crawl,
    pending=pending,
    tables=tables,
    catalog=catalog,
    fields=FIELDS,
    source="wga_catalogue",
    rank=30,
    shows_images=False,
)
