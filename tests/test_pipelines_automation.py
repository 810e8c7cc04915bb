"""What the daemon would run: nothing on equal data, exactly what depends on a change, never behind a failed check."""

from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines.definitions import defs

GRAPH = defs.resolve_asset_graph()


class Daemon:
    """A graph whose assets have all been made, and the automation looking at it again and again."""

    def __init__(self, instance: dg.DagsterInstance):
        self.instance = instance
        self.cursor = None
        for key in GRAPH.toposorted_asset_keys:
            node = GRAPH.get(key)
            partitions = node.partitions_def.get_partition_keys() if node.partitions_def else [None]
            for partition in partitions:
                self.made(key.to_user_string(), "first", partition)
        assert self.requested() == set()

    def made(
        self, key: str, version: str, partition: str | None = None, passed: bool = True
    ) -> None:
        asset = dg.AssetKey(key.split("/"))
        event = (
            dg.AssetMaterialization if GRAPH.get(asset).is_materializable else dg.AssetObservation
        )
        tags = {"dagster/data_version": version}
        self.instance.report_runless_asset_event(event(asset, partition=partition, tags=tags))
        for check in GRAPH.asset_check_keys:
            if check.asset_key == asset:
                self.instance.report_runless_asset_event(
                    dg.AssetCheckEvaluation(
                        asset_key=asset, check_name=check.name, passed=passed, metadata={}
                    )
                )

    def requested(self) -> set[str]:
        found = dg.evaluate_automation_conditions(defs, self.instance, cursor=self.cursor)
        self.cursor = found.cursor
        return {
            key.to_user_string()
            for key in GRAPH.get_all_asset_keys()
            if found.get_num_requested(key)
        }


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Daemon(instance)


def test_equal_data_wakes_nothing(daemon: Daemon) -> None:
    daemon.made("source/met_api", "first", "11")
    daemon.made("catalog/artworks", "first")
    assert daemon.requested() == set()


def test_a_changed_source_wakes_its_raw_tables_once(daemon: Daemon) -> None:
    daemon.made("source/met_api", "second", "11")
    assert daemon.requested() == {"raw/met_objects", "raw/met_rejects"}
    assert daemon.requested() == set()


def test_a_changed_table_wakes_what_reads_it_and_no_more(daemon: Daemon) -> None:
    daemon.made("duplicates/decisions", "second")
    assert daemon.requested() == {
        "duplicates/pairs", "duplicates/groups", "duplicates/keepers", "duplicates/primary",
        "duplicates/similar",
    }  # fmt: skip


def test_nothing_runs_behind_a_failed_blocking_check(daemon: Daemon) -> None:
    daemon.made("catalog/image_links", "second", passed=False)
    assert "images/originals" not in daemon.requested()
    daemon.made("catalog/image_links", "third")
    assert "images/originals" in daemon.requested()
