"""Objects photographed in the studio: weapons, shields and armour; lutes, fiddles and horns."""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.paint.surface import Array, Colour, Rng, blur, grain, mask, mesh, noise, over, ramp


def _backdrop(rng: Rng, height: int, width: int, dark: Colour, pale: Colour) -> Array:
    y, x = mesh(height, width)
    spot = np.exp(-(((x - 0.5) / 0.75) ** 2) - ((y - rng.uniform(0.35, 0.5)) / 0.75) ** 2)
    return ramp(np.clip(spot + 0.03 * noise(rng, height, width, 3, 4), 0, 1), [dark, pale])


def _place(picture: Array, cover: Array, surface: Array, lift: int = 10) -> Array:
    """Lay an object with a soft shadow below and to the right of it."""
    shadow = blur(np.roll(cover, (lift, lift), axis=(0, 1)), lift * 0.9)
    return over(picture * (1 - 0.5 * shadow[..., None]), surface, cover)


def _metal(rng: Rng, height: int, width: int, tint: Colour, angle: float) -> Array:
    """Polished metal: bands of reflection across `angle`, fine scratches along it."""
    y, x = mesh(height, width)
    across = x * float(np.cos(angle)) + y * float(np.sin(angle))
    bands = 0.5 + 0.5 * np.sin(across * rng.uniform(16, 26) + noise(rng, height, width, 3, 3) * 7)
    tones = 0.18 + 0.62 * bands**1.6 + 0.2 * noise(rng, height, width, 60, 2)
    return np.asarray(tint, np.float32) * tones[..., None] * 1.25


def _turned(
    points: list[tuple[float, float]], w: float, h: float, angle: float
) -> list[tuple[float, float]]:
    """Points in heights about the centre, turned by `angle`, as pixels."""
    c, s = np.cos(angle), np.sin(angle)
    return [(w / 2 + (px * c - py * s) * h, h / 2 + (px * s + py * c) * h) for px, py in points]


def arms(rng: Rng, height: int, width: int) -> Array:  # noqa: PLR0915 - one picture, told in order
    """A sword, a round shield or a helmet in steel and gilt on a cool grey ground."""
    level = rng.uniform(0.35, 0.92)
    picture = _backdrop(
        rng,
        height,
        width,
        (level * 0.4, level * 0.41, level * 0.44),
        (level, level + 0.01, level + 0.03),
    )
    y, x = mesh(height, width)
    steel: Colour = (0.74, 0.77, 0.82)
    gilt: Colour = (0.86, 0.66, 0.28)
    kind = int(rng.integers(3))
    if kind == 0:
        for _ in range(int(rng.integers(1, 4))):
            angle = rng.uniform(-1.5, 1.5)
            long, broad, bend = (
                rng.uniform(0.18, 0.36),
                rng.uniform(0.011, 0.034),
                rng.uniform(-0.09, 0.09),
            )
            line = np.linspace(0, 1, 24)
            edge = [
                (bend * t * t * 2 - broad * (1 - 0.6 * t**3), 0.16 - t * (long + 0.2)) for t in line
            ]
            back = [
                (bend * t * t * 2 + broad * (1 - 0.6 * t**3), 0.16 - t * (long + 0.2)) for t in line
            ]
            tip = [(bend * 2.1, 0.16 - (long + 0.2) * 1.05)]
            guard = rng.uniform(0.07, 0.14)

            def blade(pen: Any, w: float, h: float, *, e=edge, k=back, p=tip, a=angle) -> None:
                pen.polygon(_turned(e + p + k[::-1], w, h, a), fill=255)

            def hilt(pen: Any, w: float, h: float, *, g=guard, a=angle) -> None:
                pen.polygon(
                    _turned([(-g, 0.15), (g, 0.15), (g, 0.168), (-g, 0.168)], w, h, a), fill=255
                )
                for end in (-g, g, 0):
                    (px, py), r = _turned([(end, 0.159 if end else 0.34)], w, h, a)[0], 0.02 * h
                    pen.ellipse([px - r, py - r, px + r, py + r], fill=255)

            def grip(pen: Any, w: float, h: float, *, a=angle) -> None:
                pen.polygon(
                    _turned(
                        [(-0.013, 0.165), (0.013, 0.165), (0.016, 0.33), (-0.016, 0.33)], w, h, a
                    ),
                    fill=255,
                )

            picture = _place(
                picture, mask(height, width, blade), _metal(rng, height, width, steel, angle), 8
            )
            wire = 0.5 + 0.4 * np.sin((y * height - x * width * np.tan(-angle)) * 0.9)
            picture = _place(
                picture,
                mask(height, width, grip),
                np.asarray((0.34, 0.2, 0.12), np.float32) * wire[..., None],
                6,
            )
            picture = _place(
                picture, mask(height, width, hilt), _metal(rng, height, width, gilt, angle), 8
            )
    elif kind == 1:
        radius = rng.uniform(0.26, 0.44) * min(height, width)
        px = x * width - width * rng.uniform(0.42, 0.58)
        py = y * height - height * rng.uniform(0.42, 0.58)
        far, around = np.hypot(px, py) / radius, np.arctan2(py, px)
        cover = np.clip((1 - far) * radius, 0, 1)
        sheen = 0.5 + 0.5 * np.cos(around * 2 + rng.uniform(0, 6) + 1.5 * far)
        face = (
            np.asarray(steel, np.float32)
            * (0.25 + 0.6 * sheen + 0.15 * noise(rng, height, width, 50, 2))[..., None]
        )
        petals = int(rng.integers(6, 13))
        devices = [
            0.55 + 0.2 * np.cos(around * petals) - far,
            np.maximum(0.12 - np.abs(px / radius), 0.12 - np.abs(py / radius)),
            np.sin(around * 3 + far * 9),
            px * py / radius**2,
            np.abs(far - 0.6) - 0.12,
            0.6 - np.abs(px / radius) - np.abs(py / radius),
        ]
        rose = np.clip(devices[int(rng.integers(6))] * 30, 0, 1)
        enamels: list[Colour] = [gilt, (0.58, 0.10, 0.09), (0.12, 0.20, 0.45), (0.10, 0.10, 0.11)]
        enamel = np.asarray(enamels[int(rng.integers(4))], np.float32)
        face = over(face, enamel * (0.3 + 0.8 * sheen)[..., None], rose * 0.9)
        for ring in (0.36, 0.68, 0.94):
            groove = np.exp(-(((far - ring) / 0.012) ** 2)) - np.exp(
                -(((far - ring - 0.02) / 0.012) ** 2)
            )
            face = face * (1 - 0.55 * groove[..., None])
        rivets = np.cos(around * 24) > 0.93
        face = np.where(
            (rivets & (np.abs(far - 0.86) < 0.022))[..., None], np.asarray(gilt, np.float32), face
        )
        boss = np.clip((0.2 - far) * 40, 0, 1)
        dome = np.clip(0.9 - (px + py) / radius * 2.2, 0.1, 1.3)
        face = over(face, np.asarray(steel, np.float32) * dome[..., None], boss)
        picture = _place(picture, cover, face, 14)
    else:
        tall, broad = rng.uniform(0.18, 0.32), rng.uniform(0.13, 0.26)
        u = (x - rng.uniform(0.42, 0.58)) * width / height / broad
        v = (y - rng.uniform(0.38, 0.54)) / tall
        bowl = 1 - np.abs(u) ** 2.2 - np.where(v < 0, v * v, (v * 0.62) ** 4)
        cover = np.clip(bowl * broad * height / 3, 0, 1) * (v < 1.15)
        around = np.clip(0.66 - 0.5 * u - 0.15 * v, 0.05, 1) + 0.8 * np.exp(
            -(((u + 0.38) / 0.13) ** 2)
        )
        face = (
            np.asarray(steel, np.float32)
            * (around * (0.75 + 0.3 * noise(rng, height, width, 40, 3)))[..., None]
        )
        slit = (np.abs(v - 0.24) < 0.035) & (np.abs(u) < 0.72)
        holes = (
            (np.sin(u * 22) > 0.5)
            & (np.sin(v * 26) > 0.5)
            & (v > 0.5)
            & (v < 0.95)
            & (np.abs(u) < 0.55)
        )
        face = np.where((slit | holes)[..., None], 0.05, face)
        bands = (
            np.exp(-(((v - 0.40) / 0.03) ** 2))
            + np.exp(-(((v - 1.05) / 0.05) ** 2))
            + np.exp(-((u / 0.05) ** 2)) * (v < 0.1)
        )
        face = over(
            face, np.asarray(gilt, np.float32) * around[..., None], np.clip(bands, 0, 1) * 0.9
        )
        picture = _place(picture, cover, face.astype(np.float32), 16)
    return grain(rng, picture, 0.008)


def instrument(rng: Rng, height: int, width: int) -> Array:  # noqa: PLR0915 - one picture, told in order
    """A lute, a fiddle or a coiled horn in wood and brass on a warm ground."""
    warm = [
        ((0.50, 0.40, 0.30), (0.93, 0.88, 0.80)),
        ((0.36, 0.16, 0.12), (0.66, 0.34, 0.24)),
        ((0.26, 0.30, 0.26), (0.60, 0.64, 0.54)),
    ]
    dark, pale = warm[int(rng.integers(3))]
    picture = _backdrop(rng, height, width, dark, pale) * rng.uniform(0.75, 1.05)
    y, x = mesh(height, width)
    angle = rng.uniform(-1.7, 1.7)
    c, s = float(np.cos(angle)), float(np.sin(angle))
    gx, gy = (x - rng.uniform(0.45, 0.55)) * width / height, y - rng.uniform(0.45, 0.55)
    size = rng.uniform(0.62, 1.05)
    u, v = (gx * c + gy * s) / size, (-gx * s + gy * c) / size
    rings = 0.5 + 0.5 * np.sin(u * 230 + noise(rng, height, width, 5, 3) * 10)
    woods = [(0.80, 0.52, 0.24), (0.62, 0.30, 0.13), (0.86, 0.66, 0.38)]
    wood = (
        np.asarray(woods[int(rng.integers(3))], np.float32)
        * (0.74 + 0.16 * rings + 0.2 * noise(rng, height, width, 12, 3))[..., None]
    )
    gleam = 0.72 + 0.5 * np.exp(-(((u + 0.06) / 0.1) ** 2))
    kind = int(rng.integers(3))
    if kind == 2:
        brass = np.asarray((0.92, 0.72, 0.30), np.float32)
        for ring in range(int(rng.integers(2, 4))):
            far = np.hypot(u, v - 0.06) - (0.19 - ring * 0.045)
            pipe = np.abs(far) / 0.017
            lit = np.clip(1 - (far / 0.017 + 0.35) ** 2 * 0.6, 0.12, 1) + 0.15 * np.sin(
                np.arctan2(v, u) * 3
            )
            picture = _place(picture, np.clip((1 - pipe) * 14, 0, 1), brass * lit[..., None], 8)
        bell = (
            np.clip(
                (0.02 + 0.13 * np.clip((u - 0.02) / 0.3, 0, 1) ** 2.4 - np.abs(v + 0.13)) * height,
                0,
                1,
            )
            * (u > -0.05)
            * (u < 0.32)
        )
        lit = np.clip(0.85 - (v + 0.13) * 7, 0.15, 1.2)
        picture = _place(picture, bell, brass * lit[..., None], 10)
        mouth = np.clip((0.013 - np.abs(v + 0.13)) * height, 0, 1) * (u < 0) * (u > -0.3)
        return grain(rng, _place(picture, mouth, brass * lit[..., None], 6), 0.008)
    if kind == 0:
        body = (
            1
            - (u / 0.17) ** 2
            - np.where(v > 0.14, ((v - 0.14) / 0.17) ** 2, ((v - 0.14) / 0.27) ** 2)
        )
        waist = np.clip(body * 30, 0, 1)
    else:
        lower = 1 - (u / 0.155) ** 2 - ((v - 0.24) / 0.15) ** 2
        upper = 1 - (u / 0.12) ** 2 - ((v - 0.02) / 0.12) ** 2
        middle = np.minimum(1 - np.abs(u) / 0.10, 1 - np.abs(v - 0.13) / 0.1)
        waist = np.clip(np.maximum(np.maximum(lower, upper), middle) * 30, 0, 1)
    picture = _place(picture, waist, wood * gleam[..., None], 14)
    rim = np.exp(-(((blur(waist, 3) - 0.82) / 0.1) ** 2)) * waist
    picture = over(picture, (0.20, 0.09, 0.05), rim * 0.7)
    hole = np.hypot(u, v - 0.1) / 0.045
    if kind == 0:
        tracery = 0.5 + 0.5 * np.sin(np.arctan2(v - 0.1, u) * 8) * np.sin(hole * 9)
        picture = over(
            picture,
            np.asarray((0.2, 0.1, 0.05), np.float32) * (0.4 + tracery)[..., None],
            np.clip((1 - hole) * 12, 0, 1),
        )
    else:
        for side in (-1, 1):
            slit = np.abs(u - side * 0.075 - 0.014 * np.sin((v - 0.14) * 45)) / 0.006
            picture = over(
                picture,
                (0.07, 0.04, 0.03),
                np.clip((1 - slit) * 3, 0, 1) * (np.abs(v - 0.14) < 0.062),
            )
    neck = np.clip((0.019 - np.abs(u)) * height, 0, 1) * (v < 0.03) * (v > -0.36)
    picture = _place(
        picture, neck, np.asarray((0.13, 0.08, 0.06), np.float32) * gleam[..., None], 8
    )
    head = np.clip((0.026 - np.abs(u)) * height, 0, 1) * (v <= -0.34) * (v > -0.44)
    picture = _place(picture, head, wood * gleam[..., None] * 0.8, 8)
    for peg in range(4):
        level = -0.36 - peg * 0.02
        pin = np.clip((0.05 - np.abs(u)) * height, 0, 1) * (np.abs(v - level) < 0.0045)
        picture = over(picture, (0.10, 0.06, 0.05), pin)
    bridge = np.clip((0.05 - np.abs(u)) * height, 0, 1) * (np.abs(v - 0.25) < 0.007)
    picture = _place(
        picture, bridge, np.ones_like(picture) * np.asarray((0.18, 0.10, 0.06), np.float32), 4
    )
    for string in np.linspace(-0.012, 0.012, int(rng.integers(4, 7))):
        thin = (
            np.clip(1.1 - np.abs(u - string * (1 + (v + 0.3))) * height, 0, 1)
            * (v > -0.36)
            * (v < 0.25)
        )
        picture = over(picture, (0.93, 0.90, 0.82), thin * 0.75)
    return grain(rng, picture, 0.008)
