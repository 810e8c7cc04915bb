import csv
import io
import os
import zipfile
from pathlib import Path

import pytest
from scrapers_museum import serve

from scrapers import MUSEUMS, Net, Site
from scrapers.crawl import run_crawl
from scrapers.museums.nga import BASE, NOUNS, read_csv
from storage import schemas

NGA = MUSEUMS["nga"]
ROWS = {
    "objects": [
        {"objectid": "1", "title": "Line one\nline two", "displaydate": "1500", "beginyear": "1500",
         "endyear": "1500", "isvirtual": "0", "uuid": "u1"},
        {"objectid": "2", "title": "No date", "displaydate": "", "beginyear": "1400",
         "endyear": "1450", "isvirtual": "1"},
        {"objectid": "", "title": "No id"},
    ],
    "constituents": [
        {"constituentid": "7", "forwarddisplayname": "Hans Memling", "beginyear": "1430",
         "preferreddisplayname": "Memling, Hans", "displaydate": "active c. 1465 - 1494"},
        {"constituentid": "8", "forwarddisplayname": "A. Donor"},
    ],
    "objects_constituents": [
        {"objectid": "1", "constituentid": "7", "roletype": "artist", "role": "painter",
         "displayorder": "1"},
        {"objectid": "1", "constituentid": "8", "roletype": "donor", "displayorder": "2"},
        {"objectid": "1", "constituentid": "99", "roletype": "artist", "displayorder": "3"},
    ],
    "published_images": [
        {"uuid": "a", "iiifurl": "https://api.nga.gov/iiif/a", "viewtype": "alternate",
         "sequence": "1", "width": "4000", "height": "5000", "openaccess": "0",
         "depictstmsobjectid": "1"},
        {"uuid": "b", "iiifurl": "https://api.nga.gov/iiif/b", "viewtype": "primary",
         "sequence": "0", "width": "4000", "height": "5000", "maxpixels": "640",
         "openaccess": "1", "depictstmsobjectid": "1"},
        {"uuid": "c", "iiifurl": "https://api.nga.gov/iiif/c", "viewtype": "primary",
         "width": "500", "height": "400", "openaccess": "1", "depictstmsobjectid": "2"},
        {"uuid": "d", "iiifurl": "https://api.nga.gov/iiif/d", "viewtype": "primary",
         "width": "500", "height": "400", "openaccess": "1", "depictstmsobjectid": "404"},
    ],
    "objects_terms": [
        {"termid": "1", "objectid": "1", "termtype": "Style", "term": "Renaissance style",
         "visualbrowserstyle": "Renaissance"},
        {"termid": "2", "objectid": "1", "termtype": "School", "term": "Netherlandish"},
        {"termid": "3", "objectid": "1", "termtype": "Keyword", "term": "saint"},
    ],
    "objects_dimensions": [
        {"objectid": "1", "element": "framed", "dimensiontype": "height", "dimension": "60.0",
         "unitname": "centimeters"},
        {"objectid": "1", "element": "overall", "dimensiontype": "height", "dimension": "50.5",
         "unitname": "centimeters"},
    ],
}  # fmt: skip


def as_csv(noun, *, drop=(), add=()):
    columns = [c for c in (*NOUNS[noun].columns, *add) if c not in drop]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROWS[noun])
    return out.getvalue().encode()


def key(noun):
    return f"{BASE}{noun}.csv".removeprefix("https://")


@pytest.fixture
def museum():
    with serve() as made:
        for noun in NOUNS:
            made.pages[key(noun)] = as_csv(noun)
        yield made


@pytest.fixture
def site(museum, tmp_path):
    return Site(Net(museum.url), tmp_path / "ledger.sqlite", tmp_path / "downloads")


def crawl(site):
    return run_crawl("nga", site)


def test_from_the_files_to_the_catalog(museum, site):
    before = NGA.observe(site, [])
    crawl(site)
    raw, refused = NGA.tables(site, "whole")
    assert [(r["subject"], r["reason"]) for r in refused.to_pylist()] == [
        ("objects.csv#4", "no_id")
    ]
    made = NGA.catalog(raw)
    for table, schema in (
        (made.artworks, schemas.ARTWORKS),
        (made.artists, schemas.ARTISTS),
        (made.image_links, schemas.IMAGE_LINKS),
        (made.rejects, schemas.REJECTS),
    ):
        assert table.schema.equals(schema)
    one, two = made.artworks.to_pylist()
    assert one["title"] == "Line one\nline two"
    assert one["artists"] == [{"artist_id": "nga:7", "role": "painter", "position": 0}]
    assert (one["style"], one["school"], one["tags"]) == ("Renaissance", "Netherlandish", ["saint"])
    assert (one["height_cm"], one["width_cm"]) == (50.5, None)
    assert two["begin_year"] is None
    assert '"beginyear":"1400"' in two["misc"]
    assert made.artists["name"].to_pylist() == ["Hans Memling"]
    links = [(r["image_id"], r["url"], r["may_fetch"]) for r in made.image_links.to_pylist()]
    assert links == [
        ("nga:1#0", "https://api.nga.gov/iiif/b/full/!640,640/0/default.jpg", True),
        ("nga:1#1", "https://api.nga.gov/iiif/a/full/!1024,1024/0/default.jpg", False),
        ("nga:2#0", "https://api.nga.gov/iiif/c/full/!500,500/0/default.jpg", True),
    ]
    assert made.rejects["reason"].to_pylist() == ["no_constituent", "no_object"]
    assert NGA.observe(site, []) == before
    assert crawl(site)["not_modified"] == 6
    museum.pages[key("objects")] += b"3,,,,New" + b"," * 26 + b"\n"
    assert NGA.observe(site, []) != before


def test_both_layouts_are_read_by_name(museum, site):
    museum.pages[key("objects")] = as_csv("objects", add=("uuid",))
    museum.pages[key("published_images")] = as_csv("published_images", drop=("openaccess",))
    crawl(site)
    raw, _ = NGA.tables(site, "whole")
    assert raw["objects"]["uuid"].to_pylist() == ["u1", ""]
    links = NGA.catalog(raw).image_links
    assert set(links["may_fetch"].to_pylist()) == {False}
    assert set(links["licence"].to_pylist()) == {"unknown"}


def test_a_table_that_is_not_offered_is_empty_and_said(museum, site):
    del museum.pages[key("objects_terms")]
    NGA.observe(site, [])
    crawl(site)
    raw, refused = NGA.tables(site, "whole")
    assert raw["objects_terms"].num_rows == 0
    assert "no_table" in refused["reason"].to_pylist()
    assert NGA.catalog(raw).artworks.num_rows == 2


def test_rows_that_do_not_fit_and_missing_keys(tmp_path):
    path = tmp_path / "objects.csv"
    path.write_bytes(b"\xef\xbb\xbfobjectid,title\r\n1,a\r\n2,b,c\r\n3,d\r\n")
    refused = []
    table = read_csv(path, ("objectid", "medium"), "objectid", refused)
    assert table["source_row"].to_pylist() == ["objects.csv#2", "objects.csv#4"]
    assert table["medium"].null_count == 2
    assert [r["subject"] for r in refused] == ["objects.csv#3"]
    path.write_bytes(b"id,title\n1,a\n")
    with pytest.raises(ValueError, match=r"objects.csv has no column 'objectid'"):
        read_csv(path, ("objectid",), "objectid", [])
    path.write_bytes(b"objectid,title\n1,K\xf6ln\n")
    with pytest.raises(ValueError, match=r"objects.csv cannot be read"):
        read_csv(path, ("objectid",), "objectid", [])


def test_a_broken_download_leaves_the_old_file(museum, site):
    crawl(site)
    path = site.downloads / "nga" / "objects.csv"
    old = path.read_bytes()
    museum.pages[key("objects")] = old + b"3" + b"," * 30 + b"\n"
    museum.faults[key("objects")] = ["truncated"]
    crawl(site)
    assert path.read_bytes() == museum.pages[key("objects")]
    assert not list(path.parent.glob(".*"))


def test_a_limit_keeps_what_belongs_together(museum, site):
    few = Site(Net(museum.url, limit=1), site.ledger, site.downloads)
    crawl(few)
    raw, _ = NGA.tables(few, "whole")
    assert raw["objects"]["objectid"].to_pylist() == ["1"]
    assert raw["published_images"].num_rows == 2
    assert NGA.observe(few, []) != NGA.observe(site, [])


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_the_large_tables_load_whole(tmp_path):
    folder = Path(os.environ["ARTLAKE_SAMPLES"]) / "nga_csv" / "zips_2021"
    for noun, rows in (("objects_terms", 382_786), ("objects_constituents", 464_925)):
        path = tmp_path / f"{noun}.csv"
        path.write_bytes(zipfile.ZipFile(folder / f"{noun}.zip").read(f"{noun}.csv"))
        assert read_csv(path, NOUNS[noun].columns, "objectid", []).num_rows == rows
