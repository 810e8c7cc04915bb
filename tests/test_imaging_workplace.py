"""Claiming the folder that a command writes to: nothing of the user's is ever written over."""

from pathlib import Path

import pytest

from imaging.files.walk import MARKER
from imaging.files.workplace import WorkplaceError, claim, is_claimed


def test_a_missing_and_an_empty_folder_are_claimed_and_accepted_again(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (tmp_path / "root" / "_artlake" / "cull", empty):
        assert claim(folder, tmp_path / "root") == folder
        assert is_claimed(folder)
        (folder / "index.html").write_text("ours")
        assert claim(folder, tmp_path / "root") == folder
        assert {it.name for it in folder.iterdir()} == {MARKER, "index.html"}


def test_a_folder_of_somebody_elses_is_refused_untouched(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("my site")
    with pytest.raises(WorkplaceError, match=r"site holds files .* --out"):
        claim(site, tmp_path / "root")
    assert [(it.name, it.read_text()) for it in site.iterdir()] == [("index.html", "my site")]


def test_a_folder_named_as_the_marker_does_not_claim(tmp_path: Path) -> None:
    (tmp_path / "site" / MARKER).mkdir(parents=True)
    with pytest.raises(WorkplaceError, match="holds files"):
        claim(tmp_path / "site", tmp_path / "root")


@pytest.mark.parametrize("way", ["{root}", "{root}/.", "{link}"])
def test_the_folder_that_is_worked_on_is_refused(tmp_path: Path, way: str) -> None:
    root, link = tmp_path / "root", tmp_path / "link"
    root.mkdir()
    link.symlink_to(root)
    with pytest.raises(WorkplaceError, match="in or beside it with --out"):
        claim(Path(way.format(root=root, link=link)), root)
    assert not list(root.iterdir())


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(WorkplaceError, match="is no folder"):
        claim(tmp_path / "file" / below, tmp_path / "root")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    # /proc takes no folders from anybody, root included.
    with pytest.raises(WorkplaceError, match=r"/proc/artlake cannot be written to: .* --out"):
        claim(Path("/proc/artlake"), tmp_path)


def test_a_claimed_folder_that_became_read_only_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(tmp_path / "work", tmp_path / "root")
    monkeypatch.setattr("os.access", lambda *_: False)  # what a read-only mount answers
    with pytest.raises(WorkplaceError, match="it is read-only"):
        claim(tmp_path / "work", tmp_path / "root")
