"""`artlake cull`: what a person types, and what is then on the disk."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from imaging.duplicates.decisions import VERDICTS
from imaging.duplicates.keepers import POLICIES
from imaging.files.cull import TIERS
from pipelines.pictures.cull import CullError, Keep, Tier, Verdict, app
from storage.errors import MendableError
from storage.locks import BusyError, held
from tests.test_imaging_cull import picture

ROOT = Path(__file__).resolve().parent.parent


def cull(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def told(*words: object) -> str:
    made = cull(*words)
    assert made.exit_code == 0, made.output + repr(made.exception)
    return " ".join(made.output.split())


def pictures(root: Path) -> dict[str, str]:
    """The files of a person below `root`: name and content."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "_artlake" not in path.relative_to(root).parts
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two pictures; one has a smaller copy with a sidecar, in a folder of its own."""
    folder = tmp_path / "pictures"
    (folder / "small").mkdir(parents=True)
    picture(1, (900, 700)).save(folder / "a.jpg", quality=95)
    picture(1, (900, 700)).resize((450, 350)).save(folder / "small" / "a.jpg", quality=80)
    (folder / "small" / "a.jpg.xmp").write_text("<x/>")
    (folder / "small" / "b.png").write_bytes(b"")
    picture(2).save(folder / "b.png")
    (folder / "b (copy).png").write_bytes((folder / "b.png").read_bytes())
    return folder


def test_the_words_of_the_command_line_are_those_of_the_rooms() -> None:
    assert [it.value for it in Keep] == list(POLICIES)
    assert tuple(it.value for it in Tier) == TIERS
    assert tuple(it.value for it in Verdict) == VERDICTS


def test_a_dry_run_moves_nothing_and_says_what_would_and_what_comes_next(root: Path) -> None:
    before = pictures(root)
    text = told(root)
    assert pictures(root) == before
    assert "2 pictures would move (3 files with their companions)" in text
    assert "Nothing has moved." in text
    assert "--apply" in text
    out = root / "_artlake" / "cull"
    for name in ("groups.csv", "groups.json", "bursts.csv", "flaws.csv", "index.html"):
        assert (out / name).is_file()


def test_apply_and_undo_are_exact_and_harmless_when_repeated(root: Path) -> None:
    before = pictures(root)
    assert "3 files moved" in told(root, "--apply")
    after = pictures(root)
    assert sorted(after.values()) == sorted(before.values())
    assert set(after) - set(before) == {
        "_review_dupes/b (copy).png",
        "_review_dupes/small/a.jpg",
        "_review_dupes/small/a.jpg.xmp",
    }
    assert "Nothing would move." in told(root, "--apply")
    assert pictures(root) == after
    assert "3 files back where they were" in told(root, "--undo")
    assert pictures(root) == before
    assert not (root / "_review_dupes").exists()
    assert "Nothing to undo" in told(root, "--undo")


def test_two_culls_are_undone_together(root: Path) -> None:
    before = pictures(root)
    told(root, "--apply", "--tier", "exact")
    (root / "c.png").write_bytes((root / "b.png").read_bytes())
    told(root, "--apply")
    assert "c.png" not in pictures(root)
    assert "4 files back" in told(root, "--undo")
    assert pictures(root) == {**before, "c.png": before["b.png"]}


def test_a_plan_other_than_the_one_shown_is_shown_first(root: Path) -> None:
    told(root)
    (root / "c.png").write_bytes((root / "b.png").read_bytes())
    before = pictures(root)
    made = cull(root, "--apply")
    assert made.exit_code == 1
    assert "another plan than the one shown last" in " ".join(made.output.split())
    assert pictures(root) == before
    assert "4 files moved" in told(root, "--apply")


def test_decisions_win_over_any_rerun_and_survive_a_new_name(root: Path) -> None:
    told(root, "--decide", "a.jpg", "small/a.jpg", "not_duplicate")
    (root / "small" / "a.jpg").rename(root / "small" / "new.jpg")
    told(root, "--apply")
    assert "small/new.jpg" in pictures(root)
    told(root, "--undo")
    told(root, "--decide", root / "small" / "new.jpg", root / "a.jpg", "keep_this")
    told(root, "--apply")
    left = pictures(root)
    assert "small/new.jpg" in left
    assert "_review_dupes/a.jpg" in left


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere is no folder"),
        (["{root}", "--apply", "--undo"], "call one at a time"),
        (["{root}", "--reference", "{root}"], "nothing could move"),
        (["{root}", "--reference", "{root}/none"], "is no folder"),
        (["{root}", "--decide", "a.jpg", "none.jpg", "keep_both"], "none.jpg is no file"),
        (["{root}", "--decide", "b.png", "b (copy).png", "keep_both"], "the same bytes"),
    ],
)
def test_what_cannot_be_done_is_said(root: Path, words: list[str], message: str) -> None:
    made = cull(*(word.format(root=root) for word in words))
    assert isinstance(made.exception, MendableError)
    assert message in str(made.exception)


def test_a_folder_that_cannot_be_written_to_asks_for_out(root: Path, tmp_path: Path) -> None:
    (root / "_artlake").write_text("in the way, as a read-only folder would be")
    made = cull(root)
    assert isinstance(made.exception, CullError)
    assert "--out" in str(made.exception)
    assert "2 pictures would move" in told(root, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()


def test_out_inside_the_folder_is_not_culled_itself(root: Path) -> None:
    told(root, "--out", root / "sheet")
    assert "5 pictures looked at" in told(root, "--out", root / "sheet")


def test_a_second_cull_of_the_folder_is_refused_while_one_is_at_work(root: Path) -> None:
    with held(root / "_artlake" / "cull" / "cull.lock", "cull"):
        made = subprocess.run(
            [sys.executable, "-c", "from pipelines.pictures.cull import app; app()", root],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert made.returncode != 0
    assert BusyError.__name__ in made.stderr
    assert "is running as process" in made.stderr


def test_references_elsewhere_stay_and_decide(root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "far.png").write_bytes((root / "b.png").read_bytes())
    told(root, "--reference", archive, "--apply")
    assert (archive / "far.png").is_file()
    left = pictures(root)
    assert "_review_dupes/b.png" in left
    assert "_review_dupes/b (copy).png" in left


@pytest.mark.slow
def test_a_cull_killed_at_any_moment_loses_nothing(root: Path) -> None:
    for number in range(200):
        (root / f"copy {number}.png").write_bytes((root / "b.png").read_bytes())
    before = pictures(root)
    told(root)  # the cache is warm: what follows is mostly applying
    for wait in (1.0, 1.6, 2.2, 2.8):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from pipelines.pictures.cull import app; app()",
                root,
                "--apply",
            ],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(wait)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert sorted(pictures(root).values()) == sorted(before.values())
        told(root, "--undo")
        assert pictures(root) == before


@pytest.mark.slow
def test_embeddings_only_propose_for_review(root: Path) -> None:
    pytest.importorskip("torch")
    text = told(root, "--tier", "embeddings")
    assert "2 pictures would move" in text
