"""The published stage run as an asset on the hand-made lake, and `artlake restore` on what it keeps."""

import io
import os
import shutil
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from assets.published import PARQUET, WAREHOUSE, described, published
from pipelines import snapshots as listing
from pipelines.restore import restore
from storage import Lake, LakeError, snapshots
from storage.files import sha256_files, write_text
from storage.locks import BusyError
from storage.snapshots import SnapshotError
from tests import _publications, small_lake
from tests._publications import retitle
from warehouse import code
from warehouse.as_of import ask_as_of
from warehouse.ask import ask
from warehouse.contracts import HERE
from warehouse.star import STAR

TITLE = "select title from fact_artwork where artwork_id = 'met:10'"


def run(lake: Lake, keep: int = 20) -> dg.ExecuteInProcessResult:
    return dg.materialize([published], resources={"lake": lake, "keep_snapshots": keep})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two publications; the second has another title."""
    lake = _publications.star(tmp_path_factory.mktemp("published") / "lake")
    run(lake)
    retitle(lake, "met:10", "Renamed")
    run(lake)
    return lake.root


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Lake:
    """A copy of the lake that a test may change; hard links stay links, as no file is written into."""
    return Lake.open(shutil.copytree(made, tmp_path / "lake", copy_function=os.link))


def title(lake: Lake) -> str:
    (row,) = ask(lake.file(WAREHOUSE), TITLE).to_pylist()
    return str(row["title"])


def restored(lake: Lake, name: str, *, apply: bool) -> str:
    console = Console(file=io.StringIO(), width=200)
    restore(lake, name, apply=apply, keep=20, console=console)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_each_state_is_a_publication_and_an_equal_one_is_not_another(lake: Lake) -> None:
    names = [taken.name for taken in snapshots.listed(lake, "published")]
    assert names == ["published-1", "published-2"]
    again = run(lake)
    assert [taken.name for taken in snapshots.listed(lake, "published")] == names
    for key in ("artlake", "parquet"):
        (event,) = [e for e in again.get_asset_materialization_events()
                    if e.asset_key == dg.AssetKey(["published", key])]  # fmt: skip
        assert event.step_materialization_data.materialization.tags["dagster/data_version"]


def test_equal_data_has_an_equal_version_and_other_data_another(lake: Lake) -> None:
    def versions() -> dict[str, str]:
        return {
            e.asset_key.path[-1]: e.step_materialization_data.materialization.tags[
                "dagster/data_version"
            ]
            for e in run(lake).get_asset_materialization_events()
            if e.asset_key
        }

    before = versions()
    assert versions() == before
    retitle(lake, "met:10", "Renamed again")
    after = versions()
    assert after["artlake"] != before["artlake"] and after["parquet"] != before["parquet"]


def test_the_publication_tells_the_file_what_it_was_made_from(lake: Lake) -> None:
    said = {
        row["name"] for row in ask(lake.file(WAREHOUSE), "select name from snapshot").to_pylist()
    }
    assert {"catalog/artworks", "star/fact_artwork", "origin"} <= said
    kept = ask_as_of(lake, "published-2", "select name from snapshot").to_pylist()
    assert {"catalog/artworks", "origin"} <= {row["name"] for row in kept} <= said


def test_only_as_many_publications_are_kept_as_asked_for(lake: Lake) -> None:
    snapshots.use(lake, "published-1", True)
    retitle(lake, "met:10", "Third")
    run(lake, keep=1)
    pruned = {taken.name: taken.pruned for taken in snapshots.listed(lake, "published")}
    assert pruned == {"published-1": False, "published-2": True, "published-3": False}


def test_nothing_is_kept_of_a_publication_that_failed(lake: Lake) -> None:
    retitle(lake, "met:10", "Never seen")
    before = title(lake)
    write_text(lake.file(PARQUET) / "manifest.json", "{")
    failed = dg.materialize(
        [published], resources={"lake": lake, "keep_snapshots": 20}, raise_on_error=False
    )
    assert not failed.success
    assert [taken.name for taken in snapshots.listed(lake, "published")] == [
        "published-1", "published-2",
    ]  # fmt: skip
    shutil.rmtree(lake.file(PARQUET))
    assert run(lake).success and title(lake) == "Never seen" != before
    assert snapshots.named(lake, "published-3")


@pytest.mark.parametrize(
    ("key", "decided_by"),
    [
        ("artlake", ["search.sql", "views/artworks.sql", "star/dim_artist.sql", "publish.py"]),
        ("parquet", ["export.py", "manifest.py", "views/works.sql", "star/fact_artwork.sql"]),
        ("dictionary", ["templates/dictionary.html", "templates/dictionary.md", "diagram.py"]),
    ],
)
def test_what_is_published_is_stale_when_the_files_that_decide_it_change(
    key: str, decided_by: list[str]
) -> None:
    files = {"artlake": code.FILE, "parquet": code.PARQUET, "dictionary": code.DICTIONARY}[key]
    assert {HERE / name for name in decided_by} <= set(files)
    (version,) = (
        asset.code_versions_by_key[dg.AssetKey(["published", key])]
        for asset in (published, described)
        if dg.AssetKey(["published", key]) in asset.keys
    )
    assert version == sha256_files(files)


# -- artlake restore -------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_change_and_changes_nothing(lake: Lake) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.file("published").rglob("*")}
    said = restored(lake, "published-1", apply=False)
    assert "published-2 → published-1" in said and "nothing has been changed" in said
    assert "fact_artwork" in said
    assert {path: path.stat().st_mtime_ns for path in lake.file("published").rglob("*")} == before
    assert len(snapshots.listed(lake, "published")) == 2


def test_restoring_puts_file_parquet_and_dictionary_back_and_can_be_taken_back(lake: Lake) -> None:
    assert title(lake) == "Renamed"
    said = restored(lake, "published-1", apply=True)
    assert "published-1 stands again, as published-3" in said
    assert "`restore published-2` takes it back" in said
    assert title(lake) == "Self-Portrait"
    assert "Self-Portrait" in lake.file("published/dictionary.md").read_text()
    restored(lake, "published-2", apply=True)
    assert title(lake) == "Renamed"
    parts = snapshots.parts(lake, snapshots.named(lake, "published-2"), "star/fact_artwork")
    for part, path in parts.items():
        assert (lake.file(PARQUET) / "fact_artwork" / part / "data.parquet").samefile(path)


def test_a_restore_that_was_stopped_half_way_is_ended_by_the_same_or_the_opposite_one(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    for wanted, says in (("published-1", "Self-Portrait"), ("published-2", "Renamed")):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr("warehouse.publications.place", stopped)
            restored(lake, "published-1", apply=True)
        assert title(lake) == "Self-Portrait"  # the file is put back, the Parquet is not
        assert "Restoring published-1 was stopped half-way" in told(lake)
        restored(lake, wanted, apply=True)
        assert title(lake) == says
        assert ask_as_of(lake, "9999-12-31", TITLE).to_pylist() == [{"title": says}]
        assert "half-way" not in told(lake)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("warehouse.publications.place", stopped)
        restored(lake, "published-1", apply=True)
    run(lake)
    assert title(lake) == "Renamed" and "half-way" not in told(lake)


def test_restoring_what_stands_makes_no_new_publication(lake: Lake) -> None:
    said = restored(lake, "published-2", apply=True)
    assert said.count(".") == 1 and said.startswith("published-2 stands already:")
    assert restored(lake, "published-2", apply=False).startswith("published-2 stands already:")
    assert len(snapshots.listed(lake, "published")) == 2


def test_a_run_after_restoring_publishes_the_lake_as_it_is(lake: Lake) -> None:
    restored(lake, "published-1", apply=True)
    run(lake)
    assert title(lake) == "Renamed"
    assert [taken.name for taken in snapshots.listed(lake, "published")][-1] == "published-4"


def test_restoring_waits_for_nobody_and_says_who_publishes(lake: Lake) -> None:
    with (
        lake.lock("publish", "a publication"),
        pytest.raises(BusyError, match="a publication is running"),
    ):
        restored(lake, "published-1", apply=True)


def test_what_is_not_there_cannot_be_restored(lake: Lake) -> None:
    with pytest.raises(SnapshotError, match="no publication 'published-9'"):
        restored(lake, "published-9", apply=True)


# -- artlake snapshots and diff --------------------------------------------------------------------


def told(lake: Lake, series: str | None = None, width: int = 250) -> str:
    console = Console(file=io.StringIO(), width=width)
    listing.show(lake, series, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_publications_are_listed_with_what_changed_and_what_they_keep(lake: Lake) -> None:
    snapshots.use(lake, "published-1", True)
    restored(lake, "published-1", apply=True)
    text = told(lake, "published")
    lines = text.splitlines()
    first, second, third = (
        next(line for line in lines if line.strip().startswith(f"published-{n}")) for n in (1, 2, 3)
    )
    assert "in use" in first and f"{len(STAR)} of {len(STAR)}" in first
    assert "1 of " in second
    assert f"published-2: fact_artwork {len(small_lake.ARTWORKS)} (+0)" in text
    narrow = " ".join(told(lake, "published", width=80).split())
    for table in STAR:  # no name is broken over two lines
        assert narrow.count(table.name) == text.count(table.name)
    assert "published-1 restored" in third
    with pytest.raises(SnapshotError, match="No snapshot of met"):
        told(lake, "met")
    with pytest.raises(SnapshotError, match="There is no source 'x'"):
        told(lake, "x")


def test_what_only_one_publication_keeps_is_what_pruning_it_frees(
    made: Path, tmp_path: Path
) -> None:
    lake = Lake.open(shutil.copytree(made, tmp_path / "lake"))  # no links to the published Parquet
    store = lake.file("snapshots/published/tables")
    sole = snapshots.sole_bytes(lake, "published")

    def stored() -> int:
        return sum(path.stat().st_size for path in store.iterdir())

    before = stored()
    assert sole["published-1"] > 0
    snapshots.prune(lake, "published", 1)
    assert before - stored() == sole["published-1"]


def test_a_diff_of_publications_names_tables_rows_and_fields(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(file=io.StringIO(), width=250)
    listing.compare(lake, "published-2", "published-1", limit=5, form="table", console=console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "published-1 → published-2" in text
    assert "Self-Portrait" in text and "Renamed" in text and "title" in text
    listing.compare(lake, "published-1", "published-2", limit=5, form="csv", console=console)
    head, row = capsys.readouterr().out.splitlines()
    assert head == "table,says,row,change,field,before,after"
    assert row.startswith("fact_artwork,") and row.endswith("changed,title,Self-Portrait,Renamed")
    with pytest.raises(SnapshotError, match="There are"):
        listing.compare(lake, "published-1", "met-1", limit=5, form="csv", console=console)


# -- readers who may not write ---------------------------------------------------------------------


def test_a_reader_who_may_not_write_can_ask_list_and_compare(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.root.rglob("*")}
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(LakeError, match="Permission denied"):
        Lake.open(lake.root)
    reading = Lake.reading(lake.root)
    assert title(reading) == "Renamed"
    assert ask_as_of(reading, "published-1", TITLE).to_pylist() == [{"title": "Self-Portrait"}]
    assert "published-2" in told(reading)
    console = Console(file=io.StringIO())
    listing.compare(reading, "published-1", "published-2", limit=1, form="json", console=console)
    assert {path: path.stat().st_mtime_ns for path in lake.root.rglob("*")} == before


def test_reading_makes_no_lake(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="There is no lake to read in"):
        Lake.reading(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    (tmp_path / "lake.json").write_text('{"format": 99, "origin": "live"}')
    with pytest.raises(LakeError, match="has format 99"):
        Lake.reading(tmp_path)
