import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import BusyError, Lake, LakeError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake")


def test_equal_rows_have_equal_bytes_whatever_their_order(lake: Lake) -> None:
    rows = pa.table({"id": ["b", "a", "c"], "n": [2, 1, 3]})
    first = lake.write("catalog/things", rows, ["id"])
    second = lake.write("catalog/things", rows.take([2, 0, 1]), ["id"])
    assert first.changed and not second.changed
    assert first.version == second.version
    assert lake.read("catalog/things")["id"].to_pylist() == ["a", "b", "c"]


@given(numbers=st.lists(st.integers(-(2**31), 2**31 - 1), unique=True, max_size=50))
def test_a_query_is_written_like_a_table_sorted_and_whole(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int]
) -> None:
    lake = Lake.open(tmp_path_factory.mktemp("lakes") / "lake")
    lake.write("a/numbers", pa.table({"n": pa.array(numbers, pa.int64())}), ["n"])
    with lake.connect(["a/numbers"]) as connection:
        written = lake.write_query(
            "b/doubled", connection, "select n * 2 as n from a_numbers", ["n"]
        )
    assert written.rows == len(numbers)
    assert lake.read("b/doubled")["n"].to_pylist() == sorted(2 * n for n in numbers)


def test_partitions_are_read_together(lake: Lake) -> None:
    lake.write("raw/met", pa.table({"id": ["1"]}), ["id"], partition="3")
    lake.write("raw/met", pa.table({"id": ["2"], "new": ["x"]}), ["id"], partition="11")
    assert sorted(lake.read("raw/met")["id"].to_pylist()) == ["1", "2"]
    with lake.connect(["raw/met"]) as connection:
        assert connection.sql("select count(new) from raw_met").fetchall() == [(1,)]


def test_a_reader_keeps_its_rows_while_the_table_is_replaced(lake: Lake) -> None:
    lake.write("a/t", pa.table({"n": list(range(1000))}), ["n"])
    with lake.path("a/t").open("rb") as reader:
        lake.write("a/t", pa.table({"n": [1]}), ["n"])
        assert len(reader.read()) > 0
    assert lake.read("a/t").num_rows == 1


def test_a_table_that_was_never_made_says_what_to_do(lake: Lake) -> None:
    with pytest.raises(LakeError, match="artlake run"):
        lake.read("star/nothing")


def test_a_failed_write_leaves_the_old_table(lake: Lake) -> None:
    lake.write("a/t", pa.table({"n": [1]}), ["n"])
    with lake.connect(["a/t"]) as connection, pytest.raises(duckdb.Error):
        lake.write_query("a/t", connection, "select error('no') as n from a_t", ["n"])
    assert lake.read("a/t")["n"].to_pylist() == [1]
    assert not list(lake.root.rglob("*.part"))


def test_what_a_killed_run_left_half_written_is_removed(lake: Lake) -> None:
    dead = (
        subprocess.run(
            [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
        )
        .stdout.decode()
        .strip()
    )
    left = lake.root / "a" / f".t.parquet.{dead}.part"
    left.parent.mkdir()
    left.write_bytes(b"half")
    own = lake.root / "a" / f".t.parquet.{os.getpid()}.part"
    own.write_bytes(b"being written")
    assert lake.tidy() == [left]
    assert own.exists() and not left.exists()


def test_a_process_killed_while_writing_leaves_the_old_table(lake: Lake) -> None:
    lake.write("a/t", pa.table({"n": [1]}), ["n"])
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from storage.files import replacing\n"
        f"with replacing(Path({str(lake.path('a/t'))!r})) as part:\n"
        "    part.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT)
    assert killed.returncode == -9
    assert lake.read("a/t")["n"].to_pylist() == [1]
    assert len(lake.tidy()) == 1


def test_another_format_is_refused_with_the_way_out(lake: Lake) -> None:
    (lake.root / "lake.json").write_text(json.dumps({"format": 99, "origin": "live"}))
    with pytest.raises(LakeError, match="format 99.*nothing was changed"):
        Lake.open(lake.root)


def test_invented_works_never_enter_a_live_lake(lake: Lake) -> None:
    assert lake.origin == "live"
    with pytest.raises(LakeError, match="Keep them apart"):
        Lake.open(lake.root, "builtin")


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(LakeError, match=r"holiday\.jpg"):
        Lake.open(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="ARTLAKE_LAKE"):
        Lake.open(tmp_path / "file" / "lake")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LakeError, match="may write"):
        Lake.open(tmp_path / "lake")


def test_the_second_owner_of_a_lock_learns_who_is_first(lake: Lake) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from storage import Lake\n"
        f"with Lake.open(Path({str(lake.root)!r})).lock('run', 'artlake run'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert first.stdin is not None and first.stdout is not None
    assert first.stdout.readline() == b"held\n"
    with pytest.raises(BusyError, match=f"process {first.pid}"), lake.lock("run", "artlake run"):
        pass
    first.kill()
    first.wait()
    with lake.lock("run", "artlake run"):
        pass
    first.stdin.close()
    first.stdout.close()
