"""The real exiftool: what it reads, what it writes into sidecars, and that it touches nothing else."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from imaging.files.companions import bundles
from imaging.files.exiftool import ExiftoolError, ExiftoolMissing, Session, session
from imaging.files.plan import apply, draw, undo
from imaging.files.sidecars import Naming, sidecars
from storage.files import sha256_file

needed = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


@pytest.fixture
def tool() -> Iterator[Session]:
    with session() as opened:
        yield opened


def photograph(path: Path, **exif: str) -> Path:
    """A JPEG with EXIF: taken, model, artist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tags = Image.Exif()
    tags[0x010F], tags[0x0110] = "Canon", exif.get("model", "Canon EOS 5D")
    if "artist" in exif:
        tags[0x013B] = exif["artist"]
    if "taken" in exif:
        tags.get_ifd(0x8769)[0x9003] = exif["taken"]
        tags.get_ifd(0x8769)[0x9291] = exif.get("subsec", "12")
    Image.new("RGB", (16, 12), "grey").save(path, exif=tags)
    return path


def embedded(path: Path, **exif: str) -> Path:
    """A photograph with XMP and IPTC of its own too."""
    photograph(path, **exif)
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", "-XMP:Title=Embedded", "-XMP:Rating=3",
         "-XMP:Subject=one", "-XMP:Subject=two", "-IPTC:By-line=Byline", "-IPTC:City=Arles", path],
        check=True,
    )  # fmt: skip
    return path


def made(tool: Session, root: Path, naming: Naming = Naming.DARKTABLE) -> dict[str, str]:
    """Draw and apply the sidecars of a folder; what was refused."""
    staging = root.parent / "staging"
    staging.mkdir(exist_ok=True)
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    steps, refused = sidecars(root, bundles(files), tool, staging, naming)
    plan = draw(root, root / "_artlake" / "sidecars", steps, made_by="test")
    assert not apply(plan.folder).skipped
    return {it.path.name: it.reason for it in refused}


@needed
def test_values_are_read_in_order_whatever_the_names(tool: Session, tmp_path: Path) -> None:
    odd = [b"new\nline.jpg", b"not \xff utf.jpg", b"-delete_original.jpg", b"#comment.jpg",
           "é ü 漢.jpg".encode(), b" spaces .jpg ", b"a'b\"$(x).jpg", "e\u0301.jpg".encode()]  # fmt: skip
    files = [Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)) for name in odd]
    for number, file in enumerate(files):
        plain = photograph(tmp_path / "plain.jpg", artist=f"artist {number}")
        plain.rename(file)
    found = [*tool.read([files[0], tmp_path / "absent.jpg", *files[1:]], ["Artist", "Model"])]
    assert [row.get("Artist") for row in found] == [
        "artist 0", None, *(f"artist {n}" for n in range(1, len(odd)))
    ]  # fmt: skip
    assert found[1] == {"Error": "it is not there, or cannot be read"}
    assert found[0]["Model"] == "Canon EOS 5D"
    assert sorted(tmp_path.iterdir()) == sorted(files)


@needed
def test_more_files_than_one_command_takes(tool: Session, tmp_path: Path) -> None:
    one = photograph(tmp_path / "one.jpg", artist="007")
    for number in range(250):
        os.link(one, tmp_path / f"{number}.jpg")
    found = [*tool.read([tmp_path / f"{number}.jpg" for number in range(250)], ["Artist"])]
    assert found == [{"Artist": "007"}] * 250


@needed
@pytest.mark.parametrize("data", [b"", b"<!DOCTYPE html>", b"\xff\xd8\xff\xe1\x00\x10Exif"])
def test_a_broken_file_is_told_and_the_next_is_read(
    tool: Session, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "broken.jpg").write_bytes(data)
    good = photograph(tmp_path / "good.jpg", artist="A")
    broken, fine = tool.read([tmp_path / "broken.jpg", good], ["Artist"])
    assert "Artist" not in broken and fine == {"Artist": "A"}
    assert ("Error" in broken) == (not data)


@needed
def test_a_sidecar_holds_exif_iptc_and_xmp_and_the_picture_is_as_it_was(
    tool: Session, tmp_path: Path
) -> None:
    picture = embedded(tmp_path / "f" / "a.jpg", taken="2004:01:02 03:04:05", artist="Exif")
    before = sha256_file(picture), picture.stat().st_mtime_ns
    assert made(tool, tmp_path / "f") == {}
    (values,) = tool.read([tmp_path / "f" / "a.jpg.xmp"], ["XMP:all"])
    wanted = {
        "Title": "Embedded", "Rating": "3", "Subject": "one; two", "Creator": "Byline",
        "City": "Arles", "Model": "Canon EOS 5D", "DateTimeOriginal": "2004:01:02 03:04:05.12",
    }  # fmt: skip
    assert {tag: values.get(tag) for tag in wanted} == wanted
    assert (sha256_file(picture), picture.stat().st_mtime_ns) == before
    first = (tmp_path / "f" / "a.jpg.xmp").read_bytes()
    undo(tmp_path / "f" / "_artlake" / "sidecars")
    assert not (tmp_path / "f" / "a.jpg.xmp").exists()
    made(tool, tmp_path / "f")
    assert (tmp_path / "f" / "a.jpg.xmp").read_bytes() == first


EXISTING = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:darktable="http://darktable.sf.net/" xmlns:own="http://example.org/own/"
 xmp:Rating="5" darktable:history_end="7" own:note="kept">
 <dc:subject><rdf:Bag><rdf:li>mine</rdf:li></rdf:Bag></dc:subject></rdf:Description>
</rdf:RDF></x:xmpmeta>"""


@needed
@pytest.mark.parametrize(
    ("naming", "name"),
    [(Naming.DARKTABLE, "a.jpg.xmp"), (Naming.ADOBE, "a.xmp"), (Naming.ADOBE, "a.XMP")],
)
def test_an_existing_sidecar_is_merged_and_its_values_win(
    tool: Session, tmp_path: Path, naming: Naming, name: str
) -> None:
    embedded(tmp_path / "f" / "a.jpg")
    sidecar = tmp_path / "f" / name
    sidecar.write_text(EXISTING)
    assert made(tool, tmp_path / "f", naming) == {}
    assert [path.name for path in sidecar.parent.glob("*.[xX]*")] == [name]
    (values,) = tool.read([sidecar], ["XMP:all"])
    assert (values["Rating"], values["Subject"], values["Title"]) == ("5", "mine", "Embedded")
    text = sidecar.read_text()
    assert "history_end" in text and "kept" in text
    plan = sidecar.parent / "_artlake" / "sidecars"
    assert undo(plan).done == 1
    assert sidecar.read_text() == EXISTING
    apply(plan)
    staging = tmp_path / "again"
    staging.mkdir()
    again, _ = sidecars(
        tmp_path / "f", bundles([tmp_path / "f" / "a.jpg", sidecar]), tool, staging, naming
    )
    assert again == []


@needed
def test_what_cannot_have_a_sidecar_is_refused_with_a_reason(tool: Session, tmp_path: Path) -> None:
    folder = tmp_path / "f"
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        photograph(folder / name)
    (folder / "a.png").write_bytes((folder / "a.jpg").read_bytes())
    (folder / "b.xmp").write_text("<broken")
    (folder / "c.xmp").touch()
    (folder / "d.jpg").write_bytes(b"")
    refused = made(tool, folder, Naming.ADOBE)
    assert sorted(refused) == ["a.jpg", "a.png", "b.jpg", "c.jpg", "d.jpg"]
    assert refused["a.jpg"] == "it would share a.xmp with another picture"
    assert "empty" in refused["c.jpg"]
    assert (folder / "b.xmp").read_text() == "<broken" and (folder / "c.xmp").stat().st_size == 0


@needed
def test_the_version_is_told(tool: Session) -> None:
    said = subprocess.run(["exiftool", "-ver"], capture_output=True, text=True, check=True)
    assert tool.version == said.stdout.strip()


def test_without_exiftool_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ExiftoolMissing, match="apt install libimage-exiftool-perl"), session():
        pass


@pytest.mark.parametrize("script", ["exit 3", "echo hello", "echo 11.88"])
def test_a_program_that_is_no_exiftool_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    fake = tmp_path / "exiftool"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExiftoolMissing, match="Install"), session():
        pass


@needed
def test_an_unwritable_source_is_an_error_of_that_file(tool: Session, tmp_path: Path) -> None:
    with pytest.raises(ExiftoolError):
        tool.sidecar(tmp_path / "absent.jpg", tmp_path / "absent.xmp")
    assert not (tmp_path / "absent.xmp").exists()


POISON = """%Image::ExifTool::UserDefined = ('Image::ExifTool::Composite' => { Poison => {
 Require => { 0 => 'FileName' }, ValueConv => 'kill(9, $$) if $val[0] =~ /poison/; $val[0]' } }); 1;
"""


@needed
def test_a_file_that_kills_exiftool_costs_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ExifTool_config").write_text(POISON)
    monkeypatch.setenv("EXIFTOOL_HOME", str(tmp_path))
    names = ["a.jpg", "b poison.jpg", "c.jpg", "d.jpg"]
    files = [photograph(tmp_path / name, artist=name) for name in names]
    with session() as tool:
        found = [*tool.read(files, ["Artist", "Poison"])]
    assert [row.get("Artist") for row in found] == ["a.jpg", None, "c.jpg", "d.jpg"]
    assert found[1] == {"Error": "ExifTool ended over it"}


@needed
def test_real_pictures_are_read_and_have_sidecars_or_a_reason(
    tool: Session, samples: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    odd = (path for path in (samples / "odd").iterdir() if path.suffix != ".csv")
    for path in [*odd, *sorted((samples / "images" / "met_original").rglob("*.jpg"))[:20]]:
        shutil.copyfile(path, folder / path.name)
    before = {path.name: sha256_file(path) for path in folder.iterdir()}
    told = [*tool.read(sorted(folder.iterdir()), ["FileType", "DateTimeOriginal"])]
    assert len(told) == len(before)
    assert sum("Error" in row for row in told) >= 5  # the empty ones
    refused = made(tool, folder)
    after = {path.name: sha256_file(path) for path in folder.iterdir() if path.is_file()}
    assert {name: after[name] for name in before} == before
    for name in before:
        assert (name in refused) != (f"{name}.xmp" in after), name
    assert set(refused) <= set(before)
