import os
import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import Lake, snapshots
from storage.snapshots import Snapshot, SnapshotError

AT = "2024-05-01T12:00:00+00:00"
KEY = "raw/met_objects"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake")


def write(lake: Lake, *numbers: int, key: str = KEY, partition: str | None = None) -> None:
    lake.write(key, pa.table({"n": pa.array(numbers, pa.int64())}), ["n"], partition=partition)


def take(lake: Lake, *keys: str) -> Snapshot:
    taken = snapshots.draft(lake, "met", keys or (KEY,), AT)
    snapshots.record(lake, taken)
    return taken


def numbers(lake: Lake, snapshot: Snapshot) -> list[int]:
    found = snapshots.files(lake, snapshot, KEY)
    return sorted(n for path in found for n in pq.read_table(path)["n"].to_pylist())


def test_a_snapshot_keeps_what_the_lake_replaces(lake: Lake) -> None:
    write(lake, 1, 2, partition="3")
    write(lake, 5, partition="11")
    first = take(lake)
    write(lake, 7, partition="3")
    second = take(lake)
    assert [s.name for s in snapshots.listed(lake)] == ["met-1", "met-2"]
    assert numbers(lake, first) == [1, 2, 5] and numbers(lake, second) == [5, 7]
    assert first.tables[KEY]["11"] == second.tables[KEY]["11"]


def test_what_is_read_back_is_what_was_written(lake: Lake) -> None:
    write(lake, 1)
    taken = take(lake, KEY, "raw/never_made")
    assert snapshots.named(lake, "met-1") == taken
    assert list(taken.tables) == [KEY] and taken.tables[KEY][""].rows == 1


def test_keeping_costs_no_space_and_is_repeated_without_harm(lake: Lake) -> None:
    write(lake, 1, 2, 3)
    for _ in range(3):
        snapshots.keep(lake, "met", [KEY])
    stored = list(lake.file("snapshots/met/tables").iterdir())
    assert len(stored) == 1 and stored[0].samefile(lake.path(KEY))


def test_where_links_are_refused_files_are_copied(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write(lake, 4)
    taken = take(lake)
    assert numbers(lake, taken) == [4]
    assert not snapshots.files(lake, taken, KEY)[0].samefile(lake.path(KEY))


def test_a_name_that_is_not_there_says_which_are(lake: Lake) -> None:
    with pytest.raises(SnapshotError, match="None has been taken"):
        snapshots.named(lake, "met-1")
    write(lake, 1)
    take(lake)
    with pytest.raises(SnapshotError, match="There are met-1"):
        snapshots.named(lake, "met-9")


def test_a_damaged_manifest_is_named(lake: Lake) -> None:
    write(lake, 1)
    take(lake)
    manifest = lake.file("snapshots/met/1.json")
    manifest.write_text('{"series": "met"}')
    with pytest.raises(SnapshotError, match=r"snapshots/met/1\.json"):
        snapshots.listed(lake)


def test_a_lost_file_is_named(lake: Lake) -> None:
    write(lake, 1)
    taken = take(lake)
    snapshots.files(lake, taken, KEY)[0].unlink()
    with pytest.raises(SnapshotError, match="is gone"):
        snapshots.files(lake, taken, KEY)


def test_a_pruned_snapshot_is_listed_and_says_so_when_read(lake: Lake) -> None:
    for number in range(4):
        write(lake, number)
        take(lake)
    snapshots.use(lake, "met-2", True)
    assert snapshots.prune(lake, "met", 1) == ["met-1", "met-3"]
    assert [s.pruned for s in snapshots.listed(lake)] == [True, False, True, False]
    assert numbers(lake, snapshots.named(lake, "met-2")) == [1]
    with pytest.raises(SnapshotError, match="were pruned"):
        snapshots.files(lake, snapshots.named(lake, "met-3"), KEY)
    with pytest.raises(SnapshotError, match="were pruned"):
        snapshots.use(lake, "met-3", True)
    snapshots.use(lake, "met-2", False)
    assert snapshots.prune(lake, "met", 1) == ["met-2"]
    assert lake.read(KEY)["n"].to_pylist() == [3]


def test_what_a_killed_run_kept_without_a_manifest_is_pruned(lake: Lake) -> None:
    write(lake, 1)
    take(lake)
    write(lake, 2)
    snapshots.keep(lake, "met", [KEY])  # killed here
    assert snapshots.prune(lake, "met", 5) == []
    assert len(list(lake.file("snapshots/met/tables").iterdir())) == 1
    assert numbers(lake, snapshots.named(lake, "met-1")) == [1]


@settings(max_examples=30)
@given(
    contents=st.lists(st.integers(0, 3), min_size=1, max_size=8),
    kept=st.integers(1, 4),
    in_use=st.sets(st.integers(1, 8)),
)
def test_pruning_never_removes_what_a_kept_snapshot_refers_to(
    contents: list[int], kept: int, in_use: set[int]
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        lake = Lake.open(folder / "lake")
        for content in contents:
            write(lake, content)
            take(lake)
        for number in in_use & set(range(1, len(contents) + 1)):
            snapshots.use(lake, f"met-{number}", True)
        snapshots.prune(lake, "met", kept)
        living = [s for s in snapshots.listed(lake) if not s.pruned]
        wanted = {n for n in range(1, len(contents) + 1) if n in in_use} | set(
            range(max(1, len(contents) - kept + 1), len(contents) + 1)
        )
        assert {s.number for s in living} == wanted
        assert [numbers(lake, s) for s in living] == [[contents[n - 1]] for n in sorted(wanted)]
        stored = {path.stem for path in lake.file("snapshots/met/tables").iterdir()}
        assert stored == {s.tables[KEY][""].sha256 for s in living}
    finally:
        shutil.rmtree(folder)
