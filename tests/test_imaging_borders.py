"""imaging.borders: plain borders are found where they end, and art keeps its edges."""

from dataclasses import astuple
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imaging import borders
from imaging.decode import decode


def painting(seed: int = 0, width: int = 340, height: int = 256) -> np.ndarray:
    rng = np.random.default_rng(seed)
    waves = rng.integers(60, 220, (7, 9, 3), dtype=np.uint8)
    return cv2.resize(waves, (width, height), interpolation=cv2.INTER_CUBIC)


def bordered(sides: tuple[int, int, int, int], colour: tuple[int, int, int]) -> np.ndarray:
    left, top, right, bottom = sides
    picture = painting(1, 340 - left - right, 256 - top - bottom)
    return cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)


def pixels(found: borders.Border) -> tuple[int, ...]:
    left, top, right, bottom = astuple(found)
    return round(left * 340), round(top * 256), round(right * 340), round(bottom * 256)


@pytest.mark.parametrize("colour", [(0, 0, 0), (250, 250, 248), (90, 20, 160)])
@pytest.mark.parametrize(
    "sides", [(12, 12, 12, 12), (30, 8, 25, 60), (0, 28, 0, 28), (40, 0, 40, 0), (0, 0, 22, 17)]
)
def test_a_plain_border_is_measured(sides, colour) -> None:
    found = pixels(borders.find(bordered(sides, colour)))
    assert np.abs(np.subtract(found, sides)).max() <= 1


def test_noise_jpeg_and_an_uneven_lid_change_little() -> None:
    rng = np.random.default_rng(2)
    clean = bordered((20, 14, 26, 18), (205, 203, 198))
    uneven = clean + np.linspace(-9, 9, 340)[None, :, None] + rng.normal(0, 4, clean.shape)
    scanned = np.clip(uneven, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", scanned, [cv2.IMWRITE_JPEG_QUALITY, 60])
    found = pixels(borders.find(cv2.imdecode(data, cv2.IMREAD_COLOR)))
    assert np.abs(np.subtract(found, (20, 14, 26, 18))).max() <= 2


def test_the_box_is_what_lies_within() -> None:
    found = borders.find(bordered((20, 14, 26, 18), (0, 0, 0)))
    assert found.box(340, 256) == (20, 14, 314, 238)
    assert borders.Border().box(340, 256) is None


def sky() -> np.ndarray:
    picture = painting(3)
    picture[:110] = (200, 210, 220)
    return picture


def on_a_ground() -> np.ndarray:
    picture = np.full((256, 340, 3), 235, np.uint8)
    return cv2.ellipse(picture, (170, 128), (90, 70), 0, 0, 360, (70, 50, 40), -1)


def vignette() -> np.ndarray:
    y, x = np.mgrid[-1:1:256j, -1:1:340j]
    light = np.clip(1.25 - np.hypot(x, y), 0, 1)[..., None]
    return (painting(4) * light).astype(np.uint8)


def dark_portrait() -> np.ndarray:
    picture = np.full((256, 340, 3), 12, np.uint8)
    picture += np.random.default_rng(5).integers(0, 8, picture.shape, dtype=np.uint8)
    return cv2.circle(picture, (170, 110), 50, (150, 110, 90), -1)


@pytest.mark.parametrize(
    "picture", [painting(), sky(), on_a_ground(), vignette(), dark_portrait()],
    ids=["painting", "sky", "on a ground", "vignette", "dark portrait"],
)  # fmt: skip
def test_art_keeps_its_edges(picture) -> None:
    assert borders.find(picture) == borders.Border()


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (16, 16), (256, 2000)])
def test_blank_and_tiny_pictures_have_none(shape) -> None:
    assert borders.find(np.full((*shape, 3), 255, np.uint8)) == borders.Border()
    noise = np.random.default_rng(6).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert borders.find(noise) == borders.Border()


def sized(height: int, width: int, few: bool, seed: int, order: str) -> np.ndarray:
    """A picture of many colours or of two, in any memory order."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if few:
        values = np.where(values[..., :1] < 3, values[0, 0], values[-1, -1])
    return {"C": values, "F": np.asfortranarray(values), "strided": values[::-1, ::-1]}[order]


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        sized,
        st.integers(1, 90),
        st.integers(1, 90),
        st.booleans(),
        st.integers(0, 99),
        st.sampled_from(["C", "F", "strided"]),
    )
    | arrays(
        st.sampled_from([np.uint8, np.uint16, np.int16, np.float32]),
        st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)),
    )
)
def test_any_picture_has_borders_that_leave_something_between(picture) -> None:
    left, top, right, bottom = astuple(borders.find(picture))
    assert min(left, top, right, bottom) >= 0
    assert left + right < 1
    assert top + bottom < 1


@pytest.mark.samples
def test_real_reproductions_that_fill_the_file_are_not_trimmed(samples: Path) -> None:
    """Painters of the `best` set come as cropped reproductions: hardly a border, and never a wide one."""
    files = sorted((samples / "images" / "best").rglob("*.jpg"))[::8]
    found = [borders.find(decode(file, 256).rgb) for file in files]
    assert len(found) > 80
    assert sum(border != borders.Border() for border in found) <= 0.05 * len(found)
    assert max(max(astuple(border)) for border in found) < 0.05
