"""TIFF masters that are too large, or too deep, to decode whole: reduced a strip or a tile at a time.

What belongs here: reading TIFFs by segments in bounded memory. The rules:

- a pixel of the result is the mean of a whole-number box of pixels; boxes at the right and lower
  edge hold what is left;
- white is the highest value of 1–16 bits; 32-bit and float samples have no agreed white and are
  stretched from the smallest to the largest value of the reduced picture;
- alpha is laid over white pixel by pixel, samples beyond colour and alpha are left out;
- the ICC profile is followed to sRGB on the reduced picture;
- a strip or tile that is missing, short or damaged refuses the file, as does one too large to hold.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from imaging import profiles
from imaging.errors import DecodeError

if TYPE_CHECKING:
    import tifffile

WHOLE_PIXELS = 100_000_000  # above it a TIFF is read in pieces: whole it would take 300 MB and more
PIXEL_LIMIT = 4_000_000_000  # a minute or two of reading; real masters end below a tenth of it
SEGMENT_BYTES = 400_000_000  # one strip or tile, decoded: what a worker can hold
DETAIL = 1024  # pixels of the middle tile
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # TIFF and BigTIFF, as a file begins

_READ_BYTES = 8_000_000  # of the file at once
_SLAB_BYTES = 16_000_000  # of an uncompressed picture at once
_RESULT_PIXELS = 4_000_000  # of the result: only a scroll of 1:60 gets less than the side asked for
_KINDS = {0: "L", 1: "L", 2: "RGB", 3: "P", 5: "CMYK", 6: "RGB"}  # photometric → Pillow's mode
_CHANNELS = {"L": 1, "P": 1, "RGB": 3, "CMYK": 4}
_ICC = 34675
_JPEGS = (6, 7)  # compressions whose decoder turns YCbCr to RGB
_ALPHA = (1, 2)  # kinds of extra sample: premultiplied and plain


@dataclass(frozen=True)
class Master:
    """A reduced master in stored orientation.

    rgb: height×width×3 uint8 sRGB; detail: the middle `DETAIL` pixels square (less where the picture
    is smaller) at full resolution, uint8 grey; `width`, `height`: the stored picture's own; mode: as
    Pillow names such pixels ("L", "I;16", "CMYK"), or would ("RGB;16", "RGB;32F").
    """

    rgb: np.ndarray
    detail: np.ndarray
    width: int
    height: int
    mode: str


def is_master(image: Image.Image) -> bool:
    """Whether an opened picture is a TIFF for `reduced`: large, or deeper than Pillow keeps it.

    TIFFs that Pillow cannot even open (float colour, more than twice its pixel limit) give no image
    to ask about: what begins with `MAGIC` and was refused by Pillow goes to `reduced` as well.
    """
    if image.format != "TIFF":
        return False
    bits = getattr(image, "tag_v2", {}).get(258, (1,))
    return max(bits) > 8 or image.width * image.height > WHOLE_PIXELS


def reduced(path: Path, side: int) -> Master:
    """Reduce the first picture of a TIFF so that its shorter side keeps at least `side` pixels.

    Memory is bounded by `SEGMENT_BYTES` and the result, whatever the size of the picture.
    Raises DecodeError only: "missing", "too_many_pixels", "truncated", "corrupt", "unknown_format".
    """
    import tifffile

    try:
        size = path.stat().st_size
        with tifffile.TiffFile(path) as tiff:
            return _reduced(tiff.pages.first, size, side)
    except DecodeError:
        raise
    except OSError as error:
        raise DecodeError("missing", error.strerror or type(error).__name__) from error
    except Exception as error:  # tifffile and each codec have errors of their own for hostile bytes
        text = " ".join(str(error).split()) or type(error).__name__
        raise DecodeError("corrupt", text[:200]) from error


class _Layout:
    """How the samples of one page are to be understood."""

    def __init__(self, page: "tifffile.TiffPage"):
        self.width, self.height = page.imagewidth, page.imagelength
        self.base = _KINDS.get(int(page.photometric), "")
        self.colours = _CHANNELS.get(self.base, 0)
        known = int(page.photometric) != 6 or int(page.compression) in _JPEGS
        known = known and self.colours > 0 and page.imagedepth == 1 and page.dtype is not None
        if not known or page.samplesperpixel < self.colours:
            kind = getattr(page.photometric, "name", page.photometric)
            raise DecodeError("unknown_format", f"a TIFF of kind {kind} is not read in pieces")
        self.dtype = np.dtype(page.dtype)
        self.bits = page.bitspersample
        self.inverted = int(page.photometric) == 0
        extras = page.extrasamples
        self.alpha = bool(extras) and int(extras[0]) in _ALPHA and page.planarconfig == 1
        self.premultiplied = self.alpha and int(extras[0]) == 1
        # Palettes are written as 256 or 257 times the 8-bit value: the high byte is right for both.
        self.colormap = np.asarray(page.colormap).T >> 8 if self.base == "P" else None
        self.planar = page.planarconfig == 2
        # What white is in `values`; None for samples without an agreed white.
        self.white: float | None = 2.0**self.bits - 1
        if self.dtype.kind not in "ub" or self.bits > 16:
            self.white = None
        if self.colormap is not None:
            self.white = 255.0

    @property
    def channels(self) -> int:
        """Colour channels of what `values` gives."""
        return 3 if self.base == "P" else self.colours

    @property
    def mode(self) -> str:
        """As Pillow would name the file's pixels."""
        if self.base == "L" and self.bits == 1:
            return "1"
        if self.bits <= 8:
            return self.base
        if self.base == "L":
            return "F" if self.dtype.kind == "f" else "I;16" if self.bits <= 16 else "I"
        return f"{self.base};{self.bits}{'F' if self.dtype.kind == 'f' else ''}"

    def values(self, segment: np.ndarray) -> np.ndarray:
        """height×width×samples as stored → height×width×channels in linear order, alpha over white."""
        if self.colormap is not None:
            return self.colormap[segment[..., 0]]
        colour = segment[..., : self.colours]
        if self.dtype.kind == "f":
            colour = np.nan_to_num(colour, posinf=0, neginf=0)
        elif self.dtype.kind == "b":
            colour = colour.astype(np.uint8)
        if self.alpha and self.white:
            share = segment[..., self.colours : self.colours + 1].astype(np.float32) / self.white
            over = colour if self.premultiplied else colour * share
            laid = over + self.white * (1 - share)  # above white where it was not premultiplied
            colour = np.minimum(np.rint(laid), self.white).astype(self.dtype)
        return colour


def _reduced(page: "tifffile.TiffPage", size: int, side: int) -> Master:
    layout = _Layout(page)
    width, height = layout.width, layout.height
    _check(page, size)
    least = math.ceil(math.sqrt(width * height / _RESULT_PIXELS))
    step = max(1, min(width, height) // side, least)
    shape = (-(-height // step), -(-width // step), layout.channels)
    sums = np.zeros(shape)
    tile = _Tile(width, height, layout)
    seen = 0
    for y, x, plane, values in _segments(page, layout):
        seen += values.size
        channels = slice(plane, plane + values.shape[2])
        top, left = y // step, x // step
        boxes = _boxes(_boxes(values, y, step, 0), x, step, 1)
        sums[top : top + boxes.shape[0], left : left + boxes.shape[1], channels] += boxes
        tile.take(values, y, x, channels)
    if seen != width * height * layout.channels:
        raise DecodeError("corrupt", f"strips hold {seen} samples of {width}×{height} pixels")
    down = np.minimum(step, height - np.arange(shape[0]) * step)
    across = np.minimum(step, width - np.arange(shape[1]) * step)
    sums /= (down[:, None] * across)[..., None]
    low, high = (0.0, layout.white) if layout.white else (sums.min(), sums.max())
    tag = page.tags.get(_ICC)
    colour = profiles.applied(_picture(sums, low, high, layout), tag and bytes(tag.value))
    detail = _picture(tile.values, low, high, layout).convert("L")
    return Master(np.asarray(colour.convert("RGB")), np.asarray(detail), width, height, layout.mode)


def _check(page: "tifffile.TiffPage", size: int) -> None:
    """Refuse by the header what cannot be read whole, or not in bounded memory."""
    pixels = page.imagewidth * page.imagelength
    if not 0 < pixels <= PIXEL_LIMIT:
        said = f"{page.imagewidth}×{page.imagelength} pixels; the limit is {PIXEL_LIMIT:,}"
        raise DecodeError("too_many_pixels", said)
    if not all(page.databytecounts) or not all(page.dataoffsets):
        raise DecodeError("corrupt", "a strip or tile has no bytes")
    end = max(map(sum, zip(page.dataoffsets, page.databytecounts, strict=True)))
    if end > size:
        raise DecodeError("truncated", f"the file has {size} bytes, its pixels end at {end}")
    rows = page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength)
    across = page.tilewidth if page.is_tiled else page.imagewidth
    samples = page.samplesperpixel if page.planarconfig == 1 else 1
    largest = rows * across * samples * np.dtype(page.dtype).itemsize
    if largest > SEGMENT_BYTES and not page.is_memmappable:
        said = f"one strip of {largest:,} bytes; the limit is {SEGMENT_BYTES:,}"
        raise DecodeError("too_many_pixels", said)


def _segments(
    page: "tifffile.TiffPage", layout: _Layout
) -> Iterator[tuple[int, int, int, np.ndarray]]:
    """Top, left, first channel and values of each piece, cut to the picture."""
    if page.is_memmappable:
        yield from _slabs(page, layout)
        return
    for segment, (plane, _, y, x, _), _ in page.segments(
        maxworkers=1, sort=True, buffersize=_READ_BYTES
    ):
        if segment is None:
            raise DecodeError("corrupt", "a strip or tile has no bytes")
        if layout.planar and plane >= layout.colours:
            continue
        inside = segment[0, : layout.height - y, : layout.width - x]
        yield y, x, plane if layout.planar else 0, _upright(inside, layout)


def _slabs(
    page: "tifffile.TiffPage", layout: _Layout
) -> Iterator[tuple[int, int, int, np.ndarray]]:
    """An uncompressed picture in one piece, as some programs write it: rows, some at a time."""
    samples = 1 if layout.planar else page.samplesperpixel
    shape = (layout.height, layout.width, samples)
    row = layout.width * samples * layout.dtype.itemsize
    rows = max(1, _SLAB_BYTES // row)
    stored = layout.dtype.newbyteorder(page.parent.byteorder)
    handle = page.parent.filehandle
    for plane in range(layout.colours if layout.planar else 1):
        start = page.dataoffsets[0] + plane * layout.height * row
        for y in range(0, layout.height, rows):
            handle.seek(start + y * row)
            count = min(rows, layout.height - y)
            data = handle.read(count * row)
            if len(data) < count * row:
                raise DecodeError("truncated", "the file ended while it was read")
            slab = np.frombuffer(data, stored).reshape(count, *shape[1:])
            yield y, 0, plane, _upright(slab.astype(layout.dtype, copy=False), layout)


def _upright(segment: np.ndarray, layout: _Layout) -> np.ndarray:
    return segment if layout.planar else layout.values(segment)


def _boxes(values: np.ndarray, start: int, step: int, axis: int) -> np.ndarray:
    """Sums along `axis` of the boxes of `step` that `values`, beginning at `start`, lies in."""
    if step == 1:
        return values
    length = values.shape[axis]
    first = step - start % step
    edges = np.r_[0, np.arange(first, length, step)]
    # 65,536 samples of 16 bits fit into 32: exact, and four times as fast as in floating point.
    short = values.dtype.kind == "u" and values.dtype.itemsize <= 2
    return np.add.reduceat(values, edges, axis=axis, dtype=np.uint32 if short else np.float64)


class _Tile:
    """The middle of the picture at full resolution, gathered from the pieces that pass by."""

    def __init__(self, width: int, height: int, layout: _Layout):
        self.top, self.left = (max(0, length - DETAIL) // 2 for length in (height, width))
        shape = (min(DETAIL, height), min(DETAIL, width), layout.channels)
        kind = np.uint8 if layout.dtype == np.bool_ else layout.dtype
        self.values = np.zeros(shape, kind)

    def take(self, values: np.ndarray, y: int, x: int, channels: slice) -> None:
        """Keep what of a piece at (y, x) lies in the middle."""
        rows, columns = self.values.shape[:2]
        top, bottom = max(y, self.top), min(y + values.shape[0], self.top + rows)
        left, right = max(x, self.left), min(x + values.shape[1], self.left + columns)
        if top < bottom and left < right:
            piece = values[top - y : bottom - y, left - x : right - x]
            own = (
                slice(top - self.top, bottom - self.top),
                slice(left - self.left, right - self.left),
            )
            self.values[(*own, channels)] = piece


def _picture(values: np.ndarray, low: float, high: float, layout: _Layout) -> Image.Image:
    """height×width×channels between black `low` and white `high` as a Pillow picture of 8 bits."""
    scale = 255 / (high - low) if high > low else 0.0
    eight = np.clip(np.rint((values - low) * scale), 0, 255).astype(np.uint8)
    if layout.inverted:
        eight = 255 - eight
    if layout.channels == 1:
        return Image.fromarray(eight[..., 0])
    return Image.fromarray(eight, "CMYK" if layout.channels == 4 else "RGB")
