import json
import os
import signal

import pyarrow.compute as pc
import pytest
from scrapers_museum import CHILDREN, in_child, serve, wait_for

from scrapers import MUSEUMS, Net, Site
from scrapers.crawl import run_crawl
from scrapers.ledger import Ledger
from scrapers.museums.met import BASE, DEPARTMENTS, _share, record_url
from scrapers.politeness import UnreachableError
from storage import schemas

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


def put(museum, number, department="11", **more):
    museum.pages[f"{API}/objects/{number}"] = json.dumps(record(number, **more)).encode()
    key = f"{API}/objects?departmentIds={department}"
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
    links = {row["artwork_id"]: row for row in made.image_links.to_pylist()}
    assert links["met:2"]["url"].endswith("web-large/2.jpg")
    assert links["met:2"]["may_fetch"]
    assert not links["met:31"]["may_fetch"]


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


def test_a_record_that_cannot_be_had_is_a_reject_and_is_asked_again(museum, site):
    museum.faults[f"{API}/objects/3"] = ["503"] * 5
    before = MET.observe(site, ["11"])
    assert crawl(site)["errors"] == {"http_503": 1}
    refused = MET.tables(site, "11")[1].to_pylist()
    assert [(r["subject"], r["reason"]) for r in refused] == [(record_url(3), "http_503")]
    assert MET.observe(site, ["11"]) != before
    assert MET.tables(site, "11")[0]["objects"].num_rows == 30


def test_a_killed_crawl_repeats_nothing_that_was_stored(museum, site):
    for number in range(31, 301):
        put(museum, number)
    MET.observe(site, ["11"])
    process = CHILDREN.Process(
        target=run_crawl,
        args=("met", site),
    )
    process.start()
    wait_for(lambda: museum.asked.total() > 60)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with Ledger(site.ledger) as ledger:
        stored = {n for n in range(1, 301) if ledger.has(record_url(n), "met")}
    assert 0 < len(stored) < 300
    earlier = dict(museum.asked)
    summary = crawl(site)
    assert summary["items"] == 300 - len(stored)
    again = {n for n in stored if museum.asked[k := f"{API}/objects/{n}"] > earlier.get(k, 0)}
    assert not again
    assert MET.tables(site, "11")[0]["objects"].num_rows == 300


def test_sigterm_stops_cleanly(museum, site):
    for number in range(31, 301):
        put(museum, number)
    MET.observe(site, ["11"])
    process = CHILDREN.Process(
        target=run_crawl,
        args=("met", site),
    )
    process.start()
    wait_for(lambda: museum.asked.total() > 60)
    process.terminate()
    process.join(10)
    assert process.exitcode == 1  # StoppedError, not a signal's death
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


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_recorded_answers_fit_the_contract(site, museum):
    import tarfile
    from pathlib import Path

    from scrapers.museums.met import _row, _table

    path = Path(os.environ["ARTLAKE_SAMPLES"]) / "met_api" / "objects_raw_2019_dev.tar.gz"
    with tarfile.open(path) as pack:
        bodies = [pack.extractfile(member).read() for member in pack if member.isfile()]
    made = MET.catalog({"objects": _table([_row(json.loads(body), "x") for body in bodies])})
    assert made.artworks.num_rows == len(bodies) > 6000
    known = set(made.artists["artist_id"].to_pylist())
    used = {a["artist_id"] for row in made.artworks["artists"].to_pylist() for a in row}
    assert used == known
