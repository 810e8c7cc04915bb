"""imaging.charts: colour charts and grey scales beside a work are seen, and nothing else is taken for one."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging import charts
from imaging.decode import decode

# sRGB values of the patches of a common control strip, and of the rows of a 24-patch target, as published.
STRIP = [(0, 60, 130), (0, 150, 200), (0, 140, 70), (250, 220, 30), (200, 30, 40), (190, 40, 120)]
TARGET = [
    [(115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170)],
    [(214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46)],
    [(56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161)],
    [(243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52)],
]  # fmt: skip


def painting(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    waves = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return cv2.resize(waves, (384, 256), interpolation=cv2.INTER_CUBIC)


def row(colours: list[tuple[int, int, int]], side: int, gap: int = 0) -> np.ndarray:
    cells = [np.full((side, side, 3), colour, np.uint8) for colour in colours]
    seam = np.full((side, gap, 3), 15, np.uint8)
    return np.concatenate([part for cell in cells for part in (cell, seam)], axis=1)


def laid(picture: np.ndarray, chart: np.ndarray, edge: str) -> np.ndarray:
    """The picture with a chart along an edge, grained, and through a JPEG as a derivative is."""
    turns = {"top": 0, "left": 1, "bottom": 2, "right": 3}[edge]
    seen = np.rot90(picture, -turns).copy()
    height, width = chart.shape[:2]
    seen[4 : 4 + height, 30 : 30 + width] = chart
    seen = np.rot90(seen, turns).astype(float)
    grain = np.random.default_rng(1).normal(0, 2, seen.shape)
    noisy = np.ascontiguousarray(np.clip(seen + grain, 0, 255).astype(np.uint8))
    _, data = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


@pytest.mark.parametrize("edge", ["top", "left", "bottom", "right"])
@pytest.mark.parametrize("side", [9, 14, 24])
def test_a_colour_strip_is_seen(edge, side) -> None:
    assert charts.has_chart(laid(painting(1), row(STRIP, side), edge))


@pytest.mark.parametrize("edge", ["top", "right"])
def test_a_grey_scale_is_seen(edge) -> None:
    steps = [(level, level, level) for level in np.linspace(250, 20, 12).astype(int).tolist()]
    assert charts.has_chart(laid(painting(2), row(steps, 12), edge))
    assert charts.has_chart(laid(painting(2), row(steps[::-1], 12), edge))


def test_a_target_with_seams_is_seen() -> None:
    chart = np.concatenate([row(colours, 10, gap=2) for colours in TARGET])
    assert charts.has_chart(laid(painting(3), chart, "bottom"))


def test_pictures_patterns_and_smooth_ramps_hold_none() -> None:
    for seed in range(8):
        assert not charts.has_chart(painting(seed))
    ramp = np.tile(np.linspace(0, 255, 384).astype(np.uint8)[None, :, None], (256, 1, 3))
    board = np.kron(np.indices((16, 24)).sum(axis=0) % 2, np.ones((16, 16)))[..., None]
    keys = np.tile(row([(230, 230, 225), (20, 20, 20)] * 12, 16), (16, 1, 1))
    bricks = np.tile(row([(150, 70, 50), (160, 80, 60), (140, 66, 48)] * 8, 16, 1), (16, 1, 1))
    for picture in (ramp, (board * np.full(3, 255)).astype(np.uint8), keys, bricks):
        assert not charts.has_chart(np.ascontiguousarray(picture))
    for shape in ((1, 1, 3), (3, 700, 3), (700, 5, 3)):
        assert not charts.has_chart(np.random.default_rng(0).integers(0, 256, shape, np.uint8))


@pytest.mark.samples
def test_no_real_photograph_without_a_chart_is_said_to_hold_one(samples: Path) -> None:
    files = sorted((samples / "images" / "met").glob("*.jpg"))[::6]
    files += sorted((samples / "images" / "wikiart").rglob("*.jpg"))[::12]
    taken = [file.name for file in files if charts.has_chart(decode(file, 256).rgb)]
    assert len(files) > 600
    assert taken == []
