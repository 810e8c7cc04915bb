"""Crawls run in a child process, because Twisted's reactor starts once in a process's life.

`in_child` starts `python -m assets.crawl` under Pipes; the child crawls, logs its progress into the
run while it works, and hands back its summary. It knows SIGTERM: a cancelled run stops its crawl.
"""

import json
import sys
from pathlib import Path
from typing import Any

import dagster as dg

from scrapers.museum import Site


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
        "site": site.to_json(),
        "museum": museum,
        "partition": partition,
        "links": None if links is None else str(links),
        "store": None if store is None else str(store),
    }
    root = Path(__file__).resolve().parent.parent
    done = pipes.run(
        command=[sys.executable, "-m", "assets.crawl", json.dumps(task)],
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
