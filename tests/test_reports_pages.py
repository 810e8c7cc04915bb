"""Pages, plots and slides: self-contained, right, fit for phones, and without forbidden pictures."""

import base64
import io
import re
import shutil
from pathlib import Path

import pytest
import small_lake
from PIL import Image

from reports import collection, model, plots, slides
from reports.facts import Collection, gather
from storage import Lake, LakeError
from warehouse.star import STAR, build

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

EVALUATION = {
    "attribute": "department",
    "model": "tf_efficientnet_lite0-packaged-0123456789ab+head",
    "backbone": {"architecture": "tf_efficientnet_lite0", "weights": "packaged"},
    "labels": ["Asian Art", "European <Paintings>", "Never seen"],
    "pictures": {"train": 1700, "validation": 360, "test": 100},
    "accuracy": {"value": 0.9, "low": 0.84, "high": 0.95},
    "macro_f1": {"value": 0.81, "low": 0.7, "high": 0.9},
    "majority_accuracy": 0.6,
    "top_3_accuracy": 0.99,
    "calibration": {"temperature": 1.3, "ece_before": 0.06, "ece": 0.021, "bins": []},
    "confusion": [[50, 5, 0], [5, 20, 0], [0, 0, 0]],
    "routing": {
        "wanted_precision": 0.99,
        "bound_confidence": 0.95,
        "threshold": 0.97,
        "validation": {"pictures": 360, "routed": 200, "share": 0.55, "precision": 0.995, "at_least": 0.97},
        "test": {"pictures": 100, "routed": 50, "share": 0.5, "precision": 0.98, "at_least": 0.91},
    },
    "leakage": {"groups": 2000, "groups_on_two_sides": 41, "naive_accuracy": {"value": 0.93}},
}  # fmt: skip

REJECTS = ["raw/met_rejects", "catalog/rejects", "images/rejects", "images/download_rejects"]


def starred(folder: Path, **options: bool) -> Lake:
    lake = small_lake.make(folder, **options)
    for table in STAR:
        build(lake, table)
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    return starred(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def found(lake) -> Collection:
    return gather(lake, REJECTS)


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (800, 600), "white").save(buffer, "PNG")
    return buffer.getvalue()


def forbidden(lake: Lake) -> bytes:
    """The small JPEG of the Web Gallery's picture."""
    images = lake.read("star/fact_image").to_pylist()
    row = next(row for row in images if row["image_id"].startswith("wga:"))
    return lake.images.path(row["sha256"], "derivative", ".jpg").read_bytes()


def test_figures_are_those_of_the_lake(found):
    assert found.totals["objects"] == len(small_lake.ARTWORKS)
    assert found.totals["images"] == len(small_lake.PICTURES)
    assert found.totals["readable_images"] == len(small_lake.PICTURES) - 1
    assert found.totals["duplicate_groups"] == 1
    assert found.totals["rejects"] == 1
    assert found.totals["disagreements"] == 1
    assert [row["objects"] for row in found.periods] == [1, 1, 1, 3]
    met = next(row for row in found.completeness if row["museum"].startswith("The Metropolitan"))
    assert met["style"] == pytest.approx(2 / 6)
    assert found.rejects[0]["example"] == small_lake.BROKEN
    assert found.lookalikes[0][0]["artwork_id"] == "met:10"


def test_pictures_that_may_not_be_republished_are_left_out(lake, found):
    page = collection.page(lake, found)
    assert base64.b64encode(forbidden(lake)).decode() not in page
    assert found.hidden == 1
    assert "1 picture belongs" in page
    assert page.count("its source does not allow republishing") == 2
    assert page.count("data:image/jpeg") > 10


def test_a_page_needs_no_network_and_escapes_what_it_is_given(lake, found):
    page = collection.page(lake, found)
    addresses = re.findall(r"(?:src|href)=\"(?!data:|#)([^\"]*)\"", page)
    assert addresses == []
    assert "url(http" not in page and "@import" not in page
    assert small_lake.LONG_TITLE not in page
    assert "<b>before</b>" not in page


def test_same_figures_same_page(lake):
    assert collection.page(lake, gather(lake, REJECTS)) == collection.page(
        lake, gather(lake, REJECTS)
    )


def test_an_empty_lake_is_told_in_words(tmp_path):
    lake = starred(tmp_path / "lake", predictions=False, pictures=False)
    (lake.root / "images/rejects.parquet").unlink()
    (lake.root / "crops/proposals.parquet").unlink()
    page = collection.page(lake, gather(lake, REJECTS))
    for sentence in (
        "No image has been read.",
        "No picture was found twice.",
        "No look-alikes have been computed.",
        "No crops have been proposed.",
        "Nothing was refused.",
    ):
        assert sentence in page
    slides.deck(lake, gather(lake, REJECTS), {}, {})


def test_a_picture_gone_from_the_store_is_told(tmp_path):
    lake = starred(tmp_path / "lake")
    shutil.rmtree(lake.images.root / "derivative")
    assert "no readable picture" in collection.page(lake, gather(lake, REJECTS))


def test_a_lake_without_a_star_says_what_to_do(tmp_path):
    with pytest.raises(LakeError, match="star/dim_museum has not been made"):
        gather(small_lake.make(tmp_path / "lake"), REJECTS)


def test_model_page_shows_what_was_measured():
    page = model.page(
        {"department": EVALUATION, "style": {"trained": False, "why": "Too few pictures."}},
        {"department": {"confusion matrix": png()}},
        {"Weights": "Apache-2.0"},
    )
    for text in ("0.900", "0.840 to 0.950", "50.0 %", "41 of", "Too few pictures.", "Apache-2.0"):
        assert text in page, text
    assert "European &lt;Paintings&gt;" in page and "<Paintings>" not in page
    assert page.count("data:image/png") == 1


def test_model_page_bears_absent_sections():
    assert "0.900" in model.page({"department": {"accuracy": EVALUATION["accuracy"]}}, {}, {})
    assert "<h2>Department" in model.page({"department": {}}, {}, {})


def test_per_class_figures_follow_from_the_confusion():
    asian, european, never = model.per_class(EVALUATION)
    assert asian["precision"] == asian["recall"] == pytest.approx(50 / 55)
    assert european["mistaken_for"] == "Asian Art (5)"
    assert (european["f1"], european["support"]) == (pytest.approx(0.8), 25)
    assert (never["f1"], never["precision"], never["mistaken_for"]) == (None, None, None)
    (rare, leakage, bound, _) = model.caveats(EVALUATION)
    assert "European <Paintings> (25)" in rare
    assert "0.930" in leakage and "91.0 %" in bound


def test_plots_are_the_same_each_time_and_refuse_nothing_to_draw():
    for form, start in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        drawn = plots.bars(["Oil", "Ink"], [3, 1], "objects", form=form)
        assert drawn.startswith(start)
        assert drawn == plots.bars(["Oil", "Ink"], [3, 1], "objects", form=form)
    assert plots.sizes([8.2]).startswith(b"<?xml")
    with pytest.raises(ValueError, match="nothing to draw"):
        plots.sizes([])


def test_the_axis_of_years_begins_where_works_become_common():
    starts, counts = [-400000, 1501, 1601], [1, 500, 499]
    assert plots.half_centuries(starts, counts) != plots.half_centuries(starts[1:], counts[1:])
    assert plots.half_centuries([-3399], [1]).startswith(b"<?xml")


def test_slides(lake, found):
    from pptx import Presentation

    data = slides.deck(lake, found, {"department": EVALUATION}, {"department": {"curve": png()}})
    assert data == slides.deck(
        lake, found, {"department": EVALUATION}, {"department": {"curve": png()}}
    )
    shown = Presentation(io.BytesIO(data))
    assert len(shown.slides) == 7
    texts = "\n".join(
        shape.text_frame.text
        for slide in shown.slides
        for shape in slide.shapes
        if shape.has_text_frame
    )
    for text in ("10 objects", "truncated (images): 1", "accuracy: 0.900", "50.0 %"):
        assert text in texts, text
    for slide in shown.slides:
        for shape in slide.shapes:
            assert shape.left >= 0 and shape.top >= 0
            assert shape.left + shape.width <= shown.slide_width
            assert shape.top + shape.height <= shown.slide_height
    blobs = [s.image.blob for slide in shown.slides for s in slide.shapes if s.shape_type == 13]
    assert len(blobs) > 5 and forbidden(lake) not in blobs


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [1200, 390])
def test_pages_open_in_a_browser_without_network_or_overflow(lake, found, tmp_path, width):
    from playwright.sync_api import sync_playwright

    pages = {
        "collection": collection.page(lake, found),
        "model": model.page({"department": EVALUATION}, {"department": {"curve": png()}}, {}),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for name, text in pages.items():
            file = tmp_path / f"{name}.html"
            file.write_text(text, encoding="utf-8")
            asked: list[str] = []
            errors: list[str] = []
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.on("request", lambda request, asked=asked: asked.append(request.url))
            tab.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
            tab.goto(file.as_uri())
            assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
            assert errors == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            broken = "[...document.images].filter(image => !image.naturalWidth).length"
            assert tab.evaluate(broken) == 0
        browser.close()
