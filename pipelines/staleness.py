"""Which assets are missing or stale, and why: Dagster's own verdict, read without its web server."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

# Not public API, but the code behind the UI's own "stale" badges: the version is pinned in the lock
# and tests/test_pipelines_run.py fails when a new Dagster changes it.
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContext


@dataclass(frozen=True, order=True)
class Verdict:
    """The state of one asset (or one of its partitions): "missing", "stale" or "fresh"."""

    key: str
    partition: str | None
    state: str
    reasons: tuple[str, ...]


class _Context(LoadingContext):
    def __init__(self, instance: dg.DagsterInstance):
        self._instance = instance
        self._loaders: dict = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._instance

    @property
    def loaders(self) -> dict:
        return self._loaders


def verdicts(instance: dg.DagsterInstance, graph: BaseAssetGraph) -> Iterator[Verdict]:
    """Judge every materializable asset, partition by partition, upstream first."""
    resolver = CachingStaleStatusResolver(instance, graph, _Context(instance))
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        if not node.is_materializable:
            continue
        partitions = node.partitions_def.get_partition_keys() if node.partitions_def else [None]
        for partition in partitions:
            status = resolver.get_status(key, partition)
            causes = resolver.get_stale_causes(key, partition)
            reasons = {
                cause.reason
                + (f": {cause.dependency.asset_key.to_user_string()}" if cause.dependency else "")
                for cause in causes
            }
            state = {StaleStatus.MISSING: "missing", StaleStatus.STALE: "stale"}.get(
                status, "fresh"
            )
            if state == "fresh" and _gone(instance, key, partition):
                state, reasons = "missing", {"its file is gone"}
            yield Verdict(key.to_user_string(), partition, state, tuple(sorted(reasons)))


def _gone(instance: dg.DagsterInstance, key: dg.AssetKey, partition: str | None) -> bool:
    """Whether somebody removed what the last materialization wrote."""
    if partition is not None:  # one look an asset is enough for tables that are read together
        return False
    event = instance.get_latest_materialization_event(key)
    made = event.asset_materialization if event else None
    written = made.metadata.get("path") if made else None
    return isinstance(written, dg.PathMetadataValue) and not Path(written.path or "").exists()
