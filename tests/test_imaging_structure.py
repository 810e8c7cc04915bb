"""imaging.duplicates.structure: agreement, whatever the tones; disagreement, however small."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from imaging.duplicates import alignment, structure
from imaging.duplicates.alignment import Alignment
from imaging.duplicates.structure import Agreement, agreement
from imaging.duplicates.view import View
from tests._paintings import painting


def view(picture: Image.Image) -> View:
    return View(np.asarray(picture.convert("RGB")))


def agreed(a: Image.Image, b: Image.Image) -> Agreement:
    one, other = view(a), view(b)
    return agreement(one, other, alignment.by_overlay(one, other))


def test_a_picture_agrees_with_itself() -> None:
    same = agreed(painting(1), painting(1))
    assert same.likeness == pytest.approx(1, abs=0.001)
    assert same.weakest > 0.9
    assert same.residual < 0.5


def test_other_pictures_do_not_agree() -> None:
    for seed in range(2, 12):
        assert agreed(painting(1), painting(seed)).likeness < 0.3


@pytest.mark.parametrize(
    "change",
    [
        lambda it: ImageEnhance.Brightness(it).enhance(0.7),
        lambda it: ImageEnhance.Contrast(it).enhance(0.6),
        lambda it: Image.blend(it, Image.new("RGB", it.size, "orange"), 0.25),
        lambda it: it.resize((80, 64)).resize(it.size),
    ],
    ids=["darker", "duller", "cast", "coarser"],
)
def test_tone_and_size_do_not_matter(change) -> None:
    same = agreed(painting(1), change(painting(1)))
    assert same.likeness > 0.8
    assert same.weakest > 0.6


def test_one_changed_place_shows_as_the_weakest() -> None:
    other = painting(1)
    other.paste(painting(2).crop((0, 0, 130, 130)), (100, 60))
    changed = agreed(painting(1), other)
    assert changed.likeness > 0.5
    assert changed.weakest < 0.3


def test_a_change_of_colours_leaves_no_residual_but_other_colours_do() -> None:
    red, green, blue = painting(1).split()
    swapped = Image.merge("RGB", (blue, red, green))
    assert agreed(painting(1), swapped).residual < 3
    assert agreed(painting(1), ImageOps.grayscale(painting(1))).residual < 2
    assert agreed(painting(1), painting(2)).residual > 20


def test_no_overlap_is_no_agreement() -> None:
    one = view(painting(1))
    far = Alignment(np.array([[1.0, 0, 1000], [0, 1, 1000]]))
    assert agreement(one, one, far) == Agreement(0.0, 0.0, 255.0)


def test_outline_tells_a_frame_from_a_crop() -> None:
    inner = painting(1)
    framed = view(ImageOps.expand(inner, 30, "white"))
    one = view(inner)
    matches = alignment.matched(framed, one)
    found = alignment.by_features(framed, one, matches)
    assert found is not None
    assert structure.outline(framed, one, found) > 1.7
    part = view(inner.crop((40, 32, 280, 224)))
    cut = alignment.by_features(one, part, alignment.matched(one, part))
    assert cut is not None
    assert structure.outline(one, part, cut) < 1.5
    back = alignment.by_features(part, one, alignment.matched(part, one))
    assert back is not None
    assert structure.outline(part, one, back) < 1.5


def test_flat_pictures_are_told() -> None:
    ramp = np.linspace(100, 140, 256, dtype=np.uint8)
    gentle = np.repeat(np.tile(ramp, (256, 1))[..., None], 3, axis=2)
    assert View(gentle).is_flat
    assert view(Image.new("RGB", (64, 64), "navy")).is_flat
    assert not view(painting(1)).is_flat


def test_colour_spread_tells_grey_and_sepia_from_colour() -> None:
    grey = ImageOps.grayscale(painting(1))
    sepia = ImageOps.colorize(grey, (40, 26, 13), (250, 240, 215))
    assert view(grey).colour_spread < 0.1
    assert view(sepia).colour_spread < 1.2
    assert view(painting(1)).colour_spread > 10
