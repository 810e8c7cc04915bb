"""RAW previews: the largest JPEG of a DNG that LibRaw itself accepts, or a reason why not."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging import raw
from imaging.decode import decode, decode_grey
from imaging.errors import DecodeError


def _jpeg(width: int, height: int, colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def write_dng(path: Path, previews: list[tuple[int, int, str]]) -> None:
    """A small but real DNG 1.4: an RGGB mosaic, and JPEG previews in directories of their own."""
    matrix = (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)
    camera = [
        (271, "s", 0, "Test", True),
        (272, "s", 0, "Camera", True),
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),  # DNGVersion
        (50707, "B", 4, bytes([1, 1, 0, 0]), True),
        (50708, "s", 0, "Test Camera", True),
        (50721, "2i", 9, matrix, True),  # ColorMatrix1
    ]
    mosaic = [
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, bytes([0, 1, 1, 2]), True),
        (50717, "I", 1, 4095, True),  # WhiteLevel
    ]
    values = np.random.default_rng(0).integers(0, 4095, (240, 320), dtype=np.uint16)
    with tifffile.TiffWriter(path) as writer:
        for number, (width, height, colour) in enumerate(previews):
            writer.write(
                iter([_jpeg(width, height, colour)]),
                shape=(height, width, 3),
                dtype=np.uint8,
                photometric="ycbcr",
                compression="jpeg",
                rowsperstrip=height,
                subfiletype=1,
                subifds=0 if number else len(previews),
                extratags=[] if number else camera,
                metadata=None,
            )
        extra = mosaic if previews else mosaic + camera
        writer.write(values, photometric="cfa", subfiletype=0, extratags=extra, metadata=None)


def test_the_largest_preview_is_given(tmp_path: Path) -> None:
    path = tmp_path / "a.dng"
    write_dng(path, [(160, 120, "blue"), (300, 200, "red")])
    picture = Image.open(io.BytesIO(raw.preview(path)))
    assert (picture.format, picture.size) == ("JPEG", (300, 200))
    red, green, blue = np.asarray(picture.convert("RGB")).reshape(-1, 3).mean(0)
    assert red > 200 and green < 50 and blue < 50


def test_a_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"odd\xff\n.dng")
    write_dng(path, [(160, 120, "blue")])
    assert Image.open(io.BytesIO(raw.preview(path))).size == (160, 120)


def test_a_raw_without_a_preview_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.dng"
    write_dng(path, [])
    with pytest.raises(DecodeError) as refused:
        raw.preview(path)
    assert refused.value.reason == "no_preview"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"no picture at all", "no_preview"), (_jpeg(9, 9, "red"), "no_preview")],
)
def test_what_is_no_raw_has_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.cr2"
    path.write_bytes(content)
    with pytest.raises(DecodeError) as refused:
        raw.preview(path)
    assert refused.value.reason == reason
    with pytest.raises(DecodeError, match="missing"):
        raw.preview(tmp_path / "none.cr2")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_damaged_raw_gives_a_reason_or_a_jpeg(
    tmp_path: Path, damages: list[tuple[int, int]]
) -> None:
    path = tmp_path / "a.dng"
    write_dng(path, [(160, 120, "blue")])
    data = bytearray(path.read_bytes())
    for place, value in damages:
        data[place] = value
    path.write_bytes(data)
    try:
        assert raw.preview(path).startswith(b"\xff\xd8\xff")
    except DecodeError as error:
        assert error.reason == "no_preview"


@pytest.mark.parametrize(
    ("name", "content", "is_one"),
    [
        ("a.nef", b"MM\0*" + bytes(400), True),
        ("a.DNG", b"", True),  # RAW's own reader says what is wrong with it
        ("a.tif", b"MM\0*" + bytes(400), False),
        ("a.nef", _jpeg(9, 9, "red"), False),
        ("a.cr2", b"\x89PNG\r\n\x1a\n", False),
        ("a.dng", b"RIFF\0\0\0\0WEBP", False),
    ],
)
def test_a_raw_is_named_like_one_and_begins_like_no_other_picture(
    tmp_path: Path, name: str, content: bytes, is_one: bool
) -> None:
    (tmp_path / name).write_bytes(content)
    assert raw.is_raw(tmp_path / name) == is_one


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.nef")
    assert raw.is_raw(tmp_path / "a.nef")
    with pytest.raises(DecodeError, match="not a regular file"):
        decode(tmp_path / "a.nef")
    with pytest.raises(DecodeError, match="missing"):
        decode(tmp_path / "none.nef")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_is_named_like_a_raw_is_decoded_as_what_it_is(
    tmp_path: Path, kind: str
) -> None:
    Image.new("RGB", (90, 60), "red").save(tmp_path / "a.nef", kind)
    picture = decode(tmp_path / "a.nef")
    assert (picture.width, picture.height, picture.format) == (90, 60, kind)
    grey, *_ = decode_grey(tmp_path / "a.nef", 30)
    assert abs(int(grey.mean()) - 76) <= 1
