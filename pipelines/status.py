"""`artlake status`: for each asset when it was made, its version, its rows, and whether it is fresh."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.data_version import extract_data_version_from_entry

from pipelines import failures as failed_runs
from pipelines.definitions import defs
from pipelines.jobs import ON_REQUEST
from pipelines.staleness import Verdict, verdicts
from scrapers import MUSEUMS
from scrapers.freshness import judge, last_look
from scrapers.ledger import Ledger
from storage import Lake

ASKED_FOR = "on request"  # the state of what people have not had made of today's data


@dataclass(frozen=True)
class Line:
    """One asset: its partitions are taken together, the worst state counts."""

    key: str
    made: datetime | None
    version: str
    rows: int | None
    state: str
    why: str


def lines(instance: dg.DagsterInstance) -> Iterator[Line]:
    """Tell the state of every asset, upstream first."""
    graph = defs.resolve_asset_graph()
    by_key: dict[str, list[Verdict]] = {}
    for verdict in verdicts(instance, graph):
        by_key.setdefault(verdict.key, []).append(verdict)
    for key, found in by_key.items():
        yield _line(instance, key, found)


def _line(instance: dg.DagsterInstance, key: str, found: list[Verdict]) -> Line:
    asset = dg.AssetKey(key.split("/"))
    event = instance.get_latest_materialization_event(asset)
    materialization = event.asset_materialization if event else None
    rows = materialization.metadata.get("dagster/row_count") if materialization else None
    version = extract_data_version_from_entry(event) if event else None
    open_ones = [verdict for verdict in found if verdict.state != "fresh"]
    state = min((verdict.state for verdict in open_ones), default="fresh")
    why = "; ".join(sorted({reason for verdict in open_ones for reason in verdict.reasons}))
    if open_ones and key in ON_REQUEST:
        state, why = ASKED_FOR, f"{why or state}; `artlake {ON_REQUEST[key]}` makes it"
    if len(found) > 1 and open_ones:
        why = f"{len(open_ones)} of {len(found)} partitions" + (f": {why}" if why else "")
    return Line(
        key=key,
        made=datetime.fromtimestamp(event.timestamp, UTC) if event else None,
        version=version.value[:8] if version else "",
        rows=int(str(rows.value)) if rows is not None and len(found) == 1 else None,
        state=state,
        why=why,
    )


@dataclass(frozen=True)
class Source:
    """When one source was last looked at, whether that was answered lately enough, and the sentence."""

    title: str
    looked_at: datetime
    fresh: bool
    says: str


def sources(lake: Lake) -> list[Source]:
    """Tell of every source that was looked at."""
    found = []
    with Ledger(lake.file("ledger.sqlite")) as ledger:
        for name, museum in MUSEUMS.items():
            look = last_look(ledger, name)
            if look is not None:
                fresh, says = judge(look, museum.cadence.allowed_days, time.time())
                looked_at = datetime.fromtimestamp(look.looked_at, UTC)
                found.append(Source(museum.title, looked_at, fresh, says))
    return found


def failures(lake: Lake, last: int = 5) -> list[dict[str, str]]:
    """The latest failed runs."""
    return failed_runs.read(lake.root)[-last:]
