"""Crawls run in a child process, because Twisted's reactor starts once in a process's life.

`in_child` starts `python -m assets.children` under Pipes; the child crawls, logs its progress into the
run while it works, and hands back its summary. It knows SIGTERM: a cancelled run stops its crawl.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import dagster as dg

from scrapers.museum import Site
from scrapers.net import Net
from storage import ImageStore

_LOG_EVERY_S = 10.0


def in_child(
    context: dg.AssetExecutionContext,
    pipes: dg.PipesSubprocessClient,
    site: Site,
    *,
    museum: str | None = None,
    partition: str | None = None,
    links: Path | None = None,
    store: Path | None = None,
) -> dict[str, Any]:
    """Crawl a museum's records, or fetch the pictures of `links` into `store`; return the summary.

    Raises dg.Failure with the crawl's own sentence when it could not do its work.
    """
    task = {
        "net": dataclasses.asdict(site.net),
        "ledger": str(site.ledger),
        "downloads": str(site.downloads),
        "folder": None if site.folder is None else str(site.folder),
        "museum": museum,
        "partition": partition,
        "links": None if links is None else str(links),
        "store": None if store is None else str(store),
    }
    root = Path(__file__).resolve().parent.parent
    done = pipes.run(
        command=[sys.executable, "-m", "assets.children", json.dumps(task)],
        context=context.op_execution_context,
        cwd=str(root),
    )
    message = done.get_custom_messages()[-1]
    if "error" in message:
        raise dg.Failure(message["error"])
    return dict(message["summary"])


def shown(summary: dict[str, Any]) -> dict[str, Any]:
    """A crawl's summary as metadata for the UI."""
    return {f"crawl {name}": value for name, value in summary.items() if value is not None}


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

    net, ledger = Net(**task["net"]), Path(task["ledger"])
    if task["links"] is None:
        return run_crawl(
            task["museum"],
            net=net,
            ledger=ledger,
            downloads=Path(task["downloads"]),
            partition=task["partition"],
            folder=Path(task["folder"]) if task["folder"] else None,
            report=report,
        )
    import pyarrow.parquet as pq

    return fetch_images(
        pq.read_table(task["links"]),
        net=net,
        ledger=ledger,
        store=ImageStore(Path(task["store"])),
        report=report,
    )


def main() -> None:
    """Do one task under Pipes; its summary, or the sentence of its failure, is the last message."""
    from dagster_pipes import open_dagster_pipes

    from scrapers.politeness import GaveUpError

    with open_dagster_pipes() as pipes:
        try:
            summary = _crawl(json.loads(sys.argv[1]), pipes.log)
            pipes.report_custom_message({"summary": summary})
        except GaveUpError as error:
            pipes.report_custom_message({"error": str(error)})


if __name__ == "__main__":
    main()
