"""imaging.duplicates.alignment: known maps are found again, and none is made up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imaging import hashes
from imaging.duplicates import alignment
from imaging.duplicates.alignment import Alignment
from imaging.duplicates.view import SIDE, View, inverse
from tests._paintings import painting


def view(picture: Image.Image) -> View:
    return View(np.asarray(picture.convert("RGB")))


def by_features(a: View, b: View) -> tuple[Alignment | None, int]:
    matches = alignment.matched(a, b)
    found = alignment.by_features(a, b, matches)
    return found, 0 if found is None else alignment.inliers(found, matches)


@given(width=st.integers(1, 900), height=st.integers(1, 900))
def test_view_is_never_magnified_and_keeps_its_longer_side_in_bounds(width, height) -> None:
    seen = View(np.zeros((height, width, 3), np.uint8))
    assert seen.size[0] <= width
    assert seen.size[1] <= height
    assert max(seen.size) <= 3 * SIDE
    assert min(seen.size) <= SIDE
    assert np.isfinite(seen.structure).all()


@given(st.integers(0, 7))
def test_inverse_form_undoes_a_form(form) -> None:
    pixels = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)
    back = View(pixels).turned(form).turned(inverse(form))
    assert (back.rgb == pixels).all()


@pytest.mark.parametrize("form", range(8))
def test_forms_are_those_of_the_turned_hashes(form) -> None:
    picture = painting(5)
    turned = Image.fromarray(View(np.asarray(picture)).turned(form).rgb)
    expected = hashes.grey_hashes(view(picture).grey).turned[form]
    assert (hashes.phash(turned.convert("L")) ^ expected).bit_count() <= 2
    # The turned picture lies over the upright one once it is turned back.
    upright = view(turned).turned(inverse(form))
    found = alignment.by_overlay(view(picture), upright)
    assert min(alignment.covered(found.matrix, view(picture), upright)) > 0.97
    assert abs(found.angle) < 1


@pytest.mark.parametrize(
    ("box", "size", "angle"),
    [
        ((0, 0, 320, 256), (256, 256), 0),  # squashed to a square
        ((40, 30, 280, 230), (240, 200), 0),  # cropped
        ((80, 60, 280, 220), (400, 320), 0),  # a detail, magnified
        ((0, 0, 320, 256), (320, 256), 90),
        ((0, 0, 320, 256), (320, 256), 20),
    ],
)
def test_features_find_a_known_map(box, size, angle) -> None:
    whole = painting(1)
    part = whole.crop(box).resize(size).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    a, b = view(whole), view(part)
    found, points = by_features(a, b)
    assert found is not None
    assert points >= 16
    # The middle of the part lies in the middle of the box.
    middle = found.matrix @ [(b.size[0] - 1) / 2, (b.size[1] - 1) / 2, 1]
    scale = a.size[0] / whole.width
    wanted = [(box[0] + box[2]) / 2 * scale - 0.5, (box[1] + box[3]) / 2 * scale - 0.5]
    assert middle == pytest.approx(wanted, abs=1.0)
    assert abs(abs(found.angle) - angle) < 1


def test_overlay_finds_small_crops_and_turns() -> None:
    whole = painting(2)
    for changed in (whole.crop((10, 8, 310, 248)), whole.rotate(2, Image.Resampling.BICUBIC)):
        a, b = view(whole), view(changed)
        found = alignment.by_overlay(a, b)
        reference, _ = by_features(a, b)
        assert reference is not None
        assert found.matrix == pytest.approx(reference.matrix, abs=1.0)
        assert found.matrix[:, :2] == pytest.approx(reference.matrix[:, :2], abs=0.01)


def test_different_paintings_share_no_points() -> None:
    most = max(by_features(view(painting(10)), view(painting(seed)))[1] for seed in range(11, 31))
    assert most < 15


def test_nothing_is_found_on_plain_ground() -> None:
    plain = view(Image.new("RGB", (200, 200), "white"))
    assert by_features(plain, plain) == (None, 0)
    stretched = alignment.by_overlay(plain, view(painting(1)))
    assert np.isfinite(stretched.matrix).all()


def test_covered_tells_which_lies_in_which() -> None:
    a, b = view(painting(1)), view(painting(1).crop((40, 30, 280, 230)))
    found, _ = by_features(a, b)
    assert found is not None
    share_a, share_b = alignment.covered(found.matrix, a, b)
    assert share_a == pytest.approx(240 * 200 / (320 * 256), abs=0.02)
    assert share_b == pytest.approx(1.0, abs=0.02)
    far = np.array([[1.0, 0, 10_000], [0, 1, 0]])
    assert alignment.covered(far, a, b) == (0.0, 0.0)


def test_alignment_is_the_same_each_time() -> None:
    a, b = painting(3), painting(3).rotate(5)
    first, second = (by_features(view(a), view(b))[0] for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first.matrix == second.matrix).all()
