import csv
import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from scrapers_museum import assert_contract, assert_fields_told, serve

import sandbox
from scrapers import MUSEUMS, Net, Site, csv_tables
from scrapers.crawl import run_crawl
from scrapers.museums.nga import BASE, NOUNS

NGA = MUSEUMS["nga"]
ROWS = {
    "objects": [
        {"objectid": "1", "title": "Line one\nline two", "displaydate": "1500", "beginyear": "1500",
         "endyear": "1500", "isvirtual": "0", "uuid": "u1"},
        {"objectid": "2", "title": "No date", "displaydate": "", "beginyear": "1400",
         "endyear": "1450", "isvirtual": "1"},
        {"objectid": "3", "title": "A leaf", "parentid": "2", "isvirtual": "0"},
        {"objectid": "", "title": "No id"},
    ],
    "constituents": [
        {"constituentid": "7", "forwarddisplayname": "Hans Memling", "beginyear": "1430",
         "preferreddisplayname": "Memling, Hans", "displaydate": "active c. 1465 - 1494"},
        {"constituentid": "8", "forwarddisplayname": "A. Donor"},
        {"constituentid": "9", "preferreddisplayname": "Ostade, Isack van"},
    ],
    "objects_constituents": [
        {"objectid": "1", "constituentid": "7", "roletype": "artist", "role": "painter",
         "displayorder": "1"},
        {"objectid": "1", "constituentid": "8", "roletype": "donor", "displayorder": "2"},
        {"objectid": "1", "constituentid": "99", "roletype": "artist", "displayorder": "3"},
        {"objectid": "2", "constituentid": "9", "roletype": "artist", "role": "draftsman",
         "prefix": "after", "displayorder": "1"},
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
        {"termid": "4", "objectid": "2", "termtype": "Style", "term": "Baroque"},
        {"termid": "5", "objectid": "2", "termtype": "Technique", "term": "pen"},
        {"termid": "6", "objectid": "2", "termtype": "Technique", "term": "brush"},
    ],
    "objects_dimensions": [
        {"objectid": "1", "element": "framed", "dimensiontype": "height", "dimension": "60.0",
         "unitname": "centimeters"},
        {"objectid": "1", "element": "overall", "dimensiontype": "height", "dimension": "50.5",
         "unitname": "centimeters"},
    ],
    "object_associations": [
        {"parentobjectid": "2", "childobjectid": "3", "relationship": "inseparable"},
        {"parentobjectid": "2", "childobjectid": "404", "relationship": "separable"},
        {"parentobjectid": "405", "childobjectid": "404", "relationship": "separable"},
    ],
    "constituents_altnames": [
        {"altnameid": "1", "constituentid": "7", "lastname": "Memling",
         "displayname": "Memling, Hans", "nametype": "Preferred Name"},
        {"altnameid": "2", "constituentid": "7", "lastname": "Memlinc",
         "displayname": "Memlinc, Jan van", "nametype": "Variant"},
        {"altnameid": "3", "constituentid": "7", "lastname": "Memling",
         "displayname": "Memling, Hans, I", "nametype": "Variant"},
        {"altnameid": "4", "constituentid": "7", "lastname": "Valkenaere",
         "displayname": "Valkenaere, Tanne de", "nametype": "Spouse"},
        {"altnameid": "5", "constituentid": "9", "lastname": "Ostade",
         "displayname": "Ostade, Isack van", "nametype": "Preferred Name"},
        {"altnameid": "6", "constituentid": "9", "displayname": "Ostade Workshop",
         "forwarddisplayname": "The Ostade Workshop", "nametype": "Variant"},
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
        ("objects.csv#5", "no_id")
    ]
    made = NGA.catalog(raw)
    assert_contract(made)
    assert_fields_told(NGA, made)
    one, two, three = made.artworks.to_pylist()
    assert one["title"] == "Line one\nline two"
    assert one["artists"] == [{"artist_id": "nga:7", "role": "painter", "position": 0}]
    assert (one["style"], one["school"], one["tags"]) == ("Renaissance", "Netherlandish", ["saint"])
    assert (one["height_cm"], one["width_cm"]) == (50.5, None)
    assert two["begin_year"] is None
    assert json.loads(two["misc"]) == {
        "beginyear": "1400", "endyear": "1450", "isvirtual": "1",
        "parts": [{"artwork_id": "nga:3", "relationship": "inseparable"},
                  {"artwork_id": "nga:404", "relationship": "separable"}],
    }  # fmt: skip
    assert json.loads(three["misc"]) == {
        "isvirtual": "0", "parentid": "2",
        "part_of": [{"artwork_id": "nga:2", "relationship": "inseparable"}],
    }  # fmt: skip
    assert (two["style"], two["school"]) == ("Baroque", None)
    assert two["technique"] == "brush; pen"
    assert two["artists"] == [{"artist_id": "nga:9", "role": "after draftsman", "position": 0}]
    memling, ostade = made.artists.to_pylist()
    assert (memling["name"], memling["aliases"]) == (
        "Hans Memling", ["Jan van Memlinc", "Memling, Hans, I"]
    )  # fmt: skip
    assert json.loads(memling["misc"]) == {"other_names": {"Spouse": ["Tanne de Valkenaere"]}}
    assert (ostade["name"], ostade["aliases"]) == ("Ostade, Isack van", ["The Ostade Workshop"])
    links = [(r["image_id"], r["url"], r["may_fetch"]) for r in made.image_links.to_pylist()]
    assert links == [
        ("nga:1#0", "https://api.nga.gov/iiif/b/full/!640,640/0/default.jpg", True),
        ("nga:1#1", "https://api.nga.gov/iiif/a/full/!1024,1024/0/default.jpg", False),
        ("nga:2#0", "https://api.nga.gov/iiif/c/full/!500,500/0/default.jpg", True),
    ]
    assert [(r["subject"], r["reason"]) for r in made.rejects.to_pylist()] == [
        ("object_associations.csv#4", "no_object"),
        ("objects_constituents.csv#4", "no_constituent"),
        ("published_images.csv#5", "no_object"),
    ]
    assert NGA.observe(site, []) == before
    assert crawl(site)["not_modified"] == len(NOUNS)
    museum.pages[key("objects")] += b"4,,,,New" + b"," * 26 + b"\n"
    assert NGA.observe(site, []) != before


def test_what_is_written_on_a_work_is_a_note_and_its_number_says_when_it_came(museum, site):
    museum.pages[key("objects")] = (
        b"objectid,accessionnum,inscription,markings,provenancetext\n"
        b'1,1937.1.5.a,"upper left: ""A""",stamp,"(Colnaghi)\nMellon"\n2,,,,\n3,X.1937,,stamp,\n'
    )
    crawl(site)
    made = NGA.catalog(NGA.tables(site, "whole")[0])
    one, two, three = made.artworks.to_pylist()
    assert one["acquired_year"] == 1937
    assert one["notes"] == (
        'Inscription: upper left: "A"\nMarkings: stamp\nProvenance: (Colnaghi)\nMellon'
    )
    assert one["misc"] is None
    assert (two["acquired_year"], two["notes"]) == (None, None)
    assert (three["acquired_year"], three["notes"]) == (None, "Markings: stamp")


def test_both_layouts_are_read_by_name(museum, site):
    museum.pages[key("objects")] = as_csv("objects", add=("uuid",))
    museum.pages[key("published_images")] = as_csv("published_images", drop=("openaccess",))
    crawl(site)
    raw, _ = NGA.tables(site, "whole")
    assert raw["objects"]["uuid"].to_pylist() == ["u1", "", ""]
    links = NGA.catalog(raw).image_links
    assert set(links["may_fetch"].to_pylist()) == {False}
    assert set(links["licence"].to_pylist()) == {"unknown"}


def test_a_column_of_tomorrow_breaks_nothing(museum, site):
    museum.pages[key("objects")] = (
        b'objectid,title,style,mood,"it\'s ""new""",position\n1,Old,Cubist,two,so,3\n'
    )
    museum.pages[key("published_images")] = as_csv("published_images", add=("objectid", "side"))
    crawl(site)
    made = NGA.catalog(NGA.tables(site, "whole")[0])
    (one,) = made.artworks.to_pylist()
    assert (one["title"], one["style"]) == ("Old", "Renaissance")
    assert json.loads(one["misc"]) == {
        "style": "Cubist", "mood": "two", "it's \"new\"": "so", "position": "3"
    }  # fmt: skip


def test_a_table_that_was_never_offered_is_empty_and_said(museum, site):
    del museum.pages[key("objects_terms")]
    NGA.observe(site, [])
    assert crawl(site)["errors"] == {"not_offered": 1}
    raw, refused = NGA.tables(site, "whole")
    assert raw["objects_terms"].num_rows == 0
    assert "no_table" in refused["reason"].to_pylist()
    assert NGA.catalog(raw).artworks.num_rows == 3


def test_a_table_gone_overnight_is_kept_and_said(museum, site):
    crawl(site)
    before, _ = NGA.tables(site, "whole")
    body = museum.pages.pop(key("objects"))
    observed = NGA.observe(site, [])
    assert crawl(site)["errors"] == {"not_offered": 1}
    raw, refused = NGA.tables(site, "whole")
    assert raw["objects"].equals(before["objects"])
    said = [r for r in refused.to_pylist() if r["reason"] == "not_offered"]
    assert [r["subject"] for r in said] == [f"{BASE}objects.csv"]
    museum.pages[key("objects")] = body
    assert NGA.observe(site, []) != observed
    assert crawl(site)["errors"] == {}
    assert "not_offered" not in NGA.tables(site, "whole")[1]["reason"].to_pylist()


def test_a_day_costs_a_head_and_a_conditional_get_for_each_file(museum, site):
    crawl(site)
    museum.asked.clear()
    NGA.observe(site, [])
    assert {museum.asked[key(noun)] for noun in NOUNS} == {1}
    crawl(site)
    assert {museum.asked[key(noun)] for noun in NOUNS} == {2}
    assert museum.not_modified == len(NOUNS)


def test_a_server_that_knows_no_head_hides_no_change(museum, site):
    url = key("objects")
    for title in (b"No date", b"Another title"):
        museum.pages[url] = museum.pages[url].replace(b"No date", title)
        museum.faults[url] = ["405"]
        NGA.observe(site, [])
        crawl(site)
        titles = NGA.tables(site, "whole")[0]["objects"]["title"].to_pylist()
        assert title.decode() in titles


def test_a_bad_byte_costs_no_more_than_itself(museum, site):
    museum.pages[key("objects")] = as_csv("objects").replace(b"A leaf", b"A l\xe9af")
    crawl(site)
    raw, refused = NGA.tables(site, "whole")
    assert raw["objects"]["title"].to_pylist()[2] == "A l\ufffdaf"
    said = {r["subject"]: r["detail"] for r in refused.to_pylist()}
    assert said["objects.csv#4"].startswith("title ")


@pytest.mark.parametrize(
    ("width", "height", "maxpixels", "boxes"),
    [
        ("4000", "5000", "", (1024, 4096)),
        ("4000", "5000", "640", (640, None)),
        ("3000", "2100", "", (1024, 3000)),
        ("3000", "2100", "2000.0", (1024, 2000)),
        ("900", "600", "", (900, None)),
        ("1024", "600", "4096", (1024, None)),
        ("16000", "9000", "10000", (1024, 4096)),
        ("3000", "2100", "unlimited", (1024, 3000)),
        ("3000", "", "", (1024, 3000)),
        ("", "", "", (1024, None)),
        ("wide", "high", "640", (640, None)),
        ("3000", "2100", "0", None),
    ],
)
def test_no_more_pixels_are_asked_for_than_the_server_has(
    museum, site, width, height, maxpixels, boxes
):
    museum.pages[key("published_images")] = (
        "uuid,iiifurl,width,height,maxpixels,openaccess,depictstmsobjectid\n"
        f"a,https://api.nga.gov/iiif/a,{width},{height},{maxpixels},1,1\n"
    ).encode()
    crawl(site)
    made = NGA.catalog(NGA.tables(site, "whole")[0])
    asked = [(r["url"], r["original_url"]) for r in made.image_links.to_pylist()]
    address = "https://api.nga.gov/iiif/a/full/!{0},{0}/0/default.jpg"
    assert asked == (
        [tuple(box and address.format(box) for box in boxes)] if boxes is not None else []
    )
    assert ("no_image_address" in made.rejects["reason"].to_pylist()) == (boxes is None)


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
    assert {noun: table.num_rows for noun, table in raw.items()} == {
        "objects": 1, "published_images": 2, "objects_terms": 3, "objects_dimensions": 2,
        "objects_constituents": 3, "constituents": 2, "constituents_altnames": 4,
        "object_associations": 0,
    }  # fmt: skip
    assert NGA.observe(few, []) != NGA.observe(site, [])


def test_the_sandbox_offers_every_table_in_both_layouts(tmp_path):
    with sandbox.serve(works=40) as museum:
        site = Site(Net(museum.url), tmp_path / "ledger.sqlite", tmp_path / "downloads")
        assert crawl(site)["errors"] == {}
        raw, refused = NGA.tables(site, "whole")
        museum.nga_layout("old")
        crawl(site)
        old = NGA.catalog(NGA.tables(site, "whole")[0])
    assert refused.num_rows == 0
    assert all(table.num_rows for table in raw.values())
    made = NGA.catalog(raw)
    assert made.rejects.num_rows == 0
    said = [json.loads(text) for text in made.artworks["misc"].to_pylist()]
    parts = [about for about in said if "parentid" in about]
    assert parts and all(
        [one["artwork_id"] for one in about["part_of"]] == [f"nga:{about['parentid']}"]
        for about in parts
    )
    assert any(made.artists["aliases"].to_pylist())
    assert any("Spouse" in text for text in made.artists["misc"].to_pylist())
    assert any(made.image_links["may_fetch"].to_pylist())
    assert not any(old.image_links["may_fetch"].to_pylist())
    assert old.image_links["url"].equals(made.image_links["url"])


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
@pytest.mark.parametrize(
    ("noun", "rows"),
    [
        ("objects_terms", 382_786),
        ("objects_constituents", 464_925),
        ("object_associations", 24_514),
        ("constituents_altnames", 22_759),
    ],
)
def test_the_large_tables_load_whole(tmp_path, noun, rows):
    folder = Path(os.environ["ARTLAKE_SAMPLES"]) / "nga_csv" / "zips_2021"
    path = tmp_path / f"{noun}.csv"
    path.write_bytes(zipfile.ZipFile(folder / f"{noun}.zip").read(f"{noun}.csv"))
    refused = []
    table = csv_tables.read(path, NOUNS[noun].columns, NOUNS[noun].key, "nga", refused)
    assert (table.num_rows, refused) == (rows, [])
    assert table.column_names == [*NOUNS[noun].columns, "source_row"]
    assert table["source_row"][rows - 1].as_py() == f"{noun}.csv#{rows + 1}"
