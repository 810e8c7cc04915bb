"""Publishing: one file, whole or not at all, with keys, comments and views, made anew only where tables changed."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_lake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import Lake
from storage.sql import literal
from warehouse.contracts import star_contract, view_contracts
from warehouse.publish import PublishError, build_file, publish
from warehouse.star import STAR, build

MADE_BY_US = {"snapshot", "foreign_key", "search_word", "search_document", "search_posting"}


def made(folder: Path, **options: bool) -> Lake:
    lake = small_lake.make(folder, **options)
    for table in STAR:
        build(lake, table)
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    return made(tmp_path_factory.mktemp("lake"))


def tables_of(lake: Lake) -> dict[str, list[Path]]:
    return {table.name: lake.parts(table.key) for table in STAR}


def ask(file: Path, sql: str) -> list[tuple]:
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(file))} as file (read_only); use file")
        return connection.sql(sql).fetchall()


def dump(file: Path) -> dict[str, list[tuple]]:
    """All that a reader can see of a file: its objects as DuckDB describes them, and every row."""
    here = "where database_name = 'file' and not internal"
    catalog = {
        "tables": f"select table_name, comment, sql, estimated_size from duckdb_tables() {here} order by all",
        "columns": f"select table_name, column_name, data_type, is_nullable, comment from duckdb_columns() {here} order by all",
        "keys": "select table_name, constraint_type, constraint_column_names, referenced_table, "
        f"referenced_column_names from duckdb_constraints() {here.removesuffix(' and not internal')} order by all",
        "views": f"select view_name, comment, sql from duckdb_views() {here} order by all",
        "macros": f"select function_name, macro_definition, comment from duckdb_functions() {here} order by all",
    }
    seen = {name: ask(file, sql) for name, sql in catalog.items()}
    for table in (row[0] for row in seen["tables"]):
        seen[f"rows of {table}"] = ask(file, f'from "{table}" order by all')
    return seen


def only(names: list[Path]) -> list[str]:
    return sorted(path.name for path in names)


def test_the_file_holds_tables_views_comments_and_its_snapshot(lake, tmp_path):
    published = publish(lake, tmp_path / "artlake.duckdb", {"code": "abc"})
    assert published.rows["fact_artwork"] == len(small_lake.ARTWORKS)
    assert published.rows == {t.name: lake.read(t.key).num_rows for t in STAR}
    assert (published.kept, published.without) == ((), ())
    assert only(tmp_path.iterdir()) == ["artlake.duckdb"]
    seen = dump(published.path)
    assert {row[0] for row in seen["tables"]} == {t.name for t in STAR} | MADE_BY_US
    assert [row[0] for row in seen["views"]] == [view.name for view in view_contracts()]
    assert [row for row in seen["tables"] + seen["views"] if not row[1]] == []
    bare = {row[0] for row in seen["columns"] if row[-1] is None}
    assert bare <= MADE_BY_US
    versions = dict(seen["rows of snapshot"])
    assert versions["code"] == "abc"
    assert {key for key in versions if key.startswith("star/")} == {t.key for t in STAR}


def test_every_reference_of_a_small_lake_is_a_foreign_key_that_tools_see(lake, tmp_path):
    file = publish(lake, tmp_path / "artlake.duckdb", {}).path
    declared = ask(
        file,
        "select table_name, constraint_column_names[1], referenced_table, referenced_column_names[1] "
        "from duckdb_constraints() where database_name = 'file' and constraint_type = 'FOREIGN KEY' order by all",
    )
    # What may be 0 without a row of key 0 is listed, and cannot be declared.
    wanted = [
        (table.name, column.name, column.references)
        for table in STAR
        for column in star_contract(table.name).columns
        if column.references not in (None, table.name) and not column.zero_allowed
    ]
    assert sorted(row[:3] for row in declared) == sorted(wanted)
    listed = "select * exclude (is_declared) from foreign_key where is_declared order by all"
    assert ask(file, listed) == declared
    usage = "select count(*) from information_schema.referential_constraints where constraint_catalog = 'file'"
    assert ask(file, usage) == [(len(declared),)]
    keys = "select table_name from duckdb_constraints() where constraint_type = 'PRIMARY KEY' and database_name = 'file'"
    with_keys = {t.name for t in STAR if star_contract(t.name).key}
    assert {row[0] for row in ask(file, keys)} == with_keys | {"snapshot", "foreign_key"}


def test_a_table_too_large_to_index_says_so_and_still_lists_its_references(
    lake, tmp_path, monkeypatch
):
    rows = lake.read("star/fact_similar").num_rows
    monkeypatch.setattr("warehouse.declared._ENTRIES", rows)
    file = publish(lake, tmp_path / "artlake.duckdb", {}).path
    (comment,) = ask(file, "select comment from duckdb_tables() where table_name = 'fact_similar'")[
        0
    ]
    assert "not declared as keys of the file" in comment
    assert "neighbour_key → fact_artwork" in comment
    listed = "select column_name, is_declared from foreign_key where table_name = 'fact_similar' order by all"
    assert ("neighbour_key", False) in ask(file, listed)
    kinds = "select constraint_type from duckdb_constraints() where table_name = 'fact_similar' and constraint_type <> 'NOT NULL'"
    assert ask(file, kinds) == [("PRIMARY KEY",)]


def changed(lake: Lake, names: set[str], folder: Path) -> dict[str, list[Path]]:
    """The star's files, those of `names` with a last row less, and what refers to it still true."""
    files = tables_of(lake)
    for name in sorted(names):
        table = pq.read_table(files[name][0])
        contract = star_contract(name)
        spare = next(c.name for c in contract.columns if not (c.key or c.unique or c.references))
        column = table[spare].combine_chunks()
        turned = pa.concat_arrays([column[1:], column[:1]])
        table = table.set_column(
            table.schema.get_field_index(spare), table.schema.field(spare), turned
        )
        folder.mkdir(exist_ok=True)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        files[name] = [folder / f"{name}.parquet"]
    return files


CAN_CHANGE = sorted(
    table.name
    for table in STAR
    if any(
        not (c.key or c.unique or c.references or c.low is not None)
        for c in star_contract(table.name).columns
    )
)


@pytest.mark.slow
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sets(st.sampled_from(CAN_CHANGE), max_size=4), st.sampled_from([0, 20, 10**6]))
def test_taking_over_unchanged_tables_gives_what_a_full_build_gives(
    lake, tmp_path_factory, names, entries
):
    folder = tmp_path_factory.mktemp("incremental")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("warehouse.declared._ENTRIES", entries)
        build_file(tables_of(lake), folder / "old.duckdb", {"day": "1"})
        files = changed(lake, names, folder / "changed")
        full = build_file(files, folder / "full.duckdb", {"day": "2"})
        short = build_file(files, folder / "old.duckdb", {"day": "2"})
    assert full.kept == () and not set(short.kept) & names
    assert (short.rows, short.version) == (full.rows, full.version)
    assert dump(short.path) == dump(full.path)


def test_only_what_changed_and_what_is_tied_to_it_is_made_anew(lake, tmp_path, monkeypatch):
    target = tmp_path / "artlake.duckdb"
    build_file(tables_of(lake), target, {})
    assert set(build_file(tables_of(lake), target, {}).kept) == {t.name for t in STAR}
    files = changed(lake, {"dim_medium"}, tmp_path / "changed")
    tied = set(build_file(files, target, {}).kept)
    assert not {"dim_medium", "fact_artwork", "fact_similar"} & tied
    assert {"dim_museum", "dim_school"} <= tied
    monkeypatch.setattr("warehouse.declared._ENTRIES", 0)
    build_file(tables_of(lake), target, {})
    build_file(tables_of(lake), target, {})
    assert set(build_file(files, target, {}).kept) == {t.name for t in STAR} - {"dim_medium"}


def damaged(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for at in range(len(data) // 3, len(data), 4096):
        data[at] ^= 0xFF
    file.write_bytes(data)


def of_other_code(file: Path) -> None:
    with duckdb.connect(file) as connection:
        connection.execute("update snapshot set version = 'older' where name = 'made by'")


def edited_by_hand(file: Path) -> None:
    with duckdb.connect(file) as connection:
        connection.execute("update dim_museum set museum = 'Mine' where museum_key > 0")


@pytest.mark.parametrize(
    "spoil",
    [
        damaged,
        of_other_code,
        edited_by_hand,
        lambda file: file.write_bytes(b"no database"),
        lambda file: file.write_bytes(b""),
        lambda file: os.truncate(file, file.stat().st_size // 2),
        lambda file: duckdb.connect(file).execute("drop table snapshot").close(),
    ],
    ids=["damaged", "other code", "edited", "no database", "empty", "cut short", "no snapshot"],
)
def test_nothing_is_taken_over_from_an_odd_file(lake, tmp_path, spoil):
    target = tmp_path / "artlake.duckdb"
    build_file(tables_of(lake), target, {})
    whole = dump(target)
    spoil(target)
    assert build_file(tables_of(lake), target, {}).kept == ()
    assert dump(target) == whole
    assert only(tmp_path.iterdir()) == ["artlake.duckdb"]


def test_an_older_publication_is_built_with_the_columns_it_has(lake, tmp_path):
    files = tables_of(lake)
    older = pq.read_table(files["fact_artwork"][0]).drop_columns(["title"])
    older = older.append_column("since_gone", pa.array(["x"] * older.num_rows))
    pq.write_table(older, tmp_path / "older.parquet")
    del files["dim_style"]
    files |= {
        "fact_artwork": [tmp_path / "older.parquet"],
        "dim_gone": [tmp_path / "older.parquet"],
    }
    published = build_file(files, tmp_path / "out" / "artlake.duckdb", {})
    assert {"artworks", "search"} <= set(published.without)
    assert ask(published.path, "select distinct since_gone from fact_artwork") == [("x",)]
    assert ask(published.path, "select count(*) from dim_gone") == [(older.num_rows,)]
    assert ask(published.path, "select version from snapshot where name = 'without'") == [
        (", ".join(published.without),)
    ]
    about = "select comment from duckdb_columns() where table_name = 'fact_artwork' and column_name = 'artwork_id'"
    assert ask(published.path, about)[0][0]


def test_a_table_in_several_files_is_one_table(lake, tmp_path):
    files = tables_of(lake)
    table = pq.read_table(files["fact_artwork"][0])
    for number, rows in enumerate((table.slice(4), table.slice(0, 4))):
        pq.write_table(rows, tmp_path / f"{number}.parquet")
    files["fact_artwork"] = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    parted = build_file(files, tmp_path / "parted.duckdb", {}).path
    whole = build_file(tables_of(lake), tmp_path / "whole.duckdb", {}).path
    assert ask(parted, "from fact_artwork") == ask(whole, "from fact_artwork")


def test_a_reader_keeps_its_file_while_a_new_one_is_swapped_in(tmp_path):
    lake = made(tmp_path / "lake")
    target = tmp_path / "artlake.duckdb"
    first = publish(lake, target, {})
    with duckdb.connect(target, read_only=True) as reader:
        before = reader.sql("select count(*) from fact_similar").fetchall()
        rows = lake.read("similarity/neighbours").slice(0, 2)
        lake.write("similarity/neighbours", rows, ["artwork_id"])
        build(lake, next(table for table in STAR if table.name == "fact_similar"))
        second = publish(lake, target, {})
        assert reader.sql("select count(*) from fact_similar").fetchall() == before
        # In this very process, and beside the old reader, a new question sees the new file.
        assert ask(target, "select count(*) from fact_similar") == [(2,)] != before
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
    assert only(target.parent.iterdir()) == ["artlake.duckdb"]


def test_a_full_disk_leaves_the_old_file(lake, tmp_path, monkeypatch):
    target = tmp_path / "artlake.duckdb"
    target.write_bytes(b"yesterday")
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 5, 5)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(PublishError, match="0 MB are free"):
        publish(lake, target, {})
    assert target.read_bytes() == b"yesterday"


def test_a_disk_that_fills_up_on_the_way_leaves_the_old_file(lake, tmp_path):
    """In a process that may write no file larger than a megabyte, as on a disk with no more room."""
    target = tmp_path / "out" / "artlake.duckdb"
    whole = build_file(tables_of(lake), target, {}).path.read_bytes()
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from storage import Lake; from warehouse.publish import PublishError, publish\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))\n"
        "try: publish(Lake.open(Path(sys.argv[1])), Path(sys.argv[2]), {'day': '2'})\n"
        "except PublishError as error: print(error); sys.exit(7)"
    )
    publish(lake, tmp_path / "checked.duckdb", {})  # so that no mark is left to write
    target.write_bytes(b"damaged" + whole)  # so that nothing can be taken over
    done = subprocess.run(
        [sys.executable, "-c", code, str(lake.root), str(target)], capture_output=True, text=True
    )
    assert done.returncode == 7, done.stderr
    assert "was not published" in done.stdout
    assert target.read_bytes() == b"damaged" + whole
    assert only(target.parent.iterdir()) == ["artlake.duckdb"]


def test_a_killed_build_leaves_the_old_file_and_the_next_one_clears_up(lake, tmp_path):
    target = tmp_path / "artlake.duckdb"
    build_file(tables_of(lake), target, {"day": "1"})
    before = target.read_bytes()
    of_other_code(target)
    before = target.read_bytes()
    child = multiprocessing.get_context("fork").Process(
        target=build_file, args=(tables_of(lake), target, {"day": "2"})
    )
    child.start()
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".*.part")) and time.monotonic() < deadline:
        time.sleep(0.001)
    assert list(tmp_path.glob(".*.part")) and child.is_alive()
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert target.read_bytes() == before
    left = tmp_path / f".artlake.duckdb.{child.pid}.part"
    left.with_name(left.name + ".wal").write_bytes(b"of the killed one")
    left.unlink()  # as Lake.tidy does
    build_file(tables_of(lake), target, {"day": "2"})
    assert only(tmp_path.iterdir()) == ["artlake.duckdb"]


def test_of_two_publications_at_once_the_later_one_stands_whole(lake, tmp_path):
    target = tmp_path / "artlake.duckdb"
    context = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=build_file, args=(tables_of(lake), target, {"day": str(day)}))
        for day in (1, 2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    found = dict(ask(target, "from snapshot"))
    alone = build_file(tables_of(lake), tmp_path / "alone.duckdb", {"day": found["day"]}).path
    assert dump(target) == dump(alone)


def test_a_missing_table_is_named(tmp_path):
    lake = small_lake.make(tmp_path / "lake")
    with pytest.raises(PublishError, match="star/dim_artist, .* has not been made"):
        publish(lake, tmp_path / "artlake.duckdb", {})


def test_a_lake_without_pictures_and_predictions_is_published(tmp_path):
    lake = made(tmp_path / "lake", predictions=False, pictures=False)
    published = publish(lake, tmp_path / "artlake.duckdb", {})
    assert published.rows["fact_image"] == 0
    for view in view_contracts():
        assert ask(published.path, f'select count(*) from "{view.name}"')


@pytest.mark.parametrize("view", view_contracts(), ids=lambda view: view.name)
def test_views_have_the_columns_they_declare(lake, tmp_path_factory, view):
    file = tmp_path_factory.getbasetemp() / "views.duckdb"
    build_file(tables_of(lake), file, {})
    described = ask(file, f'select column_name, column_type from (describe "{view.name}")')
    assert described == [(declared.name, declared.type) for declared in view.columns]
