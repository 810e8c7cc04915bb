import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapers_museum import in_child, picture, serve

from scrapers import Net, Site
from scrapers.answers import may_pass
from scrapers.images import fetch_images, originals
from scrapers.signatures import fault, media_type
from storage import ImageStore, schemas

CDN = "images.metmuseum.org/CRDImages/ad/original"


def links(*urls, may_fetch=True, source="met"):
    rows = [
        {"image_id": f"met:{n}#0", "artwork_id": f"met:{n}", "source": source, "url": url,
         "position": 0, "may_fetch": may_fetch, "licence": "CC0-1.0"}
        for n, url in enumerate(urls)
    ]  # fmt: skip
    return schemas.table(schemas.IMAGE_LINKS, rows)


@pytest.fixture
def museum():
    with serve() as made:
        yield made


def fetch(museum, table, tmp_path):
    store = ImageStore(tmp_path / "store")
    ledger = tmp_path / "ledger.sqlite"
    site = Site(Net(museum.url, concurrency=4), ledger, tmp_path / "downloads")
    summary = in_child(fetch_images, table, site=site, store=store)
    kept, refused = originals(table, ledger, store)
    return (
        summary,
        kept.to_pylist(),
        {r["subject"]: r["reason"] for r in refused.to_pylist()},
        store,
    )


def test_pictures_are_kept_as_they_came(museum, tmp_path):
    red, blue = picture("red"), picture("blue", "PNG")
    good = {"a.jpg": red, "b b.png": blue, "again.jpg": red, "retried.jpg": picture("green")}
    bad = {"cut.jpg": red[:-40], "page.jpg": b"<html>no</html>", "zero.jpg": b"", "x.jpg": b"MZ"}
    for name, data in (good | bad).items():
        museum.pages[f"{CDN}/{name.replace(' ', '%20')}"] = data
    museum.faults[f"{CDN}/retried.jpg"] = ["truncated", "close", "429"]
    urls = [f"https://{CDN}/{name}" for name in (*good, *bad, "missing.jpg")]
    foreign = "https://intranet.example/a.jpg"
    table = links(*urls, foreign)
    _, kept, refused, store = fetch(museum, table, tmp_path)

    assert {row["url"].rsplit("/")[-1] for row in kept} == set(good)
    for row in kept:
        assert (store.root / row["path"]).read_bytes() == good[row["url"].rsplit("/")[-1]]
    assert {row["media_type"] for row in kept} == {"image/jpeg", "image/png"}
    assert {url.rsplit("/")[-1]: reason for url, reason in refused.items()} == {
        "cut.jpg": "truncated",
        "page.jpg": "html_page",
        "zero.jpg": "empty",
        "x.jpg": "not_an_image",
        "missing.jpg": "gone",
        "a.jpg": "foreign_host",
    }
    assert not list(store.root.rglob(".*"))
    robots = 1
    museum.asked.clear()
    fetch(museum, table, tmp_path)
    asked = {key.rsplit("/")[-1] for key in museum.asked}
    assert asked == {"robots.txt", "cut.jpg", "page.jpg", "zero.jpg"}
    for _ in range(2):
        assert fetch(museum, table, tmp_path)[0]["requests"] > robots
    museum.asked.clear()
    fifth, _, refused_at_last, _ = fetch(museum, table, tmp_path)
    assert (fifth["requests"], museum.asked) == (0, {})
    assert refused_at_last == refused


def test_a_picture_that_was_cut_off_is_had_by_a_later_run(museum, tmp_path):
    table = links(f"https://{CDN}/a.jpg")
    museum.pages[f"{CDN}/a.jpg"] = picture("red")[:-40]
    assert list(fetch(museum, table, tmp_path)[2].values()) == ["truncated"]
    museum.pages[f"{CDN}/a.jpg"] = picture("red")
    _, kept, refused, _ = fetch(museum, table, tmp_path)
    assert (len(kept), refused) == (1, {})


def test_a_host_that_is_down_costs_the_others_nothing(museum, tmp_path):
    down = [f"https://{CDN}/{number}.jpg" for number in range(30)]
    up = [f"https://api.nga.gov/iiif/{number}/full.jpg" for number in range(3)]
    for url in (*down, *up):
        museum.pages[url.removeprefix("https://")] = picture("red")
    for url in ("https://images.metmuseum.org/robots.txt", *down):
        museum.faults[url.removeprefix("https://")] = ["503"] * 6
    _, kept, refused, _ = fetch(museum, links(*down, *up), tmp_path)
    assert sorted(row["url"] for row in kept) == up
    assert refused == dict.fromkeys(down, "http_503") and may_pass("http_503")
    assert sum(museum.asked[url.removeprefix("https://")] for url in down) == 0

    museum.faults.clear()
    _, kept, refused, _ = fetch(museum, links(*down, *up), tmp_path)
    assert len(kept) == 33 and not refused


def test_what_rights_forbid_is_said_and_not_fetched(museum, tmp_path):
    table = links(f"https://{CDN}/a.jpg", may_fetch=False)
    summary, kept, refused, _ = fetch(museum, table, tmp_path)
    assert (summary["requests"], kept) == (0, [])
    assert set(refused.values()) == {"rights"}
    assert not museum.asked


def test_files_are_copied_and_read_again_only_when_they_change(museum, tmp_path):
    path = tmp_path / "mine é.jpg"
    path.write_bytes(picture("red"))
    table = links(path.as_uri(), (tmp_path / "none.jpg").as_uri(), source="folder")
    _, kept, refused, store = fetch(museum, table, tmp_path)
    assert (store.root / kept[0]["path"]).read_bytes() == path.read_bytes()
    assert list(refused.values()) == ["unreadable"]
    path.write_bytes(picture("blue", "PNG"))
    _, kept, _, store = fetch(museum, table, tmp_path)
    assert (store.root / kept[0]["path"]).read_bytes() == path.read_bytes()
    assert kept[0]["path"].endswith(".png")


@given(st.binary(max_size=64))
def test_any_bytes_are_judged(data):
    for expects in ("json", "html", "image", "zip", "csv"):
        found = fault(data, expects)
        assert found is None or found.reason
    assert media_type(data) is None or fault(data, "image", whole=False) is None


def test_the_room_is_light_to_import():
    heavy = ("scrapy", "bs4", "requests", "twisted", "lxml", "pandas", "torch", "tqdm")
    code = f"import sys, scrapers, scrapers.crawl; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
