"""Metadata: what real encoders write is read back, and hostile bytes never raise."""

import io
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from imaging import metadata
from imaging.metadata import Metadata

_XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"{attributes}>{elements}
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def _xmp(attributes: str = "", elements: str = "") -> bytes:
    return _XMP.format(attributes=" " + attributes, elements=elements).encode()


def _picture(side: int = 48) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(values)


def _exif(tags: dict[int, object], inner: dict[int, object]) -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    exif.get_ifd(0x8769).update(inner)
    return exif.tobytes()


def _saved(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    _picture().save(buffer, kind, **options)
    return buffer.getvalue()


def _itxt(packet: object) -> PngImagePlugin.PngInfo:
    assert isinstance(packet, bytes)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode())
    return info


def _read(data: bytes) -> Metadata:
    return metadata.read(Image.open(io.BytesIO(data)), data)


_TAKEN = {0x9003: "2024:05:31 14:03:22", 0x9291: "51"}


def test_times_have_their_sub_seconds_and_the_camera_its_serial_number() -> None:
    exif = _exif(
        {0x010F: "Canon", 0x0110: "Canon EOS R5", 0x0132: "2024:06:01 09:00:00"},
        {**_TAKEN, 0xA431: "0123 \0", 0x9290: "7"},
    )
    found = _read(_saved("JPEG", exif=exif))
    assert found.taken_at == "2024-05-31T14:03:22.510"
    assert found.edited_at == "2024-06-01T09:00:00.700"
    assert found.camera == "Canon EOS R5 #0123"


def test_a_maker_that_its_model_does_not_name_stands_before_it() -> None:
    found = _read(_saved("JPEG", exif=_exif({0x010F: "Phase One", 0x0110: "IQ4 150MP"}, {})))
    assert found.camera == "Phase One IQ4 150MP"


def test_the_time_of_digitisation_stands_in_for_that_of_capture() -> None:
    inner = {0x9003: "0000:00:00 00:00:00", 0x9004: "2011:02:03 04:05:06", 0x9292: "123456789"}
    assert _read(_saved("JPEG", exif=_exif({}, inner))).taken_at == "2011-02-03T04:05:06.123456"


@pytest.mark.parametrize(
    "text", ["", "    :  :     :  :  ", "2024:13:01 00:00:00", "yesterday", "1970:01:01 00:00:00"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert _read(_saved("JPEG", exif=_exif({}, {0x9003: text}))).taken_at is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_rating_and_exif_are_read_from_each_format(kind: str) -> None:
    options: dict[str, object] = {"exif": _exif({}, _TAKEN), "xmp": _xmp('xmp:Rating="4"')}
    if kind == "PNG":
        options["pnginfo"] = _itxt(options.pop("xmp"))
    if kind == "TIFF":
        options = {"exif": _exif({700: options["xmp"]}, _TAKEN)}
    found = _read(_saved(kind, **options))
    assert (found.rating, found.taken_at) == (4, "2024-05-31T14:03:22.510")


def test_rating_and_exif_are_read_from_heic() -> None:
    pillow_heif.register_heif_opener()
    found = _read(_saved("HEIF", exif=_exif({}, _TAKEN), xmp=_xmp('xmp:Rating="-1"')))
    assert (found.rating, found.taken_at) == (-1, "2024-05-31T14:03:22.510")


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        *(("0", 0), ("5", 5), ("-1", -1), (" 3.0 ", 3), ("6", None), ("-2", None), ("", None)),
        *(("four", None), ("nan", None), ("9" * 5000, None), ("٣", None)),
    ],
)
def test_ratings_of_both_forms(text: str, rating: int | None) -> None:
    for packet in (
        _xmp(f'xmp:Rating="{text}"'),
        _xmp(elements=f"<xmp:Rating>{text}</xmp:Rating>"),
    ):
        assert _read(_saved("WEBP", xmp=packet)).rating == rating


def test_the_newest_of_the_times_of_edit_is_told() -> None:
    packet = _xmp('xmp:ModifyDate="2024-07-02T10:11:12.5+02:00"')
    exif = _exif({0x0132: "2024:07:01 23:00:00"}, {})
    assert _read(_saved("JPEG", exif=exif, xmp=packet)).edited_at == "2024-07-02T10:11:12.500"


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("5")
    hostile = f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{secret}">]>'.encode()
    packet = hostile + _xmp(elements="<xmp:Rating>&e;</xmp:Rating>")
    assert _read(_saved("WEBP", xmp=packet)).rating is None


def test_a_broken_packet_hides_nothing_else() -> None:
    found = _read(_saved("JPEG", exif=_exif({}, _TAKEN), xmp=b"<x:xmpmeta Rating=5", quality=77))
    assert found == Metadata(taken_at="2024-05-31T14:03:22.510", jpeg_quality=77)


def test_the_profile_is_named() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert "sRGB" in (_read(_saved("JPEG", icc_profile=profile)).icc or "")
    assert _read(_saved("JPEG", icc_profile=b"no profile")).icc is None


def test_quality_is_exact_for_standard_tables() -> None:
    rgb = np.asarray(_picture())
    for quality in range(10, 101):
        assert _read(_saved("JPEG", quality=quality)).jpeg_quality == quality
        turbo = simplejpeg.encode_jpeg(rgb, quality, "RGB", "420")
        assert _read(turbo).jpeg_quality == quality
        grey = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb[..., :1]), quality, "GRAY", "Gray")
        assert _read(grey).jpeg_quality == quality
    assert _read(_saved("PNG")).jpeg_quality is None


def test_tables_of_another_shape_give_the_quality_that_costs_as_much() -> None:
    gentle = _read(_saved("JPEG", qtables=[[2] * 64, [2] * 64])).jpeg_quality
    harsh = _read(_saved("JPEG", qtables=[[60] * 64, [60] * 64])).jpeg_quality
    assert gentle and gentle > 90
    assert harsh and 40 < harsh < 65


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=200))
def test_hostile_blocks_never_raise(exif: bytes, xmp: bytes, icc: bytes) -> None:
    image = _picture(8)
    image.info.update(exif=b"Exif\0\0" + exif, xmp=b"Rating" + xmp, icc_profile=icc)
    assert isinstance(metadata.read(image, b""), Metadata)


_FILE = _saved(
    "JPEG", exif=_exif({0x010F: "A", 0x0132: "2024:06:01 09:00:00"}, _TAKEN), xmp=_xmp("")
)


@given(st.lists(st.tuples(st.integers(2, 700), st.integers(0, 255)), max_size=8))
def test_a_damaged_header_never_raises(damages: list[tuple[int, int]]) -> None:
    data = bytearray(_FILE)
    for place, value in damages:
        data[place] = value
    try:
        image = Image.open(io.BytesIO(data))
    except Exception:  # not a picture any more: nobody asks for its metadata
        return
    assert isinstance(metadata.read(image, bytes(data)), Metadata)


@given(st.text(max_size=40))
def test_any_text_for_a_time_is_a_time_or_none(text: str) -> None:
    image = _picture(8)
    image.getexif().get_ifd(0x8769)[0x9003] = text
    found = metadata.read(image, b"").taken_at
    assert found is None or len(found) == len("2024-05-31T14:03:22")


@pytest.mark.samples
def test_museum_originals_tell_their_quality_and_never_raise(samples: Path) -> None:
    paths = sorted((samples / "images" / "met_original").iterdir())
    found = [_read(path.read_bytes()) for path in paths]
    assert len(found) >= 79
    assert all(
        1 <= (one.jpeg_quality or 0) <= 100
        for one, path in zip(found, paths, strict=True)
        if path.suffix == ".jpg"
    )
    assert sum(one.icc is not None for one in found) > 5
