import shutil
from collections import Counter
from pathlib import Path

import pytest

from storage import Lake, snapshots
from storage.snapshots import SnapshotError
from storage.sql import identifier
from tests import _publications, small_lake
from tests._publications import FOLDER, change, publish, retitle
from warehouse import publications
from warehouse.as_of import ask_as_of
from warehouse.ask import TRUNCATED, AskError
from warehouse.contracts import view_contracts
from warehouse.differences import compare
from warehouse.manifest import read_manifest
from warehouse.star import STAR

ALIKE = 3  # objects with a look-alike
TITLE = "select title from fact_artwork where artwork_id = 'met:10'"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three publications: a title changes in the second, the first look-alikes are gone from the third."""
    lake = _publications.star(tmp_path_factory.mktemp("as_of") / "lake")
    publish(lake, "2026-10-01")
    retitle(lake, "met:10", "Renamed")
    publish(lake, "2026-10-03")
    change(lake, "fact_similar", lambda row: None if row["rank"] == 1 else row)
    publish(lake, "2026-10-03")
    return lake.root


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Lake:
    """A copy of the lake that a test may change."""
    return Lake.open(shutil.copytree(made, tmp_path / "lake"))


def asked(root: Path, when: str, sql: str, **bounds: float) -> list[dict[str, object]]:
    return ask_as_of(Lake.reading(root), when, sql, **bounds).to_pylist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("when", "title"),
    [
        ("published-1", "Self-Portrait"),
        ("published-2", "Renamed"),
        ("2026-10-01", "Self-Portrait"),
        ("2026-10-02", "Self-Portrait"),
        ("2026-10-03", "Renamed"),
        ("2031-01-01", "Renamed"),
    ],
)
def test_a_day_is_answered_by_the_newest_publication_until_then(
    made: Path, when: str, title: str
) -> None:
    assert asked(made, when, TITLE) == [{"title": title}]


def test_of_two_publications_on_one_day_the_later_answers(made: Path) -> None:
    alike = "select count(*) as n from fact_similar where rank = 1"
    assert asked(made, "2026-10-03", alike) == [{"n": 0}]
    assert asked(made, "published-2", alike) == [{"n": ALIKE}]


def test_two_publications_are_compared_in_sql(made: Path) -> None:
    sql = (
        "select artwork_id, a.title as before, b.title as after "
        "from published_1.fact_artwork a join Published_2.fact_artwork b using (artwork_id) "
        "where a.title is distinct from b.title"
    )
    changed = [{"artwork_id": "met:10", "before": "Self-Portrait", "after": "Renamed"}]
    assert asked(made, "2026-10-03", sql) == changed
    views = "select count(*) as n from published_2.artworks join published_1.artworks using (artwork_id)"
    assert asked(made, "published-3", views) == [{"n": len(small_lake.ARTWORKS)}]


@pytest.mark.parametrize(
    "name", [*(table.name for table in STAR), *(view.name for view in view_contracts()), "snapshot"]
)
def test_tables_and_views_are_there_as_in_the_published_file(made: Path, name: str) -> None:
    assert (
        ask_as_of(
            Lake.reading(made), "published-1", f"select * from {identifier(name)}"
        ).num_columns
        > 1
    )


def test_the_rows_of_divided_tables_are_those_of_the_star(made: Path) -> None:
    lake = Lake.reading(made)
    found = ask_as_of(lake, "published-3", "select * from fact_image order by image_id")
    assert found.select(lake.read("star/fact_image").column_names).to_pylist() == sorted(
        lake.read("star/fact_image").to_pylist(), key=lambda row: row["image_id"]
    )


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("2026-09-30", r"published-1, is of 2026-10-01"),
        ("2026-13-01", r"is no day: month must be in 1\.\.12"),
        (
            "published-9",
            r"There is no publication 'published-9'.*published-3, published-2, published-1",
        ),
        ("met-1", r"There is no publication 'met-1'"),
    ],
)
def test_a_time_of_which_there_is_nothing_says_what_there_is(
    made: Path, when: str, says: str
) -> None:
    with pytest.raises(SnapshotError, match=says):
        asked(made, when, "select 1")


def test_a_schema_of_which_there_is_nothing_says_what_there_is(made: Path) -> None:
    with pytest.raises(SnapshotError, match=r"'published-7'.*published-3"):
        asked(made, "published-1", "select * from published_7.fact_artwork")


@pytest.mark.parametrize(
    "sql",
    [
        "select 'published_9. of it' as title",
        "select 'é', $$published_9.x$$ as title -- published_9.x",
        "select 1 /* published_9.fact_artwork */ as title",
        'select 1 as "published_9. of it"',
    ],
)
def test_what_only_sounds_like_a_publication_needs_none(made: Path, sql: str) -> None:
    assert len(asked(made, "published-1", sql)) == 1


def test_a_publication_named_in_quotes_is_found(made: Path) -> None:
    sql = "select 'é', title from \"published_2\" . fact_artwork where artwork_id = 'met:10'"
    assert asked(made, "published-1", sql)[0]["title"] == "Renamed"


def test_before_anything_is_published_it_says_so(tmp_path: Path) -> None:
    Lake.open(tmp_path / "lake")
    with pytest.raises(SnapshotError, match=r"Nothing has been published .* `artlake run`"):
        asked(tmp_path / "lake", "2026-10-01", "select 1")


def test_a_pruned_publication_says_which_are_left(lake: Lake) -> None:
    snapshots.use(lake, "published-1", True)
    assert snapshots.prune(lake, "published", 1) == ["published-2"]
    with pytest.raises(
        SnapshotError, match=r"published-2 \(2026-10-03\) were pruned.*published-3, published-1"
    ):
        asked(lake.root, "published-2", "select 1")
    assert asked(lake.root, "published-1", TITLE) == [{"title": "Self-Portrait"}]
    assert asked(lake.root, "published-3", TITLE) == [{"title": "Renamed"}]


def test_a_lost_file_is_named(lake: Lake) -> None:
    (lost,) = snapshots.files(lake, snapshots.named(lake, "published-1"), "star/dim_artist")
    lost.unlink()
    with pytest.raises(SnapshotError, match=r"a file of star/dim_artist in published-1, is gone"):
        asked(lake.root, "published-1", "select 1")


def test_an_older_publication_is_asked_with_the_columns_and_views_that_it_had(lake: Lake) -> None:
    old = snapshots.named(lake, "published-1")
    views = [[name, sql] for name, sql in old.facts["views"] if name != "duplicates"]
    old.facts["views"][:] = [*views, ["titles", "select title from fact_artwork"]]
    snapshots.record(lake, old)
    assert len(asked(lake.root, "published-1", "select * from titles")) == len(small_lake.ARTWORKS)
    with pytest.raises(AskError, match="duplicates does not exist"):
        asked(lake.root, "published-1", "select * from duplicates")
    assert asked(lake.root, "published-2", "select count(*) as n from duplicates")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/hostname')",
        "select * from read_parquet('{lake}/published/parquet/fact_artwork/source=met/data.parquet')",
        "select * from read_parquet('{lake}/snapshots/published/tables/*.parquet')",
        "select * from read_parquet('{other}')",
        "select * from glob('{lake}/*')",
    ],
)
def test_nothing_is_read_but_the_publication(made: Path, sql: str) -> None:
    lake = Lake.reading(made)
    other = snapshots.parts(lake, snapshots.named(lake, "published-2"), "star/fact_artwork")
    with pytest.raises(AskError, match=r"disabled by configuration|does not exist|denied"):
        asked(made, "published-1", sql.format(lake=made, other=other["source=met"]))


@pytest.mark.parametrize(
    "sql", ["delete from fact_artwork", "set threads = 8", "select 1; select 2"]
)
def test_writes_and_commands_are_refused(made: Path, sql: str) -> None:
    with pytest.raises(AskError, match="Only one query"):
        asked(made, "published-1", sql)


def test_the_limit_and_the_time_hold(made: Path) -> None:
    cut = ask_as_of(Lake.reading(made), "published-1", "select * from fact_artwork", limit=3)
    assert cut.num_rows == 3 and TRUNCATED in cut.schema.metadata
    endless = (
        "select count(*) from range(1000000000) a, range(1000000000) b where a.range < b.range"
    )
    with pytest.raises(AskError, match="longer than"):
        asked(made, "published-1", endless, timeout_s=0.5)


def test_search_says_where_it_is(made: Path) -> None:
    with pytest.raises(AskError, match="published file of today"):
        asked(made, "published-1", "select * from search('mill')")


def test_a_publication_equal_to_the_last_is_the_last(lake: Lake) -> None:
    before = sorted(path for path in lake.file("snapshots").rglob("*"))
    assert publish(lake, "2026-11-01").name == "published-3"
    assert sorted(path for path in lake.file("snapshots").rglob("*")) == before


def test_a_publication_tells_what_it_was_made_from(made: Path) -> None:
    facts = snapshots.named(Lake.reading(made), "published-2").facts
    assert {"catalog/artworks", "catalog/artists", "images/originals"} <= set(facts["versions"])
    assert facts["code"] == {table.name: table.code_version for table in STAR}
    assert facts["profile"]["fact_artwork"]["rows"] == len(small_lake.ARTWORKS)
    versions = asked(made, "published-2", "select name, version from snapshot")
    assert {row["name"]: row["version"] for row in versions} == facts["versions"]


def test_what_a_source_did_not_change_is_kept_once(lake: Lake) -> None:
    first, second = (snapshots.named(lake, f"published-{number}") for number in (1, 2))
    differing = {
        (key, part)
        for key, parts in second.tables.items()
        for part, kept in parts.items()
        if first.tables[key].get(part) != kept
    }
    assert differing == {("star/fact_artwork", "source=met")}
    files = list(lake.file("snapshots/published/tables").iterdir())
    parts = {kept.sha256 for taken in snapshots.listed(lake, "published")
             for table in taken.tables.values() for kept in table.values()}  # fmt: skip
    assert {path.stem for path in files} == parts


# -- differences -----------------------------------------------------------------------------------


def test_differences_are_told_by_table_key_and_field(made: Path) -> None:
    lake = Lake.reading(made)
    one, two, three = (snapshots.named(lake, f"published-{number}") for number in (1, 2, 3))
    found = compare(lake, one, two, 5)
    counts = {
        name: c
        for name, c in found["counts"].items()
        if set(c) and any(c[w] for w in ("added", "changed", "removed"))
    }
    assert counts == {
        "fact_artwork": {"rows": len(small_lake.ARTWORKS), "added": 0, "changed": 1, "removed": 0}
    }
    assert found["fields"] == [{"table": "fact_artwork", "field": "title", "rows": 1}]
    (example,) = found["examples"]
    assert (example["before"], example["after"]) == ("Self-Portrait", "Renamed")
    assert not found["columns"]
    back = compare(lake, three, one, 5)
    assert back["counts"]["fact_similar"]["added"] == ALIKE
    assert compare(lake, one, three, 5)["counts"]["fact_similar"]["removed"] == ALIKE
    assert Counter((row["change"], row["field"]) for row in back["examples"]) == {
        ("added", None): ALIKE,
        ("changed", "title"): 1,
    }
    assert compare(lake, one, three, 0)["examples"] == []


def test_every_change_of_made_up_rows_is_found(lake: Lake) -> None:
    change(lake, "dim_school", lambda row: row | {"objects": row["objects"] + 1})
    change(lake, "dim_style", lambda row: None if row["style_key"] > 0 else row)
    change(lake, "bridge_artwork_artist", lambda row: row | {"weight": 0.25})
    newest = publish(lake, "2026-11-01")
    found = compare(lake, snapshots.named(lake, "published-3"), newest, 100)["counts"]
    rows = {
        table: lake.read(f"star/{table}").num_rows
        for table in ("dim_school", "bridge_artwork_artist")
    }
    assert found["dim_school"]["changed"] == rows["dim_school"]
    assert found["dim_style"]["removed"] >= 1 and found["dim_style"]["changed"] == 0
    assert 0 < found["bridge_artwork_artist"]["changed"] <= rows["bridge_artwork_artist"]


def test_columns_that_came_went_or_changed_are_told(lake: Lake) -> None:
    old = snapshots.named(lake, "published-1")
    artworks = old.facts["manifest"]["tables"]["fact_artwork"]
    for column in artworks["columns"]:
        if column["name"] == "title":
            column["type"] = "BIGINT[]"
    artworks["columns"] = [c for c in artworks["columns"] if c["name"] != "rights"]
    del old.facts["manifest"]["tables"]["dim_style"]
    snapshots.record(lake, old)
    found = compare(
        lake, snapshots.named(lake, "published-1"), snapshots.named(lake, "published-2"), 1
    )
    assert {
        "table": "fact_artwork",
        "column": "title",
        "change": "was BIGINT[], is VARCHAR",
    } in found["columns"]
    assert {"table": "fact_artwork", "column": "rights", "change": "added"} in found["columns"]
    assert {"table": "dim_style", "column": "*", "change": "table added"} in found["columns"]
    assert found["counts"]["dim_style"]["added"] == found["counts"]["dim_style"]["rows"] > 0


# -- restoring -------------------------------------------------------------------------------------


def restored(lake: Lake, name: str, day: str) -> snapshots.Snapshot:
    at = f"{day}T03:00:00+00:00"
    target, folder = lake.file("published/artlake.duckdb"), lake.file(FOLDER)
    publications.keep_standing(lake, folder, at)
    return publications.restore(lake, publications.find(lake, name), target, folder, at)


def test_a_restored_publication_stands_again_and_can_be_taken_back(lake: Lake) -> None:
    from warehouse.ask import ask

    target = lake.file("published/artlake.duckdb")
    now = restored(lake, "published-1", "2026-11-01")
    assert (now.name, now.facts["restored_from"]) == ("published-4", "published-1")
    assert now.tables == snapshots.named(lake, "published-1").tables
    assert ask(target, TITLE).to_pylist() == [{"title": "Self-Portrait"}]
    assert asked(lake.root, "2026-11-01", TITLE) == [{"title": "Self-Portrait"}]
    assert asked(lake.root, "2026-10-31", TITLE) == [{"title": "Renamed"}]
    assert read_manifest(lake.file(FOLDER)) == publications.manifest_of(now)
    back = restored(lake, "published-3", "2026-11-02")
    assert back.name == "published-5"
    assert ask(target, TITLE).to_pylist() == [{"title": "Renamed"}]


def test_what_nobody_recorded_is_kept_before_it_is_replaced(lake: Lake) -> None:
    from warehouse.export import export

    retitle(lake, "met:10", "Never recorded")
    export(lake, lake.file(FOLDER))  # a publication killed here
    now = restored(lake, "published-1", "2026-11-01")
    assert now.name == "published-5"
    assert asked(lake.root, "published-4", TITLE) == [{"title": "Never recorded"}]


def test_of_what_nobody_recorded_only_what_is_known_is_told(lake: Lake) -> None:
    from warehouse.export import export

    restored(lake, "published-1", "2026-11-01")
    change(lake, "fact_similar", lambda row: None)
    retitle(lake, "met:10", "Never recorded")
    export(lake, lake.file(FOLDER))  # a publication killed here
    facts = publications.keep_standing(lake, lake.file(FOLDER), "2026-11-02T03:00:00").facts
    assert facts["profile"]["fact_similar"]["rows"] == 0
    assert facts["profile"]["fact_artwork"]["rows"] == len(small_lake.ARTWORKS)
    assert facts["versions"] == facts["code"] == {} and facts["views"] == []
    assert "restored_from" not in facts and "choices" not in facts
    assert asked(lake.root, "9999-12-31", TITLE) == [{"title": "Never recorded"}]


def test_a_damaged_publication_is_not_restored_and_what_stands_stays(lake: Lake) -> None:
    target = lake.file("published/artlake.duckdb")
    restored(lake, "published-3", "2026-11-01")
    before = target.read_bytes()
    (file,) = snapshots.files(lake, snapshots.named(lake, "published-1"), "star/dim_artist")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(SnapshotError, match="is damaged"):
        restored(lake, "published-1", "2026-11-02")
    assert target.read_bytes() == before
    assert snapshots.named(lake, "published-3").tables == snapshots.newest(lake, "published").tables
