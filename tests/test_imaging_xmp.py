"""imaging.files.xmp: sidecars of real programs merged without loss, crops that exiftool reads."""

import contextlib
import json
import shutil
import subprocess
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from PIL import Image, ImageOps

from imaging.files import xmp
from imaging.files.xmp import Crop, PersonsCropError, XmpError

EDGES = Crop(0.1, 0.2, 0.9, 0.85)
FACTS = {"Ratio": "4:5", "Confidence": "0.812"}

# As darktable writes them: attributes, its own history in sequences.
DARKTABLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:darktable="http://darktable.sf.net/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
   xmp:Rating="4"
   xmpMM:DerivedFrom="IMG_1.CR2"
   darktable:xmp_version="5"
   darktable:history_end="1">
   <darktable:history>
    <rdf:Seq>
     <rdf:li darktable:num="0" darktable:operation="exposure" darktable:params="00a1ff"/>
    </rdf:Seq>
   </darktable:history>
   <dc:subject>
    <rdf:Bag>
     <rdf:li>caf\xc3\xa9 &amp; "museum"</rdf:li>
    </rdf:Bag>
   </dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
# As Camera Raw writes them: packet, several descriptions, properties as elements too.
ADOBE = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 5.6">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <xmp:Rating>-1</xmp:Rating>
   <xmp:Label>Red</xmp:Label>
  </rdf:Description>
  <rdf:Description rdf:about="uuid:1" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    crs:Exposure2012="+0.35" crs:HasCrop="False" crs:CropTop="0">
   <crs:CropLeft>0</crs:CropLeft>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def value_of(packet: bytes, namespace: str, name: str) -> str | None:
    """A simple property of a packet, which RDF may write as an attribute or as an element."""
    tag = f"{{{namespace}}}{name}"
    for element in etree.fromstring(packet).iter(etree.Element):
        if tag in element.attrib:
            return str(element.attrib[tag])
        if element.tag == tag:
            return element.text
    return None


def crop_of(packet: bytes) -> Crop | None:
    """The crop that Camera Raw would see in a packet that we wrote."""
    if value_of(packet, xmp.CRS, "HasCrop") != "True":
        return None
    edges = ("CropLeft", "CropTop", "CropRight", "CropBottom")
    return Crop(*(float(value_of(packet, xmp.CRS, edge) or "nan") for edge in edges))


def properties(packet: bytes) -> dict[str, str]:
    """Every attribute and element text by its place, without those of a crop and ours."""
    root = etree.fromstring(packet)
    found: dict[str, str] = {}
    for number, element in enumerate(root.iter(etree.Element)):
        for name, value in element.attrib.items():
            found.setdefault(f"{element.tag}@{name}={value}", f"{number}")
        if (element.text or "").strip():
            found[f"{element.tag}={element.text}"] = ""
    crop = ("HasCrop", "CropTop", "CropLeft", xmp.OURS)
    return {name: "" for name in found if not any(word in name for word in crop)}


@given(
    st.tuples(*[st.floats(0, 1)] * 4).filter(lambda it: it[0] < it[2] and it[1] < it[3]),
    st.integers(1, 8),
)
def test_seen_and_stored_turn_into_each_other(edges: tuple[float, ...], orientation: int) -> None:
    crop = Crop(*edges)
    stored = xmp.to_stored(crop, orientation)
    assert stored.left <= stored.right
    assert stored.top <= stored.bottom
    # Mirrors and half turns undo themselves; the two quarter turns undo each other.
    back = xmp.to_stored(stored, {6: 8, 8: 6}.get(orientation, orientation))
    assert astuple(back) == pytest.approx(edges)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_crop_of_stored_pixels_shows_what_was_proposed(orientation: int) -> None:
    stored = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 100, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    tagged = stored.copy()
    tagged.info["exif"] = exif.tobytes()
    tagged.getexif()[0x0112] = orientation
    seen = ImageOps.exif_transpose(tagged)
    width, height = seen.size
    wanted = seen.crop(
        (round(0.1 * width), round(0.2 * height), round(0.6 * width), round(0.9 * height))
    )
    crop = xmp.to_stored(Crop(0.1, 0.2, 0.6, 0.9), orientation)
    part = stored.crop(
        (
            round(crop.left * 100),
            round(crop.top * 60),
            round(crop.right * 100),
            round(crop.bottom * 60),
        )
    )
    part.getexif()[0x0112] = orientation
    assert np.array_equal(np.asarray(ImageOps.exif_transpose(part)), np.asarray(wanted))


@pytest.mark.parametrize("packet", [DARKTABLE, ADOBE])
def test_merging_keeps_every_other_property(packet: bytes) -> None:
    made = xmp.with_crop(packet, EDGES, FACTS)
    assert properties(packet) == {k: v for k, v in properties(made).items() if "Crop" not in k}
    assert crop_of(made) == EDGES
    assert xmp.with_crop(made, EDGES, FACTS) == made
    other = xmp.with_crop(made, Crop(0, 0, 0.5, 1), FACTS)
    assert crop_of(other) == Crop(0, 0, 0.5, 1)
    assert other.count(b"CropTop") == 1


def test_a_packet_from_nothing_holds_the_crop_alone() -> None:
    made = xmp.with_crop(None, EDGES, FACTS)
    assert crop_of(made) == EDGES
    assert xmp.with_crop(made, EDGES, FACTS) == made
    assert made.startswith(b"<?xpacket begin=")


def test_a_crop_of_a_person_is_never_overwritten() -> None:
    mine = ADOBE.replace(b'HasCrop="False"', b'HasCrop="True"')
    with pytest.raises(PersonsCropError, match="a person set"):
        xmp.with_crop(mine, EDGES, FACTS)
    changed = xmp.with_crop(None, EDGES, FACTS).replace(
        b'CropTop="0.200000"', b'CropTop="0.250000"'
    )
    with pytest.raises(PersonsCropError, match="a person set"):
        xmp.with_crop(changed, EDGES, FACTS)
    removed = xmp.with_crop(None, EDGES, FACTS).replace(b'HasCrop="True"', b'HasCrop="False"')
    with pytest.raises(PersonsCropError, match="took away"):
        xmp.with_crop(removed, EDGES, FACTS)
    # An editor that writes our numbers its own way has changed nothing.
    rewritten = xmp.with_crop(None, EDGES, FACTS).replace(b'CropTop="0.200000"', b'CropTop="0.2"')
    assert crop_of(xmp.with_crop(rewritten, Crop(0, 0, 1, 0.5), FACTS)) == Crop(0, 0, 1, 0.5)


BROKEN = {
    "empty": b"",
    "cut off": ADOBE[:300],
    "no XMP": b"<html><body>not found</body></html>",
    "binary": bytes(range(256)),
    "entities": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    + DARKTABLE.split(b"?>", 1)[1],
    "crop": ADOBE.replace(b'HasCrop="False" crs:CropTop="0"', b'HasCrop="True" crs:CropTop="top"'),
}


@pytest.mark.parametrize("packet", BROKEN.values(), ids=BROKEN)
def test_broken_packets_are_reported(packet: bytes) -> None:
    with pytest.raises(XmpError):
        xmp.with_crop(packet, EDGES, FACTS)


@given(
    st.sampled_from([DARKTABLE, ADOBE]),
    st.integers(0, 900),
    st.integers(0, 30),
    st.binary(max_size=12),
)
def test_a_damaged_packet_is_merged_or_reported(
    packet: bytes, start: int, cut: int, put: bytes
) -> None:
    with contextlib.suppress(XmpError):
        made = xmp.with_crop(packet[:start] + put + packet[start + cut :], EDGES, {})
        assert crop_of(made) == EDGES


def test_a_file_larger_than_any_sidecar_is_not_parsed() -> None:
    comment = b"<!--" + b" " * (2**20 - 7) + b"-->"  # libxml2 itself refuses a larger one
    padded = (DARKTABLE + comment * 63).ljust(64 * 2**20)
    assert xmp.with_crop(padded, EDGES, FACTS)
    with pytest.raises(XmpError, match="more than any sidecar"):
        xmp.with_crop(padded + b" ", EDGES, FACTS)


@pytest.mark.parametrize("packet", [None, DARKTABLE, ADOBE], ids=["new", "darktable", "adobe"])
def test_exiftool_reads_what_we_write(packet: bytes | None, tmp_path: Path) -> None:
    exiftool = shutil.which("exiftool")
    if not exiftool:
        pytest.skip("exiftool is not installed (libimage-exiftool-perl)")
    file = tmp_path / "a.jpg.xmp"
    file.write_bytes(xmp.with_crop(packet, EDGES, FACTS))
    asked = subprocess.run(
        [exiftool, "-json", "-G1", "-n", "-warning", "-XMP:all", file],
        capture_output=True,
        text=True,
        check=True,
    )
    (told,) = json.loads(asked.stdout)
    assert told["XMP-crs:HasCrop"] is True
    assert told["XMP-crs:CropAngle"] == 0
    read = [told[f"XMP-crs:Crop{edge}"] for edge in ("Left", "Top", "Right", "Bottom")]
    assert read == pytest.approx(astuple(EDGES))
    assert told["XMP-artlake:Ratio"] == "4:5"
    assert "Warning" not in asked.stdout
    if packet == DARKTABLE:
        assert told["XMP-xmp:Rating"] == 4
        assert told["XMP-dc:Subject"] == 'café & "museum"'
    if packet == ADOBE:
        assert told["XMP-xmp:Label"] == "Red"
        assert told["XMP-crs:Exposure2012"] == "+0.35"
