"""Painted people: portraits before dark grounds, saints on gold."""

from __future__ import annotations

import numpy as np

from sandbox.paint.surface import (
    Array,
    Rng,
    blur,
    brush,
    grain,
    mesh,
    noise,
    over,
    ramp,
    vignette,
)


def portrait(rng: Rng, height: int, width: int) -> Array:
    """Head and shoulders before a dark ground, with a collar, ruff or hat."""
    y, x = mesh(height, width)
    tones = [
        (0.30, 0.22, 0.14),
        (0.16, 0.22, 0.18),
        (0.24, 0.17, 0.18),
        (0.20, 0.24, 0.30),
        (0.62, 0.54, 0.40),
    ]
    ground = np.asarray(tones[int(rng.integers(5))], np.float32)
    light = np.exp(-(((x - rng.uniform(0.2, 0.8)) / 0.5) ** 2 + ((y - 0.3) / 0.5) ** 2))
    picture = (
        ground * (0.35 + 0.75 * light + 0.25 * (noise(rng, height, width, 5, 4) - 0.5))[..., None]
    )
    cx, cy = rng.uniform(0.40, 0.60), rng.uniform(0.30, 0.44)
    size = rng.uniform(0.82, 1.4)
    rx, ry = rng.uniform(0.115, 0.135) * size, rng.uniform(0.135, 0.155) * size
    slim = width / height
    rx, turn = rx / slim * 0.8, float(rng.choice([-1.0, 1.0]))
    dress = [(0.10, 0.09, 0.10), (0.45, 0.08, 0.08), (0.10, 0.18, 0.36), (0.50, 0.40, 0.16)][
        int(rng.integers(4))
    ]
    shoulders = (
        1
        - np.abs((x - cx) / 0.46) ** 2.6
        - np.clip((0.98 - y) / (0.94 - cy - 1.1 * ry), 0, 2) ** 2.2
    )
    folds = (
        0.65 + 0.7 * noise(rng, height, width, 8, 3) - 0.5 * np.clip((x - cx) * 1.5 * turn, -0.4, 1)
    )
    picture = over(
        picture, np.asarray(dress, np.float32) * folds[..., None], np.clip(shoulders * 30, 0, 1)
    )
    hair = [(0.16, 0.09, 0.05), (0.32, 0.19, 0.08), (0.50, 0.38, 0.22), (0.42, 0.40, 0.38)][
        int(rng.integers(4))
    ]
    mane = (
        1
        - ((x - cx) / (rx * 1.3)) ** 2
        - ((y - cy + ry * 0.12) / (ry * rng.uniform(1.2, 1.45))) ** 2
    )
    strands = 0.6 + 0.8 * noise(rng, height, width, 30, 2)
    picture = over(
        picture, np.asarray(hair, np.float32) * strands[..., None], np.clip(mane * 9, 0, 1)
    )
    u, v = (x - cx) / rx, (y - cy) / ry
    skin = np.asarray((0.90, 0.70, 0.55), np.float32)
    neck = np.clip((1 - np.abs(u) / 0.55) * 10, 0, 1) * (v > 0.4) * (v < 1.9)
    picture = over(picture, skin * 0.62, neck)
    lit = np.clip(
        0.72 - 0.42 * u * turn - 0.12 * v + 0.2 * np.sqrt(np.clip(1 - u * u - v * v, 0, 1)),
        0.2,
        1.1,
    )
    sides: Array = np.zeros((height, width), np.float32)
    for side in (-1, 1):
        eye = np.exp(-(((u - side * 0.38 + 0.12 * turn) / 0.17) ** 2) - ((v + 0.12) / 0.085) ** 2)
        brow = np.exp(-(((u - side * 0.38 + 0.12 * turn) / 0.26) ** 2) - ((v + 0.32) / 0.05) ** 2)
        sides = sides + 0.62 * eye + 0.32 * brow
    nose = np.exp(-(((u + 0.10 * turn - 0.11 * turn) / 0.07) ** 2) - ((v - 0.14) / 0.24) ** 2)
    mouth = np.exp(-(((u + 0.12 * turn) / 0.25) ** 2) - ((v - 0.56) / 0.05) ** 2)
    face = skin * (lit - sides - 0.22 * nose)[..., None]
    face = face + np.asarray((0.10, -0.10, -0.08), np.float32) * mouth[..., None]
    face = (
        face
        + np.asarray((0.09, -0.02, -0.02), np.float32)
        * np.exp(-((np.abs(u) - 0.5) ** 2 + (v - 0.25) ** 2) / 0.06)[..., None]
    )
    inside = np.clip((1 - (u * u + np.where(v > 0, (v * 0.94) ** 2, v * v))) * 14, 0, 1)
    picture = over(picture, face, inside)
    dressing = int(rng.integers(3))
    if dressing == 0:
        ring = np.exp(-((np.hypot(u / 1.45, (v - 1.45) / 0.52) - 0.75) ** 2) / 0.06)
        pleats = 0.75 + 0.22 * np.sin(np.arctan2(v - 1.45, u) * 34)
        picture = over(
            picture,
            np.asarray((0.94, 0.92, 0.86), np.float32) * pleats[..., None],
            np.clip(ring * 1.5, 0, 1) * (v > 0.9),
        )
    elif dressing == 1:
        collar = np.clip((0.9 - np.abs(u) * 0.45 - np.abs(v - 1.75)) * 6, 0, 1) * (
            np.abs(u) > (1.9 - v) * 0.9
        )
        picture = over(picture, (0.88, 0.86, 0.80), collar)
    else:
        hat = 1 - (u / 1.35) ** 4 - ((v + 1.12) / 0.5) ** 2
        brim = 1 - (u / 2.0) ** 2 - ((v + 0.78) / 0.17) ** 2
        picture = over(picture, (0.07, 0.06, 0.07), np.clip(np.maximum(hat, brim) * 8, 0, 1))
    picture = brush(rng, blur(picture, 1.0), [(7, 18, 11), (3, 9, 7.5)], jitter=0.035, relief=0.18)
    return picture * vignette(height, width, 0.4)[..., None]


def gold_panel(rng: Rng, height: int, width: int) -> Array:
    """Mantled figures with punched haloes on a gold ground under a painted arch."""
    y, x = mesh(height, width)
    glint = noise(rng, height, width, 6, 5)
    picture = ramp(glint, [(0.50, 0.33, 0.10), (0.80, 0.60, 0.20), (0.96, 0.83, 0.44)])
    lozenge = np.abs(np.sin(x * width * 0.13) * np.sin(y * height * 0.13))
    picture = picture * (0.94 + 0.10 * lozenge)[..., None]
    robes = [
        (0.08, 0.16, 0.42),
        (0.60, 0.12, 0.10),
        (0.18, 0.34, 0.20),
        (0.55, 0.28, 0.42),
        (0.84, 0.80, 0.70),
        (0.20, 0.15, 0.13),
    ]
    figures = int(rng.integers(1, 5))
    spread = rng.uniform(0.42, 0.62) / max(figures - 1, 1)
    for index in sorted(range(figures), key=lambda i: -abs(i - (figures - 1) / 2)):
        offset = index - (figures - 1) / 2
        cx, scale = 0.5 + offset * spread, rng.uniform(0.62, 1.25)
        head, size = rng.uniform(0.28, 0.52), 0.075 * scale
        u, v = (x - cx) / (size * height / width), (y - head) / size
        far = np.hypot(u, v)
        halo = np.clip((2.05 - far) * 14, 0, 1)
        rays = 0.86 + 0.13 * np.sin(np.arctan2(v, u) * 40) + 0.16 * (np.abs(far - 1.85) < 0.09)
        picture = over(picture, np.asarray((0.95, 0.78, 0.34), np.float32) * rays[..., None], halo)
        drop = np.clip((v + 1.1) / 9, 0, 1)
        mantle = 1 - np.abs(u) / (1.15 + rng.uniform(0.9, 2.9) * drop**0.7)
        folds = 0.62 + 0.5 * noise(rng, height, width, 10, 2) + 0.22 * np.sin(u * 3.3 + v * 0.6)
        robe = np.asarray(robes[int(rng.integers(6))], np.float32)
        cover = np.clip(mantle * 26, 0, 1) * np.clip((v + 1.35) * 9, 0, 1)
        picture = over(picture, robe * folds[..., None], cover)
        trim = np.exp(-(((mantle - 0.05) / 0.025) ** 2)) * (v > -1.2)
        picture = over(picture, (0.93, 0.76, 0.34), np.clip(trim, 0, 1) * 0.85)
        glow = 0.98 - 0.16 * u - 0.05 * v
        dark = sum(
            np.exp(-(((u - s * 0.3) / 0.14) ** 2) - ((v + 0.05) / 0.07) ** 2) for s in (-1, 1)
        )
        face = (
            np.asarray((0.88, 0.70, 0.52), np.float32)
            * (glow - 0.55 * dark - 0.18 * np.exp(-((u / 0.06) ** 2) - ((v - 0.2) / 0.2) ** 2))[
                ..., None
            ]
        )
        picture = over(picture, face, np.clip((1 - (u / 0.74) ** 2 - v * v) * 12, 0, 1))
    arch = np.where(
        y < 0.36, np.hypot((x - 0.5) / 0.45, (y - 0.36) / 0.32) - 1, np.abs(x - 0.5) / 0.45 - 1
    )
    frame = np.clip(arch * 60, 0, 1)
    woods = [(0.33, 0.10, 0.08), (0.10, 0.15, 0.28), (0.55, 0.40, 0.14)]
    wood = (
        np.asarray(woods[int(rng.integers(3))], np.float32)
        * (0.8 + 0.5 * noise(rng, height, width, 14, 3))[..., None]
    )
    picture = over(picture, wood, frame)
    picture = over(picture, (0.90, 0.72, 0.30), np.exp(-(((arch - 0.01) / 0.012) ** 2)))
    picture = brush(rng, picture, [(4, 10, 8.5)], jitter=0.04, relief=0.12)
    cracks = np.abs(noise(rng, height, width, 34, 3) - 0.5) < 0.008
    return grain(rng, picture * (1 - 0.22 * cracks[..., None]), 0.012)
