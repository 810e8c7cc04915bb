"""imaging.crops.faces on real portraits and halberds, and crops that keep heads whole."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging.crops.faces import SIDE, TRUSTED, Face, faces
from imaging.crops.propose import propose
from imaging.crops.saliency import saliency
from imaging.decode import decode

SIZE = 60  # pictures of a kind
SURE = 0.66  # of four agreeing windows
GRACE = 0.04  # of a side: a head at the rim may reach into a border that is left out


def pictures(samples: Path, column: str, values: set[str]) -> list[np.ndarray]:
    with (samples / "images" / "manifest.csv").open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row[column] in values]
    step = len(rows) // SIZE
    return [decode(samples / "images" / row["file"]).rgb for row in rows[::step][:SIZE]]


def looked(rgb: np.ndarray) -> list[Face]:
    scale = min(1.0, SIDE / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return faces(small, saliency(small))


def test_portraits_have_faces_and_landscapes_and_arms_hardly_any(samples: Path) -> None:
    found = {}
    for name, column, values in (
        ("portraits", "genre", {"portrait"}),
        ("landscapes", "genre", {"landscape", "still_life"}),
        ("arms", "department", {"Arms and Armor"}),
    ):
        kinds = [looked(rgb) for rgb in pictures(samples, column, values)]
        found[name] = sum(any(it.trust >= TRUSTED for it in one) for one in kinds)
    assert found["portraits"] >= SIZE // 5
    assert found["landscapes"] <= SIZE // 20
    assert found["arms"] <= SIZE // 20


def test_a_trusted_face_is_whole_in_every_first_crop_that_could_hold_it(samples: Path) -> None:
    seen = 0
    for rgb in pictures(samples, "genre", {"portrait"}):
        heads = [face for face in looked(rgb) if face.trust >= SURE]
        small = len(heads) == 1 and heads[0].bottom - heads[0].top < 0.4
        if not small or heads[0].right - heads[0].left > 0.4:
            continue
        (face,) = heads
        for crop in propose(rgb, ("1:1", "16:9", "9:16")):
            assert crop["left"] <= face.left + GRACE
            assert crop["top"] <= face.top + GRACE
            assert crop["right"] >= face.right - GRACE
            assert crop["bottom"] >= face.bottom - GRACE
            seen += 1
    assert seen >= 20


@pytest.mark.parametrize("shape", [(1, 1), (10, 192), (24, 24), (192, 30)])
def test_pictures_too_small_for_a_face_have_none(shape: tuple[int, int]) -> None:
    rgb = np.full((*shape, 3), 90, np.uint8)
    assert faces(rgb, np.full(shape, 1 / (shape[0] * shape[1]))) == []


def test_trust_is_a_share_and_boxes_lie_inside(samples: Path) -> None:
    for rgb in pictures(samples, "genre", {"portrait"})[:20]:
        for face in looked(rgb):
            assert 0 < face.trust < 1
            assert 0 <= face.left < face.right <= 1
            assert 0 <= face.top < face.bottom <= 1
