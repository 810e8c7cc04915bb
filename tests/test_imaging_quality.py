"""imaging.quality: each measure against its definition."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from imaging import quality


def grey(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (120, 90), dtype=np.uint8)


def histogram(values: np.ndarray) -> np.ndarray:
    return np.bincount(values.ravel(), minlength=256)


def test_sharpness_is_the_variance_of_the_laplacian():
    from scipy.ndimage import laplace

    values = grey().astype(float)
    expected = laplace(values)[1:-1, 1:-1].var()
    assert quality.sharpness(grey()) == pytest.approx(expected)


def test_a_blurred_picture_is_less_sharp():
    picture = Image.fromarray(grey())
    blurred = picture.filter(ImageFilter.GaussianBlur(2))
    assert quality.sharpness(np.asarray(blurred)) < quality.sharpness(np.asarray(picture)) / 10


def test_tiny_pictures_have_no_sharpness():
    assert quality.sharpness(np.zeros((2, 50), np.uint8)) == 0


def test_brightness_contrast_and_entropy_follow_their_definitions():
    values = grey(3)
    counts = histogram(values)
    assert quality.brightness(counts) == pytest.approx(values.mean() / 255)
    assert quality.contrast(counts) == pytest.approx(values.std() / 255)
    half = histogram(np.array([0, 255] * 50, np.uint8))
    assert (quality.brightness(half), quality.contrast(half), quality.entropy(half)) == (
        0.5,
        0.5,
        1,
    )
    flat = histogram(np.full(10, 9, np.uint8))
    assert (quality.contrast(flat), quality.entropy(flat)) == (pytest.approx(0), 0)


def test_colourfulness_follows_hasler_and_suesstrunk():
    rgb = np.random.default_rng(4).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    red, green, blue = (rgb[..., channel].astype(float) for channel in range(3))
    rg, yb = red - green, (red + green) / 2 - blue
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert quality.colourfulness(rgb) == pytest.approx(expected)
    assert quality.colourfulness(np.full((5, 5, 3), 80, np.uint8)) == 0
