"""One file to one RGB picture as it should be seen, or a reason why not.

What belongs here: everything that depends on file formats. The rules, in the order they apply:

- a picture of more than `PIXEL_LIMIT` pixels is refused by its header, before a pixel is decoded;
- an animation gives its first frame, and says how many it has;
- 16-bit grey keeps its high byte; 32-bit and float grey have no agreed white and are stretched from
  their smallest to their largest value (16-bit colour is cut to its high byte by Pillow);
- alpha, as a channel or as a transparent palette entry, is laid over white;
- an embedded ICC profile is followed to sRGB; an unreadable one counts as none; CMYK without a
  profile is converted by Pillow's formula;
- EXIF orientation is applied last, and `width` and `height` are those of the picture as seen;
- a file that ends early or whose data is damaged is refused, never padded with grey.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image, ImageCms

PIXEL_LIMIT = (
    200_000_000  # a 200-megapixel scan is real; its RGB bytes (600 MB) are what a worker can hold
)

# Only formats that pictures come in: Pillow would hand EPS to Ghostscript, and guess at many more.
# (MPO, a JPEG of several pictures, is opened as JPEG.)
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF")
_JPEG = b"\xff\xd8\xff"
_ORIENTATION = 0x0112
_TURNED = 5  # EXIF orientations from here on exchange width and height
_PROFILE_SPACES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}

# Pillow's own bomb check stays as a second line, at our limit (its default would warn at 89 million).
Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `rgb` is height×width×3 uint8 in sRGB, perhaps at a smaller scale.

    `width` and `height` are the true size as seen; `mode`, `format` as Pillow names the file's own;
    `frames` is 1 for a still.
    """

    rgb: np.ndarray
    width: int
    height: int
    mode: str
    format: str
    frames: int


class DecodeError(ValueError):
    """The file is no whole picture; `reason` is a short code, `detail` says what is wrong.

    Reasons: missing, empty, html, lfs_pointer, unknown_format, too_many_pixels, truncated, corrupt.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def decode(path: Path, side: int | None = None) -> Picture:
    """Decode the file at `path`.

    side: how many pixels the shorter side must keep; a JPEG is then decoded at the smallest scale
    that leaves as many (other formats at full size). None decodes everything at full size.

    Raises DecodeError, and nothing else, whatever the file holds.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DecodeError("missing", error.strerror or type(error).__name__) from error
    image = _opened(data)
    try:
        # A JPEG's size is known before decoding; a TIFF's may still be turned by Pillow on loading.
        true_size = image.size
        rgb = None
        if data.startswith(_JPEG):
            rgb = _jpeg(data, image, side)
        if rgb is None:
            image.load()
            true_size = image.size
            rgb = _as_rgb(image)
        orientation = _orientation(image)
        width, height = true_size if orientation < _TURNED else true_size[::-1]
        frames = getattr(image, "n_frames", 1)
    except DecodeError:
        raise
    except (
        Exception
    ) as error:  # Pillow's readers raise whatever hostile bytes make them stumble over
        raise _refusal(error) from error
    return Picture(_turned(rgb, orientation), width, height, image.mode, image.format or "", frames)


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


def _jpeg(data: bytes, image: Image.Image, side: int | None) -> np.ndarray | None:
    """Decode a JPEG strictly; None when libjpeg only remarks on something that costs no pixel."""
    least = side or 0
    space = {"L": "GRAY", "CMYK": "CMYK"}.get(image.mode, "RGB")
    try:
        pixels = simplejpeg.decode_jpeg(data, space, min_height=least, min_width=least)
    except ValueError as error:
        text = str(error)
        if "Premature end of JPEG file" in text:
            raise DecodeError("truncated", "the JPEG ends before its end marker") from error
        if "Corrupt JPEG data" in text and "extraneous bytes" not in text:
            raise DecodeError("corrupt", text) from error
        if side:
            image.draft(image.mode, (side, side))
        return None
    if space == "RGB" and "icc_profile" not in image.info:
        return pixels
    if space == "CMYK":
        pixels = 255 - pixels  # JPEGs hold CMYK inverted, as Adobe began it
    decoded = Image.fromarray(pixels[..., 0] if space == "GRAY" else pixels, image.mode)
    decoded.info = image.info
    return _as_rgb(decoded)


def _as_rgb(image: Image.Image) -> np.ndarray:
    profile = image.info.get("icc_profile")
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        image = Image.fromarray(_stretched(np.asarray(image, dtype=np.float64)))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    if profile:
        transform = _to_srgb(profile, image.mode)
        if transform is not None:
            image = ImageCms.applyTransform(image, transform) or image
    return np.asarray(image.convert("RGB"))


def _stretched(values: np.ndarray) -> np.ndarray:
    finite = np.nan_to_num(values)
    low, high = finite.min(), finite.max()
    scale = 255 / (high - low) if high > low else 0.0
    return ((finite - low) * scale).astype(np.uint8)


@lru_cache(maxsize=32)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform to sRGB, or None where there is nothing to do or the profile does not fit."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        fits = _PROFILE_SPACES.get(source.profile.xcolor_space) == mode
        if not fits or "sRGB" in (source.profile.profile_description or ""):
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a broken EXIF block says nothing about the pixels
        return 1
    return orientation if orientation in range(1, 9) else 1


def _turned(rgb: np.ndarray, orientation: int) -> np.ndarray:
    if orientation >= _TURNED:
        rgb = rgb.swapaxes(0, 1)  # now 5 is right, 6 lacks a mirror, 8 a flip, 7 both
    mirrored = orientation in (2, 3, 6, 7)
    flipped = orientation in (3, 4, 7, 8)
    return np.ascontiguousarray(rgb[:: -1 if flipped else 1, :: -1 if mirrored else 1])
