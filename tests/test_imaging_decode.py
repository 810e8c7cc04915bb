"""imaging.decode: every format by its stated rule, everything else a DecodeError with its reason."""

import csv
import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from imaging.decode import PIXEL_LIMIT, DecodeError, decode, decode_grey

SAMPLES = os.environ.get("ARTLAKE_SAMPLES")


def painting(width: int = 320, height: int = 240) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (7 + 5 * c)) * np.cos(y / (11 + 3 * c)) for c in range(3)]
    return Image.fromarray((np.stack(waves, -1) * 100 + 128).astype(np.uint8))


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(tmp_path: Path, data: bytes, side: int | None = None):
    path = tmp_path / "picture"
    path.write_bytes(data)
    return decode(path, side)


def refused(tmp_path: Path, data: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decoded(tmp_path, data)
    return caught.value


def test_a_jpeg_decodes_at_full_size_as_pillow_does(tmp_path):
    data = saved(painting(), "JPEG", quality=92)
    picture = decoded(tmp_path, data)
    assert (picture.width, picture.height, picture.mode, picture.format) == (
        320,
        240,
        "RGB",
        "JPEG",
    )
    theirs = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert np.abs(picture.rgb - theirs).max() <= 2


def test_a_jpeg_is_decoded_no_larger_than_needed_and_keeps_its_true_size(tmp_path):
    picture = decoded(tmp_path, saved(painting(1600, 1200), "JPEG"), side=256)
    assert (picture.width, picture.height) == (1600, 1200)
    assert 256 <= min(picture.rgb.shape[:2]) < 400


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(tmp_path, orientation, kind):
    upright = painting(64, 48)
    operations = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(operations[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    options |= {"lossless": True} if kind == "WEBP" else {}
    picture = decoded(tmp_path, saved(stored, kind, exif=exif, **options))
    assert (picture.width, picture.height) == (64, 48)
    assert picture.rgb.shape == (48, 64, 3)
    assert np.abs(picture.rgb.astype(int) - np.asarray(upright)).max() <= 12


def test_alpha_lies_over_white(tmp_path):
    rgba = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    rgba.putpixel((0, 0), (0, 0, 255, 255))
    rgb = decoded(tmp_path, saved(rgba, "PNG")).rgb
    assert rgb[0, 0].tolist() == [0, 0, 255]
    assert rgb[1, 1].tolist() == [255, 255, 255]


def test_a_transparent_palette_entry_lies_over_white(tmp_path):
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([10, 20, 30, 200, 0, 0])
    palette.putpixel((0, 0), 1)
    rgb = decoded(tmp_path, saved(palette, "PNG", transparency=0)).rgb
    assert rgb[0, 0].tolist() == [200, 0, 0]
    assert rgb[2, 2].tolist() == [255, 255, 255]


def test_sixteen_bits_keep_their_high_byte(tmp_path):
    wide = Image.fromarray(np.array([[0, 257 * 100, 65535]], dtype=np.uint16))
    assert decoded(tmp_path, saved(wide, "PNG")).rgb[0, :, 0].tolist() == [0, 100, 255]


def test_floats_are_stretched(tmp_path):
    wide = Image.fromarray(np.array([[-1.0, 0.0, 1.0]], dtype=np.float32))
    picture = decoded(tmp_path, saved(wide, "TIFF"))
    assert picture.mode == "F"
    assert picture.rgb[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("16 bits", "I;16"), ("16 bits, white is 0", "I;16"), ("32 bits", "I"), ("infinite", "F")],
)
def test_deep_grey_tiffs_look_as_they_should(tmp_path, kind, mode):
    import tifffile

    steps = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    floats = (steps / 255).astype(np.float32)
    floats[0, 0] = np.inf
    pixels, photometric = {
        "16 bits": (steps.astype(np.uint16) * 257, "minisblack"),
        "16 bits, white is 0": (65535 - steps.astype(np.uint16) * 257, "miniswhite"),
        "32 bits": (steps.astype(np.uint32) << 24, "minisblack"),
        "infinite": (floats, "minisblack"),
    }[kind]
    tifffile.imwrite(tmp_path / "deep.tif", pixels, photometric=photometric)
    picture = decode(tmp_path / "deep.tif")
    assert picture.mode == mode
    assert np.array_equal(picture.rgb[1:, :, 0], steps[1:])


def test_one_bit_and_grey_become_rgb(tmp_path):
    one = Image.new("1", (3, 2), 1)
    assert decoded(tmp_path, saved(one, "PNG")).rgb.min() == 255
    grey = decoded(tmp_path, saved(Image.new("L", (16, 16), 77), "JPEG"))
    assert grey.mode == "L"
    assert grey.rgb.tolist()[0][0] == [77, 77, 77]


def test_cmyk_is_not_inverted(tmp_path):
    picture = decoded(tmp_path, saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"))
    assert picture.mode == "CMYK"
    red, green, blue = picture.rgb[8, 8].tolist()
    assert red > 230
    assert green < 30
    assert blue < 30


def test_an_icc_profile_is_followed(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, with_srgb = saved(painting(), "PNG"), saved(painting(), "PNG", icc_profile=lab)
    assert (decoded(tmp_path, plain).rgb == decoded(tmp_path, with_srgb).rgb).all()
    nonsense = saved(painting(), "PNG", icc_profile=b"no profile")
    assert (decoded(tmp_path, plain).rgb == decoded(tmp_path, nonsense).rgb).all()


def test_a_profile_with_swapped_primaries_changes_the_colours(tmp_path):
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Exchange the tags of the red and blue primaries, and the name that says sRGB.
    swapped = bytes(profile).replace(b"rXYZ", b"tmp!").replace(b"bXYZ", b"rXYZ")
    swapped = swapped.replace(b"tmp!", b"bXYZ").replace("sRGB".encode("utf-16-be"), b"\0X\0X\0X\0X")
    red = saved(Image.new("RGB", (32, 32), (255, 0, 0)), "JPEG", icc_profile=swapped, quality=95)
    pixel = decoded(tmp_path, red).rgb[16, 16].tolist()
    assert pixel[2] > 200
    assert pixel[0] < 60


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    picture = decoded(tmp_path, data)
    assert picture.frames == 3
    assert picture.rgb[4, 4].tolist() == [255, 0, 0]


def bomb(side: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 100_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [14_200, 18_000, 40_000])
def test_too_many_pixels_are_refused_before_decoding(tmp_path, side, monkeypatch):
    assert side * side > PIXEL_LIMIT
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("a pixel was decoded"))
    error = refused(tmp_path, bomb(side))
    assert error.reason == "too_many_pixels"
    assert "200,000,000" in error.detail


def test_a_jpeg_header_that_claims_too_much_is_refused(tmp_path):
    data = bytearray(saved(painting(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    assert refused(tmp_path, bytes(data)).reason == "too_many_pixels"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
def test_a_truncated_file_is_refused(tmp_path, kind, share):
    data = saved(painting(), kind)
    assert refused(tmp_path, data[: int(len(data) * share)]).reason in ("truncated", "corrupt")


def test_a_jpeg_without_its_end_marker_is_refused(tmp_path):
    data = saved(painting(), "JPEG")
    assert refused(tmp_path, data[:-2]).reason == "truncated"


def test_a_progressive_and_a_cmyk_jpeg_cut_short_are_refused(tmp_path):
    for picture, options in (
        (painting(), {"progressive": True}),
        (painting().convert("CMYK"), {}),
    ):
        data = saved(picture, "JPEG", **options)
        assert refused(tmp_path, data[: len(data) * 3 // 4]).reason == "truncated"


def test_a_jpeg_damaged_inside_is_refused(tmp_path):
    data = saved(painting(), "JPEG")
    broken = data[: len(data) // 2] + b"\xff\xd9"
    assert refused(tmp_path, broken).reason == "corrupt"


def test_bytes_after_the_end_and_stray_bytes_between_markers_are_no_fault(tmp_path):
    data = saved(painting(), "JPEG")
    whole = decoded(tmp_path, data).rgb
    assert (decoded(tmp_path, data + b"trailer").rgb == whole).all()
    at = data.index(b"\xff\xdb")
    assert decoded(tmp_path, data[:at] + b"\0\0\0" + data[at:]).rgb.shape == whole.shape


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><title>404</title></html>", "html"),
        (b"\n\n  <HTML><body>blocked</body></HTML>", "html"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "lfs_pointer"),
        (b"just some words", "unknown_format"),
        (b"\xff\xd8\xff\xe0", "truncated"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unknown_format"),
    ],
)
def test_what_is_no_picture_says_so(tmp_path, data, reason):
    assert refused(tmp_path, data).reason == reason


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(DecodeError, match="missing") as caught:
        decode(tmp_path / "nowhere.jpg")
    assert str(tmp_path) not in caught.value.detail


SEEDS = [
    saved(painting(40, 30), kind, **options)
    for kind, options in [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("AVIF", {}),
        ("HEIF", {}),
        ("JPEG2000", {}),
    ]
]


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.sampled_from(SEEDS),
    cut=st.floats(0, 1),
    patches=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=4)), max_size=4),
)
def test_whatever_the_bytes_it_decodes_or_refuses(tmp_path, seed, cut, patches):
    data = bytearray(seed)
    for place, patch in patches:
        at = int(place * len(data))
        data[at : at + len(patch)] = patch
    try:
        picture = decoded(tmp_path, bytes(data[: max(1, int(len(data) * cut))]), side=16)
    except DecodeError as error:
        assert error.reason in ("html", "unknown_format", "too_many_pixels", "truncated", "corrupt")
    else:
        assert picture.rgb.dtype == np.uint8
        assert picture.rgb.ndim == 3


@pytest.mark.parametrize("size", [(64, 48), (63, 49)])
def test_a_heic_is_decoded_and_turned(tmp_path, size) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = painting(*size)
    data = saved(stored, "HEIF", quality=95, exif=exif.tobytes())
    picture = decoded(tmp_path, data)
    assert (picture.format, picture.mode, picture.frames) == ("HEIF", "RGB", 1)
    assert (picture.width, picture.height) == size[::-1]
    theirs = np.asarray(stored.transpose(Image.Transpose.ROTATE_270)).astype(int)
    assert np.abs(picture.rgb - theirs).mean() < 6
    assert refused(tmp_path, data[: len(data) // 2]).reason in ("truncated", "corrupt")


def test_detail_is_the_picture_as_seen(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(painting(320, 240), "JPEG", exif=exif)
    whole, small = decoded(tmp_path, data), decoded(tmp_path, data, side=60)
    for picture in (whole, small):
        assert np.array_equal(picture.detail, picture.rgb)
    assert whole.detail.shape == (320, 240, 3)
    assert small.detail.shape == (80, 60, 3)


def sixteen_bit(tmp_path: Path, width: int, height: int, **options) -> tuple[Path, np.ndarray]:
    import tifffile

    wide = np.asarray(painting(width, height)).astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "m.tif", wide, photometric="rgb", **options)
    return tmp_path / "m.tif", wide


def test_a_master_of_sixteen_bit_colour_is_read_in_strips(tmp_path) -> None:
    path, wide = sixteen_bit(tmp_path, 1400, 1100, rowsperstrip=64)
    picture = decode(path, 256)
    assert (picture.width, picture.height, picture.mode) == (1400, 1100, "RGB;16")
    assert 256 <= min(picture.rgb.shape[:2]) < 512
    step = -(-1100 // picture.rgb.shape[0])
    mean = (wide[:step, :step] / 257).mean(axis=(0, 1))
    assert np.abs(picture.rgb[0, 0] - mean).max() <= 1
    assert picture.detail.shape == (1024, 1024)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert decode(path, 256, digest).width == 1400
    with pytest.raises(DecodeError, match="changed"):
        decode(path, 256, "00" * 32)


def test_a_master_is_turned_as_its_orientation_says(tmp_path) -> None:
    path, _ = sixteen_bit(tmp_path, 300, 200, extratags=[(0x0112, 3, 1, 6, True)])
    picture = decode(path)
    assert (picture.width, picture.height) == (200, 300)
    assert picture.rgb.shape == (300, 200, 3)
    upright = np.asarray(painting(300, 200).transpose(Image.Transpose.ROTATE_270)).astype(int)
    assert np.abs(picture.rgb - upright).max() <= 1


def test_a_damaged_master_is_refused(tmp_path) -> None:
    path, _ = sixteen_bit(tmp_path, 300, 200)
    path.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(DecodeError, match="truncated|corrupt"):
        decode(path, 64)


def test_a_raw_file_without_a_preview_is_refused(tmp_path) -> None:
    path = tmp_path / "a.CR2"
    path.write_bytes(b"II*\0" + bytes(400))
    with pytest.raises(DecodeError) as caught:
        decode(path)
    assert caught.value.reason == "no_preview"


def test_a_raw_file_is_judged_by_its_preview(tmp_path, monkeypatch) -> None:
    from imaging import raw

    preview = saved(painting(90, 60), "JPEG")
    monkeypatch.setattr(raw, "preview", lambda path: preview)  # no camera's file is at hand
    path = tmp_path / "a.NEF"
    path.write_bytes(b"MM\0*" + bytes(400))
    picture = decode(path)
    assert (picture.width, picture.height, picture.format) == (90, 60, "NEF")
    grey, *_ = decode_grey(path, 30)
    assert grey.shape[0] >= 30


@pytest.mark.parametrize("original", [None, "2024:05:31 14:03:20"])
def test_a_raw_file_was_taken_when_its_preview_was_made(tmp_path, monkeypatch, original) -> None:
    from imaging import raw

    exif = Image.Exif()
    exif[0x0132] = "2024:05:31 14:03:22"
    if original:
        exif[0x8769] = {0x9003: original}
    preview = saved(painting(90, 60), "JPEG", exif=exif)
    monkeypatch.setattr(raw, "preview", lambda path: preview)  # no camera's file is at hand
    (tmp_path / "a.NEF").write_bytes(b"MM\0*" + bytes(400))
    (tmp_path / "a.jpg").write_bytes(preview)
    taken = decode(tmp_path / "a.NEF").metadata.taken_at
    assert taken == ("2024-05-31T14:03:20" if original else "2024-05-31T14:03:22")
    # Of any other file the time of its last change says nothing about the taking.
    assert (decode(tmp_path / "a.jpg").metadata.taken_at is None) == (original is None)


def test_content_that_is_not_what_it_should_be_has_changed(tmp_path) -> None:
    path = tmp_path / "a.png"
    painting().save(path)
    assert decode(path, None, hashlib.sha256(path.read_bytes()).hexdigest()).width == 320
    with pytest.raises(DecodeError) as caught:
        decode(path, None, "00" * 32)
    assert caught.value.reason == "changed"


def test_a_file_written_to_while_it_is_read_has_changed(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.png"
    painting().save(path)
    real, states = os.fstat, []

    def fstat(handle: int) -> os.stat_result:
        if not states:  # between the first look and the reading
            with path.open("ab") as more:
                more.write(b"tail")
        states.append(real(handle))
        return states[-1]

    before = path.stat()
    monkeypatch.setattr("imaging.decode.os.fstat", lambda handle: fstat(handle) and before)
    with pytest.raises(DecodeError) as caught:
        decode(path)
    assert caught.value.reason == "changed"


def test_a_pipe_is_refused_without_waiting(tmp_path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(DecodeError, match="not a regular file"):
        decode(tmp_path / "a.jpg")


def test_grey_alone_is_the_grey_of_the_picture(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(painting(1001, 700), "JPEG", quality=95, exif=exif))
    grey, down, across = decode_grey(path, 100)
    assert (grey.shape, down, across) == ((250, 175), 250, 175)
    # Turned by it, the odd last column is the first row.
    whole = Image.fromarray(decode(path).rgb[1:]).convert("L")
    theirs = np.asarray(whole.resize((175, 250), Image.Resampling.BOX)).astype(int)
    assert np.abs(grey - theirs).mean() < 2
    path.write_bytes(saved(painting(1001, 700), "JPEG", quality=95))
    grey, down, across = decode_grey(path, 100)
    assert (grey.shape, down, across) == ((175, 251), 175, 1001 / 4)
    (tmp_path / "a.png").write_bytes(saved(painting(90, 70), "PNG"))
    grey, down, across = decode_grey(tmp_path / "a.png", 10)
    assert (grey.shape, down, across) == ((70, 90), 70, 90)


EXPECTED_REFUSALS = {
    "html404": "html",
    "zero_byte": "empty",
    "truncated": "truncated",
    "git_lfs": "lfs_pointer",
    "ukbench09268_corrupt": "unknown_format",
}


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES, reason="ARTLAKE_SAMPLES is not set")
def test_every_odd_sample_decodes_by_its_rule_or_says_why_not():
    folder = Path(SAMPLES or "") / "odd"
    with (folder / "manifest.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) >= 40
    for row in rows:
        name = row["file"]
        wanted = next(
            (why for start, why in EXPECTED_REFUSALS.items() if name.startswith(start)), None
        )
        try:
            picture = decode(folder / name, 256)
        except DecodeError as error:
            assert error.reason == wanted, name
            continue
        assert wanted is None, name
        size, mode, kind = row["decoded"].split()
        width, height = map(int, size.split("x"))
        if name.startswith("exif_orientation_6"):
            width, height = height, width
        assert (picture.width, picture.height) == (width, height), name
        assert (picture.mode, picture.format, picture.frames) == (mode, kind, 1), name
        if mode in ("L", "RGB"):
            # Profiles move colours a little; a wrong conversion would move them far.
            theirs = np.asarray(Image.open(folder / name).convert("RGB"))
            assert abs(picture.rgb.mean() - theirs.mean()) < 8, name
