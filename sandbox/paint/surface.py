"""Surfaces and marks every kind of picture shares: noise, colour ramps, brush strokes, grain.

All pictures are float32 arrays of height x width x 3 (or height x width for tones) between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Array = NDArray[Any]  # float32 where it matters for speed
Colour = tuple[float, float, float]
Rng = np.random.Generator


def noise(rng: Rng, height: int, width: int, cells: float, octaves: int = 4) -> Array:
    """Smooth fractal noise of height x width in 0–1; `cells` waves fit across the longer side."""
    longest = max(height, width)
    # four samples a wave are enough: the sum is made small and enlarged once
    share = min(1.0, 4 * cells * 2 ** (octaves - 1) / longest)
    high, wide = max(2, round(height * share)), max(2, round(width * share))
    total = np.zeros((high, wide), np.float32)
    for octave in range(octaves):
        grid = cells * 2**octave
        rows = min(max(2, round(grid * height / longest)), high)
        columns = min(max(2, round(grid * width / longest)), wide)
        coarse = Image.fromarray(rng.random((rows, columns), dtype=np.float32))
        total += np.asarray(coarse.resize((wide, high), Image.Resampling.BICUBIC)) / 2**octave
    total -= total.min()
    total /= max(float(total.max()), 1e-6)
    if share < 1:
        small = Image.fromarray(total)
        total = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))
    return total


def ramp(tones: Array, colours: Sequence[Colour]) -> Array:
    """Colour a tone array (0–1) along evenly spaced colours."""
    stops = np.linspace(0.0, 1.0, len(colours))
    table = np.asarray(colours, np.float32)
    return np.stack([np.interp(tones, stops, table[:, c]) for c in range(3)], axis=-1).astype(
        np.float32
    )


def mesh(height: int, width: int) -> tuple[Array, Array]:
    """Coordinates y and x in 0–1, ready for broadcasting."""
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    return y, x


def ridge(rng: Rng, width: int, cells: float, octaves: int = 5) -> Array:
    """A skyline: `width` heights in 0–1."""
    return noise(rng, 2, width, cells, octaves)[0]


def mask(height: int, width: int, draw: Callable[[Any, float, float], None]) -> Array:
    """Antialiased mask: `draw(pen, w, h)` gets a Pillow pen on a canvas of twice the size."""
    canvas = Image.new("L", (width * 2, height * 2), 0)
    draw(ImageDraw.Draw(canvas), width * 2, height * 2)
    return np.asarray(canvas.reduce(2), np.float32) / 255


def over(base: Array, paint: Array | Colour, cover: Array) -> Array:
    """Lay `paint` (an array or one colour) over `base` where `cover` (0–1) says so."""
    result = np.array(base, np.float32)
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    if len(rows):  # most things cover a small part: only that part is worked on
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        layer = np.asarray(paint, np.float32)
        layer = layer[part] if layer.ndim == 3 else layer
        result[part] += (layer - result[part]) * cover[part].astype(np.float32)[..., None]
    return result


def blur(tones: Array, radius: float) -> Array:
    """Gaussian blur of a tone array or a picture."""
    if tones.ndim == 3:
        return np.stack([blur(tones[..., c], radius) for c in range(3)], axis=-1)
    image = Image.fromarray((np.clip(tones, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


def vignette(height: int, width: int, strength: float) -> Array:
    """Factors that darken the corners by up to `strength`."""
    y, x = mesh(height, width)
    distance = ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2
    return (1 - strength * distance**1.3).astype(np.float32)


def grain(rng: Rng, picture: Array, amount: float) -> Array:
    """Add the same fine noise to all channels."""
    height, width = picture.shape[:2]
    speckle = rng.standard_normal((height, width), dtype=np.float32) * amount
    return picture + (speckle[..., None] if picture.ndim == 3 else speckle)


def weave(rng: Rng, height: int, width: int, pitch: float = 3.1) -> Array:
    """Factors around 1 with the thread pattern of canvas."""
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    phase = rng.random(2) * 6.28
    threads = np.sin(y * 6.28 / pitch + phase[0]) + np.sin(x * 6.28 / pitch + phase[1])
    return (1 + threads * 0.014).astype(np.float32)


def brush(
    rng: Rng,
    base: Array,
    layers: Sequence[tuple[float, float, float]],
    *,
    wander: float = 0.8,
    jitter: float = 0.05,
    relief: float = 0.35,
) -> Array:
    """Repaint `base` in strokes, coarse layers first, with the raised edges of thick paint.

    Each layer is (stroke width, stroke length, spacing) in pixels. Strokes follow the contours of
    the picture and `wander` from them; `jitter` varies the colour, `relief` lights the ridges.
    """
    height, width = base.shape[:2]
    soft = blur(base.mean(axis=-1), 6)
    down, right = np.gradient(soft)
    drift = noise(rng, height, width, 4, 2)
    # the fourth channel is not opacity but the height of the paint
    canvas = Image.fromarray((np.clip(base, 0, 1) * 255).astype(np.uint8))
    canvas.putalpha(128)
    pen = ImageDraw.Draw(canvas)
    for thick, length, spacing in layers:
        rows, columns = int(height / spacing) + 1, int(width / spacing) + 1
        count = rows * columns
        order = rng.permutation(count)
        ys = (order // columns + rng.random(count)) * spacing
        xs = (order % columns + rng.random(count)) * spacing
        iy = np.clip(ys, 0, height - 1).astype(int)
        ix = np.clip(xs, 0, width - 1).astype(int)
        steep = np.hypot(down[iy, ix], right[iy, ix])
        along = np.arctan2(down[iy, ix], right[iy, ix]) + np.pi / 2
        free = (drift[iy, ix] - 0.5) * 2.4
        angle = np.where(steep > 0.004, along, free) + rng.normal(0, wander * 0.35, count)
        reach = length * rng.uniform(0.5, 1.2, count) / 2
        dx, dy = np.cos(angle) * reach, np.sin(angle) * reach
        shade = base[iy, ix] * (1 + rng.normal(0, jitter, (count, 1)))
        shade = shade + rng.normal(0, jitter * 0.35, (count, 3))
        levels = rng.integers(60, 200, (count, 1))
        colours = np.hstack([(np.clip(shade, 0, 1) * 255).astype(int), levels]).tolist()
        breadth = np.maximum(1, rng.uniform(0.6, 1.25, count) * thick).astype(int).tolist()
        ends = np.stack([xs - dx, ys - dy, xs + dx, ys + dy], axis=1).tolist()
        for line, colour, wide in zip(ends, colours, breadth, strict=True):
            pen.line(line, fill=tuple(colour), width=wide)
    painted = np.asarray(canvas, np.float32) / 255
    bumps = blur(painted[..., 3], 0.7)
    light = (bumps - np.roll(bumps, (2, 2), axis=(0, 1))) * relief
    return (painted[..., :3] + light[..., None]) * weave(rng, height, width)[..., None]


def ball(
    picture: Array, centre: tuple[float, float], radius: float, colour: Colour, gloss: float = 0.5
) -> None:
    """Paint a lit ball into `picture` in place; centre and radius in pixels, light from top left."""
    cx, cy = centre
    height, width = picture.shape[:2]
    top, bottom = max(0, int(cy - radius - 1)), min(height, int(cy + radius + 2))
    left, right = max(0, int(cx - radius - 1)), min(width, int(cx + radius + 2))
    if top >= bottom or left >= right:
        return
    y = (np.arange(top, bottom, dtype=np.float32)[:, None] - cy) / radius
    x = (np.arange(left, right, dtype=np.float32)[None, :] - cx) / radius
    square = x * x + y * y
    z = np.sqrt(np.clip(1 - square, 0, 1))
    light = np.clip(-0.55 * x - 0.6 * y + 0.58 * z, 0, 1)
    shine = gloss * np.clip(-0.42 * x - 0.47 * y + 0.78 * z, 0, 1) ** 28
    shaded = np.asarray(colour, np.float32) * (0.14 + 0.95 * light[..., None]) + shine[..., None]
    cover = np.clip((1 - np.sqrt(square)) * radius, 0, 1)
    picture[top:bottom, left:right] = over(picture[top:bottom, left:right], shaded, cover)
