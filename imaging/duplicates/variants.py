"""Generated variants of pictures, with the truth about them: what evaluations of duplicate finding are made of.

What belongs here: the edits and how they are written to files. `EDITS` are what pictures undergo on their way
through the web; `OF_ART` what art's own photography adds. All but `UNGROUPED` show the same picture again. The
same base gives the same bytes whenever it is asked; nothing is drawn by chance.
"""

import hashlib
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from imaging.decode import decode
from imaging.errors import DecodeError
from storage import map_files
from storage.files import sha256_file, write_bytes

ORIGINAL = "original"  # the base itself, written as its variants are
_VERSION = "variants-1"
_QUALITY = 90
_PAPER = (250, 250, 248)
_CAST = (1.12, 1.0, 0.80)  # tungsten light on a daylight balance
_WALL, _WOOD, _GILT, _SHADE = (196, 192, 186), (74, 50, 30), (196, 158, 84), (28, 20, 14)
# A frame's colours from the wall to the picture, at shares of its depth.
_MOULDING = (_WALL, _SHADE, _GILT, _WOOD, _WOOD, _GILT, _GILT, _SHADE)
_PROFILE = (-0.01, 0.0, 0.12, 0.25, 0.7, 0.8, 0.93, 1.0)
# The patches of a colour control strip: blue, cyan, green, yellow, red, magenta, white, tertiary, black.
_PATCHES = (
    (0, 60, 130), (0, 150, 200), (0, 140, 70), (250, 220, 30), (200, 30, 40), (190, 40, 120),
    (245, 245, 245), (110, 80, 60), (20, 20, 20),
)  # fmt: skip

Edit = Callable[[Image.Image], Image.Image]


def _recompressed(image: Image.Image, quality: int) -> Image.Image:
    """Through a JPEG of that quality; `info` keeps it, so that the file is written with it too."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    made = Image.open(data).convert("RGB")
    made.info = {"quality": quality}
    return made


def _resized(image: Image.Image, share: float) -> Image.Image:
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _cropped(image: Image.Image, share: float) -> Image.Image:
    """Less `share` of the width and of the height, more of it taken at the left and the top."""
    x, y = image.width * share, image.height * share
    box = (
        round(0.7 * x),
        round(0.6 * y),
        image.width - round(0.3 * x),
        image.height - round(0.4 * y),
    )
    return image.crop(box)


def _rotated(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=_PAPER)


def _bordered(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, round(0.06 * min(image.size)), _PAPER)


def _watermarked(image: Image.Image) -> Image.Image:
    """A half-transparent line of letters across the lower part."""
    mark = Image.new("L", image.size)
    font = ImageFont.load_default(size=max(8, image.width // 12))
    where = (image.width / 2, image.height * 0.8)
    ImageDraw.Draw(mark).text(where, "© artlake sample", 150, font, anchor="mm")
    return Image.composite(Image.new("RGB", image.size, "white"), image, mark)


def _cast(image: Image.Image) -> Image.Image:
    tones = np.asarray(image, dtype=np.float32) * np.array(_CAST, dtype=np.float32)
    return Image.fromarray(np.clip(tones, 0, 255).astype(np.uint8))


def _framed(image: Image.Image) -> Image.Image:
    """Inside a carved and gilt frame that light falls on from the upper left, on a wall."""
    side = min(image.size)
    wall, frame = round(0.05 * side), max(1, round(0.12 * side))
    edge = wall + frame
    width, height = image.width + 2 * edge, image.height + 2 * edge
    x = np.minimum(np.arange(width), np.arange(width)[::-1])[None, :]
    y = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None]
    depth = (np.minimum(x, y) - wall) / frame  # 0 at the frame's outer edge, 1 at the picture
    tones = np.stack(
        [np.interp(depth, _PROFILE, channel) for channel in zip(*_MOULDING, strict=True)], axis=-1
    )
    upright = np.where(np.arange(width)[None, :] * 2 < width, 1.08, 0.86)
    level = np.where(np.arange(height)[:, None] * 2 < height, 1.18, 0.76)
    tones *= np.where(depth < 0, 1.0, np.where(x < y, upright, level))[..., None]
    carved = np.random.default_rng(0).normal(0, 9, (height, width, 1))  # seeded: always this grain
    whole = Image.fromarray(
        np.clip(tones + carved * (depth >= 0)[..., None], 0, 255).astype(np.uint8)
    )
    whole.paste(image, (edge, edge))
    return whole


def _with_chart(image: Image.Image) -> Image.Image:
    """A colour control strip below the picture, as a digitisation studio lays it."""
    strip = max(len(_PATCHES), round(0.09 * image.height))
    whole = Image.new("RGB", (image.width, image.height + strip), (128, 128, 128))
    whole.paste(image)
    pen, step = ImageDraw.Draw(whole), 0.8 * image.width / len(_PATCHES)
    top, bottom = image.height + 0.15 * strip, image.height + 0.85 * strip
    for number, colour in enumerate(_PATCHES):
        left = 0.1 * image.width + number * step
        pen.rectangle((left, top, left + max(0, step - 1), bottom), colour)
    return whole


def _detail(image: Image.Image) -> Image.Image:
    """A third of the picture's area, off its middle."""
    side = 3**-0.5
    left, top = 0.15 * image.width, 0.2 * image.height
    return image.crop(
        (
            round(left),
            round(top),
            round(left + side * image.width),
            round(top + side * image.height),
        )
    )


EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        "recompress_60": partial(_recompressed, quality=60),
        "recompress_30": partial(_recompressed, quality=30),
        "resize_50": partial(_resized, share=0.5),
        "resize_25": partial(_resized, share=0.25),
        "crop_2": partial(_cropped, share=0.02),
        "crop_5": partial(_cropped, share=0.05),
        "crop_10": partial(_cropped, share=0.10),
        "brightness": lambda image: ImageEnhance.Brightness(image).enhance(1.25),
        "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.35),
        "saturation": lambda image: ImageEnhance.Color(image).enhance(1.5),
        "blur": lambda image: image.filter(
            ImageFilter.GaussianBlur(max(1.0, min(image.size) / 500))
        ),
        "rotate_1": partial(_rotated, degrees=1),
        "rotate_3": partial(_rotated, degrees=-3),
        "grey": lambda image: image.convert("L").convert("RGB"),
        "border": _bordered,
        "watermark": _watermarked,
        "flip": ImageOps.mirror,
        "rot90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    }
)
OF_ART: Mapping[str, Edit] = MappingProxyType(
    {"cast": _cast, "frame": _framed, "chart": _with_chart, "detail": _detail}
)
VARIANTS: Mapping[str, Edit] = MappingProxyType({**EDITS, **OF_ART})
UNGROUPED = frozenset({"detail"})  # related to its base, but no duplicate of it


def write(
    bases: Sequence[Path],
    out: Path,
    *,
    kinds: Collection[str] = tuple(VARIANTS),
    side: int | None = None,
    workers: int | None = None,
) -> pa.Table:
    """Write each base and its variants as JPEGs below `out`; what is there already is not made again.

    side: pixels that the shorter side of a base is brought down to first; None leaves it.
    Returns file (below `out`), base (the first 16 digits of its sha256) and kind, sorted by file;
    bases of equal bytes come once. Raises ValueError naming a base that does not decode, KeyError
    for an unknown kind.
    """
    wanted = [ORIGINAL, *sorted(kinds, key=list(VARIANTS).index)] if kinds else [ORIGINAL]
    folder = f"{_VERSION}-{side or 'full'}"
    paths = {sha256_file(path)[:16]: str(path) for path in sorted(bases, reverse=True)}
    rows = pa.table({"base": sorted(paths), "path": [paths[base] for base in sorted(paths)]})
    (out / folder).mkdir(parents=True, exist_ok=True)
    made = map_files(
        _Write(out / folder, tuple(wanted), side),
        rows,
        out / ".memo" / folder,
        key="base",
        version=hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:12],
        label="variants: write",
        batch_size=2,
        workers=workers,
    )
    for base, error in zip(made["base"].to_pylist(), made["error"].to_pylist(), strict=True):
        if error:
            raise ValueError(f"{paths[base]} cannot be the base of variants: {error}")
    files = [
        (f"{folder}/{base}-{kind}.jpg", base, kind) for base in sorted(paths) for kind in wanted
    ]
    columns = list(zip(*sorted(files), strict=True)) or [(), (), ()]
    return pa.table(
        {
            name: pa.array(column, pa.string())
            for name, column in zip(("file", "base", "kind"), columns, strict=True)
        }
    )


@dataclass(frozen=True)
class _Write:
    """Kernel over bases: writes every wanted kind of each into `folder`."""

    folder: Path
    kinds: tuple[str, ...]
    side: int | None

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        errors = [self._row(row["base"], Path(row["path"])) for row in batch.to_pylist()]
        return pa.record_batch({"base": batch["base"], "error": pa.array(errors, pa.string())})

    def _row(self, base: str, path: Path) -> str | None:
        try:
            image = Image.fromarray(decode(path, self.side).rgb)
        except DecodeError as error:
            return str(error)
        if self.side and min(image.size) > self.side:
            image = _resized(image, self.side / min(image.size))
        for kind in self.kinds:
            file = self.folder / f"{base}-{kind}.jpg"
            if not file.exists():
                write_bytes(file, _jpeg(VARIANTS[kind](image) if kind in VARIANTS else image))
        return None


def _jpeg(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=image.info.get("quality", _QUALITY))
    return data.getvalue()
