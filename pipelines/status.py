"""`artlake status`: for each asset when it was made, its version, its rows, and whether it is fresh."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.data_version import extract_data_version_from_entry

from pipelines.automation import FAILURES
from pipelines.definitions import defs
from pipelines.staleness import Verdict, verdicts
from storage import Lake


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


def failures(lake: Lake, last: int = 5) -> list[dict[str, str]]:
    """The latest failed runs that the failure sensor noted."""
    file = lake.file(FAILURES)
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()[-last:]]
