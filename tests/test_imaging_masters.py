"""Masters: every layout of TIFF gives the plain box mean, in bounded memory, or a reason."""

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from imaging import masters
from imaging.errors import DecodeError

_RNG = np.random.default_rng(0)


def _values(height: int, width: int, channels: int, kind: str = "uint16") -> np.ndarray:
    high = 65536 if kind == "uint16" else 256
    return _RNG.integers(0, high, (height, width, channels)).astype(kind)


def _means(values: np.ndarray, step: int, white: float) -> np.ndarray:
    height, width = values.shape[:2]
    rows = [
        [values[y : y + step, x : x + step].reshape(-1, values.shape[2]).mean(0) for x in across]
        for across in [range(0, width, step)]
        for y in range(0, height, step)
    ]
    return np.rint(np.array(rows) * 255 / white)


_LAYOUTS: dict[str, dict[str, object]] = {
    "one strip": {},
    "strips": {"rowsperstrip": 7},
    "strips, deflate": {"rowsperstrip": 7, "compression": "zlib", "predictor": True},
    "strips, lzw": {"rowsperstrip": 13, "compression": "lzw"},
    "tiles": {"tile": (32, 48)},
    "tiles, deflate": {"tile": (16, 32), "compression": "zlib"},
    "big-endian": {"byteorder": ">"},
    "big-endian strips": {"byteorder": ">", "rowsperstrip": 5, "compression": "lzw"},
    "bigtiff": {"bigtiff": True, "tile": (64, 64), "compression": "lzw"},
}


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("layout", _LAYOUTS)
def test_each_layout_gives_the_box_mean(
    tmp_path: Path, layout: str, kind: str, planar: bool
) -> None:
    values = _values(101, 130, 3, kind)
    path = tmp_path / "a.tif"
    stored = np.moveaxis(values, 2, 0) if planar else values
    where = "separate" if planar else "contig"
    tifffile.imwrite(path, stored, photometric="rgb", planarconfig=where, **_LAYOUTS[layout])
    made = masters.reduced(path, 20)
    white = 65535.0 if kind == "uint16" else 255.0
    assert np.array_equal(made.rgb, _means(values, 5, white))
    assert (made.width, made.height) == (130, 101)
    assert made.mode == ("RGB;16" if kind == "uint16" else "RGB")
    eight = np.rint(values * (255 / white)).astype(np.uint8)
    assert np.array_equal(made.detail, np.asarray(Image.fromarray(eight).convert("L")))


def test_the_detail_is_the_middle_at_full_resolution(tmp_path: Path) -> None:
    values = _values(1500, 1300, 3, "uint8")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="rgb", tile=(256, 256))
    middle = values[238:1262, 138:1162]
    wanted = np.asarray(Image.fromarray(np.ascontiguousarray(middle)).convert("L"))
    assert np.array_equal(masters.reduced(path, 256).detail, wanted)


def test_jpeg_tiles_come_out_in_colour(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 256, dtype=np.uint8)
    values = np.stack([np.tile(ramp, (256, 1)), np.tile(ramp[:, None], (1, 256))], -1)
    values = np.dstack([values, np.full((256, 256), 60, np.uint8)])
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="rgb", tile=(64, 64), compression="jpeg")
    assert tifffile.TiffFile(path).pages.first.photometric == 6  # YCbCr
    made = masters.reduced(path, 64)
    assert np.abs(made.rgb.astype(int) - _means(values, 4, 255)).mean() < 4


def test_alpha_is_laid_over_white(tmp_path: Path) -> None:
    values = np.zeros((40, 40, 4), np.uint16)
    values[:, 20:, 3] = 65535
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="rgb", extrasamples=["unassalpha"])
    made = masters.reduced(path, 10)
    assert (made.rgb[:, :5] == 255).all() and (made.rgb[:, 5:] == 0).all()


def test_premultiplied_alpha_is_not_multiplied_again(tmp_path: Path) -> None:
    half = np.full((40, 40, 4), [100, 0, 128, 128], np.uint8)
    half[:, 20:] = [255, 255, 255, 10]  # brighter than its alpha allows: stays white
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, half, photometric="rgb", extrasamples=["assocalpha"])
    made = masters.reduced(path, 10)
    assert made.rgb[0, 0].tolist() == [227, 127, 255]
    assert (made.rgb[:, 5:] == 255).all()


def test_white_is_zero_where_the_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.full((30, 30), 65535, np.uint16), photometric="miniswhite")
    assert (masters.reduced(path, 10).rgb == 0).all()


def test_float_colour_is_stretched_and_survives_what_is_no_number(tmp_path: Path) -> None:
    values = np.tile(np.linspace(-1, 3, 64, dtype=np.float32)[None, :, None], (64, 1, 3))
    values[0, 0] = np.nan
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="rgb", tile=(32, 32))
    made = masters.reduced(path, 64)
    assert made.mode == "RGB;32F"
    assert (made.rgb.min(), made.rgb.max()) == (0, 255)
    assert np.array_equal(made.rgb[5, :, 0], np.rint(np.linspace(0, 255, 64)))


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_pillows_modes_agree_with_pillow(tmp_path: Path, mode: str) -> None:
    blocks = _values(8, 8, 3, "uint8").repeat(8, 0).repeat(8, 1)
    picture = Image.fromarray(blocks).convert(mode)
    path = tmp_path / "a.tif"
    picture.save(path, compression="tiff_lzw" if mode != "1" else "group4")
    made = masters.reduced(path, 64)
    assert np.array_equal(made.rgb, np.asarray(picture.convert("RGB")))
    assert made.mode == mode


def test_the_profile_is_followed(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    values = np.full((40, 40, 3), 128, np.uint8)
    plain, odd, swapped = tmp_path / "a.tif", tmp_path / "b.tif", tmp_path / "c.tif"
    tifffile.imwrite(plain, values, photometric="rgb")
    tifffile.imwrite(odd, values, photometric="rgb", iccprofile=lab)
    assert np.array_equal(masters.reduced(plain, 10).rgb, masters.reduced(odd, 10).rgb)
    # A profile whose tone curve is a straight line makes the same numbers much lighter.
    tifffile.imwrite(swapped, values, photometric="rgb", iccprofile=_linear())
    assert masters.reduced(swapped, 10).rgb.mean() > 170


def _linear() -> bytes:
    """An sRGB profile with linear tone curves: `curv` of no entry is the identity (ICC.1, 10.6)."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    for entry in range(132, 132 + 12 * count, 12):
        if data[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            start = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[start : start + 12] = b"curv" + bytes(8)
            data[entry + 8 : entry + 12] = (12).to_bytes(4, "big")
        if data[entry : entry + 4] == b"desc":  # so that it is not taken for sRGB by its name
            start = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[start + 28 : start + 32] = b"\0l\0i"
    return bytes(data)


def test_what_is_a_master(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, _values(20, 20, 3), photometric="rgb")
    assert masters.is_master(Image.open(path))
    tifffile.imwrite(path, _values(20, 20, 3, "uint8"), photometric="rgb")
    assert not masters.is_master(Image.open(path))
    large = Image.new("RGB", (10, 10))
    large.format, large._size = "TIFF", (20_000, 10_000)
    assert masters.is_master(large)
    large.format = "PNG"
    assert not masters.is_master(large)


def _written(path: Path, **options: object) -> bytes:
    tifffile.imwrite(path, _values(90, 80, 3), photometric="rgb", rowsperstrip=8, **options)
    return path.read_bytes()


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_a_file_cut_short_is_refused(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    data = _written(path, compression=compression)
    for share in (0.95, 0.5, 0.2):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(DecodeError) as refused:
            masters.reduced(path, 20)
        assert refused.value.reason in ("truncated", "corrupt")


def test_a_damaged_strip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    data = bytearray(_written(path, compression="zlib"))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(DecodeError) as refused:
        masters.reduced(path, 20)
    assert refused.value.reason == "corrupt"


def test_what_cannot_be_read_in_pieces_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, _values(90, 80, 3), photometric="rgb", rowsperstrip=90, compression=8)
    monkeypatch.setattr(masters, "SEGMENT_BYTES", 40_000)
    with pytest.raises(DecodeError, match="one strip of 43,200 bytes"):
        masters.reduced(path, 20)
    monkeypatch.setattr(masters, "PIXEL_LIMIT", 7_000)
    with pytest.raises(DecodeError, match="80×90 pixels"):
        masters.reduced(path, 20)


def test_a_lab_master_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, _values(20, 20, 3, "uint8"), photometric="cielab")
    with pytest.raises(DecodeError, match="unknown_format"):
        masters.reduced(path, 10)
    with pytest.raises(DecodeError, match="missing"):
        masters.reduced(tmp_path / "b.tif", 10)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=6),
    st.sampled_from([None, "zlib", "lzw"]),
)
def test_hostile_headers_give_a_reason_or_a_picture(
    tmp_path: Path, damages: list[tuple[int, int]], compression: str | None
) -> None:
    path = tmp_path / "hostile.tif"
    tifffile.imwrite(path, _HOSTILE, photometric="rgb", rowsperstrip=8, compression=compression)
    data = bytearray(path.read_bytes())
    for place, value in damages:
        data[place % len(data)] = value
    path.write_bytes(data)
    try:
        made = masters.reduced(path, 20)
    except DecodeError:
        return
    assert made.rgb.dtype == np.uint8 and made.rgb.shape[2] == 3


_HOSTILE = _values(30, 30, 3)

_PEAK = """
import resource, sys
from pathlib import Path
from imaging import masters
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
made = masters.reduced(Path(sys.argv[1]), 256)
print(made.width * made.height, made.rgb.shape[0], made.rgb.shape[1], int(made.rgb.mean()))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("tile", [(512, 512), None])
def test_memory_is_bounded_whatever_the_size(tmp_path: Path, tile: tuple[int, int] | None) -> None:
    """400 megapixels of 16-bit colour are 2.4 GB decoded: an eighth of it must do."""
    path = tmp_path / "large.tif"
    shape = (20_000, 20_480, 3)
    rows, across = tile or (80, shape[1])
    piece = zlib.compress(np.full((rows, across, 3), 32_896, np.uint16).tobytes())
    count = -(-shape[0] // rows) * (shape[1] // across)
    tifffile.imwrite(
        path,
        iter([piece] * count),
        shape=shape,
        dtype=np.uint16,
        photometric="rgb",
        compression="zlib",
        tile=tile,
        rowsperstrip=None if tile else rows,
    )
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path)], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    facts, peak = done.stdout.splitlines()
    assert facts == "409600000 257 263 128"
    assert int(peak) < 300, f"{peak} MiB"
