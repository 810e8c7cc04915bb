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


def test_noise_is_its_standard_deviation() -> None:
    rng = np.random.default_rng(5)
    slope = np.linspace(60, 190, 700)[None, :] + np.linspace(0, 20, 500)[:, None]
    for deviation in (2, 6, 12):
        noisy = np.clip(slope + rng.normal(0, deviation, slope.shape), 0, 255).astype(np.uint8)
        assert quality.detail(noisy).noise == pytest.approx(deviation, rel=0.15)


def test_texture_and_clipped_parts_are_no_noise() -> None:
    rng = np.random.default_rng(6)
    picture = np.clip(120 + rng.normal(0, 3, (640, 1024)), 0, 255)
    picture[:, :512] = rng.integers(0, 256, (640, 512))  # the half that is all texture
    picture[:256, 512:] = 255  # a blown sky
    assert quality.detail(picture.astype(np.uint8)).noise == pytest.approx(3, rel=0.2)


def test_full_sharpness_is_that_of_the_sharpest_tenth() -> None:
    from scipy.ndimage import laplace

    rng = np.random.default_rng(7)
    tile = rng.integers(0, 256, (130, 130), dtype=np.uint8)
    expected = laplace(tile.astype(float))[1:-1, 1:-1].var()
    assert quality.detail(tile).sharpness_full == pytest.approx(expected, rel=0.01)
    soft = np.full((1282, 1282), 100, np.uint8)
    soft[:514, :514] = rng.integers(0, 256, (514, 514))  # a sharp subject on a sixth of it
    assert quality.detail(soft).sharpness_full == pytest.approx(expected, rel=0.1)
    blurred = np.asarray(Image.fromarray(soft).filter(ImageFilter.GaussianBlur(3)))
    assert quality.detail(blurred).sharpness_full < expected / 50


@pytest.mark.parametrize("shape", [(1, 1), (2, 400), (3, 3), (3, 900), (131, 129)])
def test_no_shape_is_too_small_for_detail(shape) -> None:
    values = np.random.default_rng(8).integers(0, 256, shape, dtype=np.uint8)
    found = quality.detail(values)
    assert found.noise >= 0
    assert (found.sharpness_full > 0) == (min(shape) > 2)


def test_detail_of_a_colour_picture_is_that_of_its_grey() -> None:
    import cv2

    rgb = np.random.default_rng(9).integers(0, 256, (400, 301, 3), dtype=np.uint8)
    assert quality.detail(rgb) == quality.detail(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def test_clipped_shares() -> None:
    values = np.array([0] * 3 + [3] + [4] * 2 + [251] * 2 + [252] + [255], np.uint8)
    assert quality.clipped(histogram(values)) == (0.4, 0.2)
