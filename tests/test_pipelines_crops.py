"""`artlake crops`: looks by default, writes and takes back on request, loses nothing."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from imaging.files import xmp
from imaging.files.workplace import claim
from pipelines.pictures.crops import app
from storage.errors import MendableError
from storage.locks import held
from tests.test_imaging_xmp import crop_of


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "_artlake" not in path.parts
    }


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    rng = np.random.default_rng(5)
    for number, name in enumerate(("a.jpg", "b.png", "below/c.jpg")):
        rgb = np.full((200, 320, 3), 205 - 9 * number, np.uint8)
        rgb[50:150, 40 + 60 * number : 140 + 60 * number] = rng.integers(0, 110, (100, 100, 3))
        Image.fromarray(rgb).save(folder / name)
    (folder / "=café 1.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "notes.txt").write_text("mine")
    return folder


def test_a_folder_of_somebody_elses_is_never_written_to(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    for name in ("staging/thesis.txt", ".writable", "index.html", "crops.json"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("mine")
    before = hashes(tmp_path)
    for place in (out, pictures):
        with pytest.raises(MendableError, match="--out"):
            run(pictures, "--apply", "--out", place)
    assert hashes(tmp_path) == before


def test_what_lies_in_our_own_folder_is_not_touched_either(pictures: Path) -> None:
    place = claim(pictures / "_artlake" / "crops", pictures)
    (place / "staging").mkdir()
    (place / "staging" / "thesis.txt").write_text("mine")
    assert run(pictures, "--ratio", "1:1", "--apply").exit_code == 0
    assert (place / "staging" / "thesis.txt").read_text() == "mine"
    assert not list(place.glob("unfinished-*"))


def test_the_second_of_two_runs_waits_for_the_first(pictures: Path) -> None:
    before = hashes(pictures)
    place = claim(pictures / "_artlake" / "crops", pictures)
    with (
        held(place / "run.lock", "the first"),
        pytest.raises(MendableError, match="the first is running"),
    ):
        run(pictures, "--apply")
    assert hashes(pictures) == before


def test_undo_takes_back_no_plan_of_another_folder(pictures: Path, tmp_path: Path) -> None:
    run(pictures, "--out", tmp_path / "out", "--ratio", "1:1", "--apply")
    after = hashes(pictures)
    (tmp_path / "other").mkdir()
    with pytest.raises(MendableError, match="is of"):
        run(tmp_path / "other", "--out", tmp_path / "out", "--undo")
    assert hashes(pictures) == after


def test_work_folders_inside_the_folder_hold_no_pictures(pictures: Path) -> None:
    run(pictures, "--ratio", "1:1", "--out", pictures / "work")
    assert "3 pictures" in run(pictures, "--ratio", "1:1", "--out", pictures / "work").stdout
    assert "3 pictures" in run(pictures, "--ratio", "1:1").stdout


def test_the_plan_of_a_run_is_told(pictures: Path) -> None:
    place = pictures / "_artlake" / "crops"
    for ratio, name in (("1:1", "plan"), ("16:9", "plan-2")):
        told = run(pictures, "--ratio", ratio, "--apply")
        assert f"Plan: {place / name}\n" in told.stdout


def test_what_changed_since_is_not_taken_back_and_ends_with_1(pictures: Path) -> None:
    run(pictures, "--ratio", "1:1", "--write", "files", "--apply")
    (pictures / "a_1x1.jpg").write_bytes(b"worked on")
    told = run(pictures, "--undo")
    assert told.exit_code == 1
    assert "a_1x1.jpg" in told.stdout
    assert (pictures / "a_1x1.jpg").read_bytes() == b"worked on"


def test_a_name_is_no_formula_in_a_spreadsheet(pictures: Path) -> None:
    (pictures / "a.jpg").rename(pictures / "=HYPERLINK(1).jpg")
    run(pictures)
    text = (pictures / "_artlake" / "crops" / "crops.csv").read_text()
    assert "\n'=HYPERLINK(1).jpg," in text
    assert "\n=HYPERLINK" not in text


def test_a_dry_run_tells_and_touches_nothing(pictures: Path) -> None:
    before = hashes(pictures)
    told = run(pictures, "--ratio", "4:5", "--ratio", "16:9")
    assert told.exit_code == 0
    assert "3 sidecars would be written" in told.stdout
    assert "=café 1.jpg" in told.stdout
    assert hashes(pictures) == before
    place = pictures / "_artlake" / "crops"
    rows = list(csv.DictReader((place / "crops.csv").open(newline="")))
    assert {row["name"] for row in rows} == {"a.jpg", "b.png", "below/c.jpg"}
    assert {row["ratio"] for row in rows} == {"4:5", "16:9"}
    for row in rows:
        assert 0 <= int(row["x"]) < int(row["x"]) + int(row["crop_width"]) <= 320
        wanted = {"4:5": 4 / 5, "16:9": 16 / 9}[row["ratio"]]
        assert int(row["crop_width"]) / int(row["crop_height"]) == pytest.approx(wanted, rel=0.03)
    data = json.loads((place / "crops.json").read_text())
    assert [it["name"] for it in data["pictures"]] == ["a.jpg", "b.png", "below/c.jpg"]
    assert [it["file"] for it in data["rejects"]] == ["=café 1.jpg"]
    page = (place / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 3
    assert "http" not in page.replace("http-equiv", "")


def test_two_dry_runs_give_the_same_bytes(pictures: Path) -> None:
    place = pictures / "_artlake" / "crops"
    run(pictures)
    names = ("crops.csv", "crops.json", "index.html")
    once = [(place / name).read_bytes() for name in names]
    run(pictures)
    assert [(place / name).read_bytes() for name in names] == once


def test_sidecars_are_written_merged_and_taken_back(pictures: Path) -> None:
    rated = xmp.with_crop(None, xmp.Crop(0, 0, 1, 0.5), {})
    (pictures / "a.jpg.xmp").write_bytes(rated)
    before = hashes(pictures)
    told = run(pictures, "--ratio", "1:1", "--apply")
    assert told.exit_code == 0
    assert "3 steps written" in told.stdout
    after = hashes(pictures)
    assert set(after) - set(before) == {"b.png.xmp", "below/c.jpg.xmp"}
    assert after["a.jpg.xmp"] != before["a.jpg.xmp"]
    assert crop_of((pictures / "b.png.xmp").read_bytes()) is not None
    again = run(pictures, "--ratio", "1:1", "--apply")
    assert "Nothing to write" in again.stdout
    assert hashes(pictures) == after
    assert run(pictures, "--undo").exit_code == 0
    assert hashes(pictures) == before
    with pytest.raises(MendableError, match="nothing to undo"):
        run(pictures, "--undo")


def test_copies_are_written_once_are_no_pictures_and_go_again(pictures: Path) -> None:
    before = hashes(pictures)
    words = (pictures, "--ratio", "1:1", "--ratio", "4:5", "--write", "files")
    assert "6 cropped copies would" in run(*words).stdout
    assert "6 steps written" in run(*words, "--apply").stdout
    after = hashes(pictures)
    assert set(after) - set(before) == {
        f"{name}_{ratio}.jpg" for name in ("a", "b", "below/c") for ratio in ("1x1", "4x5")
    }
    assert all(after[name] == before[name] for name in before)
    with Image.open(pictures / "a_4x5.jpg") as image:
        assert image.width / image.height == pytest.approx(0.8, abs=0.02)
    assert "Nothing to write" in run(*words, "--apply").stdout
    assert hashes(pictures) == after
    run(pictures, "--undo")
    assert hashes(pictures) == before


def test_two_applies_are_taken_back_one_after_the_other(pictures: Path) -> None:
    before = hashes(pictures)
    run(pictures, "--ratio", "1:1", "--apply")
    between = hashes(pictures)
    run(pictures, "--ratio", "16:9", "--apply")
    assert hashes(pictures) != between
    run(pictures, "--undo")
    assert hashes(pictures) == between
    run(pictures, "--undo")
    assert hashes(pictures) == before


DYING = """
import os, signal
from imaging.files import {module}
whole, calls = {module}.{name}, []
def dying(*words):
    calls.append(words)
    made = whole(*words) if len(calls) < {moment} or {after} else None
    if len(calls) == {moment}:
        os.kill(os.getpid(), signal.SIGKILL)
    return made
{module}.{name} = dying
from pipelines.pictures.crops import app
app()
"""


@pytest.mark.parametrize(
    ("module", "name", "moment", "after", "written"),
    [
        ("cropping", "cropped", 4, False, 0),  # copies are still being made
        ("moving", "_rename", 1, False, 0),  # the plan is drawn, nothing in place
        ("moving", "_rename", 3, False, 2),
        ("moving", "_rename", 3, True, 3),  # in place, and nobody noted it
        ("moving", "_rename", 6, True, 6),
    ],
)
def test_killed_while_copies_are_made_or_put_in_place_undo_leaves_nothing(
    pictures: Path, module: str, name: str, moment: int, after: bool, written: int
) -> None:
    before = hashes(pictures)
    words = [str(pictures), "--ratio", "1:1", "--ratio", "4:5", "--write", "files"]
    code = DYING.format(module=module, name=name, moment=moment, after=after)
    child = subprocess.run([sys.executable, "-c", code, *words, "--apply"], capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr
    left = hashes(pictures)
    assert len(set(left) - set(before)) == written
    assert all(left[name] == was for name, was in before.items())
    if written:
        assert run(pictures, "--undo").exit_code == 0
    else:
        with pytest.raises(MendableError, match="nothing to undo"):
            run(pictures, "--undo")
    assert hashes(pictures) == before
    assert "6 steps written" in run(*words, "--apply").stdout
    run(pictures, "--undo")
    assert hashes(pictures) == before


def test_below_the_confidence_nothing_is_written(pictures: Path) -> None:
    before = hashes(pictures)
    told = run(pictures, "--confidence", "1", "--ratio", "9:16", "--apply")
    assert told.exit_code == 0
    assert "Nothing to write" in told.stdout
    assert hashes(pictures) == before


def test_a_persons_crop_is_told_and_kept(pictures: Path) -> None:
    mine = xmp.with_crop(None, xmp.Crop(0, 0, 1, 0.5), {}).replace(b"artlake:Crop=", b"artlake:N=")
    (pictures / "a.jpg.xmp").write_bytes(mine)
    told = run(pictures, "--ratio", "1:1", "--apply")
    assert "1 left as they are" in told.stdout
    assert "a crop that a person set" in told.stdout.replace("\n", " ")
    assert (pictures / "a.jpg.xmp").read_bytes() == mine


def test_odd_names_and_another_out(pictures: Path, tmp_path: Path) -> None:
    name = os.fsdecode(bytes(pictures) + b"/\xff\n<em>.jpg")
    (pictures / "a.jpg").rename(name)
    before = set(hashes(pictures))
    out = tmp_path / "elsewhere"
    told = run(pictures, "--out", out, "--ratio", "1:1", "--apply")
    assert "3 steps written" in told.stdout
    assert Path(name + ".xmp").exists()
    assert not (pictures / "_artlake" / "crops").exists()
    assert "<em>" not in (out / "index.html").read_text()
    run(pictures, "--out", out, "--undo")
    assert set(hashes(pictures)) == before


@pytest.mark.parametrize(
    "words", [("--ratio", "wide"), ("--apply", "--undo"), ("--confidence", "2"), ("--write", "all")]
)
def test_what_cannot_be_meant_is_a_usage_error(pictures: Path, words: tuple[str, ...]) -> None:
    assert run(pictures, *words).exit_code == 2


def test_no_folder_and_a_folder_that_is_read_only(tmp_path: Path) -> None:
    with pytest.raises(MendableError, match="no folder"):
        run(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(MendableError, match="--out"):
        (tmp_path / "empty").mkdir()
        run(tmp_path / "empty", "--out", tmp_path / "file" / "below")


def test_an_empty_folder_is_no_error(tmp_path: Path) -> None:
    told = run(tmp_path)
    assert told.exit_code == 0
    assert "0 sidecars would" in told.stdout
    assert "0 pictures" in (tmp_path / "_artlake" / "crops" / "index.html").read_text()


def test_help_has_examples() -> None:
    assert "Examples" in run("--help").stdout
