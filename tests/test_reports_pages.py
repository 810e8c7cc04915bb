"""Pages and plots: self-contained, right, fit for phones, and without forbidden pictures."""

import base64
import re
import shutil
from pathlib import Path

import _evaluations
import pytest
import small_lake

from reports import collection, model, plots, slides
from reports.facts import Collection, gather
from storage import Lake, LakeError
from warehouse.star import STAR, build

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

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
    slides.deck(lake, gather(lake, REJECTS), model.Told([]))


def test_a_picture_gone_from_the_store_is_told(tmp_path):
    lake = starred(tmp_path / "lake")
    shutil.rmtree(lake.images.root / "derivative")
    assert "no readable picture" in collection.page(lake, gather(lake, REJECTS))


def test_a_lake_without_a_star_says_what_to_do(tmp_path):
    with pytest.raises(LakeError, match="star/dim_museum has not been made"):
        gather(small_lake.make(tmp_path / "lake"), REJECTS)


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


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [1200, 390])
def test_pages_open_in_a_browser_without_network_or_overflow(lake, found, tmp_path, width):
    from playwright.sync_api import sync_playwright

    pages = {
        "collection": collection.page(lake, found),
        "model": model.page(model.report(_evaluations.told())),
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
