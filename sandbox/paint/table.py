"""Paintings of things and of nothing: still lifes, flat abstract planes."""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.paint.surface import (
    Array,
    Rng,
    ball,
    brush,
    grain,
    mask,
    mesh,
    noise,
    over,
    ramp,
    vignette,
    weave,
)


def still_life(rng: Rng, height: int, width: int) -> Array:
    """Fruit and a vessel on a table, lit from the left out of the dark."""
    y, x = mesh(height, width)
    table = rng.uniform(0.52, 0.76)
    glow = np.exp(-(((x - rng.uniform(0, 0.8)) / 0.5) ** 2 + ((y - 0.35) / 0.5) ** 2))
    walls = [(0.34, 0.25, 0.15), (0.30, 0.34, 0.28), (0.52, 0.46, 0.36), (0.36, 0.18, 0.14)]
    wall = walls[int(rng.integers(4))]
    half = (wall[0] * 0.45, wall[1] * 0.45, wall[2] * 0.45)
    picture = ramp(
        glow * 0.8 + 0.2 * noise(rng, height, width, 4, 4), [(0.04, 0.03, 0.025), half, wall]
    )
    cloths = [(0.42, 0.09, 0.07), (0.10, 0.22, 0.20), (0.62, 0.55, 0.43), (0.13, 0.16, 0.32)]
    cloth = np.asarray(cloths[int(rng.integers(4))], np.float32)
    folds = 0.55 + 0.6 * noise(rng, height, width, 7, 2) * (1.1 - 0.7 * x)
    edge = table + 0.015 * np.sin(x * rng.uniform(4, 9))
    picture = over(picture, cloth * folds[..., None], np.clip((y - edge) * height / 2, 0, 1))
    base = (table + 0.08) * height
    vx, vessel = rng.uniform(0.15, 0.85) * width, rng.uniform(0.3, 0.62) * height
    wide = rng.uniform(0.08, 0.19) * width
    t = np.clip((base - np.arange(height)) / vessel, 0, 1)
    profile = wide * (
        0.45 + 0.55 * np.sin(np.clip(t * 1.45, 0, 1) * np.pi) ** 0.8 * (t < 0.69) + 0.12 * (t > 0.9)
    )
    profile[(np.arange(height) > base) | (np.arange(height) < base - vessel)] = 0
    across = (x * width - vx) / np.maximum(profile[:, None], 1)
    body = np.clip((1 - np.abs(across)) * np.maximum(profile[:, None], 1), 0, 1) * (
        profile[:, None] > 0
    )
    shade = np.clip(0.75 - 0.75 * across, 0.08, 1) ** 1.4 + 0.7 * np.exp(
        -(((across + 0.42) / 0.12) ** 2)
    )
    glazes = [(0.30, 0.35, 0.42), (0.48, 0.32, 0.16), (0.62, 0.60, 0.54), (0.18, 0.30, 0.22)]
    glaze = np.asarray(glazes[int(rng.integers(4))], np.float32)
    picture = over(picture, glaze * shade[..., None], body)
    fruits = [
        (0.80, 0.16, 0.08),
        (0.95, 0.72, 0.14),
        (0.90, 0.46, 0.10),
        (0.45, 0.55, 0.15),
        (0.36, 0.10, 0.24),
    ]
    count = int(rng.integers(3, 11))
    places = np.sort(rng.uniform(table + 0.0, table + 0.14, count))
    for place in places:
        fx, radius = rng.uniform(0.06, 0.94) * width, rng.uniform(0.04, 0.105) * width
        fy = place * height
        shadow = np.exp(
            -(((x * width - fx - radius * 0.8) / (radius * 1.5)) ** 2)
            - ((y * height - fy - radius * 0.75) / (radius * 0.4)) ** 2
        )
        picture = picture * (1 - 0.75 * shadow[..., None])
        colour = fruits[int(rng.integers(5))]
        ball(picture, (fx, fy), radius, colour)
        if rng.random() < 0.35:
            for _ in range(12):
                ball(
                    picture,
                    (fx + rng.normal(0, radius), fy + radius * 0.4 + rng.normal(0, radius * 0.4)),
                    radius * 0.33,
                    (0.30, 0.13, 0.30),
                    0.7,
                )
    picture = brush(rng, picture, [(8, 20, 12), (4, 11, 8)], jitter=0.05, relief=0.2)
    return picture * vignette(height, width, 0.45)[..., None]


def abstract(rng: Rng, height: int, width: int) -> Array:
    """Flat overlapping planes, discs and bars in a few strong colours on a pale ground."""
    palettes = [
        [(0.85, 0.16, 0.13), (0.12, 0.25, 0.55), (0.96, 0.76, 0.15), (0.09, 0.09, 0.10)],
        [(0.93, 0.45, 0.20), (0.10, 0.42, 0.44), (0.95, 0.80, 0.62), (0.20, 0.12, 0.24)],
        [(0.16, 0.45, 0.30), (0.90, 0.35, 0.45), (0.98, 0.85, 0.35), (0.15, 0.20, 0.42)],
    ]
    palette = palettes[int(rng.integers(3))]
    picture = np.ones((height, width, 3), np.float32) * np.asarray((0.93, 0.90, 0.83), np.float32)
    for step in range(int(rng.integers(9, 15))):
        colour = np.asarray(palette[int(rng.integers(4))], np.float32)
        cx, cy = rng.uniform(0.05, 0.95, 2)
        a, b = rng.uniform(0.06, 0.32, 2) * (0.5 if step > 6 else 1)
        angle, form = rng.uniform(0, 3.14), int(rng.integers(4))

        def shape(
            pen: Any, w: float, h: float, *, cx=cx, cy=cy, a=a, b=b, angle=angle, form=form
        ) -> None:
            if form == 0:
                pen.ellipse(
                    [cx * w - a * h, cy * h - a * h, cx * w + a * h, cy * h + a * h], fill=255
                )
                return
            if form == 1:
                pen.ellipse(
                    [cx * w - a * h, cy * h - a * h, cx * w + a * h, cy * h + a * h],
                    outline=255,
                    width=int(h * 0.02),
                )
                return
            b = b if form == 2 else 0.012
            a = a if form == 2 else 0.6
            corners = [(-a, -b), (a, -b), (a, b), (-a, b)]
            c, s = np.cos(angle), np.sin(angle)
            pen.polygon(
                [
                    (cx * w + (px * c - py * s) * h, cy * h + (px * s + py * c) * h)
                    for px, py in corners
                ],
                fill=255,
            )

        cover = mask(height, width, shape)
        dry = np.clip(0.72 + 0.5 * noise(rng, height, width, 20, 3), 0, 1)
        picture = over(picture, colour * np.ones_like(picture), cover * dry)
    picture = brush(rng, picture, [(6, 14, 10)], jitter=0.02, relief=0.16)
    return grain(rng, picture * weave(rng, height, width, 3.9)[..., None], 0.01)
