"""One file to one RGB picture as it should be seen, or a reason why not.

What belongs here: everything that depends on file formats. The rules, in the order they apply:

- a picture of more than `PIXEL_LIMIT` pixels is refused by its header, before a pixel is decoded; a TIFF master may
  be larger, for it is read in strips or tiles (`imaging.masters`);
- a RAW file, told by `raw.is_raw`, is judged by the largest JPEG that the camera put into it (`imaging.raw`);
- an animation gives its first frame, and says how many it has; so does a HEIC of several pictures;
- 16-bit grey keeps its high byte; 32-bit and float grey have no agreed white and are stretched from
  their smallest to their largest value (16-bit colour is cut to its high byte by Pillow, HEIC of 10 bits by libheif);
- alpha, as a channel or as a transparent palette entry, is laid over white;
- an embedded ICC profile is followed to sRGB; an unreadable one counts as none; CMYK without a
  profile is converted by Pillow's formula;
- EXIF orientation is applied last, and `width` and `height` are those of the picture as seen;
- a file that ends early or whose data is damaged is refused, never padded with grey; so is one that
  changes while it is read.
"""

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pillow_heif
import simplejpeg
from PIL import Image, TiffImagePlugin

from imaging import masters, raw
from imaging.errors import DecodeError
from imaging.metadata import Metadata, read
from imaging.srgb import TURNED, as_rgb, orientation, turned

PIXEL_LIMIT = (
    200_000_000  # a 200-megapixel scan is real; its RGB bytes (600 MB) are what a worker can hold
)
MASTER_SIDE = 1024  # what is left of a master's shorter side where the caller wants all of it

# Only formats that pictures come in: Pillow would hand EPS to Ghostscript, and guess at many more.
# (MPO, a JPEG of several pictures, is opened as JPEG.)
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF", "HEIF")
_JPEG = b"\xff\xd8\xff"
_HEIF = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1", b"ftypavif")

# Pillow's own bomb check stays as a second line, at our limit (its default would warn at 89 million).
Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT
pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `rgb` is height×width×3 uint8 in sRGB, perhaps at a smaller scale.

    `width` and `height` are the true size as seen; `mode`, `format` as Pillow names the file's own (a RAW file has
    its suffix for a format); `frames` is 1 for a still. `detail` is what sharpness and noise are to be seen on: `rgb`
    itself, which is at full resolution unless a side was asked for; of a master its middle at full resolution,
    height×width uint8 grey.
    """

    rgb: np.ndarray
    width: int
    height: int
    mode: str
    format: str
    frames: int
    metadata: Metadata
    detail: np.ndarray


def decode(
    path: Path, side: int | None = None, sha256: str | None = None, *, draft: bool = False
) -> Picture:
    """Decode the file at `path`.

    side: how many pixels the shorter side must keep; a JPEG is then decoded at the smallest scale
    that leaves as many, and a TIFF master reduced (other formats at full size). None decodes everything at full
    size, but for masters, which keep `MASTER_SIDE`.
    sha256: what the content must be, where it is known.
    draft: chroma of a JPEG is spread without smoothing, a tenth faster: for pictures that are reduced anyway.

    Raises DecodeError, and nothing else, whatever the file holds.
    """
    of_camera = raw.is_raw(path)
    with _steady(path) as handle:
        # Most RAW formats are TIFFs of a kind.
        master = None if of_camera else _master(handle, path, side)
        data = b"" if master else _contents(handle)
    if sha256 is not None:
        _verify(_digest(path) if master else hashlib.sha256(data).hexdigest(), sha256)
    if master:
        return master
    suffix = path.suffix[1:].upper() if of_camera else ""
    if of_camera:
        data = raw.preview(path)
    image = _opened(data)
    try:
        # A JPEG's size is known before decoding; a TIFF's may still be turned by Pillow on loading.
        true_size = image.size
        rgb = _jpeg(data, image, side, draft) if data.startswith(_JPEG) else None
        if rgb is None:
            image.load()
            true_size = image.size
            rgb = as_rgb(image)
        upright = orientation(image)
        width, height = true_size if upright < TURNED else true_size[::-1]
        frames = getattr(image, "n_frames", 1)
        rgb = turned(rgb, upright)
    except DecodeError:
        raise
    except (
        Exception
    ) as error:  # Pillow's readers raise whatever hostile bytes make them stumble over
        raise _refusal(error) from error
    kind = suffix or image.format or ""
    about = read(image, data)
    if suffix and about.taken_at is None:
        # A camera writes the preview when it takes the picture, and often dates it by "modified" alone.
        about = replace(about, taken_at=about.edited_at)
    return Picture(rgb, width, height, image.mode, kind, frames, about, rgb)


def decode_grey(path: Path, side: int) -> tuple[np.ndarray, float, float]:
    """The grey picture as seen, height×width uint8, at the smallest scale whose shorter side keeps `side` pixels.

    Beside it how many of its lines and columns the picture fills: libjpeg pads the last ones, by less than a pixel.
    The cheapest way into a file for those who need no colour. Raises DecodeError as `decode` does.
    """
    if not raw.is_raw(path):
        with _steady(path) as handle:
            data = _contents(handle)
        image = _opened(data) if data.startswith(_JPEG) else None
        if image is not None and image.mode in ("L", "RGB"):
            grey = _simplejpeg(data, "GRAY", side)
            if grey is not None:
                eighths = round(8 * max(grey.shape) / max(image.size))
                down, across = image.height * eighths / 8, image.width * eighths / 8
                upright = orientation(image)
                if upright == 1:
                    return grey[..., 0], down, across
                # A turn may bring the padding to the other end: the pixel that is filled in part goes.
                whole = turned(grey[: int(down) or 1, : int(across) or 1, 0], upright)
                return whole, float(whole.shape[0]), float(whole.shape[1])
    grey = _grey(decode(path, side).rgb)
    return grey, float(grey.shape[0]), float(grey.shape[1])


def _grey(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


@contextmanager
def _steady(path: Path) -> Iterator[BinaryIO]:
    """A regular file to read, unbuffered, that nobody writes to meanwhile."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DecodeError("unknown_format", "not a regular file")  # a pipe would never end
        with path.open("rb", buffering=0) as handle:
            before = os.fstat(handle.fileno())
            yield handle
            after = os.fstat(handle.fileno())
    except OSError as error:
        raise DecodeError("missing", error.strerror or type(error).__name__) from error
    if _state(before) != _state(after):
        raise _written_to()


def _contents(handle: BinaryIO) -> bytes:
    """A file's bytes, that were all there at one time."""
    data = handle.read()
    if len(data) != os.fstat(handle.fileno()).st_size:
        raise _written_to()
    return data


def _written_to() -> DecodeError:
    return DecodeError("changed", "the file was written to while it was read")


def _state(of: os.stat_result) -> tuple[int, int]:
    return of.st_size, of.st_mtime_ns


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise DecodeError("missing", error.strerror or type(error).__name__) from error


def _verify(found: str, wanted: str) -> None:
    if found != wanted:
        raise DecodeError("changed", f"its sha256 is now {found}")


def _master(handle: BinaryIO, path: Path, side: int | None) -> Picture | None:
    """A TIFF that is read in strips or tiles, or None for any other file, at whose beginning `handle` then is."""
    tiff = handle.read(4) in masters.MAGIC
    handle.seek(0)
    if not tiff:
        return None
    image = _tiff(handle)
    if image is not None and not masters.is_master(image):
        handle.seek(0)
        return None
    made = masters.reduced(path, side or MASTER_SIDE)
    about = Metadata() if image is None else read(image, b"")
    upright = 1 if image is None else orientation(image)
    if _state(os.fstat(handle.fileno())) != _state(path.stat()):  # another file has its name now
        raise _written_to()
    size = (made.width, made.height)
    width, height = size if upright < TURNED else size[::-1]
    rgb, detail = turned(made.rgb, upright), turned(made.detail, upright)
    return Picture(rgb, width, height, made.mode, "TIFF", 1, about, detail)


def _tiff(handle: BinaryIO) -> Image.Image | None:
    """The header by Pillow, but not through Image.open, which refuses a master by its size."""
    try:
        return TiffImagePlugin.TiffImageFile(handle)
    except (
        Exception
    ):  # a kind that Pillow does not know, or damage, which `masters.reduced` will name
        return None


def _opened(data: bytes) -> Image.Image:
    """Read the header only, and refuse what is no picture or too large a one."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise DecodeError("too_many_pixels", _too_many(str(error))) from error
    except Exception as error:  # as above: any reader may stumble over its header in its own way
        raise _unopened(data, error) from error
    pixels = image.width * image.height
    if pixels > PIXEL_LIMIT:
        raise DecodeError("too_many_pixels", _too_many(f"{image.width}×{image.height} pixels"))
    return image


def _too_many(what: str) -> str:
    return f"{what}; the limit is {PIXEL_LIMIT:,}"


def _unopened(data: bytes, error: Exception) -> DecodeError:
    start = data[:512].lstrip().lower()
    if not data:
        return DecodeError("empty", "the file has no bytes")
    if start.startswith(b"version https://git-lfs"):
        return DecodeError("lfs_pointer", "a Git LFS pointer stands in place of the picture")
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return DecodeError("html", "a web page was saved in place of the picture")
    if data.startswith(_JPEG) and not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return DecodeError("truncated", "the JPEG ends inside its header")
    if data[4:12] in _HEIF:
        return DecodeError("corrupt", "the HEIF or AVIF file is damaged or ends early")
    if isinstance(error, Image.UnidentifiedImageError):
        return DecodeError("unknown_format", f"no picture format begins with {data[:8].hex(' ')}")
    return _refusal(error)


def _refusal(error: Exception) -> DecodeError:
    text = str(error)
    short = isinstance(error, EOFError) or any(
        word in text.lower() for word in ("truncated", "premature end", "unexpected end")
    )
    # Object addresses in Pillow's messages would make two runs differ.
    detail = text.split(" <", maxsplit=1)[0] or type(error).__name__
    return DecodeError("truncated" if short else "corrupt", detail)


def _jpeg(data: bytes, image: Image.Image, side: int | None, draft: bool) -> np.ndarray | None:
    """Decode a JPEG strictly; None when libjpeg only remarks on something that costs no pixel."""
    space = {"L": "GRAY", "CMYK": "CMYK"}.get(image.mode, "RGB")
    pixels = _simplejpeg(data, space, side or 0, draft)
    if pixels is None:
        if side:
            image.draft(image.mode, (side, side))
        return None
    if space == "RGB" and "icc_profile" not in image.info:
        return pixels
    if space == "CMYK":
        pixels = 255 - pixels  # JPEGs hold CMYK inverted, as Adobe began it
    decoded = Image.fromarray(pixels[..., 0] if space == "GRAY" else pixels, image.mode)
    decoded.info = image.info
    return as_rgb(decoded)


def _simplejpeg(data: bytes, space: str, least: int, draft: bool = False) -> np.ndarray | None:
    try:
        return simplejpeg.decode_jpeg(
            data, space, min_height=least, min_width=least, fastupsample=draft
        )
    except ValueError as error:
        text = str(error)
        if "Premature end of JPEG file" in text:
            raise DecodeError("truncated", "the JPEG ends before its end marker") from error
        if "Corrupt JPEG data" in text and "extraneous bytes" not in text:
            raise DecodeError("corrupt", text) from error
        return None
