"""Snapshots, tombstones and the counts check on a folder of pictures, and on two of NGA's tables."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from PIL import Image

from assets.catalog import catalog
from assets.raw import raw_assets
from assets.snapshots import snapshot_assets
from scrapers import MUSEUMS
from scrapers.museum import Site, text_table
from scrapers.net import Net
from scrapers.withdrawn import withdrawn
from storage import Lake, snapshots

FOLDER = list(MUSEUMS).index("folder")


class House:
    """A lake, and a folder of pictures that is taken in by the real assets."""

    def __init__(self, root: Path):
        self.pictures = root / "pictures"
        self.pictures.mkdir()
        self.root = root
        self.lake = Lake.open(root / "lake")
        self.instance = dg.DagsterInstance.ephemeral()

    def paint(self, *numbers: int, shade: int = 0) -> None:
        for number in numbers:
            picture = Image.new("RGB", (40, 30), (number * 7 % 256, number, shade))
            picture.save(self.pictures / f"{number:03}.png")

    def run(self, **settings: Any) -> dg.ExecuteInProcessResult:
        net = Net(contact="test@example.org", limit=settings.get("limit"))
        site = Site(net, self.root / "ledger.sqlite", self.root / "downloads", self.pictures)
        return dg.materialize(
            [raw_assets[FOLDER], snapshot_assets[FOLDER], catalog],
            instance=self.instance,
            resources={
                "lake": self.lake,
                "site": site,
                "pipes": dg.PipesSubprocessClient(),
                "accept_loss": settings.get("accept_loss", False),
                "keep_snapshots": settings.get("keep", 20),
            },
            raise_on_error=False,
        )

    def works(self) -> dict[str, str | None]:
        rows = self.lake.read("catalog/artworks").to_pylist()
        return {row["artwork_id"].removeprefix("folder:"): row["withdrawn_in"] for row in rows}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def failed_checks(result: dg.ExecuteInProcessResult) -> list[str]:
    return [
        "/".join(check.asset_key.path)
        for check in result.get_asset_check_evaluations()
        if not check.passed
    ]


def test_a_snapshot_is_taken_only_when_something_changed(house: House) -> None:
    house.paint(1, 2, 3)
    assert house.run().success
    before = house.lake.path("snapshots/folder").read_bytes()
    result = house.run()
    assert [s.name for s in snapshots.listed(house.lake)] == ["folder-1"]
    assert house.lake.path("snapshots/folder").read_bytes() == before
    (made,) = result.asset_materializations_for_node("snapshots__folder")
    assert made.metadata["snapshot"].value == "folder-1"
    house.paint(2, shade=99)
    assert house.run().success
    second = snapshots.named(house.lake, "folder-2")
    assert second.facts["counts"]["pictures"] == {
        "records": 3, "added": 0, "changed": 1, "withdrawn": 0, "left": 0,
    }  # fmt: skip


def test_a_withdrawn_work_stays_in_the_catalog_without_its_pictures(house: House) -> None:
    house.paint(1, 2, 3)
    house.run()
    gone = {row["artwork_id"]: row for row in house.lake.read("catalog/artworks").to_pylist()}
    (house.pictures / "002.png").unlink()
    house.run()
    assert house.works() == {"001.png": None, "002.png": "folder-2", "003.png": None}
    links = house.lake.read("catalog/image_links")["artwork_id"].to_pylist()
    assert links == ["folder:001.png", "folder:003.png"]
    (stone,) = (
        row for row in house.lake.read("catalog/artworks").to_pylist() if row["withdrawn_in"]
    )
    assert stone == gone[stone["artwork_id"]] | {"withdrawn_in": "folder-2"}
    house.paint(4)
    house.run()
    assert house.works()["002.png"] == "folder-2"
    house.paint(2)
    house.run()
    assert set(house.works().values()) == {None} and len(house.works()) == 4


def test_the_catalog_tells_every_crawl_and_in_which_one_a_work_was_seen(house: House) -> None:
    house.paint(1, 2)
    house.run()
    house.paint(2, shade=99)
    house.paint(3)
    (house.pictures / "001.png").unlink()
    house.run()
    crawls = house.lake.read("catalog/snapshots").drop_columns(["taken_at"]).to_pylist()
    assert crawls == [
        {"snapshot": "folder-1", "source": "folder", "number": 1, "works": 2, "added": 2, "changed": 0, "withdrawn": 0},
        {"snapshot": "folder-2", "source": "folder", "number": 2, "works": 2, "added": 1, "changed": 1, "withdrawn": 1},
    ]  # fmt: skip
    assert house.lake.read("catalog/sightings").to_pylist() == [
        {"artwork_id": "folder:001.png", "first_seen": "folder-1", "changed_in": None},
        {"artwork_id": "folder:002.png", "first_seen": "folder-1", "changed_in": "folder-2"},
        {"artwork_id": "folder:003.png", "first_seen": "folder-2", "changed_in": None},
    ]


def test_a_picture_outside_a_limit_is_not_withdrawn(house: House) -> None:
    house.paint(1, 2, 3)
    house.run()
    house.run(limit=2)
    assert house.works() == {"001.png": None, "002.png": None}
    assert snapshots.named(house.lake, "folder-2").facts["counts"]["pictures"]["left"] == 1


def test_a_dead_source_does_not_empty_a_lake_with_a_limit(house: House) -> None:
    house.paint(*range(30))
    assert house.run(limit=25).success
    for picture in house.pictures.iterdir():
        picture.unlink()
    assert not house.run(limit=25).success
    assert len(house.works()) == 25


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_run_that_ends_before_its_manifest_comes_to_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.paint(1, 2)
    house.run()
    house.paint(3)
    with monkeypatch.context() as context:
        context.setattr(snapshots, "record", _full)
        assert not house.run().success
    assert [s.name for s in snapshots.listed(house.lake)] == ["folder-1"]
    assert house.run().success
    history = house.lake.read("snapshots/folder").to_pylist()
    assert [row["first_seen"] for row in history] == ["folder-1", "folder-1", "folder-2"]


def test_a_history_that_was_lost_is_written_again(house: House) -> None:
    house.paint(1, 2)
    house.run()
    path = house.lake.path("snapshots/folder")
    before = path.read_bytes()
    path.unlink()
    house.run()
    assert path.read_bytes() == before


def test_old_snapshots_are_pruned_by_the_setting(house: House) -> None:
    for number in range(1, 5):
        house.paint(number)
        assert house.run(keep=2).success
    assert [s.pruned for s in snapshots.listed(house.lake)] == [True, True, False, False]
    first_seen = house.lake.read("snapshots/folder")["first_seen"].to_pylist()
    assert first_seen == ["folder-1", "folder-2", "folder-3", "folder-4"]


def test_a_source_that_loses_more_than_half_changes_nothing(house: House) -> None:
    house.paint(*range(30))
    assert failed_checks(house.run()) == []
    before = house.lake.path("raw/folder_pictures").read_bytes()
    for number in range(16):
        (house.pictures / f"{number:03}.png").unlink()
    result = house.run()
    assert not result.success
    assert failed_checks(result) == ["raw/folder_pictures"]
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    said = failure.step_failure_data.user_failure_data
    assert said is not None and "pictures from 30 to 14" in (said.description or "")
    assert house.lake.path("raw/folder_pictures").read_bytes() == before
    assert house.works() == {f"{number:03}.png": None for number in range(30)}
    assert house.run(accept_loss=True).success
    assert list(house.works().values()).count("folder-2") == 16


@pytest.mark.parametrize(("first", "then"), [(19, 1), (30, 15)])
def test_a_small_table_and_exactly_half_pass(house: House, first: int, then: int) -> None:
    house.paint(*range(first))
    house.run()
    for number in range(then, first):
        (house.pictures / f"{number:03}.png").unlink()
    result = house.run()
    assert result.success and failed_checks(result) == []


def nga(objects: list[str], people: list[str], made_by: list[tuple[str, str]]) -> dict[str, Any]:
    museum = MUSEUMS["nga"]
    rows: dict[str, list[dict[str, str]]] = {noun: [] for noun in museum.nouns}
    rows["objects"] = [{"objectid": one, "title": f"Work {one}"} for one in objects]
    rows["constituents"] = [{"constituentid": p, "forwarddisplayname": f"P {p}"} for p in people]
    rows["objects_constituents"] = [
        {"objectid": one, "constituentid": person, "roletype": "artist"} for one, person in made_by
    ]
    return {
        noun: text_table(
            [*museum.nouns[noun].columns, "source_row"],
            [row | {"source_row": f"{noun}.csv#{line}"} for line, row in enumerate(rows[noun], 2)],
        )
        for noun in museum.nouns
    }


def test_artists_of_withdrawn_works_stay_where_no_other_work_has_them(tmp_path: Path) -> None:
    """1: still listed. 2: a constituent without a work. 3: withdrawn together with the work."""
    museum = MUSEUMS["nga"]
    before = nga(
        ["10", "11"], ["1", "2", "3"], [("10", "1"), ("11", "1"), ("11", "2"), ("11", "3")]
    )
    now = nga(["10"], ["1", "2"], [("10", "1")])
    lake = Lake.open(tmp_path / "lake")
    for noun, table in before.items():
        lake.write(f"raw/nga_{noun}", table, ["source_row"])
    site = Site(Net(contact="test@example.org"), tmp_path / "ledger.sqlite", tmp_path / "downloads")
    for tables in (before, now):
        for noun, table in tables.items():
            lake.write(f"raw/nga_{noun}", table, ["source_row"])
        resources = {"lake": lake, "site": site, "keep_snapshots": 5}
        assert dg.materialize(
            [snapshot_assets[list(MUSEUMS).index("nga")]], resources=resources
        ).success
    tombstones = [row for row in lake.read("snapshots/nga").to_pylist() if row["withdrawn_in"]]
    assert {(row["noun"], row["record_id"]) for row in tombstones} == {
        ("objects", "11"),
        ("constituents", "3"),
    }
    works, people = withdrawn(museum, tombstones, now, museum.catalog(now))
    (work,) = works.to_pylist()
    assert (work["artwork_id"], work["title"], work["withdrawn_in"]) == (
        "nga:11", "Work 11", "nga-2",
    )  # fmt: skip
    assert work["source_row"] == "objects.csv#3"  # which is no address of the new file
    assert {link["artist_id"] for link in work["artists"]} == {"nga:1", "nga:2", "nga:3"}
    assert people["artist_id"].to_pylist() == ["nga:2", "nga:3"]
    assert people["source_row"].to_pylist() == ["constituents.csv#3", "constituents.csv#4"]


def test_a_lake_of_an_earlier_version_keeps_its_works_until_new_tables_are_fetched(
    tmp_path: Path,
) -> None:
    lake = Lake.open(tmp_path / "lake")
    new = ("object_associations", "constituents_altnames")
    for noun, table in nga(["10"], ["1"], [("10", "1")]).items():
        if noun not in new:
            lake.write(f"raw/nga_{noun}", table, ["source_row"])
    assert dg.materialize([catalog], resources={"lake": lake}).success
    assert lake.read("catalog/artworks")["artwork_id"].to_pylist() == ["nga:10"]


def test_a_first_crawl_is_no_snapshot_before_all_partitions_are_made(tmp_path: Path) -> None:
    """Else the departments that still come would be told as added by the museum."""
    museum = MUSEUMS["met"]
    lake = Lake.open(tmp_path / "lake")
    site = Site(Net(contact="test@example.org"), tmp_path / "ledger.sqlite", tmp_path / "downloads")
    resources = {"lake": lake, "site": site, "keep_snapshots": 5}
    (take,) = (made for made in snapshot_assets if made.key.path[-1] == "met")
    for part in museum.partitions:
        assert not snapshots.listed(lake)
        row = {"objectID": part, "source_row": f"objects/{part}"}
        table = text_table(museum.nouns["objects"].columns, [row])
        lake.write("raw/met_objects", table, ["source_row"], partition=part)
        if part in ("1", "21"):
            assert dg.materialize([take], resources=resources).success
    (first,) = snapshots.listed(lake)
    assert first.facts["counts"]["objects"]["records"] == len(museum.partitions)
