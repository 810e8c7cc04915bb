import errno
import json
import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from storage import Lake
from storage.files import sha256_file
from tests import _publications, small_lake
from tests._publications import FOLDER, change, retitle
from warehouse.contracts import star_contract
from warehouse.export import export
from warehouse.manifest import MANIFEST, ExportError, read_manifest
from warehouse.star import STAR

DIVIDED = [table.name for table in STAR if star_contract(table.name).partition]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = _publications.star(tmp_path_factory.mktemp("export") / "lake")
    export(lake, lake.file(FOLDER))
    return lake.root


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Lake:
    """A copy of the exported lake that a test may change."""
    return Lake.open(shutil.copytree(made, tmp_path / "lake"))


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_file(path) for path in folder.rglob("*.parquet")
    }


def test_facts_and_bridges_are_divided_by_source(made: Path) -> None:
    assert {"fact_artwork", "fact_image", "bridge_artwork_artist"} <= set(DIVIDED)
    assert not [name for name in DIVIDED if name.startswith("dim_")]
    parts = {path.name for path in (made / FOLDER / "fact_artwork").iterdir()}
    assert parts == {f"source={source}" for source in small_lake.MUSEUMS}


def test_other_readers_find_every_row_and_the_source_as_a_column(made: Path) -> None:
    lake = Lake.open(made)
    folder = lake.file(FOLDER) / "fact_artwork"
    read = ds.dataset(folder, partitioning="hive").to_table()
    whole = lake.read("star/fact_artwork")
    assert sorted(read["artwork_id"].to_pylist()) == sorted(whole["artwork_id"].to_pylist())
    sources = Counter(row.split(":")[0] for row in whole["artwork_id"].to_pylist())
    assert Counter(read["source"].to_pylist()) == sources
    counted = duckdb.sql(
        f"select source, count(*) from read_parquet('{folder}/*/*.parquet', hive_partitioning = true) "
        "group by all"
    ).fetchall()
    assert dict(counted) == sources


@pytest.mark.parametrize("name", [table.name for table in STAR])
def test_each_table_has_the_rows_and_columns_of_the_star(made: Path, name: str) -> None:
    lake = Lake.open(made)
    files = sorted((made / FOLDER / name).rglob("*.parquet"))
    listed = ", ".join(f"'{path}'" for path in files)
    found = duckdb.sql(f"select * from read_parquet([{listed}], hive_partitioning = false)")
    assert found.columns == [column.name for column in star_contract(name).columns]
    star = duckdb.read_parquet(str(lake.path(f"star/{name}")))
    assert not found.except_(star).fetchall() and not star.except_(found).fetchall()
    assert len(found.fetchall()) == len(star.fetchall())


def test_the_manifest_tells_every_file(made: Path) -> None:
    folder = made / FOLDER
    plain = json.loads((folder / MANIFEST).read_text())
    assert set(plain["tables"]) == {table.name for table in STAR}
    said = {
        path: file for table in plain["tables"].values() for path, file in table["files"].items()
    }
    assert {path: file["sha256"] for path, file in said.items()} == bytes_of(folder)
    for path, file in said.items():
        assert pq.read_metadata(folder / path).num_rows == file["rows"]
    artworks = plain["tables"]["fact_artwork"]
    assert artworks["grain"] == star_contract("fact_artwork").grain
    assert artworks["rows"] == len(small_lake.ARTWORKS)
    assert artworks["partitioned_by"] == "source"
    assert [column["name"] for column in artworks["columns"]] == [
        column.name for column in star_contract("fact_artwork").columns
    ]


def test_read_back_the_manifest_is_the_one_written(lake: Lake) -> None:
    assert export(lake, lake.file(FOLDER)) == read_manifest(lake.file(FOLDER))
    assert read_manifest(lake.file("elsewhere")) is None


def test_what_did_not_change_keeps_its_bytes_and_only_one_source_is_written_anew(
    lake: Lake,
) -> None:
    folder = lake.file(FOLDER)
    before = bytes_of(folder)
    retitle(lake, "met:10", "Renamed")
    export(lake, folder)
    after = bytes_of(folder)
    assert set(after) == set(before)
    assert [path for path in after if after[path] != before[path]] == [
        "fact_artwork/source=met/data.parquet"
    ]


def test_a_table_that_did_not_change_is_the_same_file_again(lake: Lake) -> None:
    folder = lake.file(FOLDER)
    untouched = folder / "fact_image" / "source=met" / "data.parquet"
    inode = untouched.stat().st_ino
    export(lake, folder)
    assert untouched.stat().st_ino == inode
    change(lake, "dim_style", lambda row: row | {"objects": 7})
    export(lake, folder)
    assert (folder / "dim_style" / "data.parquet").samefile(lake.path("star/dim_style"))


def test_a_file_that_somebody_damaged_is_made_anew(lake: Lake) -> None:
    folder = lake.file(FOLDER)
    before = bytes_of(folder)
    damaged = folder / "fact_artwork" / "source=nga" / "data.parquet"
    damaged.write_bytes(b"PAR1")
    export(lake, folder)
    assert bytes_of(folder) == before


def test_two_exports_of_equal_data_have_equal_bytes(lake: Lake) -> None:
    before = bytes_of(lake.file(FOLDER))
    shutil.rmtree(lake.file(FOLDER))
    export(lake, lake.file(FOLDER))
    assert bytes_of(lake.file(FOLDER)) == before


def test_a_source_with_odd_characters_gets_a_folder_that_readers_understand(lake: Lake) -> None:
    odd = "a/b=c é%20"
    change(lake, "dim_museum", lambda row: row | {"source": odd} if row["source"] == "nga" else row)
    export(lake, lake.file(FOLDER))
    parts = {path.name for path in (lake.file(FOLDER) / "fact_artwork").iterdir()}
    assert "source=a%2Fb%3Dc%20%C3%A9%2520" in parts
    read = ds.dataset(lake.file(FOLDER) / "fact_artwork", partitioning="hive").to_table()
    assert set(read["source"].to_pylist()) == {"met", "wga", "folder", odd}
    assert read_manifest(lake.file(FOLDER)) == export(lake, lake.file(FOLDER))


def test_a_table_without_rows_still_tells_its_columns(lake: Lake) -> None:
    change(lake, "fact_image", lambda row: None)
    manifest = export(lake, lake.file(FOLDER))
    assert manifest.tables["fact_image"].rows == 0
    read = ds.dataset(lake.file(FOLDER) / "fact_image", partitioning="hive").to_table()
    assert read.num_rows == 0
    assert set(read.column_names) == {
        "source",
        *(column.name for column in star_contract("fact_image").columns),
    }


def test_an_export_killed_between_its_two_renames_is_ended_by_the_next(lake: Lake) -> None:
    folder = lake.file(FOLDER)
    before = bytes_of(folder)
    inode = (folder / "fact_image" / "source=met" / "data.parquet").stat().st_ino
    folder.rename(folder.with_name(".parquet.old"))
    half = folder.with_name(".parquet.new") / "fact_artwork"
    half.mkdir(parents=True)
    (half / "data.parquet").write_bytes(b"half")
    export(lake, folder)
    assert bytes_of(folder) == before
    assert (folder / "fact_image" / "source=met" / "data.parquet").stat().st_ino == inode
    assert sorted(path.name for path in folder.parent.iterdir()) == ["parquet"]


def test_an_export_that_fails_leaves_what_was_there(lake: Lake) -> None:
    folder = lake.file(FOLDER)
    before = bytes_of(folder)
    lake.path("star/fact_similar").write_bytes(b"not parquet")
    with pytest.raises(ExportError, match="fact_similar"):
        export(lake, folder)
    assert bytes_of(folder) == before


@pytest.mark.parametrize("fails", ["os.fsync", "pathlib.Path.rename"])
def test_a_disk_that_fills_up_leaves_what_was_there_and_nothing_beside_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    folder = lake.file(FOLDER)
    before = bytes_of(folder)
    retitle(lake, "met:10", "Never seen")
    rename = Path.rename

    def full(given: Path | int, *to: Path) -> Path:
        """Everything may be renamed but the new folder: the old one must then come back."""
        if to and not str(given).endswith(".new"):
            return rename(given, *to)  # type: ignore[arg-type]
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(fails, full)
        with pytest.raises(ExportError, match="stays as it was.*No space left"):
            export(lake, folder)
    assert bytes_of(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["parquet"]
    export(lake, folder)
    assert bytes_of(folder) != before


def test_a_manifest_that_cannot_be_read_says_what_to_do(lake: Lake) -> None:
    folder = lake.file(FOLDER)
    for text in ("{", '{"format": 99, "tables": {}}', '{"format": 1, "tables": {"x": {}}}', "[]"):
        (folder / MANIFEST).write_text(text)
        with pytest.raises(ExportError, match=r"Remove the folder"):
            export(lake, folder)
