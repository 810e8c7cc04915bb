"""Publishing, asking and the dictionary: one file, swapped whole, read-only, explained."""

import shutil
from collections import namedtuple
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import small_lake

from storage import Lake
from warehouse import dictionary
from warehouse.ask import TRUNCATED, AskError, ask
from warehouse.contracts import star_contract, view_contracts
from warehouse.publish import PublishError, publish
from warehouse.questions import answer, questions
from warehouse.star import STAR, build


def made(folder: Path, **options: bool) -> Lake:
    lake = small_lake.make(folder, **options)
    for table in STAR:
        build(lake, table)
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    return made(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def file(lake, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("published") / "artlake.duckdb"
    publish(lake, target, {"code": "abc"})
    return target


def column(file: Path, sql: str) -> list:
    return ask(file, sql)[0].to_pylist()


def test_the_file_holds_tables_keys_views_comments_and_its_snapshot(lake, tmp_path):
    published = publish(lake, tmp_path / "artlake.duckdb", {"code": "abc"})
    assert published.rows["fact_artwork"] == len(small_lake.ARTWORKS)
    assert published.rows == {t.name: lake.read(t.key).num_rows for t in STAR}
    assert [left.name for left in tmp_path.iterdir()] == ["artlake.duckdb"]
    with duckdb.connect(published.path, read_only=True) as connection:
        views = "select view_name from duckdb_views() where not internal order by all"
        assert connection.sql(views).fetchall() == [(v.name,) for v in view_contracts()]
        bare = (
            "select table_name, column_name from duckdb_columns() "
            "where not internal and comment is null and table_name <> 'snapshot'"
        )
        assert connection.sql(bare).fetchall() == []
        keys = "select count(*) from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
        assert connection.sql(keys).fetchall() == [(len(STAR) + 1,)]
        versions = dict(connection.sql("from snapshot").fetchall())
    assert versions["code"] == "abc"
    assert set(versions) == {"code", *(table.key for table in STAR)}


@pytest.mark.parametrize("view", view_contracts(), ids=lambda view: view.name)
def test_views_have_the_columns_they_declare(file, view):
    described = ask(file, f"select column_name, column_type from (describe {view.name})")
    assert [tuple(row.values()) for row in described.to_pylist()] == [
        (declared.name, declared.type) for declared in view.columns
    ]


def test_views_do_not_fan_out(file):
    assert column(file, "select count(*) from artworks") == [len(small_lake.ARTWORKS)]
    assert column(file, "select count(*) from images") == [len(small_lake.PICTURES)]
    assert column(file, "select count(*) from predictions") == [5]
    assert column(file, "select count(*) from duplicates where across_museums") == [3]
    rembrandt = ask(file, "select * from artists where ulan = '500011051'").to_pylist()
    assert [(row["objects"], len(row["museums"])) for row in rembrandt] == [(4, 3)]


def test_a_reader_keeps_its_file_while_a_new_one_is_swapped_in(tmp_path):
    lake = made(tmp_path / "lake")
    target = tmp_path / "artlake.duckdb"
    first = publish(lake, target, {})
    with duckdb.connect(target, read_only=True) as reader:
        assert reader.sql("select count(*) from fact_similar").fetchall() == [(5,)]
        rows = lake.read("similarity/neighbours").slice(0, 2)
        lake.write("similarity/neighbours", rows, ["artwork_id"])
        build(lake, next(table for table in STAR if table.name == "fact_similar"))
        second = publish(lake, target, {})
        assert reader.sql("select count(*) from fact_similar").fetchall() == [(5,)]
        # In this very process, and beside the old reader, a new question sees the new file.
        assert column(target, "select count(*) from fact_similar") == [2]
    assert first.version != second.version
    assert publish(lake, target, {}).version == second.version


def test_a_broken_contract_publishes_nothing_and_shows_the_rows(tmp_path):
    lake = made(tmp_path / "lake")
    target = tmp_path / "out" / "artlake.duckdb"
    publish(lake, target, {})
    before = target.read_bytes()
    table = lake.read("star/dim_school")
    lake.write("star/dim_school", pa.concat_tables([table, table.slice(0, 1)]), ["school_key"])
    with pytest.raises(PublishError, match=r"dim_school: school_key is unique: 1 rows.*'times': 2"):
        publish(lake, target, {})
    assert target.read_bytes() == before
    assert [left.name for left in target.parent.iterdir()] == ["artlake.duckdb"]


def test_a_full_disk_and_a_failing_build_leave_the_old_file(lake, tmp_path, monkeypatch):
    target = tmp_path / "artlake.duckdb"
    target.write_bytes(b"yesterday")
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 5, 5)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(PublishError, match="0 MB are free"):
            publish(lake, target, {})
    with monkeypatch.context() as patched:
        patched.setattr("warehouse.publish.HERE", tmp_path)
        with pytest.raises(FileNotFoundError):
            publish(lake, target, {})
    assert target.read_bytes() == b"yesterday"
    assert [left.name for left in tmp_path.iterdir()] == ["artlake.duckdb"]


def test_a_missing_table_is_named(tmp_path):
    lake = small_lake.make(tmp_path / "lake")
    with pytest.raises(PublishError, match="star/dim_artist, .* has not been made"):
        publish(lake, tmp_path / "artlake.duckdb", {})


def test_a_lake_without_pictures_and_predictions_is_published(tmp_path):
    lake = made(tmp_path / "lake", predictions=False, pictures=False)
    published = publish(lake, tmp_path / "artlake.duckdb", {})
    assert published.rows["fact_image"] == 0
    assert "no rows" in dictionary.markdown(published.path)
    for question in questions():
        answer(published.path, question.name)


@pytest.mark.parametrize(
    "sql",
    [
        "create table x as select 1",
        "create temp table x as select 1",
        "delete from fact_artwork",
        "insert into snapshot values ('a', 'b')",
        "copy fact_artwork to 'out.csv'",
        "attach 'other.duckdb'",
        "select 1; select 2",
        "set memory_limit = '100GB'",
        "pragma enable_profiling",
        "install httpfs",
        "",
    ],
)
def test_writes_and_commands_are_refused(file, sql):
    before = file.read_bytes()
    with pytest.raises(AskError, match="Only one query"):
        ask(file, sql)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "from '/etc/passwd'",
        "from read_text('/etc/hostname')",
        "from glob('/etc/*')",
        "from read_parquet('https://example.org/x.parquet')",
    ],
)
def test_other_files_and_the_network_are_out_of_reach(file, sql):
    with pytest.raises(AskError, match=r"disabled|does not exist|Permission"):
        ask(file, sql)


def test_a_runaway_question_is_interrupted(file):
    endless = (
        "select count(*) from range(1000000000) a, range(1000000000) b where a.range < b.range"
    )
    with pytest.raises(AskError, match=r"longer than 0\.2 s"):
        ask(file, endless, timeout_s=0.2)


def test_a_greedy_question_is_stopped(file, monkeypatch):
    monkeypatch.setattr("warehouse.ask._MEMORY", "50MB")
    with pytest.raises(AskError, match="more than 50MB of memory"):
        ask(file, "select list(range) from range(100000000)")


def test_the_row_limit_and_its_mark(file):
    cut = ask(file, "select * from range(100000)", limit=7)
    assert cut.num_rows == 7
    assert TRUNCATED in cut.schema.metadata
    whole = ask(file, "select * from range(7)", limit=7)
    assert whole.num_rows == 7 and not whole.schema.metadata
    assert ask(file, "select 1 where false").num_rows == 0


def test_errors_are_sentences(file, tmp_path):
    with pytest.raises(AskError, match="does not exist"):
        ask(tmp_path / "none.duckdb", "select 1")
    with pytest.raises(AskError, match="nosuch"):
        ask(file, "select nosuch from fact_artwork")
    with pytest.raises(AskError, match="syntax"):
        ask(file, "selec 1")
    with pytest.raises(AskError, match="most-prolific-artists"):
        answer(file, "no-such-question")


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
def test_each_question_is_a_sentence_with_rows(file, question):
    assert question.sentence.endswith("?")
    assert answer(file, question.name).num_rows > 0


def test_answers_are_right(file):
    (shared,) = answer(file, "duplicates-across-museums").to_pylist()
    assert (shared["images"], shared["keeper"], len(shared["museums"])) == (3, "met:10#0", 3)
    (other,) = answer(file, "prediction-disagreement").to_pylist()
    assert (other["artwork_id"], other["says_the_model"]) == ("met:11", "European Paintings")
    artists = answer(file, "most-prolific-artists").to_pylist()
    assert artists[0]["artist"].startswith("Rembrandt")
    assert (artists[0]["objects"], artists[0]["museums"]) == (3.33, 3)


def test_the_dictionary_explains_every_column(file):
    text, page = dictionary.markdown(file), dictionary.html(file)
    for contract in [*(star_contract(table.name) for table in STAR), *view_contracts()]:
        assert f"## {contract.name}\n" in text and f'id="{contract.name}"' in page
        for declared in contract.columns:
            assert f"| {declared.name} |" in text
    assert "(table, 10 rows)" in text
    assert "http" not in page.replace("https://museum.example", "")
    assert text == dictionary.markdown(file)
