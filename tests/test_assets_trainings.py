"""What people had trained is observed, so that reports tell of it."""

from pathlib import Path

import dagster as dg

from assets.ablations import ABLATIONS
from assets.networks import network_keys
from assets.trainings import trainings
from storage import Lake
from storage.files import write_bytes


def seen(lake: Lake) -> str:
    """The version that an observation writes down."""
    job = dg.define_asset_job("look", selection=[trainings.key])
    house = dg.Definitions(assets=[trainings], jobs=[job], resources={"lake": lake})
    with dg.DagsterInstance.ephemeral() as instance:
        assert house.resolve_job_def("look").execute_in_process(instance=instance).success
        [event] = instance.fetch_observations(trainings.key, limit=1).records
    return str(event.asset_observation.data_version)


def test_a_training_judged_or_a_recipe_taken_apart_is_news_once(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake", "hand-made")
    versions = [seen(lake)]
    assert versions == ["none"]
    for key, content in (
        (network_keys("department")[1], b"{}"),
        (network_keys("department")[1], b'{"department": {}}'),
        (ABLATIONS, b"[]"),
    ):
        write_bytes(lake.file(f"{key}.json"), content)
        versions.append(seen(lake))
        assert seen(lake) == versions[-1]
    assert len(set(versions)) == 4
