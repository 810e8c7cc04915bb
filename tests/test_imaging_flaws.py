"""imaging.files.flaws: what is wrong with single pictures, on real ones made worse on purpose."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageFilter

from imaging.files.flaws import BLURRED, BRIGHT, DARK, FLAWS, LOW_INFORMATION, find_flaws
from imaging.files.folder import measured
from storage.schemas import REJECTS, table

GOOD: dict[str, Any] = {
    "image_id": "a.jpg",
    "sharpness_full": 1000.0,
    "brightness": 0.5,
    "contrast": 0.2,
    "clipped_bright": 0.0,
    "entropy": 7.0,
    "format": "JPEG",
}


def flaws(*pictures: dict[str, Any], rejects: pa.Table | None = None) -> list[tuple[str, str]]:
    images = pa.Table.from_pylist([{**GOOD, **it} for it in pictures] or [GOOD])
    made = find_flaws(images, table(REJECTS, []) if rejects is None else rejects)
    assert made.schema.equals(FLAWS)
    return [(row["image_id"], row["flaw"]) for row in made.to_pylist()]


@pytest.mark.parametrize(
    ("worse", "flaw"),
    [
        ({"sharpness_full": BLURRED - 1}, "blurred"),
        ({"brightness": DARK - 0.2, "contrast": 0.09}, "dark"),
        ({"clipped_bright": BRIGHT + 0.1}, "bright"),
        ({"entropy": LOW_INFORMATION - 0.1}, "low_information"),
        ({"format": "PNG"}, "misnamed"),
        ({"image_id": "a"}, "misnamed"),
        ({"image_id": "a.heic"}, "misnamed"),
    ],
)
def test_each_flaw_is_found_and_only_it(worse: dict[str, Any], flaw: str) -> None:
    assert not flaws({})
    assert flaws(worse) == [({**GOOD, **worse}["image_id"], flaw)]


def test_the_thresholds_are_those_that_were_measured() -> None:
    # In figures of their own: a threshold that moves must come with the measurement that moved it.
    passing = [
        {"clipped_bright": 0.55},
        {"brightness": 0.2, "contrast": 0.08},
        {"sharpness_full": 160.0},
        {"entropy": 3.2},
    ]
    flagged = [
        {"clipped_bright": 0.62},
        {"brightness": 0.2, "contrast": 0.06},
        {"sharpness_full": 120.0},
        {"entropy": 2.8},
    ]
    assert [flaws(it) for it in passing] == [[]] * 4
    names = ["bright", "dark", "blurred", "low_information"]
    assert [flaws(it) for it in flagged] == [[("a.jpg", name)] for name in names]


def test_a_dark_picture_is_not_called_blurred_as_well() -> None:
    worse = {"brightness": 0.05, "contrast": 0.02, "sharpness_full": 1.0, "entropy": 1.0}
    assert flaws(worse) == [("a.jpg", "dark")]


@pytest.mark.parametrize("name", ["a.JPG", "a.jpeg", "a.nef", "%FF%0A.jpg"])
def test_right_names_and_the_preview_of_a_raw_are_not_misnamed(name: str) -> None:
    assert not flaws({"image_id": name})


def test_refusals_are_flaws_with_their_reason() -> None:
    row = {"stage": "images", "source": "."}
    rejects = table(
        REJECTS,
        [
            {
                **row,
                "subject": "b.jpg",
                "reason": "truncated",
                "detail": "truncated: it ends early",
            },
            {**row, "subject": "c.jpg", "reason": "not_read", "detail": "a symbolic link"},
        ],
    )
    assert flaws(rejects=rejects) == [("b.jpg", "broken"), ("c.jpg", "not_read")]


def test_real_photographs_pass_and_their_worse_copies_do_not(samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    originals = sorted((samples / "images" / "met_original").glob("*.jpg"))[::8]
    assert len(originals) >= 8
    for path in originals:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        picture.save(folder / f"{path.stem}_good.jpg", quality=92)
        radius = 0.012 * min(picture.size)
        blurred = picture.filter(ImageFilter.GaussianBlur(radius))
        blurred.save(folder / f"{path.stem}_blurred.jpg", quality=92)
        light = (np.asarray(picture) / 255) ** 2.2
        dark = (light / 32) ** (1 / 2.2) * 255
        Image.fromarray(dark.astype(np.uint8)).save(folder / f"{path.stem}_dark.jpg", quality=92)
    found = measured(folder, tmp_path / "cache")
    told = {
        row["image_id"]: row["flaw"] for row in find_flaws(found.images, found.rejects).to_pylist()
    }
    right = {"good": None, "blurred": "blurred", "dark": "dark"}
    names = found.images["image_id"].to_pylist()
    assert len(names) == 3 * len(originals)
    wrong = [name for name in names if told.get(name) != right[Path(name).stem.rpartition("_")[2]]]
    assert len(wrong) <= 0.1 * len(names), wrong
