"""Tate, the proof that a museum is one short module: its real records from the files to the catalog."""

import json
import os
import re
from pathlib import Path

import pytest
from scrapers_museum import assert_contract, assert_fields_told, serve

import sandbox
from scrapers import MUSEUMS, Net, Site
from scrapers.crawl import run_crawl
from scrapers.museums import tate
from scrapers.museums.tate import BASE

TATE = MUSEUMS["tate"]
ROOT = Path(__file__).resolve().parent.parent
SAMPLES = pytest.mark.skipif(
    "ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set"
)
WORKS = """\ufeffid,accession_number,artist,artistRole,artistId,title,dateText,medium,creditLine,year,\
acquisitionYear,dimensions,width,height,depth,units,inscription,thumbnailCopyright,thumbnailUrl,url
1,A00001,"Blake, William",artist,39,Landscape near Felpham,c.1800,Watercolour,Presented 1922,1800,\
1922,support: 237 x 343 mm,237,343,,mm,,,http://www.tate.org.uk/a_8.jpg,http://www.tate.org.uk/a
2,A00002,"Alken, Samuel, Senior",attributed to,40,"Two lines,\nin one title",date not known,,,1790,,\
"object: 30.5 x 20 x 10 mm, 3 kg",,,,,,,,
3,A00003,"Nobody, Known",artist,99,Lost,,,,,,,,,,,,,,
,A00004,"Blake, William",artist,39,No id,,,,,,,,,,,,,,
"""
ARTISTS = """id,name,gender,dates,yearOfBirth,yearOfDeath,placeOfBirth,placeOfDeath,url
39,"Blake, William",Male,1757–1827,1757,1827,"London, United Kingdom",,http://www.tate.org.uk/39
40,"Alken, Samuel, Senior",Male,1756–1815,1756,1815,,,
41,"M/M (Paris, France)",,,,,,,
"""


def address(file):
    return (BASE + file).removeprefix("https://")


@pytest.fixture
def museum():
    with serve() as made:
        made.pages[address("artwork_data.csv")] = WORKS.encode()
        made.pages[address("artist_data.csv")] = ARTISTS.encode()
        yield made


@pytest.fixture
def site(museum, tmp_path):
    return Site(Net(museum.url), tmp_path / "ledger.sqlite", tmp_path / "downloads")


def made_from(site):
    run_crawl("tate", site)
    raw, refused = TATE.tables(site, "whole")
    made = TATE.catalog(raw)
    assert_contract(made)
    assert_fields_told(TATE, made)
    return raw, refused, made


def test_from_the_files_to_the_catalog(site):
    before = TATE.observe(site, [])
    _, refused, made = made_from(site)
    assert TATE.observe(site, []) == before
    assert [(r["subject"], r["reason"]) for r in refused.to_pylist()] == [
        ("artwork_data.csv#5", "no_id")
    ]
    one, two, three = made.artworks.to_pylist()
    assert (one["height_cm"], one["width_cm"]) == (23.7, 34.3)  # a landscape, wider than high
    assert one["begin_year"] <= 1800 <= one["end_year"]
    assert one["artists"] == [{"artist_id": "tate:39", "role": "artist", "position": 0}]
    assert one["acquired_year"] == 1922
    assert "acquisitionYear" not in json.loads(one["misc"] or "{}")
    assert one["licence"] == "CC0-1.0"
    assert two["title"] == "Two lines,\nin one title"
    assert two["artists"][0]["role"] == "attributed to"
    assert (two["begin_year"], two["end_year"], two["height_cm"]) == (1790, None, 3.05)
    assert (three["artists"], three["artist_text"]) == ([], "Nobody, Known")
    assert made.rejects["reason"].to_pylist() == ["no_artist"]
    names = [(a["name"], a["sort_name"], a["begin_year"]) for a in made.artists.to_pylist()]
    assert names == [
        ("William Blake", "Blake, William", 1757),
        ("Samuel Alken Senior", "Alken, Samuel, Senior", 1756),
        ("M/M (Paris, France)", "M/M (Paris, France)", None),
    ]
    (link,) = made.image_links.to_pylist()
    assert (link["image_id"], link["may_fetch"]) == ("tate:1#0", False)


def test_an_unchanged_file_is_not_sent_again_and_a_changed_one_is_seen(museum, site):
    before = TATE.observe(site, [])
    made_from(site)
    assert run_crawl("tate", site)["not_modified"] == 2
    museum.pages[address("artwork_data.csv")] += b"4,A00005,,,,New,,,,,,,,,,,,,,\n"
    assert TATE.observe(site, []) != before
    _, _, made = made_from(site)
    assert made.artworks.num_rows == 4


def test_a_file_that_is_not_offered_any_more_stays_as_it_was(museum, site):
    made_from(site)
    del museum.pages[address("artwork_data.csv")]
    _, _, made = made_from(site)
    assert made.artworks.num_rows == 3


def test_a_limit_takes_the_first_works(museum, site):
    few = Site(Net(museum.url, limit=1), site.ledger, site.downloads)
    assert made_from(few)[2].artworks["source_id"].to_pylist() == ["1"]
    assert TATE.observe(few, []) != TATE.observe(site, [])


def test_where_nothing_is_offered_the_tables_are_empty_and_one_reject_says_so(tmp_path):
    with sandbox.serve(works=40, cache=tmp_path / "cache") as museum:
        site = Site(Net(museum.url), tmp_path / "ledger.sqlite", tmp_path / "downloads")
        TATE.observe(site, [])
        raw, refused, made = made_from(site)
    assert {noun: table.num_rows for noun, table in raw.items()} == {"artworks": 0, "artists": 0}
    assert refused["reason"].to_pylist() == ["no_table"]
    assert (made.artworks.num_rows, made.rejects.num_rows) == (0, 0)


@pytest.mark.samples
@SAMPLES
def test_the_real_records_come_in_whole(tmp_path):
    samples = Path(os.environ["ARTLAKE_SAMPLES"]) / "museum_other" / "tate"
    records = [json.loads(path.read_bytes()) for path in samples.glob("artworks/**/*.json")]
    (tmp_path / "samples" / "museum_other").mkdir(parents=True)
    (tmp_path / "samples" / "museum_other" / "tate").symlink_to(samples)
    with sandbox.serve(tmp_path / "samples") as museum:
        site = Site(Net(museum.url), tmp_path / "ledger.sqlite", tmp_path / "downloads")
        _, refused, made = made_from(site)
    assert (len(records), refused.num_rows, made.rejects.num_rows) == (99, 0, 0)
    works = {work["source_id"]: work for work in made.artworks.to_pylist()}
    assert len(works) == 99
    artists = {artist["artist_id"]: artist for artist in made.artists.to_pylist()}
    assert len(artists) == 3532
    for record in records:
        work, first = works[str(record["id"])], record["contributors"][0]
        assert (work["title"], work["accession_number"]) == (record["title"], record["acno"])
        assert work["date_text"] == record["dateText"]
        span = record["dateRange"]
        assert work["begin_year"] <= span["endYear"], record["dateText"]
        assert work["end_year"] >= span["startYear"], record["dateText"]
        (link,) = work["artists"]
        assert link["role"] == first["role"]
        assert artists[link["artist_id"]]["name"] == first["fc"]
        if record["units"] == "mm" and not record["depth"]:
            # Tate's own columns, which are swapped
            assert (work["height_cm"], work["width_cm"]) == (
                float(record["width"]) / 10,
                float(record["height"]) / 10,
            )
    assert made.image_links.num_rows == sum(bool(record["thumbnailUrl"]) for record in records)
    assert not any(made.image_links["may_fetch"].to_pylist())
    assert all(work["height_cm"] and work["width_cm"] for work in works.values())


def test_the_guide_names_the_module_and_says_how_long_it_is():
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    said = re.search(r"`scrapers/museums/tate\.py`\s+\((\d+)\s+lines\)", guide)
    assert said, "CONTRIBUTING.md no longer says how long scrapers/museums/tate.py is"
    assert int(said[1]) == len(Path(tate.__file__).read_text().splitlines())


def test_nothing_else_names_the_museum():
    """Finding, assets, jobs and schedules come from the module alone."""
    rooms = ("storage", "scrapers", "warehouse", "assets", "pipelines", "reports")
    naming = [
        path.relative_to(ROOT).as_posix()
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\btate\b", path.read_text(), re.IGNORECASE)
    ]
    assert naming == ["scrapers/museums/tate.py"]
