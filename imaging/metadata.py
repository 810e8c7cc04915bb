"""What a file says about its own making: EXIF times and camera, XMP rating, ICC name, JPEG quality.

What belongs here: reading embedded metadata, for columns of MEASURES. Nothing in here decides by it.
Whatever the file holds, reading never raises: a block that cannot be read counts as absent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from lxml import etree
from PIL import Image

from imaging import profiles

_T = TypeVar("_T")

# EXIF 2.32: tags of the first directory, of the Exif directory, and of DNG 1.4 (the serial number).
_EXIF_IFD = 0x8769
_MAKE, _MODEL, _MODIFIED, _DNG_SERIAL = 0x010F, 0x0110, 0x0132, 0xC62F
_ORIGINAL, _DIGITIZED = 0x9003, 0x9004
_SUB_MODIFIED, _SUB_ORIGINAL, _SUB_DIGITIZED = 0x9290, 0x9291, 0x9292
_SERIAL = 0xA431

_XMP = "{http://ns.adobe.com/xap/1.0/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP_LIMIT = 4_000_000  # packets are some kB; only hostile ones would take this long to parse
_TIME = re.compile(
    r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:Z|[+-]\d\d:\d\d)?$",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1)
_LONGEST = 120  # characters of a make, a model or a serial number; more is no name

# ITU-T T.81 (JPEG), tables K.1 and K.2, row by row: what libjpeg scales by its quality.
_LUMA = """
16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112
100 103 99"""
_CHROMA = """
17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99"""


@dataclass(frozen=True)
class Metadata:
    """What one file says of itself; None where it says nothing. Forms and units as in MEASURES."""

    taken_at: str | None = None
    edited_at: str | None = None
    camera: str | None = None
    icc: str | None = None
    rating: int | None = None
    jpeg_quality: int | None = None


def read(image: Image.Image, data: bytes) -> Metadata:
    """The metadata of an opened picture; `data` is its whole file. Never raises.

    Times are those of the clock where the picture was made: offsets from UTC are left out.
    """
    exif = _whole(lambda: _exif(image)) or {}
    packet = _whole(lambda: _packet(image, data))
    rating, xmp_edited = (_whole(lambda: _xmp(packet)) if packet else None) or (None, None)
    edits = [time for time in (_time(exif, _MODIFIED, _SUB_MODIFIED), xmp_edited) if time]
    profile = image.info.get("icc_profile")
    tables = getattr(image, "quantization", None)
    return Metadata(
        taken_at=_time(exif, _ORIGINAL, _SUB_ORIGINAL) or _time(exif, _DIGITIZED, _SUB_DIGITIZED),
        edited_at=max(edits, default=None),
        camera=_camera(exif),
        icc=profiles.name(profile) if isinstance(profile, bytes) and profile else None,
        rating=rating,
        jpeg_quality=_whole(lambda: quality(tables)) if tables else None,
    )


def quality(tables: Mapping[int, Any]) -> int | None:
    """The libjpeg quality (1–100) whose quantisation tables lie nearest to `tables`.

    tables: number → 64 values row by row, as Pillow gives them. libjpeg's rule scales the standard
    tables by 5000/q % below q 50 and by 200 − 2q % from there on, and keeps them in 1–255; nearest
    is by the sum of all steps, over luma and (where there is one) chroma. Exact for files written
    with the standard tables; for others the quality at which those would be as coarse.
    """
    luma, chroma = tables.get(0), tables.get(1)
    if luma is None or len(luma) != 64 or (chroma is not None and len(chroma) != 64):
        return None
    total = sum(luma) + (0 if chroma is None else sum(chroma))
    return int(np.abs(_totals(chroma is not None) - total).argmin()) + 1


@lru_cache(maxsize=2)
def _totals(coloured: bool) -> np.ndarray:
    """The sum of all steps at each quality 1–100."""
    wanted = np.arange(1, 101)[:, None]
    percent = np.where(wanted < 50, 5000 // wanted, 200 - 2 * wanted)
    steps = np.array((_LUMA + _CHROMA if coloured else _LUMA).split(), dtype=np.int64)
    return np.clip((steps * percent + 50) // 100, 1, 255).sum(1)


def _whole(reading: Callable[[], _T]) -> _T | None:
    """What `reading` returns, or None where it stumbles: hostile bytes make every reader raise."""
    try:
        return reading()
    except Exception:  # EXIF and XMP say nothing about the pixels: a broken block counts as none
        return None


def _exif(image: Image.Image) -> dict[int, Any]:
    found = image.getexif()
    return {**found, **found.get_ifd(_EXIF_IFD)}


def _text(exif: Mapping[int, Any], tag: int) -> str:
    value = exif.get(tag)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return " ".join(value.split("\0")[0].split())[:_LONGEST] if isinstance(value, str) else ""


def time(text: str, fraction: str = "") -> str | None:
    """Return a time as EXIF, XMP or ExifTool write it in ISO 8601, by the clock that showed it; else None.

    fraction: digits of a second where they stand apart. A fraction gets three to six digits.
    """
    found = _TIME.match(text.strip())
    if not found:
        return None
    try:
        moment = datetime(*(int(part or 0) for part in found.groups()[:6]))  # type: ignore[arg-type]
    except ValueError:  # 0000:00:00, which cameras write that do not know the time
        return None
    if moment == _EPOCH:  # so do others, and LibRaw for a RAW file without one
        return None
    digits = re.match(r"\d*", found[7] or fraction, re.ASCII)
    shown = digits[0][:6].ljust(3, "0") if digits and digits[0] else ""
    return moment.isoformat() + (f".{shown}" if shown else "")


def _time(exif: Mapping[int, Any], tag: int, sub_tag: int) -> str | None:
    return time(_text(exif, tag), _text(exif, sub_tag))


def _camera(exif: Mapping[int, Any]) -> str | None:
    make, model = _text(exif, _MAKE), _text(exif, _MODEL)
    serial = _text(exif, _SERIAL) or _text(exif, _DNG_SERIAL)
    # "NIKON CORPORATION" and "NIKON D850": the model says both.
    if make and model.lower().startswith(make.split()[0].lower()):
        make = ""
    return " ".join(filter(None, [make, model, serial and f"#{serial}"])) or None


def _packet(image: Image.Image, data: bytes) -> bytes | None:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if isinstance(packet, str):
        packet = packet.encode()
    if packet is None and image.format == "JPEG2000":  # Pillow passes over its XMP box
        start = data.find(b"<x:xmpmeta")
        end = data.find(b"</x:xmpmeta>", start)
        packet = data[start : end + 12] if 0 <= start < end else None
    return packet


def _xmp(packet: bytes) -> tuple[int | None, str | None]:
    """Rating and time of the last edit in an XMP packet (UTF-8), as attributes or as elements."""
    asked = b"Rating" in packet or b"ModifyDate" in packet
    # XMP knows no document type: one is there to blow entities up.
    if not asked or len(packet) > _XMP_LIMIT or b"<!DOCTYPE" in packet:
        return None, None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(packet.strip(b"\0 \r\n\t"), parser)
    rating, edited = None, None
    for about in root.iter(f"{_RDF}Description"):
        rating = rating or about.get(f"{_XMP}Rating") or about.findtext(f"{_XMP}Rating")
        edited = edited or about.get(f"{_XMP}ModifyDate") or about.findtext(f"{_XMP}ModifyDate")
    return _rating(rating or ""), time(edited or "")


def _rating(text: str) -> int | None:
    """-1 to 5; XMP lets a program write it as a real number."""
    found = re.fullmatch(r"\s*(-?\d{1,3})(?:\.\d+)?\s*", text, re.ASCII)
    value = round(float(text)) if found else None
    return value if value is not None and -1 <= value <= 5 else None
