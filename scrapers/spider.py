"""The Scrapy side of a crawl: one spider for every errand, polite and mapped to the sandbox on wish.

Scrapy brings scheduling, concurrency, robots.txt and decompression; who may be asked when, and what
an answer means, is `scrapers.politeness`. Only this module imports Scrapy: import it in a function,
in a process of its own (Twisted's reactor cannot be started twice).
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import scrapy
from scrapy import signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from scrapers.ledger import Ledger
from scrapers.net import Net, web_address
from scrapers.pages import Errand, Fetch
from scrapers.politeness import Attempt, GaveUpError, Kind, Manners, Verdict, verdict
from scrapers.progress import Progress

# A page of a museum is far smaller; an original picture may reach some hundred megabytes.
_MAX_BYTES = 512 * 2**20


class StoppedError(RuntimeError):
    """The crawl was asked to stop; everything that arrived is kept."""


@dataclass
class _Context:
    """What the parts of one crawl share."""

    net: Net
    hosts: frozenset[str]
    errand: Errand
    progress: Progress
    manners: Manners
    fatal: Exception | None = None
    reason: str = ""
    closing: asyncio.Future[None] | None = None

    def abort(self, crawler: Crawler, error: Exception) -> None:
        """End the crawl because of `error`, which `run` then raises."""
        if self.fatal is None:
            self.fatal = error
            self.closing = asyncio.ensure_future(crawler.engine.close_spider_async(reason="fatal"))

    def __deepcopy__(self, memo: object) -> "_Context":
        return self  # Scrapy copies its settings; this one is shared on purpose


def run(
    net: Net, ledger: Ledger, hosts: frozenset[str], errand: Errand, progress: Progress
) -> None:
    """Carry out the errand in this process; once a process.

    Raises UnreachableError or HostRefusesError for a host that cannot be crawled, StoppedError
    after SIGTERM or SIGINT.
    """
    context = _Context(net, hosts, errand, progress, Manners(ledger, net.policy))
    process = AsyncCrawlerProcess(_settings(context))
    for noisy in ("scrapy", "twisted", "asyncio", "protego"):
        # What went wrong is counted, kept in the ledger or raised here once: not logged per request.
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    in_main = threading.current_thread() is threading.main_thread()
    before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)} if in_main else {}
    process.crawl(_ErrandSpider)
    process.start(install_signal_handlers=in_main)
    for number, handler in before.items():
        signal.signal(number, handler)
    progress.cooldowns += context.manners.cooldowns
    if context.fatal is not None:
        raise context.fatal
    if context.reason != "finished":
        raise StoppedError(
            f"stopped ({context.reason or 'at start'}); run again to go on from here"
        )


def _settings(context: _Context) -> dict[str, Any]:
    here = __name__
    return {
        "ARTLAKE": context,
        "USER_AGENT": context.net.user_agent,
        "ROBOTSTXT_OBEY": True,
        "CONCURRENT_REQUESTS": context.net.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": context.net.concurrency,
        "DOWNLOAD_DELAY": 0,  # the token bucket in the ledger paces all processes together
        "DOWNLOAD_TIMEOUT": context.net.policy.timeout,
        "DOWNLOAD_MAXSIZE": _MAX_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), f"{here}.MappedHandler"),
        "DOWNLOADER_MIDDLEWARES_BASE": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": 100,
            "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
            f"{here}.PoliteMiddleware": 550,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,
        },
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "REDIRECT_MAX_TIMES": 5,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
    }


class MappedHandler(HTTP11DownloadHandler):
    """Connects to the sandbox while requests and answers keep the museum's own address."""

    def __init__(self, crawler: Crawler):
        super().__init__(crawler)
        self._net: Net = crawler.settings["ARTLAKE"].net

    async def download_request(self, request: Request) -> Response:
        """Fetch `request` from wherever its host is mapped to."""
        address, headers = self._net.address(request.url)
        if not headers:
            return await super().download_request(request)
        mapped = Request(address, headers=request.headers, meta=request.meta)
        mapped.headers.update(headers)
        response = await super().download_request(mapped)
        return response.replace(url=request.url)


class PoliteMiddleware:
    """Waits before a request and judges its answer, as `politeness` says."""

    def __init__(self, crawler: Crawler):
        self._crawler = crawler
        self._context: _Context = crawler.settings["ARTLAKE"]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "PoliteMiddleware":
        """Scrapy's way to make one."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Hold the request back until its host may be asked."""
        host = urlsplit(request.url).hostname or ""
        if host not in self._context.hosts:
            raise GaveUpError(request.url, "foreign_host", f"{host} is not a host of this museum")
        while (wait := self._context.manners.before(host)) > 0:
            await self._sleep(wait)
        self._go_on()
        request.meta["sent"] = self._context.manners.now()
        self._context.progress.requests += 1

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Hand on an answer that stands; send the others again when it is time."""
        headers = cast("Mapping[str, str]", response.headers.to_unicode_dict())
        fetch: Fetch | None = request.cb_kwargs.get("fetch")
        expects = fetch.expects if fetch else "robots"
        found = verdict(response.status, headers, response.body, expects)
        again = await self._settle(request, found)
        if again is not None:
            return again
        request.meta["verdict"] = found
        return response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """A connection that failed is tried again like an answer that failed."""
        if isinstance(exception, GaveUpError | IgnoreRequest | asyncio.CancelledError):
            return None
        reason = "closed"
        if isinstance(exception, CannotResolveHostError | DownloadConnectionRefusedError):
            reason = "unreachable"
        elif isinstance(exception, ResponseDataLossError):
            reason = "truncated"
        elif isinstance(exception, DownloadTimeoutError):
            reason = "slow"
        return await self._settle(request, Verdict(Kind.RETRY, reason, str(exception)))

    async def _settle(self, request: Request, found: Verdict) -> Request | None:
        host = urlsplit(request.url).hostname or ""
        attempt = request.meta.setdefault("attempt", Attempt(request.url, host))
        sent = request.meta.get("sent", 0.0)
        try:
            pause = self._context.manners.after(attempt, found, sent)
        except GaveUpError as error:
            if error.whole_host:
                self._context.abort(self._crawler, error)
            raise
        if pause is None:
            return None
        self._context.progress.retries += 1
        await self._sleep(pause)
        return request.replace(dont_filter=True)

    async def _sleep(self, seconds: float) -> None:
        """Wait, but not longer than half a second after the crawl was asked to stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._go_on()
            await asyncio.sleep(min(left, 0.5))

    def _go_on(self) -> None:
        if self._context.fatal is not None or not self._crawler.crawling:
            raise IgnoreRequest("the crawl is stopping")


class _ErrandSpider(scrapy.Spider):
    name = "artlake"
    _context: _Context

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "_ErrandSpider":
        spider: _ErrandSpider = super().from_crawler(crawler, *args, **kwargs)
        spider._context = crawler.settings["ARTLAKE"]
        crawler.signals.connect(spider._opened, signals.spider_opened)
        crawler.signals.connect(spider._closed, signals.spider_closed)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        for fetch in self._context.errand.start():
            yield self._request(fetch)

    def parse(self, response: Response, fetch: Fetch) -> Iterator[Request]:
        headers = cast("Mapping[str, str]", response.headers.to_unicode_dict())
        found: Verdict = response.meta["verdict"]
        try:
            for following in self._context.errand.done(fetch, found, headers, response.body):
                yield self._request(following)
        except Exception as error:  # a full disk, a page no parser can read: never item by item
            self._context.abort(self.crawler, error)
            raise

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        fetch: Fetch = failure.request.cb_kwargs["fetch"]  # type: ignore[attr-defined]
        if isinstance(error, GaveUpError):
            if not error.whole_host:
                self._context.errand.failed(fetch, error.reason, error.detail)
        elif isinstance(error, IgnoreRequest):
            if "stopping" not in str(error):
                reason = "robots" if "robots.txt" in str(error) else "refused"
                self._context.errand.failed(fetch, reason, str(error))
        else:
            self._context.errand.failed(fetch, "closed", str(error))

    def _request(self, fetch: Fetch) -> Request:
        return Request(
            web_address(fetch.url),
            headers=dict(self._context.errand.headers(fetch)),
            cb_kwargs={"fetch": fetch},
            errback=self._failed,
            dont_filter=True,  # the errand knows what it has seen, by the address it was given
        )

    async def _opened(self, spider: scrapy.Spider) -> None:
        self._ticking = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._context.progress.tell()

    def _closed(self, spider: scrapy.Spider, reason: str) -> None:
        self._context.reason = reason
        self._ticking.cancel()
