import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage import map_files
from tests.conftest import ROOT


def measure(batch: pa.RecordBatch) -> pa.RecordBatch:
    sizes, errors = [], []
    for path in batch["path"].to_pylist():
        try:
            sizes.append(Path(path).stat().st_size)
            errors.append(None)
        except OSError as error:
            sizes.append(None)
            errors.append(f"unreadable: {error.strerror}")
    return pa.RecordBatch.from_pydict(
        {
            "sha256": batch["sha256"],
            "size": pa.array(sizes, pa.int64()),
            "error": pa.array(errors, pa.string()),
        }
    )


class Counting:
    """Writes a mark for every row it works on, so that a test can count across processes."""

    def __init__(self, marks: Path, deadly: str | None = None):
        self.marks, self.deadly = marks, deadly

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        for name in batch["sha256"].to_pylist():
            if name == self.deadly:
                os._exit(9)
            (self.marks / f"{name}.{os.urandom(4).hex()}").touch()
        return pa.RecordBatch.from_pydict(
            {"sha256": batch["sha256"], "error": pa.nulls(batch.num_rows, pa.string())}
        )


def rows(tmp_path: Path, count: int) -> pa.Table:
    paths = []
    for number in range(count):
        path = tmp_path / f"{number:03}.bin"
        path.write_bytes(b"x" * number)
        paths.append(str(path))
    return pa.table({"sha256": [f"{n:03}" for n in range(count)], "path": paths})


@pytest.mark.parametrize("workers", [0, 2])
def test_every_row_comes_back_once_and_in_order(tmp_path: Path, workers: int) -> None:
    given = rows(tmp_path, 50)
    twice = pa.concat_tables([given, given.slice(0, 10)])
    found = map_files(
        measure, twice, tmp_path / "memo", key="sha256", version="1", label="t",
        batch_size=7, workers=workers,
    )  # fmt: skip
    assert found["size"].to_pylist() == list(range(50))


def test_rows_are_worked_on_in_the_order_they_come_in(tmp_path: Path) -> None:
    seen: list[str] = []

    def kernel(batch: pa.RecordBatch) -> pa.RecordBatch:
        seen.extend(batch["sha256"].to_pylist())
        return measure(batch)

    mixed = rows(tmp_path, 5).take([3, 1, 3, 4, 0, 1])
    found = map_files(
        kernel, mixed, tmp_path / "memo", key="sha256", version="1", label="t",
        batch_size=2, workers=0,
    )  # fmt: skip
    assert seen == ["003", "001", "004", "000"]
    assert found["sha256"].to_pylist() == sorted(seen)


def test_one_bad_file_is_a_row_with_its_reason(tmp_path: Path) -> None:
    given = rows(tmp_path, 3)
    (tmp_path / "001.bin").unlink()
    found = map_files(
        measure, given, tmp_path / "memo", key="sha256", version="1", label="t", workers=0
    )
    assert found["error"].to_pylist() == [None, "unreadable: No such file or directory", None]


def test_a_row_done_once_is_never_done_again(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def run(count: int, version: str = "1") -> int:
        before = len(list(marks.iterdir()))
        map_files(
            Counting(marks), rows(tmp_path, count), tmp_path / "memo", key="sha256",
            version=version, label="t", batch_size=4, workers=0,
        )  # fmt: skip
        return len(list(marks.iterdir())) - before

    assert run(10) == 10
    assert run(10) == 0
    assert run(13) == 3
    assert run(13, version="2") == 13


def test_a_run_that_died_goes_on_where_it_stopped(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    given = rows(tmp_path, 40)
    script = (
        "import sys, pyarrow.parquet as pq; from pathlib import Path\n"
        "from storage import map_files; from tests.test_storage_memo import Counting\n"
        "folder = Path(sys.argv[1])\n"
        "map_files(Counting(folder / 'marks', deadly='030'), pq.read_table(folder / 'rows'),\n"
        "    folder / 'memo', key='sha256', version='1', label='t', batch_size=1, workers=0)"
    )
    pq.write_table(given, tmp_path / "rows")
    died = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT)
    assert died.returncode == 9
    done = len(list((tmp_path / "memo" / "1").glob("*.parquet")))
    before = len(list(marks.iterdir()))
    found = map_files(
        Counting(marks), given, tmp_path / "memo", key="sha256", version="1", label="t",
        batch_size=1, workers=0,
    )  # fmt: skip
    assert done == 30
    assert len(list(marks.iterdir())) - before == 40 - done
    assert found.num_rows == 40


def test_a_row_that_kills_its_worker_is_one_error_and_is_tried_again(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def run(deadly: str | None) -> list[str | None]:
        found = map_files(
            Counting(marks, deadly), rows(tmp_path, 20), tmp_path / "memo", key="sha256",
            version="1", label="t", batch_size=4, workers=2,
        )  # fmt: skip
        return found["error"].to_pylist()

    errors = run("013")
    assert [number for number, error in enumerate(errors) if error] == [13]
    assert errors[13].startswith("crashed: the process that worked on it was killed")
    assert run(None) == [None] * 20


def test_a_kernel_that_breaks_its_contract_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the kernel returned no column"):
        map_files(
            lambda batch: batch, rows(tmp_path, 2), tmp_path / "memo", key="sha256", version="1",
            label="sizes", workers=0,
        )  # fmt: skip


def test_no_rows_give_no_rows(tmp_path: Path) -> None:
    empty = rows(tmp_path, 1).slice(0, 0)
    found = map_files(
        measure, empty, tmp_path / "memo", key="sha256", version="1", label="t", workers=0
    )
    assert found.num_rows == 0 and found.schema.names == ["sha256", "size", "error"]


class Absent:
    """Says that files are missing, or have changed, while they are."""

    def __init__(self, word: str = "missing"):
        self.word = word

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        there = [Path(path).exists() for path in batch["path"].to_pylist()]
        errors = [None if found else f"{self.word}: it is not there" for found in there]
        return pa.RecordBatch.from_pydict(
            {"sha256": batch["sha256"], "error": pa.array(errors, pa.string())}
        )


@pytest.mark.parametrize("word", ["missing", "changed"])
def test_an_error_that_may_pass_is_tried_again(tmp_path: Path, word: str) -> None:
    given = rows(tmp_path, 3)
    hidden = (tmp_path / "001.bin").rename(tmp_path / "elsewhere")

    def errors() -> list[str | None]:
        found = map_files(
            Absent(word), given, tmp_path / "memo", key="sha256", version="1", label="t", workers=0
        )
        return found["error"].to_pylist()

    assert errors() == [None, f"{word}: it is not there", None]
    hidden.rename(tmp_path / "001.bin")
    assert errors() == [None, None, None]


def test_a_kernel_that_loses_a_row_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="returned 2 rows for 3"):
        map_files(
            lambda batch: Absent()(batch).slice(1), rows(tmp_path, 3), tmp_path / "memo",
            key="sha256", version="1", label="t", workers=0,
        )  # fmt: skip


@pytest.mark.parametrize("left", [0, 40])
def test_a_damaged_shard_is_worked_on_again(tmp_path: Path, left: int) -> None:
    def run() -> pa.Table:
        return map_files(
            measure, rows(tmp_path, 9), tmp_path / "memo", key="sha256", version="1", label="t",
            batch_size=3, workers=0,
        )  # fmt: skip

    first = run()
    shard = min((tmp_path / "memo" / "1").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:left])
    assert run().equals(first)
    assert run().equals(first)
