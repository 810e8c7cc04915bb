"""Pictures, from their addresses into the content-addressed store; never re-encoded.

A file counts when its length, first bytes and closing marker are right. Whether it decodes is the
images stage's to find out.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from scrapers import guards
from scrapers.answers import Kind, Verdict, doubtful, may_pass
from scrapers.ledger import MOST_TRIES, Ledger, Picture
from scrapers.local_pictures import stamp
from scrapers.museum import Site, reject
from scrapers.pages import Fetch
from scrapers.progress import Progress, Report
from scrapers.signatures import SUFFIXES, fault, media_type
from storage import ImageStore

if TYPE_CHECKING:
    import pyarrow as pa


def fetch_images(
    links: "pa.Table",
    *,
    site: Site,
    store: ImageStore,
    report: Report = lambda counts: None,
) -> dict[str, Any]:
    """Bring every picture of `links` (schemas.IMAGE_LINKS) that may be fetched and is not here yet.

    `file://` addresses are copied. Returns the counts; raises as `run_crawl` does.
    """
    from scrapers import MUSEUMS

    allowed = links.filter(links["may_fetch"]).select(["source", "url", "original_url"]).to_pylist()
    asked = [(link["source"], address(link, site.image_size)) for link in allowed]
    wanted = sorted({url for source, url in asked if not _strays(source, url)})
    theirs = [url for source, url in asked if MUSEUMS[source].own_addresses]
    hosts = guards.hosts_of(theirs).union(*(museum.hosts for museum in MUSEUMS.values()))
    with Ledger(site.ledger) as book, Progress("pictures", report) as progress:
        errand = _Images(book, store, progress)
        local = [url for url in wanted if url.startswith("file:")]
        remote = [url for url in wanted if not url.startswith("file:") and errand.lacks(url)]
        progress.expect(len(local) + len(remote))
        for url in local:
            errand.copy(url)
        if remote:
            from scrapers import spider

            errand.todo = _in_turn(remote)
            spider.run(site.net, book, hosts, errand, progress)
    return progress.summary()


def _in_turn(urls: Iterable[str]) -> list[str]:
    """The addresses of all hosts in turn: each is asked at its own pace, none waits for the others."""
    places: Counter[str] = Counter()
    placed = []
    for url in urls:
        host = "/".join(
            url.split("/", 3)[:3]
        )  # also of what is no address: that is said of it later
        placed.append((places[host], url))
        places[host] += 1
    return [url for _, url in sorted(placed)]


def address(link: Mapping[str, Any], image_size: str) -> str:
    """The address of a picture in that size ("web" or "original"); where there is one only, that."""
    larger = link["original_url"] if image_size == "original" else None
    return str(larger or link["url"])


def originals(
    links: "pa.Table", ledger: Path, store: ImageStore, image_size: str = "web"
) -> tuple["pa.Table", "pa.Table"]:
    """What became of `links` in that size: files of the store (schemas.ORIGINALS), refusals (REJECTS)."""
    from storage import schemas

    kept: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    with Ledger(ledger) as book:
        for link in links.to_pylist():
            url = address(link, image_size)
            strays = _strays(link["source"], url)
            picture = book.image(url) if link["may_fetch"] and not strays else None
            if picture is not None and picture.sha256 is not None:
                path = store.path(picture.sha256, suffix=SUFFIXES[str(picture.media_type)])
                names = ("image_id", "artwork_id", "source")
                kept.append(
                    {name: link[name] for name in names}
                    | {"url": url, "sha256": picture.sha256, "path": store.relative(path)}
                    | {"bytes": picture.bytes, "media_type": picture.media_type}
                )
            else:
                reason, detail = _why(link, picture, strays)
                refused.append(reject("images", link["source"], url, reason, detail))
    return schemas.table(schemas.ORIGINALS, kept), schemas.table(schemas.REJECTS, refused)


def _why(link: Mapping[str, Any], picture: Picture | None, strays: bool) -> tuple[str, str]:
    if not link["may_fetch"]:
        return "rights", f"the source does not allow a download: {link['licence']}"
    if strays:
        return "bad_address", "a record of a museum may not name a file of this machine"
    if picture is None:
        return "not_fetched", "it was not asked for yet"
    return picture.reason or "unknown", picture.detail or ""


def _strays(source: str, url: str) -> bool:
    """Whether a museum's record names a file of this machine, which is none of its business."""
    from scrapers import MUSEUMS

    return url.lower().startswith("file:") and not MUSEUMS[source].own_addresses


class _Images:
    """The errand of pictures: verified bytes into the store, the outcome into the ledger."""

    many_hosts = True

    def __init__(self, ledger: Ledger, store: ImageStore, progress: Progress):
        self._ledger, self._store, self._progress = ledger, store, progress
        self.todo: Iterable[str] = ()

    def lacks(self, url: str) -> bool:
        """Whether the picture is still to be had: never asked, failed in passing, or its file gone.

        What may be the address's own fault is asked for in MOST_TRIES runs, then left alone.
        """
        known = self._ledger.image(url)
        if known is None or known.sha256 is None:
            if known is None or may_pass(known.reason):
                return True
            return doubtful(known.reason) and known.tries < MOST_TRIES
        return not self._store.path(known.sha256, suffix=SUFFIXES[str(known.media_type)]).exists()

    def start(self) -> Iterator[Fetch]:
        """Every address still to be had."""
        return (Fetch(url, "image") for url in self.todo)

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """None beyond the usual: what is here is not asked for."""
        return {}

    def done(
        self, fetch: Fetch, found: Verdict, headers: Mapping[str, str], body: bytes
    ) -> Iterator[Fetch]:
        """Store verified bytes under their sha256."""
        if found.kind is Kind.GONE:
            self.failed(fetch, found.reason, found.detail)
        else:
            self._keep(fetch.url, body, headers.get("ETag"))
        return iter(())

    def failed(self, fetch: Fetch, reason: str, detail: str) -> None:
        """Keep the reason."""
        self._refuse(fetch.url, reason, detail, None)

    def copy(self, url: str) -> None:
        """Import a file of this machine, unless it is here unchanged."""
        path = Path(os.fsdecode(unquote_to_bytes(urlsplit(url).path)))
        try:
            validator = stamp(path)
            known = self._ledger.image(url)
            if known is not None and known.validator == validator and not self.lacks(url):
                self._progress.item()
                return
            data = path.read_bytes()
        except OSError as error:
            self._refuse(url, "unreadable", str(error.strerror), None)
            return
        wrong = fault(data, "image")
        if wrong is not None:
            self._refuse(url, wrong.reason, wrong.detail, validator)
        else:
            self._keep(url, data, validator)

    def _keep(self, url: str, data: bytes, validator: str | None) -> None:
        kind = media_type(data)
        sha256, _ = self._store.add_bytes(data, SUFFIXES[str(kind)])
        self._ledger.keep_image(Picture(url, sha256, len(data), kind, None, None, validator))
        self._progress.item(len(data))

    def _refuse(self, url: str, reason: str, detail: str, validator: str | None) -> None:
        known = self._ledger.image(url)
        tries = (known.tries if known else 0) + doubtful(reason)
        self._ledger.keep_image(Picture(url, None, None, None, reason, detail, validator, tries))
        self._progress.error(reason)
