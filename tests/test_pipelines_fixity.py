"""`artlake fixity` and `artlake accession` as people call them."""

import csv
import os
import re
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import Result
from typer.testing import CliRunner

from pipelines.pictures import accession, fixity
from storage import Lake, LakeError
from storage.errors import MendableError
from storage.fixity import FixityError
from storage.schemas import ARTWORKS


def _run(*arguments: object, code: int = 0) -> str:
    """Run `artlake fixity …`; its output as one line."""
    app = accession.app if arguments[0] == "accession" else fixity.app
    given = arguments[1:] if arguments[0] == "accession" else arguments
    result: Result = CliRunner().invoke(app, [str(it) for it in given], env={"COLUMNS": "300"})
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return re.sub(r"\s+", " ", result.output)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "masters"
    (root / "sub").mkdir(parents=True)
    for number, name in enumerate(["one.tif", "sub/two.tif", "sub/new\nline.tif"]):
        (root / name).write_bytes(b"%d" % number * 1000)
    (root / os.fsdecode(b"bad\xff.tif")).write_bytes(b"bad")
    return root


def _rot(path: Path) -> None:
    times = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _state(root: Path) -> dict[str, tuple[bytes, int]]:
    paths = [it for it in root.rglob("*") if it.is_file() and "_artlake" not in it.parts]
    return {str(it): (it.read_bytes(), it.stat().st_mtime_ns) for it in paths}


def test_a_folder_is_written_down_and_verified_and_stays_as_it_is(folder: Path) -> None:
    before = _state(folder)
    assert "4 checksums" in _run("fixity", "write", folder)
    assert "every file is as it was" in _run("fixity", "verify", folder)
    assert "it stands" in _run("fixity", "write", folder)
    assert _state(folder) == before
    assert sorted(it.name for it in (folder / "_artlake" / "fixity").glob("[0-9]*")) == ["0001"]


def test_rot_is_found_and_no_later_manifest_makes_it_true(folder: Path) -> None:
    _run("fixity", "write", folder)
    _rot(folder / "sub" / "two.tif")
    said = _run("fixity", "verify", folder, code=1)
    assert "damaged sub/two.tif the same size and time, other bytes" in said
    (folder / "three.tif").write_bytes(b"new")
    assert "5 checksums" in _run("fixity", "write", folder)
    assert "1 damaged" in _run("fixity", "verify", folder, code=1)


def test_edits_and_moves_are_told_without_alarm_and_losses_with_it(folder: Path) -> None:
    _run("fixity", "write", folder)
    (folder / "one.tif").write_bytes(b"worked on")
    (folder / "sub" / "two.tif").rename(folder / "elsewhere.tif")
    said = _run("fixity", "verify", folder)
    assert "edited one.tif" in said and "moved sub/two.tif now elsewhere.tif" in said
    (folder / "elsewhere.tif").unlink()
    assert "missing sub/two.tif" in _run("fixity", "verify", folder, code=1)


def test_what_was_culled_is_still_covered(folder: Path) -> None:
    _run("fixity", "write", folder)
    (folder / "_review_dupes").mkdir()
    (folder / "one.tif").rename(folder / "_review_dupes" / "one.tif")
    assert "moved one.tif now _review_dupes/one.tif" in _run("fixity", "verify", folder)


def test_links_are_told_as_not_covered(folder: Path) -> None:
    (folder / "link.tif").symlink_to(folder / "one.tif")
    (folder / "loop").symlink_to(folder)
    said = _run("fixity", "write", folder)
    assert "4 checksums" in said and "not covered: link.tif" in said
    assert "every file is as it was" in _run("fixity", "verify", folder)


def test_a_known_file_that_became_a_link_is_an_alarm(folder: Path, tmp_path: Path) -> None:
    _run("fixity", "write", folder)
    (folder / "one.tif").rename(tmp_path / "one.tif")
    (folder / "one.tif").symlink_to(tmp_path / "one.tif")
    assert "unreadable one.tif" in _run("fixity", "verify", folder, code=1)
    assert "unreadable one.tif" in _run("fixity", "write", folder, code=1)
    (folder / "one.tif").unlink()
    (tmp_path / "one.tif").rename(folder / "one.tif")
    assert "every file is as it was" in _run("fixity", "verify", folder)


def test_a_bag_is_made_and_verified(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FixityError, match=r"bad\\xff\.tif"):
        _run("fixity", "write", folder, "--bag", tmp_path / "bag")
    (folder / os.fsdecode(b"bad\xff.tif")).unlink()
    before = _state(folder)
    assert "3 files are in the bag" in _run("fixity", "write", folder, "--bag", tmp_path / "bag")
    assert _state(folder) == before
    assert "every file is as it was" in _run("fixity", "verify", tmp_path / "bag")
    victim = tmp_path / "bag" / "data" / "one.tif"
    victim.unlink()
    assert "missing data/one.tif" in _run("fixity", "verify", tmp_path / "bag", code=1)


def test_errors_say_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FixityError, match="Write one first"):
        _run("fixity", "verify", folder)
    with pytest.raises(FixityError, match="is no folder"):
        _run("fixity", "write", tmp_path / "nothing")
    with pytest.raises(FixityError, match="either a folder or --of-lake"):
        _run("fixity", "write")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MendableError, match="--out"):
        _run("fixity", "write", folder, "--out", tmp_path / "file" / "below")


def test_a_folder_whose_own_name_is_no_text(folder: Path, tmp_path: Path) -> None:
    odd = folder.rename(tmp_path / os.fsdecode(b"odd\xff"))
    with pytest.raises(FixityError, match=r"odd\\xff.*no UTF-8.*--out"):
        _run("fixity", "write", odd)
    out = ("--out", tmp_path / "sums")
    assert "4 checksums" in _run("fixity", "write", odd, *out)
    assert "every file is as it was" in _run("fixity", "verify", odd, *out)
    (odd / os.fsdecode(b"bad\xff.tif")).unlink()
    said = _run("fixity", "write", odd, "--bag", tmp_path / os.fsdecode(b"bag\xff"))
    assert r"bag\xff" in said
    assert "every file is as it was" in _run("fixity", "verify", tmp_path / os.fsdecode(b"bag\xff"))


def test_manifests_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    _run("fixity", "write", folder, "--out", tmp_path / "sums")
    assert not (folder / "_artlake").exists()
    _rot(folder / "one.tif")
    _run("fixity", "verify", folder, "--out", tmp_path / "sums", code=1)


def test_a_work_folder_in_the_folder_itself_is_not_covered(folder: Path) -> None:
    sums = folder / "sums"
    assert "4 checksums" in _run("fixity", "write", folder, "--out", sums)
    assert "it stands" in _run("fixity", "write", folder, "--out", sums)
    assert "every file is as it was" in _run("fixity", "verify", folder, "--out", sums)
    assert "4 checksums" in _run("fixity", "write", folder)


def test_a_work_folder_that_comes_over_known_files_is_an_alarm(folder: Path) -> None:
    _run("fixity", "write", folder)
    (folder / "sub" / ".artlake").write_text("")
    assert "missing sub/two.tif" in _run("fixity", "verify", folder, code=1)


def test_a_folder_of_somebody_elses_holds_no_manifests(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    for name in ("cache/thesis.txt", ".0001.part/thesis.txt"):
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("mine")
    for place in (out, folder):
        with pytest.raises(MendableError, match="--out"):
            _run("fixity", "write", folder, "--out", place)
    assert len([it for it in out.rglob("*") if it.is_file()]) == 2
    work = folder / "_artlake" / "fixity"
    _run("fixity", "write", folder)
    for name in ("cache", ".0002.part"):
        (work / name).mkdir()
        (work / name / "thesis.txt").write_text("mine")
    (folder / "one.tif").write_bytes(b"worked on")
    _run("fixity", "write", folder)
    assert (work / "0002").is_dir()
    assert (work / "cache" / "thesis.txt").exists() and (work / ".0002.part/thesis.txt").exists()


# -- the lake ------------------------------------------------------------------------------------


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ARTLAKE_LAKE", str(tmp_path / "lake"))
    lake = Lake.open(tmp_path / "lake")
    numbers = ["1975.1.2a–d", "64.55.1", "64.55.2", "13.220.8", "13.220.8"]
    rows = [
        {
            **dict.fromkeys(ARTWORKS.names),
            "artwork_id": f"met:{number}",
            "source": "met",
            "source_id": str(number),
            "accession_number": text,
        }
        for number, text in enumerate(numbers)
    ]
    columns = ["artwork_id", "source", "source_id", "accession_number"]
    table = pa.Table.from_pylist([{name: row[name] for name in columns} for row in rows])
    lake.write("catalog/artworks", table, ["artwork_id"])
    for content in (b"first picture", b"second picture"):
        lake.images.add_bytes(content)
    return lake


def test_the_lakes_originals_are_verified_by_their_own_names(lake: Lake) -> None:
    assert "2 files against the originals' own names" in _run("fixity", "verify", "--of-lake")
    _, path = lake.images.add_bytes(b"third picture")
    path.write_bytes(b"third pictura")
    assert f"damaged images/store/original/{path.parent.name}" in _run(
        "fixity", "verify", "--of-lake", code=1
    )
    # The manifest of a damaged original holds the checksum of its name.
    _run("fixity", "write", "--of-lake")
    assert "1 damaged" in _run("fixity", "verify", "--of-lake", code=1)


def test_the_lakes_tables_are_verified_by_the_manifest(lake: Lake) -> None:
    _run("fixity", "write", "--of-lake")
    assert "every file is as it was" in _run("fixity", "verify", "--of-lake")
    _rot(lake.path("catalog/artworks"))
    assert "damaged catalog/artworks.parquet" in _run("fixity", "verify", "--of-lake", code=1)
    Lake.open(lake.root)  # our folder in it makes it no stranger's


def test_no_lake_is_made_by_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTLAKE_LAKE", str(tmp_path / "none"))
    with pytest.raises(LakeError, match="no lake"):
        _run("fixity", "verify", "--of-lake")
    assert not (tmp_path / "none").exists()


def test_file_names_are_matched_to_the_lakes_artworks(lake: Lake, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in ("64_55_1_recto.jpg", "1975-1-2b_x.jpg", "13.220.8_x.jpg", "notes.txt"):
        (scans / name).write_bytes(b"")
    before = _state(scans)
    said = _run("accession", scans, "--pattern", "{accession}_{view}")
    assert "4 files: 1 ambiguous, 1 none, 2 normalised." in said
    assert _state(scans) == before
    with (scans / "_artlake" / "accession" / "matched.csv").open(newline="") as handle:
        rows = {row["file"]: row for row in csv.DictReader(handle)}
    assert rows["64_55_1_recto.jpg"]["artwork_id"] == "met:1"
    assert rows["1975-1-2b_x.jpg"]["accession_number"] == "1975.1.2a–d"
    assert rows["13.220.8_x.jpg"]["candidates"] == "met:3 met:4"
    assert rows["notes.txt"]["matched"] == "none"


def test_a_table_of_matches_is_written_over_one_of_its_own_only(lake: Lake, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "=1+1_64.55.1.jpg").write_bytes(b"")
    words = ("accession", scans, "--pattern", "{view}_{accession}", "--out")
    (tmp_path / "mine.csv").write_text("file,read\n")
    (tmp_path / "empty.csv").write_text("")
    for name in ("mine.csv", "empty.csv", "scans"):
        with pytest.raises(MendableError, match="--out"):
            _run(*words, tmp_path / name)
    assert (tmp_path / "mine.csv").read_text() == "file,read\n"
    _run(*words, tmp_path / "ours.csv")
    first = (tmp_path / "ours.csv").read_bytes()
    assert b"\n'=1+1_64.55.1.jpg," in first
    _run(*words, tmp_path / "ours.csv")
    assert (tmp_path / "ours.csv").read_bytes() == first
