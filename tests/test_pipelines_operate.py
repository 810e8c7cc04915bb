"""Operating it: a source that goes silent, what its check and `artlake status` say, and the list of failures."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from PIL import Image

import sandbox
from assets.source import IS_FRESH, source_key
from pipelines import failures, status
from pipelines.jobs import CHECK_FRESHNESS, RUN_TAG, ingest_name, observe_name
from pipelines.run import Outcome, Runner
from pipelines.run import _ingest as ingest
from scrapers.freshness import note_look
from scrapers.ledger import Ledger
from storage import Lake

DAY = 86_400.0


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ARTLAKE_LAKE", str(tmp_path / "lake"))
    return Lake.open(tmp_path / "lake", "builtin")


@pytest.fixture
def runner(tmp_path: Path, lake: Lake) -> Iterator[Runner]:
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        yield Runner(instance, lake.root)


def verdict(runner: Runner, museum: str) -> tuple[str, str]:
    """Status and sentence of the source's latest check."""
    key = dg.AssetCheckKey(dg.AssetKey(source_key(museum).split("/")), IS_FRESH)
    storage = runner.instance.event_log_storage
    record = storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event is not None and record.event.dagster_event is not None
    return record.status.value, record.event.dagster_event.asset_check_evaluation_data.description


def test_a_dead_source_degrades_to_what_is_there_and_says_since_when(
    runner: Runner, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox.serve(works=40, cache=tmp_path / "cache") as museum:
        monkeypatch.setenv("ARTLAKE_MUSEUM_URL", museum.url)
        assert runner.execute(observe_name("wga")) is None
        assert verdict(runner, "wga")[0] == "SUCCEEDED"
        assert runner.execute(ingest_name("wga")) is None
        before = lake.path("raw/wga_works").read_bytes()
        assert lake.read("raw/wga_works").num_rows
    failure = runner.execute(observe_name("wga"))
    assert failure is not None and "www.wga.hu does not answer" in failure
    found, says = verdict(runner, "wga")
    assert found == "FAILED" and "has not answered since" in says and "Last answer" in says
    assert not {line.key for line in runner.pending()} & {"raw/wga_works", "raw/wga_artists"}
    assert lake.path("raw/wga_works").read_bytes() == before
    [told] = status.sources(lake)
    assert not told.fresh and told.title == "Web Gallery of Art"
    with sandbox.serve(works=40, cache=tmp_path / "cache") as museum:
        monkeypatch.setenv("ARTLAKE_MUSEUM_URL", museum.url)
        assert runner.execute(observe_name("wga")) is None
    assert verdict(runner, "wga")[0] == "SUCCEEDED"
    assert status.sources(lake)[0].fresh


def test_a_source_nobody_looked_at_for_too_long_fails_its_check(
    runner: Runner, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("ARTLAKE_MUSEUM_URL", "http://127.0.0.1:9")
    with Ledger(lake.file("ledger.sqlite")) as ledger:
        for museum, days in (("met", 7), ("wga", 9), ("nga", 3)):
            note_look(ledger, museum, time.time() - days * DAY)
    assert runner.execute(CHECK_FRESHNESS) is None
    assert verdict(runner, "met")[0] == "SUCCEEDED"
    assert verdict(runner, "wga")[0] == "FAILED"
    assert verdict(runner, "nga")[0] == "FAILED"
    assert verdict(runner, "folder") == ("SUCCEEDED", "It has not been looked at yet.")


def test_failed_runs_are_listed_once_and_bear_one_tag(
    runner: Runner, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTLAKE_MUSEUM_URL", "http://127.0.0.1:9")
    for museum in ("nga", "wga"):
        assert runner.execute(observe_name(museum)) is not None
    noted = failures.read(lake.root)
    assert [line["job"] for line in noted] == [observe_name("nga"), observe_name("wga")]
    failures.append(lake.root, noted[0]["run"], noted[0]["job"], "the sensor comes by")
    assert failures.read(lake.root) == noted == status.failures(lake)
    runs = runner.instance.get_runs()
    assert {run.run_id for run in runs} == {line["run"] for line in noted}
    assert len({run.tags[RUN_TAG] for run in runs}) == 1


def test_a_source_that_is_whole_again_lifts_its_failed_check(
    runner: Runner, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, away = tmp_path / "pictures", tmp_path / "away"
    for folder in (pictures, away):
        folder.mkdir()
    monkeypatch.setenv("ARTLAKE_FOLDER", str(pictures))
    monkeypatch.setenv("ARTLAKE_MUSEUM_URL", "http://127.0.0.1:9")
    names = [f"{number:02}.png" for number in range(24)]
    for name in names:
        Image.new("RGB", (8, 8)).save(pictures / name)
    raw = dg.AssetKey(["raw", "folder_pictures"])
    moves = ((names, None, None), (names[:20], pictures, away), (names[:20], away, pictures))
    for moved, source, target in moves:
        for name in moved if source and target else ():
            (source / name).rename(target / name)
        assert runner.execute(observe_name("folder")) is None
        ingest(runner, Outcome(), lake, ["folder"])
        assert runner.failed(raw) is (target == away)
    assert lake.read("raw/folder_pictures").num_rows == 24
