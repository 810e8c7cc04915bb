"""Choosing the painter of a kind, the size of the picture, and how it is written and copied."""

from __future__ import annotations

import io

PAINTER_VERSION = 2  # part of the cache's key: raise it when any picture would come out differently

# width : height, and how far the shorter shape may vary; a scroll hangs, a landscape lies
_SHAPES = {
    "river": (1.38, 0.12),
    "garden": (1.24, 0.14),
    "still_life": (1.22, 0.12),
    "portrait": (0.80, 0.06),
    "gold_panel": (0.70, 0.08),
    "abstract": (1.0, 0.22),
    "ink_scroll": (0.60, 0.04),
    "engraving": (1.34, 0.12),
    "photograph": (1.28, 0.10),
    "arms": (0.92, 0.2),
    "instrument": (0.84, 0.1),
    "quilt": (0.94, 0.08),
}


def paint(kind: str, seed: tuple[int, ...]) -> bytes:
    """Paint one picture of `kind` as a JPEG with sides of 500–900 px; equal seeds, equal bytes.

    Raises KeyError for a kind nobody can paint.
    """
    import numpy as np

    from sandbox.paint import figures, landscape, paper, studio, table

    painters = {
        "river": landscape.river,
        "garden": landscape.garden,
        "still_life": table.still_life,
        "portrait": figures.portrait,
        "gold_panel": figures.gold_panel,
        "abstract": table.abstract,
        "ink_scroll": paper.ink_scroll,
        "engraving": paper.engraving,
        "photograph": paper.photograph,
        "quilt": paper.quilt,
        "arms": studio.arms,
        "instrument": studio.instrument,
    }
    rng = np.random.default_rng(list(seed))
    middle, spread = _SHAPES[kind]
    aspect = middle + rng.uniform(-spread, spread)
    longest = int(rng.integers(650, 801))
    width, height = (longest, longest / aspect) if aspect >= 1 else (longest * aspect, longest)
    width, height = max(500, int(width)), max(500, int(height))
    picture = painters[kind](rng, height, width)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    pixels = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    return encode(pixels, 90)


def encode(pixels: object, quality: int) -> bytes:
    """JPEG bytes of an array or Pillow image."""
    from PIL import Image

    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)  # type: ignore[arg-type]
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=0 if quality > 85 else 2)
    return out.getvalue()


def transform(jpeg: bytes, how: str) -> bytes:
    """A planted copy: exact, recompressed, resized, cropped (3 % off each side) or brighter."""
    from PIL import Image, ImageEnhance

    if how == "exact":
        return jpeg
    image = Image.open(io.BytesIO(jpeg)).convert("RGB")
    width, height = image.size
    if how == "recompressed":
        return encode(image, 55)
    if how == "resized":
        small = (round(width * 0.62), round(height * 0.62))
        return encode(image.resize(small, Image.Resampling.LANCZOS), 88)
    if how == "cropped":
        dx, dy = round(width * 0.03), round(height * 0.03)
        return encode(image.crop((dx, dy, width - dx, height - dy)), 88)
    if how == "brighter":
        return encode(ImageEnhance.Brightness(image).enhance(1.18), 88)
    raise ValueError(f"no such copy: {how!r}")
