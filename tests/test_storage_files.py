"""storage.files: many files at once, each of them whole or absent."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.files import link, sha256_file, sha256_files, sha256_table, write_many


def numbered(folder: Path, count: int) -> list[tuple[Path, bytes]]:
    return [(folder / str(n % 3) / f"{n}.bin", bytes([n]) * 100) for n in range(count)]


def test_all_are_there_and_no_part_is_left(tmp_path) -> None:
    files = numbered(tmp_path, 20)
    write_many(files)
    assert {path: path.read_bytes() for path, _ in files} == dict(files)
    assert sorted(it for it in tmp_path.rglob("*") if it.is_file()) == sorted(dict(files))


def test_every_file_and_every_folder_is_on_disk_when_it_returns(tmp_path, monkeypatch) -> None:
    real, synced = os.fsync, []

    def fsync(handle: int) -> None:
        state = os.fstat(handle)
        synced.append((state.st_dev, state.st_ino))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    files = numbered(tmp_path, 9)
    write_many(files)
    wanted = [path for path, _ in files] + [tmp_path / name for name in "012"]
    states = [path.stat() for path in wanted]
    assert sorted(synced) == sorted((state.st_dev, state.st_ino) for state in states)


def test_what_is_there_is_left_and_what_is_damaged_written_anew(tmp_path) -> None:
    files = numbered(tmp_path, 4)
    write_many(files)
    before = [path.stat().st_ino for path, _ in files]
    files[2][0].write_bytes(b"half")
    write_many(files)
    assert files[2][0].read_bytes() == files[2][1]
    same = [path.stat().st_ino == node for (path, _), node in zip(files, before, strict=True)]
    assert same == [True, True, False, True]


def test_files_are_written_while_the_next_are_made_and_stay_when_one_fails(tmp_path) -> None:
    def made() -> Iterator[tuple[Path, bytes]]:
        yield from numbered(tmp_path, 3)
        raise RuntimeError("the fourth cannot be made")

    with pytest.raises(RuntimeError, match="fourth"):
        write_many(made())
    assert [path.read_bytes() == data for path, data in numbered(tmp_path, 3)] == [True] * 3
    (tmp_path / "0" / "in the way").write_text("a file")
    with pytest.raises(OSError, match="in the way"):
        write_many([(tmp_path / "0" / "in the way" / "a", b"a")])


def test_a_table_is_read_once_until_it_is_another(tmp_path) -> None:
    table = tmp_path / "table"
    table.write_bytes(b"one")
    os.utime(table, ns=(1, 1))
    first = sha256_table(table)
    assert first == sha256_file(table)
    link(table, tmp_path / "folder" / "same")
    assert sha256_table(tmp_path / "folder" / "same") == first
    os.utime(table, ns=(2, 2))
    table.write_bytes(b"two")
    assert sha256_table(table) == sha256_file(table) != first
    other = tmp_path / "other"
    other.write_bytes(b"six")
    other.replace(table)
    assert sha256_table(table) == sha256_file(table)


def test_several_files_have_one_digest_that_depends_on_their_order(tmp_path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    assert len({sha256_files(it) for it in ([one], [two], [one, two], [two, one], [])}) == 5


def test_where_links_are_refused_a_file_is_copied(tmp_path, monkeypatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    (tmp_path / "a").write_bytes(b"a")
    link(tmp_path / "a", tmp_path / "b" / "a")
    assert (tmp_path / "b" / "a").read_bytes() == b"a"
    assert not (tmp_path / "b" / "a").samefile(tmp_path / "a")
