"""What a user chooses of the pictures is an input of the stage that fetches them."""

from dataclasses import replace

import dagster as dg

from assets.images import measures, originals
from assets.source import CHOICES, choices
from scrapers import Net, Site

_KEY = dg.AssetKey(CHOICES.split("/"))


def observed(instance, site, hashes=()):
    job = dg.define_asset_job("look", selection=[_KEY])
    house = dg.Definitions(assets=[choices], jobs=[job], resources={"site": site, "hashes": hashes})
    assert house.resolve_job_def("look").execute_in_process(instance=instance).success
    [event] = instance.fetch_observations(_KEY, limit=1).records
    return event.asset_observation.data_version


def test_another_size_is_another_version_of_the_input(tmp_path):
    web = Site(Net("http://127.0.0.1:9"), tmp_path / "ledger.sqlite", tmp_path / "downloads")
    with dg.DagsterInstance.ephemeral() as instance:
        first = observed(instance, web)
        assert observed(instance, replace(web, met_csv="MetObjects.csv")) == first
        assert observed(instance, replace(web, image_size="original")) != first
        assert observed(instance, web, ("whash",)) != first


def test_the_stages_that_follow_them_depend_on_them():
    for spec in [*originals.specs, *measures.specs]:
        assert _KEY in {dep.asset_key for dep in spec.deps}, spec.key
