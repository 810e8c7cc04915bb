"""Landscapes in oil: wide rivers under clouds, gardens in broken colour."""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.paint.surface import (
    Array,
    Rng,
    brush,
    mask,
    mesh,
    noise,
    over,
    ramp,
    ridge,
    vignette,
)


def river(rng: Rng, height: int, width: int) -> Array:  # noqa: PLR0915 - one picture, told in order
    """A wide sky over flat land and water: low horizon, clouds, a mill or a spire, sails."""
    y, x = mesh(height, width)
    horizon = rng.uniform(0.44, 0.74)
    warm = rng.random() ** 2
    zenith = (0.36 + 0.24 * warm, 0.47 - 0.05 * warm, 0.60 - 0.12 * warm)
    low = (0.93, 0.84 - 0.20 * warm, 0.68 - 0.36 * warm)
    sky = ramp(np.clip(y / horizon, 0, 1) * np.ones_like(x), [zenith, (0.66, 0.70, 0.72), low])
    cloud = noise(rng, height, width, rng.uniform(1.6, 4.5), 6)
    lit = noise(rng, height, width, 5, 3)
    sky = over(
        sky,
        ramp(lit, [(0.55, 0.53, 0.54), (0.97, 0.93, 0.86)]),
        np.clip((cloud - rng.uniform(0.36, 0.58)) * 4, 0, 0.92)
        * np.clip(1.15 - y / horizon * 0.6, 0, 1),
    )
    picture = sky
    water = y > horizon
    mirrored = sky[::-1][
        np.clip(np.arange(height) - int((1 - 2 * horizon) * height), 0, height - 1)
    ]
    ripples = (noise(rng, height, width, 40, 2) - 0.5) * 0.12
    picture = np.where(water[..., None], mirrored * 0.72 + ripples[..., None], picture)
    for depth in range(3):
        shore = horizon - 0.012 + 0.02 * depth
        skyline = shore - ridge(rng, width, 5 + depth * 3)[None, :] * rng.uniform(0.02, 0.11)
        near = depth / 2
        tone = (0.40 - 0.2 * near, 0.43 - 0.17 * near, 0.42 - 0.28 * near)
        end = shore + 0.012 + 0.03 * near
        picture = over(picture, tone, np.clip((y - skyline) * height, 0, 1) * (y < end))
    side = float(rng.choice([-1, 1]))
    bank = (
        rng.uniform(horizon + 0.1, 0.95)
        + rng.uniform(0.05, 0.4) * side * (x - 0.5)
        + 0.04 * ridge(rng, width, 6)[None, :]
    )
    earth = ramp(noise(rng, height, width, 18, 4), [(0.14, 0.12, 0.07), (0.43, 0.36, 0.18)])
    picture = over(picture, earth, np.clip((y - bank) * height / 3, 0, 1))
    for _ in range(int(rng.integers(0, 4))):
        tx, reach = 0.5 + side * rng.uniform(0.18, 0.5), rng.uniform(0.08, 0.24)
        crown = 1 - ((x - tx) / reach) ** 2 - ((y - horizon + reach * 0.6) / (reach * 1.1)) ** 2
        crown = crown + (noise(rng, height, width, 16, 3) - 0.5) * 1.5
        leaves = ramp(noise(rng, height, width, 22, 2), [(0.08, 0.09, 0.05), (0.33, 0.31, 0.13)])
        picture = over(picture, leaves, np.clip(crown * 4, 0, 1))
    tower = float(rng.uniform(0.12, 0.88))
    milled = rng.random() < 0.5

    def building(pen: Any, w: float, h: float) -> None:
        foot, wide = horizon * h, 0.012 * w
        tall = h * float(rng.uniform(0.13, 0.2))
        cx = tower * w
        pen.polygon(
            [
                (cx - wide, foot),
                (cx + wide, foot),
                (cx + wide * 0.6, foot - tall),
                (cx - wide * 0.6, foot - tall),
            ],
            fill=255,
        )
        if milled:
            turn = float(rng.uniform(0, 1.5))
            for blade in range(4):
                a = turn + blade * np.pi / 2
                tip = (cx + np.cos(a) * tall * 0.75, foot - tall + np.sin(a) * tall * 0.75)
                pen.line([(cx, foot - tall), tip], fill=255, width=max(3, int(w * 0.006)))
        else:
            pen.polygon(
                [(cx - wide, foot - tall), (cx + wide, foot - tall), (cx, foot - tall * 1.8)],
                fill=255,
            )

    picture = over(picture, (0.22, 0.19, 0.16), mask(height, width, building))
    for _ in range(int(rng.integers(1, 4))):
        bx, by, size = (
            rng.uniform(0.1, 0.9),
            rng.uniform(horizon + 0.03, 0.78),
            rng.uniform(0.05, 0.1),
        )

        def boat(pen: Any, w: float, h: float, *, bx=bx, by=by, size=size) -> None:
            pen.polygon(
                [
                    ((bx - size * 0.5) * w, by * h),
                    ((bx + size * 0.55) * w, by * h),
                    ((bx + size * 0.35) * w, (by + size * 0.22) * h),
                    ((bx - size * 0.35) * w, (by + size * 0.22) * h),
                ],
                fill=255,
            )

        def sail(pen: Any, w: float, h: float, *, bx=bx, by=by, size=size) -> None:
            pen.polygon(
                [
                    (bx * w, by * h),
                    (bx * w, (by - size * 1.7) * h),
                    ((bx + size * 0.5) * w, (by - 0.01) * h),
                ],
                fill=255,
            )

        picture = over(picture, (0.20, 0.13, 0.09), mask(height, width, boat))
        picture = over(picture, (0.80, 0.68, 0.48), mask(height, width, sail))
    picture = brush(rng, picture, [(9, 26, 12), (4, 13, 8.5)], jitter=0.045, relief=0.25)
    return picture * vignette(height, width, 0.3)[..., None]


def garden(rng: Rng, height: int, width: int) -> Array:
    """Broken bright colour in short dabs: blossoming fields, poplars, a path or a pond."""
    y, x = mesh(height, width)
    horizon = rng.uniform(0.18, 0.55)
    hue = rng.random()
    sky = ramp(
        np.clip(y / horizon, 0, 1) * np.ones_like(x),
        [(0.50, 0.66, 0.88), (0.86, 0.80, 0.90), (0.99, 0.88, 0.76)],
    )
    clouds = noise(rng, height, width, 4, 4)
    picture = over(sky, (0.99, 0.97, 0.98), np.clip((clouds - 0.52) * 4, 0, 0.85))
    greens = [(0.20, 0.42, 0.30), (0.45, 0.62, 0.28), (0.80, 0.78, 0.38)]
    autumn = [(0.42, 0.26, 0.22), (0.84, 0.58, 0.24), (0.96, 0.82, 0.46)]
    evening = [(0.20, 0.28, 0.46), (0.36, 0.46, 0.56), (0.74, 0.66, 0.66)]
    season = [greens, greens, autumn, evening][int(rng.integers(4))]
    field = ramp(noise(rng, height, width, rng.uniform(3, 10), 4), season)
    picture = over(picture, field, np.clip((y - horizon) * height / 4, 0, 1) * np.ones_like(x))
    hills = horizon - 0.1 * ridge(rng, width, 4)[None, :]
    picture = over(
        picture, (0.48, 0.52, 0.74), np.clip((y - hills) * height / 3, 0, 1) * (y < horizon + 0.01)
    )
    if rng.random() < 0.4:
        middle = rng.uniform(0.1, 0.9) + (y - 1) * rng.uniform(-0.9, 0.9) + 0.03 * np.sin(y * 14)
        wide = np.clip((y - horizon) * rng.uniform(0.1, 0.35), 0.004, 1)
        path = np.clip((wide - np.abs(x - middle)) * width / 8, 0, 1) * (y > horizon)
        picture = over(picture, (0.93, 0.80, 0.72), path)
    elif rng.random() < 0.6:
        px, py = rng.uniform(0.1, 0.9), rng.uniform(horizon + 0.12, 0.95)
        reach, deep = rng.uniform(0.2, 0.5), rng.uniform(0.06, 0.2)
        inside = (
            1
            - ((x - px) / reach) ** 2
            - ((y - py) / deep) ** 2
            + (noise(rng, height, width, 6, 3) - 0.5) * 0.5
        )
        pond = ramp(
            noise(rng, height, width, 12, 3),
            [(0.30, 0.45, 0.68), (0.62, 0.72, 0.86), (0.86, 0.80, 0.88)],
        )
        picture = over(picture, pond, np.clip(inside * 8, 0, 1))
    for _ in range(int(rng.integers(1, 8))):
        tx, base = rng.uniform(0, 1), horizon + rng.uniform(0.02, 0.3)
        tall, spread = rng.uniform(0.12, 0.55), rng.uniform(0.03, 0.17)
        crown = 1 - ((x - tx) / spread) ** 2 - ((y - base + tall / 2) / (tall / 2)) ** 2
        crown = crown + (noise(rng, height, width, 22, 2) - 0.5) * 1.1
        leaves = ramp(
            noise(rng, height, width, 26, 2),
            [(0.10, 0.25, 0.30), (0.25, 0.48, 0.26), (0.72, 0.76, 0.32)],
        )
        picture = over(picture, leaves, np.clip(crown * 4, 0, 1))
    petals = [(0.90, 0.22, 0.20), (0.97, 0.72, 0.80), (0.72, 0.52, 0.86), (0.98, 0.88, 0.40)]
    bloom = petals[int(hue * 4)]
    where = noise(rng, height, width, 60, 1) * (0.6 + 0.4 * noise(rng, height, width, 5, 2))
    picture = over(
        picture, bloom, np.clip((where - 0.60) * 12, 0, 1) * np.clip((y - horizon - 0.06) * 6, 0, 1)
    )
    return brush(rng, picture, [(10, 17, 11), (6, 11, 9)], wander=2.2, jitter=0.11, relief=0.5)
