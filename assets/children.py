"""Crawls run in a child process, because Twisted's reactor starts once in a process's life.

`in_child` starts `python -m assets.crawl` under Pipes; the child crawls, logs its progress into the
run while it works, and hands back its summary. It knows SIGTERM: a cancelled run stops its crawl.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.stage import picture
from scrapers.museum import Site
from scrapers.progress import TIMELINE

_WORTH_DRAWING = 8  # samples; a crawl of less than two seconds has no course to look at


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
    """A crawl's summary as metadata for the UI: figures, errors by kind, and its course as a plot."""
    if not summary["requests"] and not summary["items"]:
        return {"crawl": "nothing had to be asked for"}
    figures = {name: value for name, value in summary.items() if name not in ("errors", "timeline")}
    facts = {f"crawl {name}": value for name, value in figures.items() if value is not None}
    if summary["errors"]:
        facts["crawl errors"] = dg.MetadataValue.md(_errors(summary["errors"]))
    if len(summary["timeline"]) > _WORTH_DRAWING:
        from reports.crawl import timeline

        samples = [dict(zip(TIMELINE, sample, strict=True)) for sample in summary["timeline"]]
        facts["crawl timeline"] = picture(timeline(samples))
    return facts


def _errors(errors: Mapping[str, int]) -> str:
    rows = sorted(errors.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(["kind | addresses", "--- | ---", *(f"{name} | {n:,}" for name, n in rows)])
