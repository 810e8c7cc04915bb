"""imaging.files.cropping: sidecars beside sidecars of people, and cropped copies that look as proposed."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps

from imaging.decode import decode
from imaging.errors import DecodeError
from imaging.files import cropping, xmp
from imaging.files.cropping import Made, Unmade
from imaging.files.folder import Folder, measured
from imaging.files.sidecars import Naming
from tests.test_imaging_raw import write_dng
from tests.test_imaging_xmp import crop_of, value_of

HALF = xmp.Crop(0.25, 0.1, 0.75, 0.6)


def scene(width: int = 300, height: int = 200) -> Image.Image:
    rgb = np.full((height, width, 3), (200, 195, 190), np.uint8)
    rgb[60:140, width - 120 : width - 40] = np.random.default_rng(2).integers(0, 120, (80, 80, 3))
    return Image.fromarray(rgb)


def looked(root: Path, ratios: tuple[str, ...] = ("4:5", "16:9")) -> tuple[Folder, pa.Table]:
    found = measured(root, root / "_artlake" / "cache")
    return found, cropping.propose_all(found, root / "_artlake" / "cache", ratios)


def made(root: Path, naming: Naming = Naming.DARKTABLE) -> list[Made | Unmade]:
    found, proposals = looked(root)
    return list(
        cropping.sidecars(cropping.choose(proposals, 0, one=True), found.entries, root, naming)
    )


def test_proposals_of_a_folder_are_ranked_by_picture_and_ratio(tmp_path: Path) -> None:
    scene().save(tmp_path / "b.jpg")
    scene(200, 300).save(tmp_path / "a.png")
    _, proposals = looked(tmp_path)
    rows = proposals.to_pylist()
    places = [(row["image_id"], ("4:5", "16:9").index(row["ratio"]), row["rank"]) for row in rows]
    assert places == sorted(places)
    assert {row["image_id"] for row in rows} == {"a.png", "b.jpg"}
    assert {(row["width"], row["height"]) for row in rows} == {(300, 200), (200, 300)}


def test_the_first_sure_ratio_goes_into_a_sidecar_and_every_one_into_copies(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg")
    _, proposals = looked(tmp_path)
    assert [row["ratio"] for row in cropping.choose(proposals, 0, one=True)] == ["4:5"]
    assert [row["ratio"] for row in cropping.choose(proposals, 0, one=False)] == ["4:5", "16:9"]
    assert cropping.choose(proposals, 1.01, one=False) == []


@pytest.mark.parametrize(
    ("naming", "name"), [(Naming.DARKTABLE, "a.jpg.xmp"), (Naming.ADOBE, "a.xmp")]
)
def test_new_sidecars_are_named_as_asked(tmp_path: Path, naming: Naming, name: str) -> None:
    scene().save(tmp_path / "a.jpg")
    (one,) = made(tmp_path, naming)
    assert isinstance(one, Made)
    assert one.target == name
    assert crop_of(one.data) is not None


@pytest.mark.parametrize("naming", [Naming.DARKTABLE, Naming.ADOBE])
@pytest.mark.parametrize("there", ["a.jpg.xmp", "a.xmp", "a.XMP"])
def test_a_sidecar_that_is_there_is_merged_whatever_its_naming(
    tmp_path: Path, naming: Naming, there: str
) -> None:
    scene().save(tmp_path / "a.jpg")
    rated = xmp.with_crop(None, HALF, {}).replace(
        b'crs:HasCrop="True"', b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"'
    )
    rated = rated.replace(b'artlake:Crop="', b'artlake:Note="')
    (tmp_path / there).write_bytes(rated)
    (one,) = made(tmp_path, naming)
    assert isinstance(one, Made)
    assert one.target == there
    assert value_of(one.data, "http://ns.adobe.com/xap/1.0/", "Rating") == "4"


def test_a_persons_crop_in_either_sidecar_and_a_broken_one_are_left_alone(tmp_path: Path) -> None:
    mine = xmp.with_crop(None, HALF, {}).replace(b"artlake:Crop=", b"artlake:Note=")
    for name in ("a", "b", "c"):
        scene().save(tmp_path / f"{name}.jpg")
    (tmp_path / "a.jpg.xmp").write_bytes(mine)
    (tmp_path / "b.jpg.xmp").write_bytes(xmp.with_crop(None, HALF, {}))
    (tmp_path / "b.xmp").write_bytes(mine)
    (tmp_path / "c.xmp").write_bytes(mine[:200])
    found = made(tmp_path)
    assert [isinstance(it, Unmade) and it.path.name for it in found] == ["a.jpg", "b.jpg", "c.jpg"]
    reasons = [it.reason for it in found if isinstance(it, Unmade)]
    assert ["person" in reason for reason in reasons] == [True, True, False]
    assert "well-formed" in reasons[2]


@pytest.mark.parametrize("orientation", [1, 6, 8])
def test_a_raws_crop_is_of_its_stored_pixels_though_only_the_raw_tells_how_it_is_turned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orientation: int
) -> None:
    plain = tifffile.TiffWriter.write

    def with_orientation(*args: Any, extratags: Any = (), **rest: Any) -> Any:
        tags = [*extratags, (274, "H", 1, orientation, True)]
        return plain(*args, extratags=tags, **rest)

    monkeypatch.setattr(tifffile.TiffWriter, "write", with_orientation)
    write_dng(tmp_path / "a.dng", [(640, 480, "red")])
    found, proposals = looked(tmp_path, ("16:9",))
    assert found.images["width"].to_pylist() == [640 if orientation == 1 else 480]
    chosen = cropping.choose(proposals, 0, one=True)
    (one,) = cropping.sidecars(chosen, found.entries, tmp_path, Naming.ADOBE)
    assert isinstance(one, Made)
    stored = crop_of(one.data)
    assert stored is not None
    across, down = stored.right - stored.left, stored.bottom - stored.top
    # The window seen is 16:9; in a picture that stands it lies across the stored rows.
    wanted = 16 / 9 if orientation == 1 else 9 / 16
    assert across * 640 / (down * 480) == pytest.approx(wanted, rel=0.03)


@pytest.mark.parametrize(("name", "kind"), [("a.nef", "JPEG"), ("b.CR2", "PNG")])
def test_a_picture_that_is_named_like_a_raw_is_cropped_as_what_it_is(
    tmp_path: Path, name: str, kind: str
) -> None:
    scene().save(tmp_path / name, kind)
    (one,) = made(tmp_path)
    assert isinstance(one, Made)
    assert one.target == f"{name}.xmp"
    with Image.open(io.BytesIO(cropping.cropped(tmp_path / name, HALF))) as image:
        assert image.size == (150, 100)


def test_two_pictures_of_one_stem_never_share_a_sidecar(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg")
    scene().save(tmp_path / "a.png")
    assert all(isinstance(it, Unmade) for it in made(tmp_path, Naming.ADOBE))
    targets = [it.target for it in made(tmp_path, Naming.DARKTABLE) if isinstance(it, Made)]
    assert targets == ["a.jpg.xmp", "a.png.xmp"]
    found, proposals = looked(tmp_path)
    copies = cropping.copies(cropping.choose(proposals, 0, one=True), found.entries, tmp_path)
    targets = [it.target for it in copies if isinstance(it, Made)]
    assert targets == ["a.jpg_4x5.jpg", "a.png_4x5.jpg"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sidecar_and_copy_both_show_the_proposal(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    scene().save(tmp_path / "a.jpg", quality=95, subsampling=0, exif=exif)
    found, proposals = looked(tmp_path)
    (row,) = cropping.choose(proposals, 0, one=True)
    seen = decode(tmp_path / "a.jpg").rgb
    edges = xmp.Crop(row["left"], row["top"], row["right"], row["bottom"])
    left, top, right, bottom = cropping.box(edges, seen.shape[1], seen.shape[0])
    wanted = seen[top:bottom, left:right].astype(float)

    (sidecar,) = cropping.sidecars([row], found.entries, tmp_path, Naming.DARKTABLE)
    assert isinstance(sidecar, Made)
    stored_edges = crop_of(sidecar.data)
    assert stored_edges is not None
    with Image.open(tmp_path / "a.jpg") as stored:
        part = stored.crop(cropping.box(stored_edges, *stored.size))
        part.getexif()[0x0112] = orientation
        shown = np.asarray(ImageOps.exif_transpose(part)).astype(float)
    assert shown.shape == wanted.shape
    assert np.abs(shown - wanted).mean() < 3

    (copy,) = cropping.copies([row], found.entries, tmp_path)
    assert isinstance(copy, Made)
    with Image.open(io.BytesIO(copy.data)) as image:
        assert image.getexif().get(0x0112, 1) == 1
        assert np.asarray(image).shape == wanted.shape
        assert np.abs(np.asarray(image).astype(float) - wanted).mean() < 3


def test_copies_keep_profile_and_exif_but_for_the_orientation(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:31 14:03:22"
    exif.get_ifd(0x8769)[0xA002] = 300
    scene().save(tmp_path / "a.jpg", exif=exif, icc_profile=profile)
    with Image.open(io.BytesIO(cropping.cropped(tmp_path / "a.jpg", HALF))) as image:
        assert image.size == (100, 150)
        assert image.info["icc_profile"] == profile
        told = image.getexif()
        assert (told.get(0x0112), told[0x010F]) == (None, "Maker")
        inner = told.get_ifd(0x8769)
        assert (inner[0x9003], inner[0xA002]) == ("2024:05:31 14:03:22", 100)


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "RGBA", "1", "LA", "I;16"])
def test_copies_of_every_kind_of_picture(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.tif" if mode in ("CMYK", "I;16") else "a.png")
    picture = scene().convert("L") if mode == "I;16" else scene().convert(mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 256)
    picture.save(path)
    with Image.open(io.BytesIO(cropping.cropped(path, HALF))) as image:
        assert image.size == (150, 100)
        shown = np.asarray(image.convert("L")).astype(float)
    wanted = np.asarray(Image.fromarray(decode(path).rgb).convert("L")).astype(float)[
        20:120, 75:225
    ]
    assert np.abs(shown - wanted).mean() < 4


def test_a_file_of_a_person_under_the_name_of_a_copy_stays(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg")
    found, proposals = looked(tmp_path)
    rows = cropping.choose(proposals, 0, one=True)
    (tmp_path / "a_4x5.jpg").write_bytes(b"mine")
    (one,) = cropping.copies(rows, found.entries, tmp_path)
    assert isinstance(one, Unmade)
    assert "a_4x5.jpg" in one.reason


def test_files_that_changed_meanwhile_are_reported(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg")
    scene().save(tmp_path / "b.jpg")
    found, proposals = looked(tmp_path)
    rows = cropping.choose(proposals, 0, one=True)
    (tmp_path / "a.jpg").unlink()
    whole = (tmp_path / "b.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(whole[: len(whole) // 2])
    copies = list(cropping.copies(rows, found.entries, tmp_path))
    assert [isinstance(it, Unmade) for it in copies] == [True, True]
    assert isinstance(
        next(cropping.sidecars(rows, found.entries, tmp_path, Naming.DARKTABLE)), Unmade
    )
    with pytest.raises((DecodeError, OSError)):
        cropping.cropped(tmp_path / "b.jpg", HALF)
