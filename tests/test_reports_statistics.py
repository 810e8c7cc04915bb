"""The statistics page: every question on it, drawn in a real browser, without the network."""

import html
import json
import re
import shutil
from pathlib import Path

import pytest
import small_lake

from reports import statistics
from warehouse.publish import publish
from warehouse.questions import TOPICS, questions
from warehouse.star import STAR, build

HOSTILE = "</script><script>alert(1)</script><b>cult</b>"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("statistics")
    with pytest.MonkeyPatch.context() as patch:
        styled = [
            row | ({"style": HOSTILE} if row.get("style") else {}) for row in small_lake.ARTWORKS
        ]
        patch.setattr(small_lake, "ARTWORKS", styled)
        lake = small_lake.make(folder / "lake")
    for table in STAR:
        build(lake, table)
    publish(lake, folder / "artlake.duckdb", {"code": "test"})
    file = folder / "statistics.html"
    file.write_text(statistics.page(folder / "artlake.duckdb"), encoding="utf-8")
    return file


def test_every_question_is_on_the_page_under_a_topic_that_is_known(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for question in questions():
        assert question.topic in TOPICS, question.name
        assert f'id="{question.name}"' in text


def test_the_same_file_gives_the_same_page(page: Path) -> None:
    again = statistics.page(page.with_name("artlake.duckdb"))
    assert again == page.read_text(encoding="utf-8")


def test_nothing_is_fetched(page: Path) -> None:
    bare = re.sub(r"<script.*?</script>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"<(?:script|link|img)", bare)


def test_what_sources_write_breaks_out_of_neither_the_script_nor_the_tables(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    written = re.search(
        r'<script type="application/json" id="specs">(.*?)</script>', text, re.DOTALL
    )
    assert written
    drawn = json.loads(written[1])["works-by-style"]["data"]["values"]
    assert HOSTILE in {value for row in drawn for value in row.values()}
    assert html.escape("<b>cult</b>") in text  # and in the table below the chart
    assert "<b>cult" not in text
    assert text.count("</script>") == 2


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_every_chart_is_drawn_and_the_page_fits_a_phone(page: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 390, "height": 800})
        said: list[str] = []
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(page.as_uri())
        places = opened.locator("[data-chart]")
        for place in places.all():
            place.locator("svg.marks").wait_for(timeout=20_000)
        drawn = places.count()
        wide = opened.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert drawn >= 10
    assert said == []
    assert asked == [page.as_uri()]
    assert wide <= 390
