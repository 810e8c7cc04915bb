"""How fast records come in, beside a plain Scrapy spider; loopback, politeness off, a process a crawl.

`met_ratio`, `wga_ratio`: records a second of ours (crawl and raw tables) against the peer's (the same
parser, JSON lines and nothing else), alternating, median of the pairs. `rss_growth`: peak memory of a
crawl of ten times the records against one. `recrawl_ratio`: looking again at a source that has not
changed, crawl and tables included, against the first time; the larger of the two sources.
"""

import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks._harness import arguments, report
from benchmarks._museum import PART, WORKS, serve

CONCURRENCY = 8


def ours(museum: str, url: str, folder: str) -> dict[str, float]:
    """Observe, crawl and read the tables, as an ingest does; seconds and the crawl's peak memory."""
    import pyarrow

    import scrapers.spider  # noqa: F401  imports are counted on neither side
    from scrapers import MUSEUMS, Net, Site
    from scrapers.crawl import run_crawl
    from scrapers.museum import WHOLE

    net = Net(museum_url=url, contact="benchmark@example.org", concurrency=CONCURRENCY)
    site = Site(net=net, ledger=Path(folder, "ledger.sqlite"), downloads=Path(folder, "downloads"))
    source = MUSEUMS[museum]
    part = PART if source.partitions else WHOLE
    started = time.perf_counter()
    source.observe(site, [part])
    run_crawl(museum, site, part)
    crawled, peak = time.perf_counter() - started, _peak_mb()
    pyarrow.array([None])  # imports pandas, the first time
    started = time.perf_counter()
    tables, _ = source.tables(site, part)
    seconds = crawled + time.perf_counter() - started
    rows = sum(table.num_rows for table in tables.values())
    return {"seconds": seconds, "peak_rss_mb": peak, "rows": rows}


def peer(museum: str, url: str, folder: str) -> dict[str, float]:
    """Crawl the same with a Scrapy spider that parses and writes JSON lines."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    from scrapers.net import Net

    net, out = Net(museum_url=url), Path(folder, "peer.jsonl")

    class Spider(scrapy.Spider):
        name = "peer"

        async def start(self) -> Any:
            for request in _REQUESTS[museum](ask, Path(folder)):
                yield request

    def ask(address: str, callback: Any) -> Any:
        mapped, headers = net.address(address)
        return scrapy.Request(mapped, callback, headers=headers, cb_kwargs={"url": address})

    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": CONCURRENCY,
            "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY,
            "CONCURRENT_ITEMS": 1,  # as ours; the default of 100 halves its speed
            "ROBOTSTXT_OBEY": False,
            "DOWNLOAD_DELAY": 0,
            "LOG_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "FEEDS": {out: {"format": "jsonlines"}},
        }
    )
    started = time.perf_counter()
    process.crawl(Spider)
    process.start()
    seconds = time.perf_counter() - started
    with out.open(encoding="utf-8") as lines:
        return {"seconds": seconds, "peak_rss_mb": _peak_mb(), "rows": sum(1 for _ in lines)}


Ask = Callable[[str, Any], Any]


def _met_requests(ask: Ask, folder: Path) -> Iterator[Any]:
    from scrapers.met_records import as_row
    from scrapers.museums import met

    def parse(response: Any, url: str) -> Iterator[Any]:
        yield as_row(json.loads(response.body), url)

    def listed(response: Any, url: str) -> Iterator[Any]:
        for number in json.loads(response.body)["objectIDs"]:
            yield ask(met.record_url(number), parse)

    yield ask(f"{met.BASE}/objects?departmentIds={PART}", listed)


def _wga_requests(ask: Ask, folder: Path) -> Iterator[Any]:
    from scrapers.museums import wga
    from scrapers.wga_file import read_catalogue
    from scrapers.wga_pages import ListPage, read
    from scrapers.wga_walk import further, list_url

    def catalogue(response: Any, url: str) -> Iterator[Any]:
        zipped = folder / "peer.zip"
        zipped.write_bytes(response.body)
        yield from read_catalogue(zipped, None, [])

    def parse(response: Any, url: str) -> Iterator[Any]:
        page = read(url, response.body)
        if not isinstance(page, ListPage):
            yield from page.works
            return
        for fetch in further(url, page):
            yield ask(fetch.url, parse)
        for artist in page.artists:
            yield vars(artist)
            yield ask(artist.url, parse)

    yield ask(wga.CATALOGUE, catalogue)
    yield ask(list_url(), parse)


# The peer's first requests; their callbacks use the museums' own parsers.
_REQUESTS = {"met": _met_requests, "wga": _wga_requests}


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _alone(crawl: Callable[[str, str, str], dict[str, float]], *what: str) -> dict[str, float]:
    """Do one crawl in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(crawl, *what).result()


def _beside(museum: str, url: str, pairs: int) -> tuple[float, float, float]:
    """Ratio to the peer, our seconds, and the share of it that looking again takes: medians."""
    ratios, seconds, again = [], [], []
    for pair in range(pairs):
        with tempfile.TemporaryDirectory() as folder:
            crawls = [ours, peer] if pair % 2 else [peer, ours]
            done = {crawl: _alone(crawl, museum, url, folder) for crawl in crawls}
            second = _alone(ours, museum, url, folder)
        assert second["rows"] == done[ours]["rows"]
        ratios.append(done[peer]["seconds"] / done[ours]["seconds"])
        seconds.append(done[ours]["seconds"])
        again.append(second["seconds"] / done[ours]["seconds"])
    return statistics.median(ratios), statistics.median(seconds), statistics.median(again)


def main() -> None:
    """Measure and report."""
    options = arguments(__doc__ or "")
    records, artists, pairs = (1_000, 200, 1) if options.quick else (4_000, 1_000, 5)
    few = 1_000 if options.quick else 10_000
    with serve(records, artists) as url:
        met_ratio, met_seconds, met_again = _beside("met", url, pairs)
        wga_ratio, wga_seconds, wga_again = _beside("wga", url, pairs)
    peaks = []
    for size in (few, 10 * few):
        with serve(size, 0) as url, tempfile.TemporaryDirectory() as folder:
            peaks.append(_alone(ours, "met", url, folder)["peak_rss_mb"])
    report(
        "crawl",
        {
            "met_ratio": met_ratio,
            "wga_ratio": wga_ratio,
            "met_records_per_s": records / met_seconds,
            "wga_records_per_s": artists * (WORKS + 1) / wga_seconds,
            "rss_growth": peaks[1] / peaks[0],
            "rss_mb": peaks[1],
            "recrawl_ratio": max(met_again, wga_again),
        },
        peers=["scrapy"],
        sizes={"met records": records, "wga artists": artists, "pairs": pairs, "rss records": few},
    )


if __name__ == "__main__":
    main()
