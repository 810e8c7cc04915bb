"""The commands rename, cluster, sidecars and plan, as a person calls them."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from imaging.files.exiftool import ExiftoolMissing
from imaging.files.plan import PlanError
from imaging.files.rename import PatternError
from imaging.files.walk import FolderError
from imaging.files.workplace import WorkplaceError
from pipelines.pictures import plans, rename
from tests.test_imaging_exiftool import needed, photograph
from tests.test_imaging_plan import tree


def call(*words: object) -> Result:
    app = plans.app if words[0] == "plan" else rename.app
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    for number in range(4):
        photograph(folder / f"p{number}.jpg", taken=f"2004:01:02 0{2 * number}:00:00")
    (folder / "p0.jpg.xmp").write_text("<x/>")
    photograph(folder / "undated.jpg")
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("not a picture")
    return folder


@needed
def test_rename_is_a_dry_run_then_applied_then_undone(pictures: Path) -> None:
    before = tree(pictures)
    pattern = "{taken:%Y-%m-%d_%H%M%S}_{camera}_{n:03}"
    done = call("rename", pictures, "--pattern", pattern)
    assert done.exit_code == 0, done.output
    assert "2004-01-02_000000_Canon EOS 5D_001.jpg.xmp" in done.output
    assert "Nothing is changed yet" in done.output and "it has no taken" in done.output
    assert "File is empty" in done.output
    assert tree(pictures) == before
    done = call("rename", pictures, "--pattern", pattern, "--apply")
    assert done.exit_code == 0 and "5 steps applied" in done.output
    assert (pictures / "2004-01-02_060000_Canon EOS 5D_001.jpg").exists()
    assert {"undated.jpg", "empty.jpg", "notes.txt"} <= set(tree(pictures))
    done = call("rename", pictures, "--pattern", "{taken:%H}", "--apply")
    assert "5 steps applied" in done.output and (pictures / "06.jpg").exists()
    assert call("rename", pictures, "--undo").exit_code == 0
    done = call("rename", pictures, "--undo")
    assert done.exit_code == 0 and "5 steps undone" in done.output
    assert tree(pictures) == before
    failed = call("rename", pictures, "--undo")
    assert isinstance(failed.exception, PlanError) and "--out" in str(failed.exception)


@needed
def test_cluster_and_sidecars_and_their_undo(pictures: Path) -> None:
    before = tree(pictures)
    done = call("cluster", pictures, "--gap", "2h", "--apply")
    assert done.exit_code == 0, done.output
    folder = pictures / "2004-01-02_000000_Canon EOS 5D"
    assert sorted(path.name for path in folder.iterdir()) == [
        "p0.jpg", "p0.jpg.xmp", "p1.jpg", "p2.jpg", "p3.jpg"
    ]  # fmt: skip
    assert call("cluster", pictures, "--undo").exit_code == 0
    assert tree(pictures) == before
    done = call("sidecars", pictures, "--naming", "adobe", "--apply")
    assert done.exit_code == 0, done.output
    assert (pictures / "p1.xmp").exists() and "empty.jpg" in done.output
    plan = pictures / "_artlake" / "sidecars"
    shown = call("plan", "show", plan)
    assert "at its target: 5" in shown.output and "(new file)" in shown.output
    assert sorted(path.name for path in plan.iterdir()) == [".artlake", "plan"]
    assert call("sidecars", pictures, "--undo").exit_code == 0
    assert tree(pictures) == before


@needed
def test_a_plan_is_applied_and_undone_by_its_folder(pictures: Path) -> None:
    before = tree(pictures)
    call("cluster", pictures, "--gap", "1h")
    plan = pictures / "_artlake" / "cluster"
    assert "and 3 more" not in call("plan", "show", plan, "--all").output
    assert "5 steps applied" in call("plan", "apply", plan).output
    assert "already" in call("plan", "apply", plan).output
    (pictures / "p0.jpg").write_bytes(b"somebody's")
    done = call("plan", "undo", plan)
    assert done.exit_code == 1 and "its old name is taken" in done.output
    assert "it stays with p0.jpg" in done.output and "3 steps undone" in done.output
    (pictures / "p0.jpg").unlink()
    assert "2 steps undone" in call("plan", "undo", plan).output
    assert tree(pictures) == before
    assert "already" in call("plan", "undo", plan).output


@needed
def test_a_command_killed_in_the_middle_is_undone_by_the_next(pictures: Path) -> None:
    for number in range(400):
        (pictures / f"p1.{number}.jpg").write_bytes((pictures / "p1.jpg").read_bytes())
    before = tree(pictures)
    call("rename", pictures, "--pattern", "{taken:%Y}/{n:05}")
    plan = pictures / "_artlake" / "rename"
    code = "from pipelines.pictures.plans import app; app()"
    for turn, stop in enumerate([signal.SIGKILL, signal.SIGINT, signal.SIGKILL]):
        child = subprocess.Popen(
            [sys.executable, "-c", code, "plan", "apply", plan], stderr=subprocess.DEVNULL
        )
        while (
            child.poll() is None and not (pictures / "2004" / f"{turn * 60 + 60:05}.jpg").exists()
        ):
            time.sleep(0.001)
        child.send_signal(stop)
        child.wait()
        assert (pictures / "2004").exists()
        done = call("plan", "undo", plan)
        assert done.exit_code == 0, done.output
        assert tree(pictures) == before


def test_what_a_person_can_mend_is_told(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["--pattern", "{wrong}"], ["--pattern", "{accession}"]):
        assert isinstance(call("rename", pictures, *words).exception, PatternError)
    assert isinstance(call("cluster", pictures, "--gap", "soon").exception, PatternError)
    assert call("rename", pictures, "--apply", "--undo").exit_code == 2
    assert isinstance(call("plan", "apply", tmp_path).exception, PlanError)
    monkeypatch.setenv("PATH", "")
    assert isinstance(call("rename", pictures).exception, ExiftoolMissing)
    assert shutil.which("exiftool") is None
    assert "_artlake" not in {path.name for path in pictures.iterdir()}


@needed
@pytest.mark.parametrize("command", ["rename", "cluster", "sidecars"])
def test_no_folder_with_files_of_the_users_is_worked_in(
    pictures: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "plan.jsonl").write_text("mine")
    before = tree(tmp_path)
    for place in (tmp_path / "mine", pictures):
        failed = call(command, pictures, "--out", place, "--apply")
        assert isinstance(failed.exception, WorkplaceError) and "--out" in str(failed.exception)
    absent = call(command, tmp_path / "absent", "--out", tmp_path / "out")
    assert isinstance(absent.exception, FolderError)
    assert tree(tmp_path) == before


@needed
def test_an_undo_takes_back_the_plans_of_its_folder_only(pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures, tmp_path / "others")
    before = tree(pictures), tree(tmp_path / "others")
    out = ("--out", tmp_path / "out")
    assert call("rename", pictures, *out, "--apply").exit_code == 0
    failed = call("rename", tmp_path / "others", *out, "--undo")
    assert isinstance(failed.exception, PlanError) and f"is of {pictures}" in str(failed.exception)
    (pictures).rename(tmp_path / "away")
    failed = call("rename", pictures, *out, "--undo")
    assert isinstance(failed.exception, PlanError) and "which is gone" in str(failed.exception)
    # A dry run meanwhile leaves the plan as it is.
    assert call("rename", tmp_path / "others", *out).exit_code == 0
    (tmp_path / "away").rename(pictures)
    assert call("rename", pictures, *out, "--undo").exit_code == 0
    assert (tree(pictures), tree(tmp_path / "others")) == before


@needed
def test_a_plan_without_steps_is_told(tmp_path: Path) -> None:
    photograph(tmp_path / "undated.jpg")
    done = call("cluster", tmp_path, "--apply")
    assert done.exit_code == 0 and "nothing to do below" in done.output
    assert "it has no date" in done.output
    done = call("plan", "apply", tmp_path / "_artlake" / "cluster")
    assert done.exit_code == 0 and "nothing to do: the plan holds no steps" in done.output


@needed
def test_a_picture_without_metadata_is_no_error_of_exiftools(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "bare.jpg")
    done = call("sidecars", tmp_path)
    assert "nothing is embedded in it" in done.output and "ExifTool" not in done.output


@pytest.mark.parametrize("command", ["rename", "cluster", "sidecars"])
def test_help_has_examples(command: str) -> None:
    shown = call(command, "--help").output
    assert f"./artlake {command}" in shown and "--apply" in shown


@pytest.mark.parametrize("command", ["show", "apply", "undo"])
def test_help_of_plans_has_examples(command: str) -> None:
    assert f"./artlake plan {command}" in call("plan", command, "--help").output
    assert "cull, crops, rename, cluster or sidecars" in call("plan", "--help").output
