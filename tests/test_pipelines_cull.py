"""`artlake cull`: what a person types, and what is then on the disk."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner, Result

from imaging.duplicates.decisions import VERDICTS
from imaging.duplicates.keepers import POLICIES
from imaging.files import plan
from imaging.files.cull import TIERS
from imaging.files.plan import PlanError
from imaging.files.walk import MARKER
from imaging.files.workplace import WorkplaceError
from pipelines.pictures.cull import Keep, Tier, Verdict, app
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
    assert get_args(Keep) == tuple(POLICIES)
    assert get_args(Tier) == TIERS
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
    text = told(root, "--apply")
    assert "3 steps applied" in text
    assert f"Plan: {root}/_artlake/cull/plan" in text
    after = pictures(root)
    assert sorted(after.values()) == sorted(before.values())
    assert set(after) - set(before) == {
        "_review_dupes/b (copy).png",
        "_review_dupes/small/a.jpg",
        "_review_dupes/small/a.jpg.xmp",
    }
    assert "Nothing would move." in told(root, "--apply")
    assert pictures(root) == after
    assert "3 steps undone" in told(root, "--undo")
    assert pictures(root) == before
    assert not (root / "_review_dupes").exists()
    assert "there is nothing to undo" in str(cull(root, "--undo").exception)


def test_two_culls_are_undone_together(root: Path) -> None:
    before = pictures(root)
    told(root, "--apply", "--tier", "exact")
    (root / "c.png").write_bytes((root / "b.png").read_bytes())
    told(root, "--apply")
    assert "c.png" not in pictures(root)
    assert "4 steps undone" in told(root, "--undo")
    assert pictures(root) == {**before, "c.png": before["b.png"]}


def test_a_plan_other_than_the_one_shown_is_shown_first(root: Path) -> None:
    told(root)
    (root / "c.png").write_bytes((root / "b.png").read_bytes())
    before = pictures(root)
    made = cull(root, "--apply")
    assert made.exit_code == 1
    assert "another plan than the one shown last" in " ".join(made.output.split())
    assert pictures(root) == before
    assert "4 steps applied" in told(root, "--apply")


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
    assert isinstance(made.exception, WorkplaceError)
    assert "--out" in str(made.exception)
    assert "2 pictures would move" in told(root, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()


def test_out_never_writes_over_what_is_not_ours(root: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for name in ("index.html", "groups.csv", "page-7.html"):
        (site / name).write_text("mine")
    before = pictures(site), pictures(root)
    for place in (site, root):
        made = cull(root, "--out", place)
        assert isinstance(made.exception, WorkplaceError)
        assert "--out" in str(made.exception)
    assert (pictures(site), pictures(root)) == before


def test_work_folders_inside_the_folder_are_not_culled_and_others_of_their_name_are(
    root: Path,
) -> None:
    (root / "small" / "sheet").mkdir()
    picture(7).save(root / "small" / "sheet" / "mine.png")
    told(root, "--out", root / "sheet")
    for out in (root / "sheet", root / "other"):
        assert "6 pictures looked at" in told(root, "--out", out)


def test_a_duplicate_stays_when_its_keeper_is_gone(root: Path) -> None:
    told(root)
    (root / "b.png").unlink()
    before = pictures(root)
    outcome = plan.apply(root / "_artlake" / "cull" / "plan")
    assert [getattr(step, "source", "") for step, _ in outcome.skipped] == ["b (copy).png"]
    assert "b (copy).png" in pictures(root)
    assert sorted(before.values()) == sorted(pictures(root).values())


def test_a_picture_and_its_sidecar_stay_together(root: Path) -> None:
    told(root)
    (root / "small" / "a.jpg").write_bytes(b"edited since")
    plan.apply(root / "_artlake" / "cull" / "plan")
    assert {"small/a.jpg", "small/a.jpg.xmp"} <= set(pictures(root))


def test_undo_without_its_plan_says_where_the_files_lie_and_draws_the_way_back(root: Path) -> None:
    before = pictures(root)
    told(root, "--apply")
    shutil.rmtree(root / "_artlake")
    after = pictures(root)
    made = cull(root, "--undo")
    text = " ".join(made.output.split())
    assert made.exit_code == 1
    assert "3 files lie in _review_dupes" in text
    place = root / "_artlake" / "cull" / "back"
    assert f"plan apply {place}" in text
    assert pictures(root) == after
    assert plan.apply(place).done == 3
    assert pictures(root) == before
    assert "there is nothing to undo" in str(cull(root, "--undo").exception)


def test_what_cannot_be_put_back_is_told_and_ends_with_1(root: Path) -> None:
    told(root, "--apply")
    (root / "b (copy).png").write_bytes(b"a new file of the old name")
    made = cull(root, "--undo")
    assert made.exit_code == 1
    assert "2 steps undone" in made.output
    assert "its old name is taken" in made.output
    assert "lie in _review_dupes" not in made.output  # told already


def test_what_was_moved_comes_back_even_where_the_marker_is_lost(root: Path) -> None:
    before = pictures(root)
    told(root, "--apply")
    (root / "_artlake" / "cull" / MARKER).unlink()
    assert isinstance(cull(root).exception, WorkplaceError)
    assert "3 steps undone" in told(root, "--undo")
    assert pictures(root) == before


def test_what_cannot_move_is_told_and_ends_with_1(root: Path) -> None:
    (root / "_review_dupes").write_text("a file in the way")
    before = pictures(root)
    made = cull(root, "--apply")
    assert made.exit_code == 1
    assert "3 left as they are" in made.output
    assert pictures(root) == before


def test_undo_is_of_the_folder_that_is_named(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    told(root, "--out", tmp_path / "out", "--apply")
    after = pictures(root)
    told(other, "--out", tmp_path / "out")
    made = cull(other, "--out", tmp_path / "out", "--undo")
    assert isinstance(made.exception, PlanError)
    assert str(root) in str(made.exception)
    assert pictures(root) == after
    assert "3 steps undone" in told(root, "--out", tmp_path / "out", "--undo")


@pytest.mark.parametrize("count", [1, None])
def test_lost_derivatives_are_made_again(root: Path, count: int | None) -> None:
    first = told(root)
    cache = root / "_artlake" / "cull" / "cache"
    kept = {path: path.read_bytes() for path in sorted(cache.rglob("*.jpg"))[:count]}
    assert kept
    for path in kept:
        path.unlink()
    shutil.rmtree(cache / "compared")
    assert told(root) == first
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_folder_whose_name_is_not_utf_8_is_culled_with_out(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xff\xfet"))
    root.mkdir()
    for name in ("a.png", "b.png"):
        picture(1).save(tmp_path / name)
        (tmp_path / name).rename(root / name)
    made = cull(root)
    assert isinstance(made.exception, MendableError)
    assert "--out" in str(made.exception)
    assert "1 picture would move" in told(root, "--out", tmp_path / "out")
    told(root, "--out", tmp_path / "out", "--apply")
    assert sorted(pictures(root)) == ["_review_dupes/b.png", "a.png"]


def test_one_of_a_kind_is_told_as_one(root: Path) -> None:
    (root / "b (copy).png").unlink()
    text = told(root)
    assert "1 group of duplicates" in text
    assert "1 picture would move" in text


def test_a_second_cull_of_the_folder_is_refused_while_one_is_at_work(root: Path) -> None:
    told(root)
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
    review = root / "_review_dupes"
    for moved in (1, 20, 80, 150):
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
        while process.poll() is None and (
            not review.exists() or len(list(review.iterdir())) < moved
        ):
            time.sleep(0.001)
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
