"""Pictures, from their addresses into the content-addressed store; never re-encoded.

A file counts when its length, first bytes and closing marker are right. Whether it decodes is the
images stage's to find out.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from scrapers.ledger import Ledger, Picture
from scrapers.museum import Site, reject
from scrapers.pages import Fetch
from scrapers.politeness import Kind, Verdict
from scrapers.progress import Progress, Report
from scrapers.signatures import SUFFIXES, fault, media_type
from storage import ImageStore

if TYPE_CHECKING:
    import pyarrow as pa

# Reasons that may pass: the address is asked again by the next run.
_PASSING = frozenset({"closed", "slow", "unreachable", "blocked", "too_many_requests"})


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

    wanted = sorted(set(links.filter(links["may_fetch"])["url"].to_pylist()))
    hosts = frozenset().union(*(museum.hosts for museum in MUSEUMS.values()))
    with Ledger(site.ledger) as book, Progress("pictures", report) as progress:
        errand = _Images(book, store, progress)
        local = [url for url in wanted if url.startswith("file:")]
        remote = [url for url in wanted if not url.startswith("file:") and errand.lacks(url)]
        progress.expect(len(local) + len(remote))
        for url in local:
            errand.copy(url)
        if remote:
            from scrapers import spider

            errand.todo = remote
            spider.run(site.net, book, hosts, errand, progress)
    return progress.summary()


def originals(links: "pa.Table", ledger: Path, store: ImageStore) -> tuple["pa.Table", "pa.Table"]:
    """What became of `links`: files of the store (schemas.ORIGINALS) and refusals (REJECTS)."""
    from storage import schemas

    kept: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    with Ledger(ledger) as book:
        for link in links.to_pylist():
            picture = book.image(link["url"]) if link["may_fetch"] else None
            if picture is not None and picture.sha256 is not None:
                path = store.path(picture.sha256, suffix=SUFFIXES[str(picture.media_type)])
                names = ("image_id", "artwork_id", "source", "url")
                kept.append(
                    {name: link[name] for name in names}
                    | {"sha256": picture.sha256, "path": store.relative(path)}
                    | {"bytes": picture.bytes, "media_type": picture.media_type}
                )
            else:
                reason, detail = _why(link, picture)
                refused.append(reject("images", link["source"], link["url"], reason, detail))
    return schemas.table(schemas.ORIGINALS, kept), schemas.table(schemas.REJECTS, refused)


def _why(link: Mapping[str, Any], picture: Picture | None) -> tuple[str, str]:
    if not link["may_fetch"]:
        return "rights", f"the source does not allow a download: {link['licence']}"
    if picture is None:
        return "not_fetched", "it was not asked for yet"
    return picture.reason or "unknown", picture.detail or ""


class _Images:
    """The errand of pictures: verified bytes into the store, the outcome into the ledger."""

    def __init__(self, ledger: Ledger, store: ImageStore, progress: Progress):
        self._ledger, self._store, self._progress = ledger, store, progress
        self.todo: Iterable[str] = ()

    def lacks(self, url: str) -> bool:
        """Whether the picture is still to be had: never asked, failed in passing, or its file gone."""
        known = self._ledger.image(url)
        if known is None or known.sha256 is None:
            return known is None or may_pass(known.reason)
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
        path = Path(unquote(urlsplit(url).path))
        try:
            stat = path.stat()
            validator = f"{stat.st_size}-{stat.st_mtime_ns}"
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
        self._ledger.keep_image(Picture(url, None, None, None, reason, detail, validator))
        self._progress.error(reason)


def may_pass(reason: str | None) -> bool:
    """Whether a refusal for that reason says nothing lasting, so that a later run tries again."""
    return reason in _PASSING or str(reason).startswith("http_5")
