"""imaging.sheets: pictures to look at, whatever is missing and whatever the captions hold."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.sheets import SIZE_LIMIT, contact_sheet, pair_sheet

CAPTIONS = [
    "The Harvesters",
    "Shōseki – “雪中椿禽図” 🖼",
    "",
    "Donaudampfschifffahrt" * 9,
    "a\nb\tc\0d",
]


@pytest.fixture
def items(tmp_path) -> list[tuple[Path, str]]:
    rng = np.random.default_rng(0)
    made = []
    for number, caption in enumerate(CAPTIONS):
        size = [(300, 200), (40, 600), (600, 40), (20, 20), (1, 1)][number]
        pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.jpg")
        made.append((tmp_path / f"{number}.jpg", caption))
    return [*made, (tmp_path / "gone.jpg", "not there")]


def opened(sheet) -> Image.Image:
    assert sheet.media_type == "image/jpeg"
    assert len(sheet.data) < SIZE_LIMIT
    return Image.open(io.BytesIO(sheet.data)).convert("RGB")


def test_a_contact_sheet_has_its_rows_margins_and_pictures(items):
    sheet = opened(contact_sheet(items, columns=3, thumb=100))
    assert sheet.size == (2 * 24 + 3 * 116 - 16, 2 * 24 + 2 * (142 + 16) - 16)
    pixels = np.asarray(sheet).astype(int)
    assert pixels[:20].min() > 245
    assert pixels[:, :20].min() > 245
    assert pixels[60:100, 30:120].std() > 10  # the first picture is noise


def test_a_missing_picture_is_shown_as_such(items):
    there, gone = (np.asarray(opened(contact_sheet([item]))) for item in (items[0], items[-1]))
    assert gone[30:180, 30:180].mean() > 220
    assert gone[30:180, 30:180].min() < 180  # the words
    assert there[60:120, 30:180].mean() < 200


def test_the_same_sheet_has_the_same_bytes(items):
    assert contact_sheet(items) == contact_sheet(items)


def test_pairs_stand_side_by_side_with_their_note(items):
    note = "pHash 3 of 64 bits apart; their structure agrees (correlation 0.93) " * 9
    sheet = opened(pair_sheet([(items[0], items[1], note), (items[2], items[5], "–")]))
    assert sheet.height == 2 * 24 + 2 * (242 + 16) - 16
    assert np.asarray(sheet)[24:224, 460:800].min() < 100


def test_nothing_to_show_says_so():
    assert np.asarray(opened(contact_sheet([]))).min() < 200
    assert np.asarray(opened(pair_sheet([]))).min() < 200


def test_a_large_sheet_stays_small_enough(items):
    opened(contact_sheet(items * 60, columns=12, thumb=200))
