"""The way in to a crawl of records; that of pictures is `scrapers.images`.

It blocks, and runs at most once a process: start it in a child.
"""

from typing import Any

from scrapers.museum import WHOLE, Site
from scrapers.progress import Progress, Report

# A handful of bad records is a department's bad luck; that many and not one good is a bad source.
_HOPELESS = 10


class CrawlError(RuntimeError):
    """The source gave nothing at all."""


def run_crawl(
    museum_name: str,
    site: Site,
    partition: str | None = None,
    report: Report = lambda counts: None,
) -> dict[str, Any]:
    """Bring what a museum has, and the ledger has not, and return the counts.

    Without `partition` all of them are brought in one go.

    `report` gets the counts about once a second. Raises KeyError for an unknown museum or partition,
    politeness.UnreachableError or HostRefusesError when a host cannot be crawled, and
    spider.StoppedError after SIGTERM; all that arrived until then is kept.
    """
    from scrapers import MUSEUMS

    museum = MUSEUMS[museum_name]
    part = partition or WHOLE
    if part != WHOLE and part not in museum.partitions:
        known = ", ".join(museum.partitions)
        raise KeyError(f"{museum_name} has no partition {part!r}; it has {known}")
    with Progress(f"{museum.title}, {museum.partitions.get(part, part)}", report) as progress:
        if museum.crawl is not None:
            museum.crawl(site, part, progress)
    failed = progress.errors.total()
    if progress.items == 0 and failed >= _HOPELESS:
        reason, times = progress.errors.most_common(1)[0]
        raise CrawlError(
            f"{museum.title}: none of {failed} addresses could be had, {times} for the reason "
            f"{reason!r}. Nothing that was there before has been changed"
        )
    return progress.summary()
