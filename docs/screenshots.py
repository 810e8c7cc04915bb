"""Make the README's pictures from a lake of the built-in collection: `make screenshots`.

Drives headless Chromium over the Dagster UI, the data dictionary and the sheet of a culled folder, and draws the
look-alike grid and duplicate pairs from the lake itself. Pictures whose source does not let them be shown are left
out even though the sandbox invents them.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from imaging.sheets import contact_sheet, pair_sheet
from pipelines.settings import load
from storage import Lake

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
_QUERY = "met"
_GRAPH = {"x": 545, "y": 340, "width": 1040, "height": 370}  # where the UI draws the groups


def main() -> None:
    """Draw everything."""
    TARGET.mkdir(parents=True, exist_ok=True)
    lake = Lake.open(load().lake)
    _look_alikes(lake)
    _duplicates(lake)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit(
            "Chromium is not installed; the grid and the pairs were drawn, no screenshots"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, device_scale_factor=2)
        _dagster(page, lake)
        _cull(browser.new_page(viewport={"width": 1200, "height": 900}), lake)
        _star(browser.new_page(viewport={"width": 1300, "height": 900}), lake)
        browser.close()


def _look_alikes(lake: Lake) -> None:
    """The works that have the most alike neighbours of their own museum, each a row."""
    keys = ["similarity/neighbours", "duplicates/primary", "catalog/artworks", "catalog/sources"]
    with lake.connect(keys) as connection:
        rows = connection.sql(
            f"""
            with works as (
                select artwork_id, title, path from duplicates_primary
                join catalog_artworks using (artwork_id)
                join catalog_sources using (source) where images_may_be_shown
            ), near as (
                select neighbours.artwork_id, rank, cosine, works.title, works.path
                from similarity_neighbours neighbours
                join works on works.artwork_id = neighbour_id
                qualify count(*) over (partition by neighbours.artwork_id) >= 5
            ), chosen as (
                select department, min_by(artwork_id, artwork_id) as artwork_id
                from catalog_artworks semi join near using (artwork_id)
                where source = '{_QUERY}' group by department having count(*) > 10
            )
            select works.path, works.title, array_agg((near.path, cosine) order by near.rank)[:5]
            from chosen join works using (artwork_id) join near using (artwork_id)
            group by all order by any_value(department) limit 5
            """
        ).fetchall()
    items = []
    for path, title, near in rows:
        items.append((lake.images.root / path, title))
        items += [(lake.images.root / other, f"{cosine:.3f}") for other, cosine in near]
    (TARGET / "look-alikes.jpg").write_bytes(contact_sheet(items, columns=6).data)


def _duplicates(lake: Lake) -> None:
    """The confirmed pairs that differ most: across museums first."""
    keys = ["duplicates/pairs", "images/originals", "images/derivatives", "catalog/sources"]
    with lake.connect(keys) as connection:
        rows = connection.sql(
            """
            with pictures as (
                select image_id, derivative.path from images_originals
                join images_derivatives derivative using (sha256)
                join catalog_sources using (source) where images_may_be_shown
            )
            select a.path, image_a, b.path, image_b, kind, evidence
            from duplicates_pairs
            join pictures a on a.image_id = image_a join pictures b on b.image_id = image_b
            where confirmed
            order by split_part(image_a, ':', 1) = split_part(image_b, ':', 1), kind, image_a
            limit 3
            """
        ).fetchall()
    pairs = [
        (
            (lake.images.root / path_a, image_a),
            (lake.images.root / path_b, image_b),
            f"{kind}: {evidence}",
        )
        for path_a, image_a, path_b, image_b, kind, evidence in rows
    ]
    (TARGET / "duplicates.jpg").write_bytes(pair_sheet(pairs).data)


def _cull(page: Page, lake: Lake) -> None:
    """The sheet of a folder that holds the museums' duplicates under the names of their works."""
    keys = ["duplicates/groups", "images/originals", "catalog/artworks", "catalog/sources"]
    with lake.connect(keys) as connection:
        rows = connection.sql(
            """
            select path, lower(regexp_replace(title, '[^A-Za-z]+', '-', 'g')), source, image_id
            from duplicates_groups join images_originals using (image_id)
            join catalog_artworks using (artwork_id, source)
            join catalog_sources using (source)
            where images_may_be_shown
            qualify count(*) over (partition by group_id) > 1
            order by group_id, image_id
            """
        ).fetchall()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "pictures")
        for path, title, source, image_id in rows:
            number = image_id.partition(":")[2].partition("#")[0]
            copy = folder / source / f"{title}-{number}.jpg"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(lake.images.root / path, copy)
        subprocess.run([ROOT / "artlake", "cull", folder], check=True)
        page.goto((folder / "_artlake" / "cull" / "index.html").as_uri())
        page.screenshot(path=TARGET / "cull.png")


def _star(page: Page, lake: Lake) -> None:
    """The entity diagram of the data dictionary."""
    page.goto(lake.file("published/dictionary.html").as_uri())
    page.locator("svg").first.screenshot(path=TARGET / "star.png")


def _dagster(page: Page, lake: Lake) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [ROOT / "artlake", "--lake", lake.root, "ui", "--port", str(port)]
    server = subprocess.Popen(command, start_new_session=True)
    try:
        _wait(f"http://127.0.0.1:{port}/server_info")
        page.goto(f"http://127.0.0.1:{port}/asset-groups")
        page.wait_for_timeout(8000)
        page.screenshot(path=TARGET / "asset-graph.png", clip=_GRAPH)
    finally:
        os.killpg(server.pid, 15)
        server.wait()


def _wait(address: str, seconds: int = 90) -> None:
    for _ in range(seconds):
        try:
            urllib.request.urlopen(address).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(1)
    raise SystemExit(f"{address} did not answer within {seconds} s")


if __name__ == "__main__":
    main()
