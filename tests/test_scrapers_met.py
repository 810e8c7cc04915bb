"""The MET's records: from the API through the ledger to the catalog, as they change and go."""

import ast
import csv
import gzip
import io
import json
import os
import signal
import tarfile
from dataclasses import replace

import pyarrow.compute as pc
import pytest
from scrapers_museum import CHILDREN, assert_fields_told, in_child, picture, serve, wait_for

from scrapers import MUSEUMS, Net, Site
from scrapers.crawl import run_crawl
from scrapers.images import fetch_images, originals
from scrapers.ledger import Ledger
from scrapers.met_records import INTEGERS, NESTED
from scrapers.museums.met import BASE, DEPARTMENTS, _share, record_url
from scrapers.net import Session
from scrapers.politeness import GaveUpError, UnreachableError
from storage import ImageStore, schemas

MET = MUSEUMS["met"]
API = BASE.removeprefix("https://")


def record(number, **more):
    return {
        "objectID": number,
        "isPublicDomain": True,
        "primaryImage": f"https://images.metmuseum.org/CRDImages/ad/original/{number}.jpg",
        "primaryImageSmall": f"https://images.metmuseum.org/CRDImages/ad/web-large/{number}.jpg",
        "additionalImages": ["https://images.metmuseum.org/CRDImages/ad/original/x.jpg"],
        "constituents": [{"constituentID": 7, "role": "Artist", "name": "Vincent van Gogh"}],
        "department": "European Paintings",
        "title": f"Work {number}",
        "artistDisplayName": "Vincent van Gogh",
        "artistDisplayBio": "Dutch, Zundert 1853–1890 Auvers-sur-Oise",
        "artistBeginDate": "1853      ",
        "artistEndDate": "1890      ",
        "artistULAN_URL": "http://vocab.getty.edu/page/ulan/500115588",
        "objectDate": "1887",
        "objectBeginDate": 1887,
        "objectEndDate": 1887,
        "dimensions": "16 x 12 1/2 in. (40.6 x 31.8 cm)",
        "tags": [{"term": "Men", "AAT_URL": "x", "Wikidata_URL": "y"}],
    } | more


def put(museum, number, part="11", **more):
    museum.pages[f"{API}/objects/{number}"] = json.dumps(record(number, **more)).encode()
    key = f"{API}/objects?departmentIds={part}"
    ids = json.loads(museum.pages.get(key, b'{"objectIDs": []}'))["objectIDs"]
    museum.pages[key] = json.dumps({"objectIDs": sorted({*ids, number})}).encode()


@pytest.fixture
def museum():
    with serve() as made:
        for number in range(1, 31):
            put(made, number)
        put(made, 900, "21")
        yield made


@pytest.fixture
def site(museum, tmp_path):
    net = Net(museum.url, "curator@example.org", concurrency=4)
    return Site(net, tmp_path / "ledger.sqlite", tmp_path / "downloads")


def relist(museum, part, ids):
    key = f"{API}/objects?departmentIds={part}"
    museum.pages[key] = json.dumps({"objectIDs": list(ids) or None}).encode()


def crawl(site, part="11"):
    return in_child(run_crawl, "met", site, part)


def say_changed(museum, part, ids, monkeypatch):
    """The museum's `metadataDate` answer, whatever day is asked for."""
    monkeypatch.setattr("scrapers.museums.met.time.strftime", lambda *_: "2026-01-01")
    key = f"{API}/objects?departmentIds={part}&metadataDate=2026-01-01"
    museum.pages[key] = json.dumps({"total": len(ids), "objectIDs": ids or None}).encode()


def test_from_the_api_to_the_catalog(museum, site):
    put(museum, 31, isPublicDomain=False, objectDate="", objectBeginDate=0, objectEndDate=0)
    put(museum, 32, objectBeginDate="1887")
    put(museum, 34, objectBeginDate="", objectEndDate="")
    put(museum, 33, tags=["Boats"], constituents=None, brandNew={"a": [1]})
    del museum.pages[f"{API}/objects/1"]
    MET.observe(site, ["11"])
    summary = crawl(site)
    assert summary["items"] == 34
    assert not summary["errors"]
    assert museum.agents == {"artlake/0.1.0 (+curator@example.org)"}

    raw, refused = MET.tables(site, "11")
    assert raw["objects"].num_rows == 32
    blank = raw["objects"].filter(pc.equal(raw["objects"]["objectID"], 34))
    assert blank["objectBeginDate"].to_pylist() == [None]
    assert "brandNew" in raw["objects"].column_names
    assert {(r["subject"], r["reason"]) for r in refused.to_pylist()} == {
        (record_url(1), "gone"),
        (record_url(32), "bad_record"),
    }
    made = MET.catalog(raw)
    assert made.artworks.schema.equals(schemas.ARTWORKS)
    works = {row["artwork_id"]: row for row in made.artworks.to_pylist()}
    assert works["met:2"]["artists"] == [{"artist_id": "met:7", "role": "Artist", "position": 0}]
    assert (works["met:2"]["height_cm"], works["met:2"]["width_cm"]) == (40.6, 31.8)
    assert works["met:2"]["tags"] == ["Men"]
    assert works["met:33"]["tags"] == ["Boats"]
    assert works["met:31"]["begin_year"] is None
    assert json.loads(works["met:2"]["misc"])["additionalImages"] == 1
    artists = {row["artist_id"]: row for row in made.artists.to_pylist()}
    assert artists["met:7"]["begin_year"] == 1853
    assert artists["met:7"]["ulan"] == "500115588"


def test_the_year_of_accession_has_a_column_and_odd_words_of_it_stay_with_the_rest(museum, site):
    put(museum, 1, accessionYear="1979")
    put(museum, 2, accessionYear="before 1900")
    MET.observe(site, ["11"])
    crawl(site)
    made = MET.catalog(MET.tables(site, "11")[0]).artworks
    works = {row["artwork_id"]: row for row in made.to_pylist()}
    assert works["met:1"]["acquired_year"] == 1979
    assert "accessionYear" not in json.loads(works["met:1"]["misc"])
    assert works["met:2"]["acquired_year"] is None
    assert json.loads(works["met:2"]["misc"])["accessionYear"] == "before 1900"


def test_pictures_are_the_primary_and_the_additional_ones_in_both_sizes(museum, site):
    put(museum, 2, primaryImageSmall="")
    put(museum, 3, isPublicDomain=False)
    put(museum, 4, primaryImage="", primaryImageSmall="")
    put(museum, 5, additionalImages=["https://images.metmuseum.org/elsewhere/5.jpg"])
    MET.observe(site, ["11"])
    crawl(site)
    made = MET.catalog(MET.tables(site, "11")[0]).image_links
    assert made.schema.equals(schemas.IMAGE_LINKS)
    found = {row["image_id"]: row for row in made.to_pylist()}
    small, large = (
        f"https://images.metmuseum.org/CRDImages/ad/{s}" for s in ("web-large", "original")
    )
    for number in (1, 2):
        first, second = found[f"met:{number}#0"], found[f"met:{number}#1"]
        assert (first["url"], first["original_url"]) == (
            f"{small}/{number}.jpg",
            f"{large}/{number}.jpg",
        )
        assert (second["url"], second["original_url"]) == (f"{small}/x.jpg", f"{large}/x.jpg")
        assert first["may_fetch"] and second["may_fetch"]
        assert (first["position"], second["position"]) == (0, 1)
    assert not found["met:3#0"]["may_fetch"] and not found["met:3#1"]["may_fetch"]
    assert "met:4#0" not in found and not found["met:4#1"]["may_fetch"]
    assert found["met:5#1"]["url"].endswith("/elsewhere/5.jpg")
    assert found["met:5#1"]["original_url"] is None


def test_looking_again_at_unchanged_data_says_the_same(museum, site):
    before = MET.observe(site, ["11", "21"])
    crawl(site, None)
    asked = museum.asked.total()
    assert MET.observe(site, ["11", "21"]) == before
    assert museum.asked.total() - asked <= 5  # two lists a department, and robots.txt
    assert crawl(site)["requests"] == 0


def test_one_changed_record_changes_one_department(museum, site, monkeypatch):
    before = MET.observe(site, ["11", "21"])
    crawl(site, None)
    put(museum, 5, title="Another title")
    say_changed(museum, "11", [5, 6], monkeypatch)
    after = MET.observe(site, ["11", "21"])
    assert after["11"] != before["11"]
    assert after["21"] == before["21"]
    assert MET.observe(site, ["11"])["11"] == after["11"]
    crawl(site)
    assert MET.observe(site, ["11"])["11"] == after["11"]
    titles = MET.tables(site, "11")[0]["objects"]["title"].to_pylist()
    assert "Another title" in titles


def test_an_id_that_comes_or_goes_changes_the_version(museum, site):
    before = MET.observe(site, ["11"])
    crawl(site)
    put(museum, 77)
    assert MET.observe(site, ["11"]) != before


def test_faults_are_nobodys_failure(museum, site):
    kinds = ("429", "block", "503", "truncated", "close", "html")
    for number, fault in enumerate(kinds, start=1):
        museum.faults[f"{API}/objects/{number}"] = [fault, fault]
    MET.observe(site, ["11"])
    summary = crawl(site)
    assert (summary["items"], summary["errors"]) == (30, {})
    assert (
        summary["retries"] >= 10
    )  # Twisted sends a request again by itself when a kept connection closes
    assert summary["cooldowns"] >= 3


def test_a_message_never_takes_the_place_of_a_record(museum, site, monkeypatch):
    say_changed(museum, "11", [3], monkeypatch)
    MET.observe(site, ["11"])
    crawl(site)
    asked = museum.asked[f"{API}/objects/3"]
    good = museum.pages[f"{API}/objects/3"]
    put(museum, 3, title="New")
    museum.pages[f"{API}/objects/3"] = b'{"message": "Not now"}'
    MET.observe(site, ["11"])
    crawl(site)
    assert museum.asked[f"{API}/objects/3"] > asked
    rows = MET.tables(site, "11")[0]["objects"].to_pylist()
    assert len(rows) == 30 and json.loads(good)["title"] in [row["title"] for row in rows]


def test_a_record_that_cannot_be_had_is_a_reject_and_is_asked_again(museum, site):
    museum.faults[f"{API}/objects/3"] = ["503"] * 5
    before = MET.observe(site, ["11"])
    assert crawl(site)["errors"] == {"http_503": 1}
    refused = MET.tables(site, "11")[1].to_pylist()
    assert [(r["subject"], r["reason"]) for r in refused] == [(record_url(3), "http_503")]
    assert MET.observe(site, ["11"]) != before
    assert MET.tables(site, "11")[0]["objects"].num_rows == 30


def test_pictures_are_fetched_in_the_size_that_is_set(museum, site, tmp_path):
    relist(museum, "11", [1])
    bytes_of = {"web-large": picture("red"), "original": picture("blue")}
    for size, body in bytes_of.items():
        for name in ("1.jpg", "x.jpg"):
            museum.pages[f"images.metmuseum.org/CRDImages/ad/{size}/{name}"] = body
    MET.observe(site, ["11"])
    crawl(site)
    links = MET.catalog(MET.tables(site, "11")[0]).image_links
    store = ImageStore(tmp_path / "store")
    for size, kind in (("web", "web-large"), ("original", "original")):
        in_child(fetch_images, links, site=replace(site, image_size=size), store=store)
        kept, refused = originals(links, site.ledger, store, size)
        assert refused.num_rows == 0
        for row in kept.to_pylist():
            assert f"/{kind}/" in row["url"]
            assert (store.root / row["path"]).read_bytes() == bytes_of[kind]
        assert kept["image_id"].to_pylist() == ["met:1#0", "met:1#1"]
    asked = [key for key in museum.asked if key.startswith("images.")]
    assert len(asked) == 5  # two pictures in two sizes, and robots.txt


@pytest.fixture
def under_way(museum, site):
    """A crawl of 300 records in a process of its own, some of them stored."""
    for number in range(31, 301):
        put(museum, number)
    MET.observe(site, ["11"])
    process = CHILDREN.Process(target=run_crawl, args=("met", site))
    process.start()
    wait_for(lambda: museum.asked.total() > 60)
    yield process
    process.kill()
    process.join()


def test_a_killed_crawl_repeats_nothing_that_was_stored(museum, site, under_way):
    os.kill(under_way.pid, signal.SIGKILL)
    under_way.join()
    with Ledger(site.ledger) as ledger:
        stored = {n for n in range(1, 301) if ledger.has(record_url(n), "met")}
    assert 0 < len(stored) < 300
    earlier = dict(museum.asked)
    summary = crawl(site)
    assert summary["items"] == 300 - len(stored)
    again = {n for n in stored if museum.asked[k := f"{API}/objects/{n}"] > earlier.get(k, 0)}
    assert not again
    assert MET.tables(site, "11")[0]["objects"].num_rows == 300


def test_sigterm_stops_cleanly(museum, site, under_way):
    under_way.terminate()
    under_way.join(10)
    assert under_way.exitcode == 1  # StoppedError, not a signal's death
    assert crawl(site)["items"] > 0
    assert MET.tables(site, "11")[0]["objects"].num_rows == 300


def test_an_unreachable_host_is_one_clear_error(museum, site):
    MET.observe(site, ["11"])
    gone = Site(Net("http://127.0.0.1:9"), site.ledger, site.downloads)
    for attempt in (lambda: MET.observe(gone, ["11"]), lambda: crawl(gone)):
        with pytest.raises(UnreachableError, match=r"collectionapi.metmuseum.org does not answer"):
            attempt()


def test_a_limit_is_shared_by_the_departments(museum, site):
    few = Site(Net(museum.url, limit=40), site.ledger, site.downloads)
    MET.observe(few, ["11"])
    assert crawl(few)["items"] == 2
    assert sum(_share(40, part) for part in DEPARTMENTS) == 40


def test_robots_txt_is_obeyed(museum, site):
    MET.observe(site, ["11"])
    museum.pages["collectionapi.metmuseum.org/robots.txt"] = (
        b"User-agent: *\nDisallow: /public/collection/v1/objects/2\n"
    )
    assert crawl(site)["errors"] == {"robots": 11}


def ids_of(site, part):
    return MET.tables(site, part)[0]["objects"]["objectID"].to_pylist()


def test_a_record_that_two_departments_list_is_filed_once_and_counted(museum, site):
    put(museum, 900)  # the Modern Art of the fixture is now European Paintings too
    before = MET.observe(site, ["21", "11"])
    crawl(site, None)
    assert 900 in ids_of(site, "11")
    assert ids_of(site, "21") == []
    refused = MET.tables(site, "21")[1].to_pylist()
    assert [(r["subject"], r["reason"]) for r in refused] == [(record_url(900), "listed_twice")]
    relist(museum, "11", range(1, 31))
    after = MET.observe(site, ["21", "11"])
    assert after["11"] != before["11"] and after["21"] != before["21"]
    crawl(site, None)
    assert (len(ids_of(site, "11")), ids_of(site, "21")) == (30, [900])


def test_a_record_that_moves_to_another_department_is_asked_again_and_neither_lost_nor_doubled(
    museum, site
):
    MET.observe(site, ["11", "21"])
    crawl(site, None)
    relist(museum, "11", range(2, 31))
    put(museum, 1, "21", department="Modern Art")
    MET.observe(site, ["11", "21"])
    crawl(site, None)
    assert (len(ids_of(site, "11")), ids_of(site, "21")) == (29, [1, 900])
    moved = MET.tables(site, "21")[0]["objects"].to_pylist()[0]
    assert moved["department"] == "Modern Art"


def test_a_record_that_went_and_came_back_is_asked_again(museum, site):
    MET.observe(site, ["11"])
    crawl(site)
    relist(museum, "11", range(2, 31))
    MET.observe(site, ["11"])
    crawl(site)
    put(museum, 1, title="Back from a loan")
    MET.observe(site, ["11"])
    crawl(site)
    assert "Back from a loan" in MET.tables(site, "11")[0]["objects"]["title"].to_pylist()


def test_a_changed_record_that_could_not_be_had_is_asked_again(museum, site, monkeypatch):
    MET.observe(site, ["11"])
    crawl(site)
    put(museum, 5, title="Another title")
    say_changed(museum, "11", [5], monkeypatch)
    museum.faults[f"{API}/objects/5"] = ["503"] * 5
    MET.observe(site, ["11"])
    crawl(site)
    say_changed(museum, "11", [], monkeypatch)
    MET.observe(site, ["11"])
    assert "Another title" in MET.tables(site, "11")[0]["objects"]["title"].to_pylist()


def test_a_look_that_was_cut_short_loses_no_change(museum, site, monkeypatch):
    before = MET.observe(site, ["11"])["11"]
    crawl(site)
    put(museum, 5, title="Another title")
    say_changed(museum, "11", [5, 6], monkeypatch)
    get = Session.get

    def until_the_host_is_gone(self, url, *args):
        if url == record_url(6):
            raise UnreachableError(url, "unreachable")
        return get(self, url, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "get", until_the_host_is_gone)
        with pytest.raises(UnreachableError):
            MET.observe(site, ["11"])
    after = MET.observe(site, ["11"])["11"]
    assert after != before
    assert MET.observe(site, ["11"])["11"] == after


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b'{"total": 0, "objectIDs": null}', "empty_list"),
        (b'{"total": 30, "objectIDs": [1, 2, 3]}', "half_a_list"),
        (b'{"message": "try later"}', "message"),
        (b'{"objects": []}', "no_list"),
        (b"[]", "no_list"),
    ],
)
def test_a_list_that_is_none_or_not_whole_changes_nothing(museum, site, answer, reason):
    MET.observe(site, ["11"])
    crawl(site)
    key = f"{API}/objects?departmentIds=11"
    good, museum.pages[key] = museum.pages[key], answer
    with pytest.raises(GaveUpError, match=reason):
        MET.observe(site, ["11"])
    crawl(site)
    assert len(ids_of(site, "11")) == 30
    museum.pages[key] = good
    asked = museum.asked.total()
    MET.observe(site, ["11"])
    assert museum.asked.total() - asked <= 3  # two lists, and robots.txt


def test_changes_count_from_the_first_look_before_a_crawl_not_the_last(museum, site):
    """A record fetched by the first half of a crawl may change before the second half."""
    MET.observe(site, ["11"])
    with Ledger(site.ledger) as ledger:
        first = ledger.state("met/11")["began"]
    MET.observe(site, ["11"])
    crawl(site)
    with Ledger(site.ledger) as ledger:
        assert ledger.state("met/11")["crawled_at"] == first


def test_a_ledger_of_before_goes_on(museum, site):
    """What earlier versions remembered of a department lacks some of what is kept now."""
    MET.observe(site, ["11"])
    crawl(site)
    with Ledger(site.ledger) as ledger:
        state = ledger.state("met/11")
        kept = ("ids", "base", "base_ids", "changed", "version", "crawled_at")
        ledger.remember("met/11", {name: state[name] for name in kept})
    assert crawl(site)["items"] == 0
    assert len(ids_of(site, "11")) == 30


def recorded(samples):
    """Every recorded answer of the samples, as bytes: the forms of 2019, 2023 and between."""
    for path in sorted((samples / "met_api").glob("objects_raw*.tar.gz")):
        with tarfile.open(path) as pack:
            yield from (pack.extractfile(member).read() for member in pack if member.isfile())
    for path in sorted((samples / "met_api" / "objects_sample").glob("*.json")):
        yield path.read_bytes()
    for path in sorted((samples / "met_api" / "records_2023_csv").glob("*.csv.gz")):
        text = gzip.decompress(path.read_bytes()).decode("utf-8-sig")
        for cells in csv.DictReader(io.StringIO(text, newline="")):
            yield json.dumps(unflattened(cells)).encode()


def unflattened(cells):
    """A record out of a row of pandas: numbers as 1.0, lists as Python writes them, null as blank."""
    if cells.get("message"):
        return {"message": cells["message"]}
    record = {}
    for name, text in cells.items():
        if name == "message":
            continue
        if name in INTEGERS:
            record[name] = int(float(text)) if text else ""
        elif text in ("True", "False"):
            record[name] = text == "True"
        elif name in NESTED:
            record[name] = ast.literal_eval(text) if text else None
        else:
            record[name] = text
    return record


def rebuilt(row, like):
    """The record that a raw row was, as far as `like` has its fields."""
    return {
        name: json.loads(row[name])
        if row[name] is not None and not isinstance(value, str) and isinstance(row[name], str)
        else row[name]
        for name, value in like.items()
    }


@pytest.mark.samples
def test_of_every_recorded_answer_every_field_lands(site, samples):
    bodies = list(recorded(samples))
    assert len(bodies) == 6425 + 84 + 6612
    listed = range(1, len(bodies) + 1)  # many are recorded several times: each gets a place
    with Ledger(site.ledger) as ledger:
        for number, body in zip(listed, bodies, strict=True):
            ledger.store(record_url(number), 200, {}, body, "met")
        ledger.remember("met/11", {"ids": list(listed)})
    raw, refused = MET.tables(site, "11")
    reasons = refused.to_pylist()
    assert {(r["reason"], r["detail"]) for r in reasons} == {
        ("bad_record", "objectID is missing or no whole number")
    }
    messages = [
        n for n, body in zip(listed, bodies, strict=True) if "objectID" not in json.loads(body)
    ]
    assert {r["subject"] for r in reasons} == {record_url(n) for n in messages}
    rows = {row["source_row"]: row for row in raw["objects"].to_pylist()}
    assert len(rows) == len(bodies) - len(messages)
    for number, body in zip(listed, bodies, strict=True):
        if number not in messages:
            record, row = json.loads(body), rows[record_url(number)]
            # a number nobody knows is blank text there, and null here
            said = {k: None if k in INTEGERS and v == "" else v for k, v in record.items()}
            assert rebuilt(row, record) == said
            assert all(row[name] is None for name in row.keys() - record.keys() - {"source_row"})
    made = MET.catalog(raw)
    assert_fields_told(MET, made)
    years = zip(
        *(made.artworks[n].to_pylist() for n in ("source_row", "acquired_year")), strict=True
    )
    assert {address: str(year or "") for address, year in years} == {
        address: row["accessionYear"] or "" for address, row in rows.items()
    }
    assert made.artworks.num_rows == len(rows)
    known = set(made.artists["artist_id"].to_pylist())
    assert {a["artist_id"] for row in made.artworks["artists"].to_pylist() for a in row} == known
