"""Works on paper and silk: ink scrolls, engravings, old photographs, and patchwork quilts."""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.paint.surface import (
    Array,
    Rng,
    blur,
    grain,
    mask,
    mesh,
    noise,
    over,
    ramp,
    ridge,
    vignette,
)


def ink_scroll(rng: Rng, height: int, width: int) -> Array:  # noqa: PLR0915 - one picture, told in order
    """Ink mountains in mist on toned silk, a pine or bamboo, brushed signs and a red seal."""
    y, x = mesh(height, width)
    aged = noise(rng, height, width, 3, 5)
    silk = [(0.80, 0.70, 0.52), (0.86, 0.80, 0.66), (0.74, 0.66, 0.52)][int(rng.integers(3))]
    picture = np.asarray(silk, np.float32) * (0.86 + 0.22 * aged)[..., None]
    threads = 1 + 0.02 * np.sin(np.arange(width) * 1.9)[None, :] * np.ones((height, 1))
    picture = picture * threads[..., None].astype(np.float32)
    if rng.random() < 0.6:
        mx, my, radius = rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.22), rng.uniform(0.035, 0.06)
        disc = np.clip((radius - np.hypot((x - mx) * width / height, y - my)) * height / 2, 0, 1)
        picture = over(picture, (0.93, 0.88, 0.76), disc * 0.8)
    layers = int(rng.integers(2, 6))
    start = rng.uniform(0.12, 0.5)
    for depth in range(layers):
        near = (depth + 1) / layers
        crest = start + (0.83 - start) * depth / layers
        peaks = ridge(rng, width, rng.uniform(1.6, 3.4), 6)[None, :]
        skyline = crest + 0.06 - rng.uniform(0.1, 0.4) * (1.1 - 0.5 * near) * peaks
        below = y - skyline
        body = np.clip(below * height / 2, 0, 1) * np.exp(
            -np.clip(below, 0, 1) * rng.uniform(7, 11)
        )
        texture = 0.55 + 0.75 * noise(rng, height, width, 26, 3)
        outline = np.exp(-((below * height / 1.6) ** 2))
        ink = np.clip((body * texture * 0.85 + 0.5 * outline) * (0.3 + 0.62 * near), 0, 0.93)
        picture = over(picture, (0.13, 0.13, 0.15), ink)
    side = int(rng.choice([0, 1]))

    def plant(pen: Any, w: float, h: float) -> None:
        if rng.random() < 0.5:
            for _ in range(int(rng.integers(2, 5))):
                px, lean = (side * 0.8 + rng.uniform(0.03, 0.2)) * w, rng.uniform(-0.05, 0.05) * w
                for joint in range(9):
                    top, foot = h * (0.93 - joint * 0.07), h * (0.99 - joint * 0.07)
                    pen.line(
                        [px + lean * joint / 9, foot, px + lean * (joint + 1) / 9, top + 3],
                        fill=215,
                        width=int(w * 0.013),
                    )
                    for _ in range(2):
                        a, long = (
                            rng.uniform(0.3, 1.3) * rng.choice([-1, 1]),
                            rng.uniform(0.05, 0.11) * w,
                        )
                        ex, ey = px + np.sin(a) * long * 1.6, top + np.cos(a) * long
                        mid = ((px + ex) / 2 + 6, (top + ey) / 2 - 8)
                        pen.polygon([(px, top), mid, (ex, ey)], fill=235)
        else:
            px, py, a = (side * 0.86 + 0.07) * w, h * 0.98, -1.57 + (0.5 - side) * 0.5
            for step in range(14):
                nx, ny = px + np.cos(a) * h * 0.036, py + np.sin(a) * h * 0.036
                pen.line([px, py, nx, ny], fill=235, width=int(w * 0.032 * (1 - step / 16)))
                if step > 4:
                    bx = nx + (0.5 - side) * rng.uniform(0.05, 0.4) * w
                    by = ny + rng.uniform(-0.02, 0.02) * h
                    pen.line([nx, ny, bx, by], fill=220, width=int(w * 0.008))
                    for _ in range(26):
                        qx, qy, b = (
                            bx + rng.normal(0, 0.05 * w),
                            by + rng.normal(0, 0.01 * h),
                            rng.uniform(-2.6, -0.5),
                        )
                        pen.line(
                            [qx, qy, qx + np.cos(b) * 0.03 * w, qy + np.sin(b) * 0.03 * w],
                            fill=210,
                            width=3,
                        )
                px, py, a = nx, ny, a + rng.normal(0, 0.22)

    picture = over(picture, (0.09, 0.09, 0.10), mask(height, width, plant) * (0.75 + 0.25 * aged))
    column = 0.9 if side == 0 else 0.1

    def signs(pen: Any, w: float, h: float) -> None:
        step = w * 0.034
        for row in range(int(rng.integers(4, 9))):
            sy = h * 0.06 + row * step * 1.25
            for _ in range(int(rng.integers(4, 7))):
                px, py = column * w + rng.uniform(-0.4, 0.4) * step, sy + rng.uniform(0, 0.9) * step
                flat = rng.random() < 0.5
                pen.line(
                    [
                        px,
                        py,
                        px + step * (0.6 if flat else 0.1) * rng.choice([-1, 1]),
                        py + step * (0.05 if flat else 0.5),
                    ],
                    fill=230,
                    width=max(3, int(step * 0.13)),
                )

    picture = over(picture, (0.10, 0.09, 0.09), mask(height, width, signs))

    def seal(pen: Any, w: float, h: float) -> None:
        s, left, top = w * 0.035, column * w - w * 0.0175, h * 0.06 + w * 0.036 * 1.25 * 9
        pen.rectangle([left, top, left + s, top + s], fill=235)
        for i in range(3):
            pen.line(
                [
                    left + s * (0.25 + i * 0.25),
                    top + s * 0.2,
                    left + s * (0.25 + i * 0.25),
                    top + s * 0.8,
                ],
                fill=40,
                width=3,
            )

    picture = over(picture, (0.70, 0.12, 0.08), mask(height, width, seal))
    border = np.minimum(np.minimum(x, 1 - x) * width, np.minimum(y, 1 - y) * height)
    brocade = ramp(
        np.abs(np.sin(x * width * 0.2) * np.sin(y * height * 0.2)),
        [(0.22, 0.27, 0.30), (0.42, 0.44, 0.40)],
    )
    picture = over(picture, brocade, np.clip((0.022 * width - border) / 1.5, 0, 1))
    return grain(rng, picture, 0.016)


def _scenery(rng: Rng, height: int, width: int) -> Array:
    """Tones (0 dark, 1 light) of a view: hills under clouds, a ruined arcade, or a town."""
    y, x = mesh(height, width)
    tones = 0.97 - 0.5 * np.clip(noise(rng, height, width, 3.5, 5) - 0.42, 0, 1) * (1 - y)
    horizon = rng.uniform(0.32, 0.66)
    for depth in range(4):
        skyline = (
            horizon
            - rng.uniform(0.08, 0.36)
            * (1 - depth / 4.5)
            * ridge(rng, width, 2.2 + depth, 6)[None, :]
            + depth * 0.06
        )
        rock = 0.72 - 0.11 * depth + 0.34 * (noise(rng, height, width, 8 + 3 * depth, 5) - 0.5)
        tones = np.where(y > skyline, rock, tones)
    subject = int(rng.integers(3))
    left, right, top = rng.uniform(0.02, 0.5), rng.uniform(0.55, 0.98), rng.uniform(0.14, 0.42)
    foot = rng.uniform(0.74, 0.82)

    def walls(pen: Any, w: float, h: float) -> None:
        if subject == 0:
            pen.rectangle([left * w, top * h, right * w, foot * h], fill=255)
            bays = int(rng.integers(3, 6))
            bay = (right - left) * w / bays
            for i in range(bays):
                x0 = left * w + bay * (i + 0.2)
                pen.rectangle([x0, (top + 0.24) * h, x0 + bay * 0.6, foot * h], fill=90)
                pen.ellipse(
                    [
                        x0,
                        (top + 0.24) * h - bay * 0.3,
                        x0 + bay * 0.6,
                        (top + 0.24) * h + bay * 0.3,
                    ],
                    fill=90,
                )
        elif subject == 1:
            for _ in range(16):
                hx, hw, hh = (
                    rng.uniform(left, right) * w,
                    rng.uniform(0.03, 0.07) * w,
                    rng.uniform(0.06, 0.2) * h,
                )
                pen.rectangle(
                    [hx - hw, foot * h - hh, hx + hw, foot * h], fill=int(rng.integers(120, 255))
                )
                pen.polygon(
                    [
                        (hx - hw * 1.1, foot * h - hh),
                        (hx + hw * 1.1, foot * h - hh),
                        (hx, foot * h - hh * 1.5),
                    ],
                    fill=int(rng.integers(170, 255)),
                )

    built = mask(height, width, walls)
    tones = np.where(
        built > 0.1, 0.80 - 0.62 * built + 0.35 * noise(rng, height, width, 12, 4), tones
    )
    for _ in range(int(rng.integers(0, 4))):
        tx, ty, r = rng.uniform(0, 1), rng.uniform(0.3, 0.75), rng.uniform(0.06, 0.25)
        crown = 1 - ((x - tx) * width / height / r) ** 2 - ((y - ty) / r) ** 2
        crown = crown + (noise(rng, height, width, 24, 3) - 0.5) * 1.6
        trunk = (np.abs(x - tx) * width < r * 0.09 * height) & (y > ty) & (y < ty + 2.1 * r)
        leaves = 0.14 + 0.5 * noise(rng, height, width, 30, 2)
        tones = np.where((crown > 0) | trunk, leaves, tones)
    return np.clip(tones, 0.02, 1)


def engraving(rng: Rng, height: int, width: int) -> Array:
    """Black lines on cream paper: hatching that swells with the tone, inside a plate mark."""
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    tones = blur(_scenery(rng, height, width), 1.2)
    waver = noise(rng, height, width, 6, 3) * 9
    ink = np.zeros((height, width), np.float32)
    pitch = rng.uniform(4.2, 5.2)
    for angle, floor in ((0.35, 0.92), (-0.75, 0.62), (1.35, 0.36)):
        wave = 0.5 + 0.5 * np.sin((x * np.cos(angle) + y * np.sin(angle) + waver) * 6.28 / pitch)
        ink = np.maximum(
            ink, np.clip((np.clip(floor - tones, 0, 1) * 1.25 + wave - 0.93) * 5, 0, 1)
        )
    down, right = np.gradient(blur(tones, 1.0))
    ink = np.clip(np.maximum(ink, np.clip(np.hypot(down, right) * 14 - 0.35, 0, 1)), 0, 1)
    papers = [(0.93, 0.89, 0.79), (0.90, 0.87, 0.80), (0.88, 0.82, 0.68)]
    picture = (
        np.asarray(papers[int(rng.integers(3))], np.float32)
        * (0.93 + 0.09 * noise(rng, height, width, 4, 6))[..., None]
    )
    inset = 0.055 * min(height, width)
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    inks = [(0.10, 0.09, 0.09), (0.24, 0.13, 0.08)][int(rng.random() < 0.3)]
    picture = over(picture, inks, ink * np.clip(edge - inset, 0, 1) * 0.93)
    picture = over(picture, inks, np.clip(1.6 - np.abs(edge - inset), 0, 1) * 0.8)
    return grain(rng, picture, 0.014)


def photograph(rng: Rng, height: int, width: int) -> Array:
    """A toned print: soft tones, film grain, fading corners, on a pale mount."""
    tones = blur(_scenery(rng, height, width), 1.6)
    glow = blur(tones, 14)
    tones = np.clip(0.62 * tones + 0.38 * glow, 0, 1) ** rng.uniform(1.0, 1.4)
    tones = grain(rng, tones, 0.035) * vignette(height, width, 0.55)
    toning = [
        [(0.10, 0.06, 0.04), (0.55, 0.41, 0.28), (0.95, 0.88, 0.74)],
        [(0.06, 0.06, 0.07), (0.46, 0.45, 0.44), (0.93, 0.92, 0.89)],
        [(0.12, 0.06, 0.07), (0.52, 0.38, 0.34), (0.94, 0.86, 0.78)],
    ][int(rng.integers(3))]
    picture = ramp(np.clip(tones, 0, 1), toning)
    margin = rng.uniform(0.04, 0.08)
    rounded = rng.random() < 0.4

    def window(pen: Any, w: float, h: float) -> None:
        m = margin * min(w, h)
        pen.rounded_rectangle([m, m, w - m, h - m], radius=(m * 2 if rounded else 3), fill=255)

    mount = np.ones_like(picture) * np.asarray((0.90, 0.87, 0.80), np.float32)
    mount = mount * (0.95 + 0.06 * noise(rng, height, width, 4, 5))[..., None]
    scratches = (noise(rng, height, width, 90, 1) > 0.985) * 0.3
    return grain(
        rng,
        over(mount, np.clip(picture + scratches[..., None], 0, 1), mask(height, width, window)),
        0.008,
    )


def quilt(rng: Rng, height: int, width: int) -> Array:
    """A pieced cover: blocks of triangles in printed cotton, with quilting stitches."""
    blocks = int(rng.integers(5, 8))
    size = width / blocks
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    cottons = [
        (0.62, 0.14, 0.14),
        (0.16, 0.25, 0.45),
        (0.90, 0.84, 0.70),
        (0.80, 0.58, 0.24),
        (0.24, 0.40, 0.30),
    ]
    chosen = [cottons[i] for i in rng.permutation(5)[:3]]
    u, v = (x % size) / size, (y % size) / size
    turned = ((x // size) + (y // size)) % 2
    first = np.where(turned == 0, u > v, u + v > 1)
    star = np.maximum(np.abs(u - 0.5), np.abs(v - 0.5)) < rng.uniform(0.16, 0.26)
    picture = np.where(
        first[..., None], np.asarray(chosen[0], np.float32), np.asarray(chosen[1], np.float32)
    )
    picture = np.where(star[..., None], np.asarray(chosen[2], np.float32), picture)
    sprigs = np.abs(np.sin(x * 0.7) * np.sin(y * 0.7)) > 0.93
    stitches = np.minimum(np.abs((x + y) % 26 - 13), np.abs((x - y) % 26 - 13)) < 0.8
    puff = 0.86 + 0.22 * np.sqrt(
        np.abs(np.sin((x + y) * 3.1416 / 26) * np.sin((x - y) * 3.1416 / 26))
    )
    picture = picture * puff[..., None] + 0.12 * sprigs[..., None] - 0.14 * stitches[..., None]
    worn = 0.85 + 0.25 * noise(rng, height, width, 5, 5)
    return grain(rng, picture.astype(np.float32) * worn[..., None], 0.02)
