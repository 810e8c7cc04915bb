"""The child of `assets.children`: one crawl in a process of its own. Dagster itself is not loaded here."""

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

from scrapers.museum import Site
from storage import ImageStore

_LOG_EVERY_S = 10.0


def _crawl(task: dict[str, Any], log: Any) -> dict[str, Any]:
    from scrapers.crawl import run_crawl
    from scrapers.images import fetch_images

    told = 0.0

    def report(progress: dict[str, Any]) -> None:
        nonlocal told
        if progress["elapsed"] - told >= _LOG_EVERY_S:
            told = progress["elapsed"]
            log.info(
                f"{progress['items']:,} of {progress['total']:,} items, {progress['rate']} a second, "
                f"{progress['eta']} s left, errors: {progress['errors'] or 'none'}"
            )

    site = Site.from_json(task["site"])
    if task["links"] is None:
        return run_crawl(task["museum"], site, task["partition"], report)
    import pyarrow.parquet as pq

    return fetch_images(
        pq.read_table(task["links"]),
        site=site,
        store=ImageStore(Path(task["store"])),
        report=report,
    )


def main() -> None:
    """Do one task under Pipes; its summary, or the sentence of its failure, is the last message."""
    from dagster_pipes import open_dagster_pipes

    from scrapers.crawl import CrawlError
    from scrapers.politeness import GaveUpError

    with open_dagster_pipes() as pipes:
        try:
            summary = _crawl(json.loads(sys.argv[1]), pipes.log)
            pipes.report_custom_message({"summary": summary})
        except (GaveUpError, CrawlError) as error:
            pipes.report_custom_message({"error": str(error)})
        except (OSError, sqlite3.OperationalError) as error:
            sentence = (
                f"The crawl could not write what arrived: {error}. All that was kept before stays; "
                "see that the disk has room, and run again to go on from there"
            )
            pipes.report_custom_message({"error": sentence})


if __name__ == "__main__":
    main()
