"""The asset graph as a whole: every change of it is seen in review, in tests/asset_graph.txt."""

import os
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.jobs import jobs
from pipelines.resources import NoIOManager

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")
GRAPH = defs.resolve_asset_graph()


def drawn() -> str:
    lines = []
    for key in sorted(GRAPH.get_all_asset_keys()):
        node = GRAPH.get(key)
        checks = sorted(check.name for check in GRAPH.asset_check_keys if check.asset_key == key)
        lines.append(key.to_user_string() + (" [partitioned]" if node.is_partitioned else ""))
        lines += [f"    < {parent.to_user_string()}" for parent in sorted(node.parent_keys)]
        lines += [f"    ? {name}" for name in checks]
    return "\n".join(lines) + "\n"


def test_the_graph_is_the_one_that_was_reviewed() -> None:
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(drawn())
    assert drawn() == SNAPSHOT.read_text(), "if this change is meant: UPDATE_SNAPSHOT=1 make test"


@pytest.mark.parametrize(
    "key", sorted(GRAPH.get_all_asset_keys()), ids=lambda key: "/".join(key.path)
)
def test_every_asset_says_what_it_is(key: dg.AssetKey) -> None:
    node = GRAPH.get(key)
    assert node.description
    assert node.group_name == key.path[0]
    if node.is_materializable:
        assert node.code_version and node.kinds and node.owners == ["team:artlake"]


def test_there_are_about_ten_groups_and_one_partitions_definition() -> None:
    nodes = [GRAPH.get(key) for key in GRAPH.get_all_asset_keys()]
    assert 10 <= len({node.group_name for node in nodes}) <= 14
    definitions = {node.partitions_def for node in nodes if node.partitions_def}
    assert len(definitions) == 1


@pytest.mark.parametrize("job", [job.name for job in jobs])
def test_no_job_mixes_partitioned_and_unpartitioned_assets(job: str) -> None:
    selected = defs.resolve_job_def(job).asset_layer.selected_asset_keys
    assert len({GRAPH.get(key).is_partitioned for key in selected}) <= 1  # checks alone: none


def test_a_returned_value_is_refused_with_a_sentence() -> None:
    @dg.asset
    def careless() -> int:
        return 1

    with pytest.raises(dg.DagsterInvariantViolationError, match="there are no I/O managers"):
        dg.materialize([careless], resources={"io_manager": NoIOManager()})


def test_definitions_are_valid_for_both_executors() -> None:
    from pipelines.definitions import build

    for executor in ("in_process", "multiprocess"):
        dg.Definitions.validate_loadable(build(executor))
