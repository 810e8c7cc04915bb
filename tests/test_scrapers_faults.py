"""Faults, each against a museum that has it: the tables end as those of an undisturbed crawl."""

import json
import os
import random
import resource
import signal
import sqlite3
from contextlib import closing

import pytest
import scrapers_museum
from scrapers_museum import CHILDREN, TinyMuseum, in_child, wait_for

import sandbox
from scrapers import MUSEUMS, Net, Site
from scrapers.crawl import run_crawl
from scrapers.images import fetch_images, originals
from scrapers.ledger import Ledger
from scrapers.museums.met import BASE, DEPARTMENTS, HOSTS, record_url
from scrapers.net import Session
from scrapers.politeness import GaveUpError, Policy, RunCapError
from storage import ImageStore, Lake

MET = MUSEUMS["met"]
API = BASE.removeprefix("https://")
RECORDS = "objects/[0-9]+$"
PICTURES = "images.metmuseum.org/CRD"


@pytest.fixture(scope="module")
def museum():
    with sandbox.serve(works=40) as made:
        yield made


@pytest.fixture(autouse=True)
def _no_faults_left(museum):
    yield
    museum.clear_faults()


def site_at(url, folder, **net):
    return Site(Net(url, **net), folder / "ledger.sqlite", folder / "downloads")


def tables(site, folder):
    """The bytes of the MET's raw tables, as the lake keeps them; and the rejects' reasons."""
    lake = Lake.open(folder / "lake", "sandbox")
    content, reasons = {}, {}
    for part in DEPARTMENTS:
        made, refused = MET.tables(site, part)
        for noun, table in made.items():
            key = f"raw/met_{noun}"
            lake.write(key, table, ["source_row"], partition=part)
            content[noun, part] = lake.path(key, part).read_bytes()
        reasons |= {row["subject"]: row["reason"] for row in refused.to_pylist()}
    return content, reasons


def links(site):
    import pyarrow as pa

    made = [MET.tables(site, part)[0] for part in DEPARTMENTS]
    raw = {n: pa.concat_tables([m[n] for m in made], promote_options="default") for n in MET.nouns}
    return MET.catalog(raw).image_links


@pytest.fixture(scope="module")
def undisturbed(museum, tmp_path_factory):
    """Tables, reasons, image links, and what became of the pictures, when nothing goes wrong."""
    museum.clear_faults()
    folder = tmp_path_factory.mktemp("undisturbed")
    site = site_at(museum.url, folder)
    in_child(run_crawl, "met", site)
    store = ImageStore(folder / "store")
    found = links(site)
    in_child(fetch_images, found, site=site, store=store)
    return *tables(site, folder), found, originals(found, site.ledger, store)


def impatient(function, *args, **kwargs):
    """In a child: a client that waits one second for an answer, not ten."""
    Policy.loopback = classmethod(
        lambda cls: Policy(float("inf"), cooldown=0.1, longest=1.0, backoff=0.02, timeout=1.0, trickle=1e8)
    )  # fmt: skip
    return function(*args, **kwargs)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "429", "times": 6},
        {"kind": "403", "times": 8},
        {"kind": "wrong_type", "times": 3},
        {"kind": "503", "rate": 1 / 3},
        {"kind": "truncated", "rate": 0.2},
        {"kind": "close", "rate": 0.2},
        {"kind": "redirect_loop", "rate": 0.1, "times": 5},
        {"kind": "slow_loris", "times": 2, "delay_s": 0.9},
    ],
    ids=lambda fault: fault["kind"],
)
def test_a_crawl_through_faults_ends_in_the_same_tables(museum, undisturbed, tmp_path, fault):
    museum.fault(match=RECORDS, **fault)
    site = site_at(museum.url, tmp_path)
    summary = in_child(impatient, run_crawl, "met", site)
    if fault["kind"] != "redirect_loop":  # a loop is followed to its end, not asked again
        assert summary["retries"] > 0
    assert summary["errors"] == {}
    assert tables(site, tmp_path) == undisturbed[:2]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("redirect_loop", "redirect_loop"), ("gzip_bomb", "too_large"), ("huge", "too_large")],
)
def test_an_address_that_never_answers_well_is_one_reject(
    museum, undisturbed, tmp_path, kind, reason
):
    whole, reasons, *_ = undisturbed
    victim = next(row["source_row"] for part in DEPARTMENTS for row in _rows(whole, part))
    museum.fault(kind, match=f"{victim}$")
    site = site_at(museum.url, tmp_path)
    summary, grown = in_child(measured, run_crawl, "met", site)
    assert summary["errors"] == {reason: 1}
    assert grown < 100e6
    content, refused = tables(site, tmp_path)
    assert refused == reasons | {victim: reason}
    assert sum(content[key] != whole[key] for key in whole) == 1


def _rows(content, part):
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(content["objects", part])).to_pylist()


def measured(function, *args, **kwargs):
    """In a child: what the call returns, and by how many bytes the process's peak grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = function(*args, **kwargs)
    return result, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


@pytest.mark.parametrize("kind", ["close", "truncated", "503"])
def test_pictures_through_faults_end_in_the_same_store(museum, undisturbed, tmp_path, kind):
    *_, found, (kept, refused) = undisturbed
    museum.fault(kind, match=PICTURES, rate=0.3)
    site, store = site_at(museum.url, tmp_path), ImageStore(tmp_path / "store")
    summary = in_child(fetch_images, found, site=site, store=store)
    assert summary["retries"] > 0
    again = originals(found, site.ledger, store)
    assert again[0].equals(kept)
    # A planted bad file is refused for what its last answer was: its own fault, or ours.
    assert again[1]["subject"].equals(refused["subject"])
    assert not list(store.root.rglob("*.part"))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("slow_loris", "slow"), ("redirect_loop", "redirect_loop"),
     ("gzip_bomb", "too_large"), ("huge", "too_large"), ("truncated", "truncated")],
)  # fmt: skip
def test_single_requests_end_too(museum, tmp_path, monkeypatch, kind, reason):
    policy = Policy(float("inf"), backoff=0.01, retries=1, timeout=1.0, trickle=1e8)
    monkeypatch.setattr(Policy, "loopback", classmethod(lambda cls: policy))
    museum.fault(kind, match="departments$", delay_s=0.9)
    with Ledger(tmp_path / "ledger") as ledger:
        session = Session(Net(museum.url), ledger, HOSTS)
        with pytest.raises(GaveUpError) as caught:
            session.get(f"{BASE}/departments", "json")
        assert caught.value.reason == reason
        with pytest.raises(GaveUpError):
            session.download(f"{BASE}/departments", tmp_path / "file", "json")
    assert [path.name for path in tmp_path.iterdir() if "file" in path.name] == []


def test_no_cookie_of_a_block_page_is_kept(museum, tmp_path):
    museum.fault("403", match="departments$", times=1)
    with Ledger(tmp_path / "ledger") as ledger:
        session = Session(Net(museum.url), ledger, HOSTS)
        assert session.get(f"{BASE}/departments", "json").status == 200
        assert not session._http.cookies


def on_a_small_disk(megabytes, function, *args, **kwargs):
    """In a child: no file may grow beyond so much, as on a disk that is full."""
    most = int(megabytes * 2**20)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    return function(*args, **kwargs)


def test_a_full_disk_ends_the_crawl_and_the_next_run_goes_on(museum, undisturbed, tmp_path):
    site = site_at(museum.url, tmp_path)
    with pytest.raises((sqlite3.Error, OSError)):
        in_child(on_a_small_disk, 0.15, run_crawl, "met", site)
    with closing(sqlite3.connect(site.ledger)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    in_child(run_crawl, "met", site)
    assert tables(site, tmp_path) == undisturbed[:2]


def test_a_full_disk_leaves_no_half_picture(museum, undisturbed, tmp_path):
    *_, found, (kept, refused) = undisturbed
    site, store = site_at(museum.url, tmp_path), ImageStore(tmp_path / "store")
    largest = max(kept["bytes"].to_pylist())
    Ledger(site.ledger).close()
    with pytest.raises((sqlite3.Error, OSError)):
        in_child(
            on_a_small_disk, (largest - 1) / 2**20, fetch_images, found, site=site, store=store
        )
    assert not [
        path for path in store.root.rglob("*") if path.is_file() and path.stat().st_size == 0
    ]
    in_child(fetch_images, found, site=site, store=store)
    again = originals(found, site.ledger, store)
    assert (again[0].equals(kept), again[1].equals(refused)) == (True, True)


def test_nothing_is_sent_beyond_the_cap_and_the_next_run_goes_on(museum, undisturbed, tmp_path):
    site = site_at(museum.url, tmp_path, max_requests=25, run="one")
    museum.reset_stats()
    with pytest.raises(RunCapError, match="25 requests, all that ARTLAKE_MAX_REQUESTS"):
        in_child(run_crawl, "met", site)
    assert museum.stats()["requests"] == 25
    with pytest.raises(RunCapError):
        in_child(run_crawl, "met", site)
    assert museum.stats()["requests"] == 25
    with Ledger(site.ledger) as ledger:
        assert ledger.spent("one")[0] == 25
    in_child(run_crawl, "met", site_at(museum.url, tmp_path, max_requests=1000, run="two"))
    assert tables(site, tmp_path) == undisturbed[:2]


def test_bytes_are_capped_too(museum, undisturbed, tmp_path):
    *_, found, _ = undisturbed
    site = site_at(museum.url, tmp_path, max_bytes=100_000, run="one", concurrency=1)
    museum.reset_stats()
    with pytest.raises(RunCapError, match="0.*GB, all that ARTLAKE_MAX_GB"):
        in_child(fetch_images, found, site=site, store=ImageStore(tmp_path / "store"))
    with Ledger(site.ledger) as ledger:
        _, received = ledger.spent("one")
    assert received == museum.stats()["bytes"] >= 100_000


# --- kill -9 ------------------------------------------------------------------------------------

WORKS = 2_000
KILLS = 20


def put(museum: TinyMuseum, works: int) -> None:
    for number in range(1, works + 1):
        fields = {"objectID": number, "title": f"Work {number}", "isPublicDomain": True}
        fields |= {"department": "European Paintings", "tags": [{"term": "Men"}]}
        museum.pages[f"{API}/objects/{number}"] = json.dumps(fields).encode()
    listed = json.dumps({"total": works, "objectIDs": list(range(1, works + 1))}).encode()
    museum.pages[f"{API}/objects?departmentIds=11"] = listed


def stored(site):
    if not site.ledger.exists():
        return set()
    with closing(sqlite3.connect(site.ledger)) as db:
        return {url for (url,) in db.execute("select url from responses where status > 0")}


def test_kill_9_at_20_moments_repeats_nothing_that_was_stored(tmp_path):
    chance = random.Random(20)
    with scrapers_museum.serve() as tiny:
        put(tiny, WORKS)
        calm = site_at(tiny.url, tmp_path / "calm", concurrency=4)
        in_child(run_crawl, "met", calm, "11")
        tiny.asked.clear()
        site = site_at(tiny.url, tmp_path / "killed", concurrency=4)
        asked_when_stored: dict[str, int] = {}
        for _ in range(KILLS):
            enough = tiny.asked.total() + chance.randrange(1, 2 * WORKS // KILLS - 10)
            child = CHILDREN.Process(target=run_crawl, args=("met", site, "11"))
            child.start()
            wait_for(lambda enough=enough: tiny.asked.total() >= enough)
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            for url in stored(site) - asked_when_stored.keys():
                asked_when_stored[url] = tiny.asked[url.removeprefix("https://")]
        assert 0 < len(asked_when_stored) < WORKS
        in_child(run_crawl, "met", site, "11")
        for number in range(1, WORKS + 1):
            url = record_url(number)
            if url in asked_when_stored:
                assert tiny.asked[url.removeprefix("https://")] == asked_when_stored[url], url
        records = sum(n for key, n in tiny.asked.items() if "/objects/" in key)
    assert records <= WORKS + KILLS * site.net.concurrency
    (tmp_path / "calm").mkdir(exist_ok=True)
    assert tables(site, tmp_path / "killed") == tables(calm, tmp_path / "calm")
