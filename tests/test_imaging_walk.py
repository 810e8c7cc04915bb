"""Walking folders that are as odd as they come."""

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.files.walk import FolderError, walk
from imaging.files.workplace import claim
from storage.files import printable


def test_files_are_sorted_and_our_folders_are_passed_over(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "a.JPG", "a.txt", "_artlake/cull/x.jpg", "b/_review_dupes/x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.jpg").touch()
    found = walk(tmp_path)
    below = [file.relative_to(tmp_path).as_posix() for file in found.files]
    assert below == ["a.JPG", "a.txt", "b/2.jpg"]
    assert found.refused == []


def test_links_loops_and_sockets_are_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe.txt")
    found = walk(tmp_path)
    assert [file.name for file in found.files] == ["a.jpg"]
    assert {refused.path.name: refused.reason for refused in found.refused} == {
        "broken.jpg": "a symbolic link is not followed",
        "link.jpg": "a symbolic link is not followed",
        "loop": "a symbolic link is not followed",
        "pipe.jpg": "it is no regular file",
        "pipe.txt": "it is no regular file",
    }


def test_a_root_that_is_a_link_is_followed_and_a_missing_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert walk(tmp_path / "link").files == [tmp_path / "link" / "a.jpg"]
    with pytest.raises(FolderError, match="No such file"):
        walk(tmp_path / "absent")
    with pytest.raises(FolderError, match="Not a directory"):
        walk(tmp_path / "real" / "a.jpg")


def test_a_folder_that_vanishes_or_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "kept.jpg").touch()
    scandir = os.scandir

    def vanishing(folder: str) -> object:
        if folder.endswith("gone"):
            Path(folder).rmdir()
        return scandir(folder)

    monkeypatch.setattr("os.scandir", vanishing)
    found = walk(tmp_path)
    assert [file.name for file in found.files] == ["kept.jpg"]
    assert [refused.path.name for refused in found.refused] == ["gone"]
    assert "No such file" in found.refused[0].reason


def test_odd_names_are_walked_and_printed(tmp_path: Path) -> None:
    odd = [b"new\nline.jpg", b"not \xff utf.jpg", "\u202egpj.exe.jpg".encode(), b"-rf.jpg"]
    for name in odd:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    found = walk(tmp_path)
    assert sorted(os.fsencode(file.name) for file in found.files) == sorted(odd)
    assert sorted(printable(file.name) for file in found.files) == [
        "-rf.jpg",
        r"\u202egpj.exe.jpg",
        r"new\nline.jpg",
        r"not \xff utf.jpg",
    ]


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_every_name_can_be_printed(name: bytes) -> None:
    shown = printable(os.fsdecode(name))
    assert shown.isprintable()
    shown.encode("utf-8")


@pytest.mark.slow
def test_a_hundred_thousand_entries_take_memory_for_their_names_only(tmp_path: Path) -> None:
    for number in range(100_000):
        os.close(os.open(tmp_path / f"{number:06}.jpg", os.O_CREAT))
    tracemalloc.start()
    files = walk(tmp_path).files
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(files) == 100_000 and files == sorted(files)
    assert peak < 100_000 * 1024


def test_a_folder_that_a_command_claimed_is_passed_over(tmp_path: Path) -> None:
    for name in ("a.jpg", "yours/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    claim(tmp_path / "mine", tmp_path)
    (tmp_path / "mine" / "b.jpg").write_bytes(b"x")
    found = walk(tmp_path)
    assert [it.relative_to(tmp_path).as_posix() for it in found.files] == ["a.jpg", "yours/d.jpg"]
    # Asked for by name, it is looked at.
    assert [it.name for it in walk(tmp_path / "mine").files] == [".artlake", "b.jpg"]
