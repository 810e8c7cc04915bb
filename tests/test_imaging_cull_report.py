"""imaging.files.report: tables and sheet of a cull stay valid whatever the files are called."""

import csv
import json
import os
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from imaging.files import report
from imaging.files.cull import Culled
from imaging.files.folder import Folder
from tests.test_imaging_cull import look, picture

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ODD = [
    b"=1+1.png",
    b"-1.png",
    b"new\nline.png",
    b"\xff\xfe.png",
    b"<script>alert(1).png",
    b"@2.png",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


class Links(HTMLParser):
    """Collects where a page points to, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.places += [value for name, value in attrs if name in ("href", "src") and value]


def odd_folder(root: Path) -> tuple[Folder, Culled]:
    for number, name in enumerate(ODD):
        picture(number // 2).save(root / "made.png")
        (root / "made.png").rename(Path(os.fsdecode(os.fsencode(root) + b"/" + name)))
    (root / "broken.jpg").write_bytes(b"<html>not found</html>")
    return look(root)


def written(root: Path, found: tuple[Folder, Culled]) -> list[Path]:
    folder, culled = found
    out = root.parent / "out"
    return report.write(culled, folder, root, out, out / "cache")


def test_the_tables_name_every_file_twice_and_exactly(root: Path) -> None:
    written(root, odd_folder(root))
    out = root.parent / "out"
    with (out / "groups.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 6
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row.values() if cell)
    assert {unquote_to_bytes(row["path"]) for row in rows} == set(ODD)
    assert {row["file"] for row in rows} >= {"'=1+1.png", "new\\nline.png", "\\xff\\xfe.png"}
    assert sorted(row["action"] for row in rows) == ["keep"] * 3 + ["move"] * 3
    assert all(row["reason"] for row in rows)
    for row in rows:
        assert (row["moves_to"] == f"_review_dupes/{row['path']}") == (row["action"] == "move")
    groups = json.loads((out / "groups.json").read_text())["groups"]
    assert [len(group["members"]) for group in groups] == [2, 2, 2]
    assert all(group["members"][0]["action"] == "keep" for group in groups)
    assert all(pair["evidence"] for group in groups for pair in group["pairs"])
    with (out / "flaws.csv").open(newline="") as lines:
        flaws = list(csv.DictReader(lines))
    assert ("broken.jpg", "broken") in {(row["path"], row["flaw"]) for row in flaws}


def test_the_sheet_escapes_names_and_its_links_lead_to_files(root: Path) -> None:
    sheet = written(root, odd_folder(root))[0]
    text = sheet.read_text()
    links = Links()
    links.feed(text)
    assert "script" not in links.tags
    assert "&lt;script&gt;" in text
    assert len(links.places) >= 8
    for place in links.places:
        assert Path(
            os.fsdecode(os.fsencode(sheet.parent) + b"/" + unquote_to_bytes(place))
        ).is_file()
    assert text.index(">keep<") < text.index(">would move<")


def test_the_same_folder_gives_the_same_bytes(root: Path) -> None:
    found = odd_folder(root)
    first = [path.read_bytes() for path in written(root, found)]
    again = [path.read_bytes() for path in written(root, look(root))]
    assert again == first


def test_a_long_cull_is_paged_and_a_shorter_one_leaves_no_old_page(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "PAGE", 4)
    for number in range(7):
        picture(number).save(root / f"{number}.png")
        shutil.copy(root / f"{number}.png", root / f"{number} copy.png")
    pages = [path for path in written(root, look(root)) if path.suffix == ".html"]
    assert [path.name for path in pages] == [
        "index.html",
        "page-2.html",
        "page-3.html",
        "page-4.html",
    ]
    assert all(path.read_text().count(">keep<") <= 2 for path in pages)
    links = Links()
    links.feed(pages[1].read_text())
    assert {"index.html", "page-3.html", "page-4.html"} <= set(links.places)
    for number in range(5):
        (root / f"{number} copy.png").unlink()
    written(root, look(root))
    assert [path.name for path in (root.parent / "out").glob("*.html")] == ["index.html"]


def test_a_huge_group_is_cut_on_the_sheet_and_whole_in_the_tables(root: Path) -> None:
    picture(1).save(root / "0.png")
    for number in range(1, report.SHOWN + 6):
        shutil.copy(root / "0.png", root / f"{number}.png")
    sheet = written(root, look(root))[0].read_text()
    assert sheet.count("<figure") == report.SHOWN
    assert "6 more are in the tables." in sheet
    assert len((root.parent / "out" / "groups.csv").read_text().splitlines()) == report.SHOWN + 7


def test_a_folder_without_findings_says_so(root: Path) -> None:
    picture(1).save(root / "0.png")
    assert "No duplicates, bursts or flaws were found." in written(root, look(root))[0].read_text()
    for name in ("groups", "bursts", "flaws"):
        (head,) = (root.parent / "out" / f"{name}.csv").read_text().splitlines()
        assert ",path," in head


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [390, 1300])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sheet_fits_its_window_and_shows_every_picture(
    root: Path, width: int, scheme: str
) -> None:
    from playwright.sync_api import sync_playwright

    sheet = written(root, odd_folder(root))[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page.goto(sheet.as_uri())
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        lost = "[...document.images].filter(it => it.complete && !it.naturalWidth).length"
        assert page.evaluate(lost) == 0
        ink, paper = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        light = [sum(map(int, it[4:-1].split(","))) for it in (ink, paper)]
        assert (light[0] < light[1]) == (scheme == "light")
        browser.close()
