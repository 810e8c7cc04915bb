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
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import scrapy
from scrapy import signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Request, Response
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError
from twisted.python.failure import Failure

from scrapers import guards
from scrapers.answers import Kind, Verdict, largest, verdict
from scrapers.ledger import Ledger
from scrapers.net import AGENT, Net, web_address
from scrapers.pages import Errand, Fetch
from scrapers.politeness import Attempt, GaveUpError, Manners, RunCapError
from scrapers.progress import Progress

if TYPE_CHECKING:
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred


# What Scrapy says when it drops a request, and what we call that.
_IGNORED = {
    "robots.txt": "robots",
    "max redirections": "redirect_loop",
    "DOWNLOAD_MAXSIZE": "too_large",
}


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
    private: dict[str, str] = field(default_factory=dict)  # host → the private address it led to
    dead: dict[str, GaveUpError] = field(default_factory=dict)  # host → why it is asked no more
    fatal: Exception | None = None
    reason: str = ""
    closing: asyncio.Future[None] | None = None

    def abort(self, crawler: Crawler, error: Exception) -> None:
        """End the crawl because of `error`, which `run` then raises."""
        if self.fatal is None:
            self.fatal = error
            self.closing = asyncio.ensure_future(crawler.engine.close_spider_async(reason="fatal"))

    def give_up(self, crawler: Crawler, host: str, error: GaveUpError) -> None:
        """Ask the host no more; the end of the crawl, unless the errand has other hosts to ask."""
        if self.errand.many_hosts and not isinstance(error, RunCapError):
            self.dead[host] = error
        else:
            self.abort(crawler, error)

    def __deepcopy__(self, memo: object) -> "_Context":
        return self  # Scrapy copies its settings; this one is shared on purpose


def run(
    net: Net, ledger: Ledger, hosts: frozenset[str], errand: Errand, progress: Progress
) -> None:
    """Carry out the errand in this process; once a process.

    Raises UnreachableError or HostRefusesError for a host that cannot be crawled, StoppedError
    after SIGTERM or SIGINT.
    """
    manners = Manners(ledger, net.policy, budget=net.budget)
    context = _Context(net, hosts, errand, progress, manners)
    process = AsyncCrawlerProcess(_settings(context))
    for noisy in ("scrapy", "twisted", "asyncio", "protego"):
        # What went wrong is counted, kept in the ledger or raised here once: not logged per request.
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    in_main = threading.current_thread() is threading.main_thread()
    before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)} if in_main else {}
    process.crawl(_ErrandSpider)
    process.start(install_signal_handlers=in_main)
    manners.settle()
    for number, handler in before.items():
        signal.signal(number, handler)
    progress.cooldowns = context.manners.cooldowns
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
        "ROBOTSTXT_USER_AGENT": AGENT,  # the contact may hold the name of another robot
        # So many for each host there is to ask: one that makes us wait does not hold the others up.
        "CONCURRENT_REQUESTS": context.net.concurrency
        * (len(context.hosts) if context.errand.many_hosts else 1),
        "CONCURRENT_REQUESTS_PER_DOMAIN": context.net.concurrency,
        # A callback's requests go one by one: workers for them cost more than all the rest of Scrapy.
        "CONCURRENT_ITEMS": 1,
        "DOWNLOAD_DELAY": 0,  # the token bucket in the ledger paces all processes together
        "DOWNLOAD_MAXSIZE": largest("robots"),  # of what is no errand: see _ErrandSpider._request
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), f"{here}.MappedHandler"),
        "DOWNLOADER_MIDDLEWARES_BASE": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": 100,
            "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
            f"{here}.PoliteMiddleware": 550,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,
        },
        "TWISTED_DNS_RESOLVER": f"{here}.PublicResolver",
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "REDIRECT_MAX_TIMES": 5,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
    }


class PublicResolver(CachingThreadedResolver):
    """Finds no address for a host of a private network, so that nothing can be connected to there.

    Scrapy connects to the very address that this returns: no second answer can lead elsewhere.
    """

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: "ReactorBase") -> "PublicResolver":
        """Scrapy's way to make one."""
        resolver = super().from_crawler(crawler, reactor)
        resolver._context = crawler.settings["ARTLAKE"]
        return resolver

    _context: _Context

    def getHostByName(  # noqa: N802
        self, name: str, timeout: Sequence[int] = ()
    ) -> "Deferred[str]":
        """The IPv4 address of `name`; DNSLookupError when it is none of the web."""
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    def _checked(self, address: str, name: str) -> str:
        if self._context.net.museum_url is None:
            try:
                guards.require_public(name, [address])
            except GaveUpError as error:
                self._context.private[name] = error.detail
                raise DNSLookupError(error.detail) from error
        return address


class MappedHandler(HTTP11DownloadHandler):
    """Connects to the sandbox while requests and answers keep the museum's own address."""

    def __init__(self, crawler: Crawler):
        super().__init__(crawler)
        context: _Context = crawler.settings["ARTLAKE"]
        self._net, self._manners = context.net, context.manners

    async def download_request(self, request: Request) -> Response:
        """Fetch `request` from wherever its host is mapped to."""
        address, headers = self._net.address(request.url)
        mapped = (
            Request(address, headers=request.headers, meta=request.meta) if headers else request
        )
        mapped.headers.update(headers)
        try:
            response = await super().download_request(mapped)
        except DownloadCancelledError:  # too large: about so much came before it was cut off
            self._manners.received(request.meta.get("download_maxsize", largest("robots")))
            raise
        self._manners.received(len(response.body))
        return response.replace(url=request.url) if headers else response


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
        guards.check_address(request.url, self._context.hosts)  # a redirect leads anywhere
        self._go_on()
        host = urlsplit(request.url).hostname or ""
        try:
            while host not in self._context.dead:
                wait = self._context.manners.before(request.url)
                if wait <= 0:
                    break
                await self._sleep(wait)
        except GaveUpError as error:
            self._context.give_up(self._crawler, host, error)
            raise
        if dead := self._context.dead.get(host):
            raise GaveUpError(request.url, dead.reason, dead.detail)
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
        host = urlsplit(request.url).hostname or ""
        if host in self._context.private:
            refused = Verdict(Kind.REFUSED, "private_address", self._context.private[host])
            return await self._settle(request, refused)
        if isinstance(exception, DownloadCancelledError):
            most = f"more than {request.meta.get('download_maxsize', largest('robots')):,} bytes"
            return await self._settle(request, Verdict(Kind.REFUSED, "too_large", most))
        if isinstance(exception, CannotResolveHostError | DownloadConnectionRefusedError):
            reason = "unreachable"
        elif isinstance(exception, ResponseDataLossError):
            reason = "truncated"
        elif isinstance(exception, DownloadTimeoutError):
            reason = "slow"
        return await self._settle(request, Verdict(Kind.RETRY, reason, str(exception)))

    async def _settle(self, request: Request, found: Verdict) -> Request | None:
        host = urlsplit(request.url).hostname or ""
        attempt = request.meta.get("attempt")
        if attempt is None or attempt.host != host:  # a redirect brings the old host's along
            attempt = request.meta["attempt"] = Attempt(request.url, host)
        sent = request.meta.get("sent", 0.0)
        try:
            pause = self._context.manners.after(attempt, found, sent)
        except GaveUpError as error:
            if error.whole_host:
                self._context.give_up(self._crawler, host, error)
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
        crawler.signals.connect(spider._robots, signals.robots_parsed)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        # Not sooner than they can be sent: a scheduler full of requests is memory.
        for fetch in self._sound(self._context.errand.start()):
            if self.crawler.engine.needs_backout():
                await self.crawler.signals.wait_for(signals.scheduler_empty)
            yield self._request(fetch)

    def parse(self, response: Response, fetch: Fetch) -> Iterator[Request]:
        headers = cast("Mapping[str, str]", response.headers.to_unicode_dict())
        found: Verdict = response.meta["verdict"]
        try:
            following = self._context.errand.done(fetch, found, headers, response.body)
            for another in self._sound(following):
                yield self._request(another)
        except Exception as error:  # a full disk, a page no parser can read: never item by item
            self._context.abort(self.crawler, error)
            raise

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        fetch: Fetch = failure.request.cb_kwargs["fetch"]  # type: ignore[attr-defined]
        if isinstance(error, GaveUpError):
            if not error.whole_host or error in self._context.dead.values():
                self._context.errand.failed(fetch, error.reason, error.detail)
        elif isinstance(error, IgnoreRequest):
            if "stopping" not in str(error):
                reason = next((r for mark, r in _IGNORED.items() if mark in str(error)), "refused")
                self._context.errand.failed(fetch, reason, str(error))
        else:
            self._context.errand.failed(fetch, "closed", str(error))

    def _sound(self, fetches: Iterable[Fetch]) -> Iterator[Fetch]:
        """Those whose address may be asked for; the others are given up before they are requests."""
        for fetch in fetches:
            try:
                guards.check_address(web_address(fetch.url), self._context.hosts)
            except GaveUpError as error:
                self._context.errand.failed(fetch, error.reason, error.detail)
            else:
                yield fetch

    def _request(self, fetch: Fetch) -> Request:
        return Request(
            web_address(fetch.url),
            headers=dict(self._context.errand.headers(fetch)),
            cb_kwargs={"fetch": fetch},
            meta={
                "download_maxsize": largest(fetch.expects),
                "download_timeout": self._context.net.policy.deadline(fetch.expects),
            },
            errback=self._failed,
            dont_filter=True,  # the errand knows what it has seen, by the address it was given
        )

    def _robots(self, robotparser: Any, request: Request) -> None:
        gap = robotparser.crawl_delay(AGENT)
        self._context.manners.keep_gap(urlsplit(request.url).hostname or "", gap)

    async def _opened(self, spider: scrapy.Spider) -> None:
        self._ticking = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        progress, manners = self._context.progress, self._context.manners
        while True:
            await asyncio.sleep(1.0)
            progress.cooldowns = manners.cooldowns
            progress.cooling = any(manners.cooling(host) > 0 for host in self._context.hosts)
            progress.tell()

    def _closed(self, spider: scrapy.Spider, reason: str) -> None:
        self._context.reason = reason
        self._ticking.cancel()
