"""The sandbox museum through its own doors: three sites, faults, changes, two collections."""

import csv
import gzip
import http.client
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sandbox import SandboxError, serve
from sandbox.easel import cache_folder
from sandbox.faults import KINDS, Fault, Faults
from sandbox.works import COPIES, plan

API = "https://collectionapi.metmuseum.org/public/collection/v1"
DATA = "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data"
CATALOGUE = "https://www.wga.hu/database/download/data_txt.zip"
LIST = "https://www.wga.hu/cgi-bin/artist.cgi?Profession=any&from={}&max={}&letter={}"


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def museum(cache):
    with serve(works=60, cache=cache) as handle:
        yield handle


@pytest.fixture(autouse=True)
def _no_faults_left(request):
    yield
    if "museum" in request.fixturenames:
        request.getfixturevalue("museum").clear_faults()


def ask(museum, address, method="GET", **headers):
    """(status, headers, body) of a museum's own address, asked of the sandbox."""
    parts, base = urlsplit(address), urlsplit(museum.url)
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=10)
    target = quote(parts.path, safe="/!,'()|") + (f"?{parts.query}" if parts.query else "")
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    connection.request(method, target, headers={"Host": parts.hostname, **headers})
    response = connection.getresponse()
    try:
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def get_json(museum, address):
    return json.loads(ask(museum, address)[2])


def table(museum, name):
    text = ask(museum, f"{DATA}/{name}.csv")[2].decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def records(museum):
    ids = get_json(museum, f"{API}/objects")["objectIDs"]
    answers = [ask(museum, f"{API}/objects/{key}") for key in ids]
    return [json.loads(body) for status, _, body in answers if status == 200]


# --- MET -------------------------------------------------------------------------------------


def test_met_records_have_the_57_fields_and_types_of_the_api(museum):
    found = records(museum)
    assert len(found) == museum.counts["met"] == 30
    for record in found:
        assert len(record) == 57
        assert isinstance(record["objectBeginDate"], int)
        assert isinstance(record["isPublicDomain"], bool)
        assert isinstance(record["additionalImages"], list)
        assert record["constituents"] is None or record["constituents"][0]["name"]
    assert any(r["constituents"] is None for r in found)
    assert any(len(r["constituents"] or []) > 1 for r in found)
    assert any(" " in r["primaryImage"] for r in found)
    assert any(r["objectBeginDate"] < 0 and "BCE" in r["objectDate"] for r in found)
    assert any(not r["isPublicDomain"] and not r["primaryImage"] for r in found)


def test_met_lists_filter_by_department_and_date(museum):
    everything = get_json(museum, f"{API}/objects")
    assert everything["total"] == len(everything["objectIDs"]) == museum.counts["met"] + 1
    names = {
        d["departmentId"]: d["displayName"]
        for d in get_json(museum, f"{API}/departments")["departments"]
    }
    assert len(names) == 19 and names[11] == "European Paintings"
    two = get_json(museum, f"{API}/objects?departmentIds=4|6")["objectIDs"]
    kept = {r["objectID"] for r in records(museum) if r["department"] in (names[4], names[6])}
    assert set(two) == kept != set()
    wing = get_json(museum, f"{API}/objects?departmentIds=1")["objectIDs"]
    assert get_json(museum, f"{API}/objects/{wing[0]}")["department"] == "The American Wing"
    assert get_json(museum, f"{API}/objects?metadataDate=2026-02-01")["objectIDs"] == []


def test_met_answers_404_for_unknown_and_listed_but_withdrawn_objects(museum):
    last = get_json(museum, f"{API}/objects")["objectIDs"][-1]
    for key in (1, last):
        status, _, body = ask(museum, f"{API}/objects/{key}")
        assert (status, json.loads(body)) == (404, {"message": "Not a valid object"})


def test_met_search_quirks(museum):
    assert ask(museum, f"{API}/search?hasImages=true")[0] == 503
    assert get_json(museum, f"{API}/search?q=zzzz") == {"total": 0, "objectIDs": None}
    hits = get_json(museum, f"{API}/search?q=*&departmentId=19")
    assert hits["total"] == len(hits["objectIDs"]) > 0
    with_images = get_json(museum, f"{API}/search?q=*&hasImages=true")["objectIDs"]
    assert any(not get_json(museum, f"{API}/objects/{k}")["primaryImage"] for k in with_images)


def test_met_pictures_come_in_two_sizes(museum):
    record = next(
        r for r in records(museum) if r["primaryImage"] and _good(museum, r["primaryImage"])
    )
    full = Image.open(io.BytesIO(ask(museum, record["primaryImage"])[2]))
    small = Image.open(io.BytesIO(ask(museum, record["primaryImageSmall"])[2]))
    assert 500 <= min(full.size) <= max(full.size) <= 900
    assert max(small.size) <= 600


def _good(museum, address):
    broken = {c["picture"] for c in museum.truth()["corrupt"] + museum.truth()["missing"]}
    return address not in broken


# --- WGA -------------------------------------------------------------------------------------


def test_wga_artist_list_is_paged_and_has_aliases_frames_and_shared_addresses(museum):
    pages, rows = 1, []
    while len(rows) // 5 < pages and (
        page := ask(museum, LIST.format(len(rows) // 5 * 5, 5, "-"))[2].decode("cp1252")
    ):
        pages = int(re.search(r'<DIV CLASS="LIST">Page \d+ of (\d+)</DIV>', page)[1])
        found = re.findall(r"<TR>(.*?)</TR>", page)
        assert all(row.count('<TD CLASS="ARTISTLIST">') == 4 for row in found)
        rows += found
        if len(found) < 5:
            break
    assert len(rows) > 5
    assert any("(see " in row for row in rows)
    assert any("frames-e.html?/html/" in row for row in rows)
    links = [re.search(r'HREF="([^"]+)"', row)[1] for row in rows if "(see " not in row]
    assert len(links) > len(set(links))
    only_z = ask(museum, LIST.format(0, 50, "z"))[2].decode("cp1252")
    assert "ZWISCHENAU" in only_z and "Page 1 of 1" in only_z


def test_wga_pages_reach_every_catalogue_row(museum):
    rows = _catalogue(museum)
    assert len(rows) == museum.counts["wga"]
    listing = ask(museum, LIST.format(0, 500, "-"))[2].decode("cp1252")
    folders = set(re.findall(r"/html/([a-z]/[a-z]+)/index.html", listing))
    works, subs = set(), 0
    for folder in folders:
        todo = [f"{folder}/index.html"]
        while todo:
            page = ask(museum, f"https://www.wga.hu/html/{todo.pop()}")[2].decode("cp1252")
            parts = re.findall(r'<LI><A HREF="([^"]+)"', page)
            subs += len(parts)
            todo += [f"{folder}/{part}" for part in parts]
            works |= set(re.findall(r'<TD><A HREF="/art/([^"]+)\.jpg"', page))
            assert ("Preview" in page) == ("/art/" in page)
    assert works == {urlsplit(r["URL"]).path[6:-5] for r in rows}
    assert subs > 0


def test_wga_catalogue_is_single_byte_text(museum):
    body = ask(museum, CATALOGUE)[2]
    raw = zipfile.ZipFile(io.BytesIO(body)).read("catalog.csv")
    assert raw.startswith(
        b"AUTHOR;BORN-DIED;TITLE;DATE;TECHNIQUE;LOCATION;URL;FORM;TYPE;SCHOOL;TIMEFRAME\r\n"
    )
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert "\x92" not in raw.decode("cp1252") and b"\x92" in raw


def _catalogue(museum):
    body = ask(museum, CATALOGUE)[2]
    text = zipfile.ZipFile(io.BytesIO(body)).read("catalog.csv").decode("cp1252")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_wga_soft_404_frames_and_sizes(museum):
    moved = ask(museum, "https://www.wga.hu/html/z/zwischen/index.html")
    assert moved[0] == 200 and b"The address has changed!" in moved[2]
    frames = ask(museum, "https://www.wga.hu/frames-e.html?/html/a/x/index.html")[2]
    assert b'NAME="MAIN" SRC="/html/a/x/index.html"' in frames
    bad = {c["picture"] for c in museum.truth()["corrupt"] + museum.truth()["missing"]}
    arts = [
        r["URL"].replace("/html/", "/art/").replace(".html", ".jpg") for r in _catalogue(museum)
    ]
    art = next(a for a in arts if a not in bad)
    sizes = [
        max(Image.open(io.BytesIO(ask(museum, art.replace("/art/", f"/{k}/"))[2])).size)
        for k in ("art", "detail", "preview")
    ]
    assert sizes[0] > sizes[1] > sizes[2]
    assert ask(museum, "https://www.wga.hu/art/a/none.jpg")[0] == 404


# --- NGA -------------------------------------------------------------------------------------


def test_nga_tables_join_and_hold_newlines_in_quotes(museum):
    objects = table(museum, "objects")
    ids = {row["objectid"] for row in objects}
    assert len(ids) == museum.counts["nga"]
    assert any("\n" in row["inscription"] for row in objects)
    assert {r["objectid"] for r in table(museum, "objects_terms")} <= ids
    assert {r["depictstmsobjectid"] for r in table(museum, "published_images")} < ids
    people = {r["constituentid"] for r in table(museum, "constituents")}
    assert {r["constituentid"] for r in table(museum, "objects_constituents")} <= people
    assert ask(museum, f"{DATA}/locations.csv")[0] == 404


def test_nga_layout_without_the_columns_of_2026(museum):
    new = ask(museum, f"{DATA}/objects.csv")[2].splitlines()[0].decode().split(",")
    museum.nga_layout("old")
    try:
        old = ask(museum, f"{DATA}/objects.csv")[2].splitlines()[0].decode().split(",")
        assert set(new) - set(old) == {"uuid"} and len(old) == 30
        assert "openaccess" not in table(museum, "published_images")[0]
        assert "uuid" in table(museum, "published_images")[0]
    finally:
        museum.nga_layout("new")
    with pytest.raises(SandboxError, match="new, old"):
        museum.nga_layout("newest")


def test_nga_pictures_are_capped(museum):
    bad = {c["picture"] for c in museum.truth()["corrupt"] + museum.truth()["missing"]}
    images = [r for r in table(museum, "published_images") if r["iiifurl"] not in bad]
    capped = next(r for r in images if r["openaccess"] == "0")
    free = next(r for r in images if r["openaccess"] == "1")

    def size(row, box):
        body = ask(museum, f"{row['iiifurl']}/full/!{box},{box}/0/default.jpg")[2]
        return Image.open(io.BytesIO(body)).size

    assert max(size(capped, 4000)) == 640
    assert size(free, 4000) == (int(free["width"]), int(free["height"]))
    assert max(size(free, 200)) == 200
    info = get_json(museum, f"{capped['iiifurl']}/info.json")
    assert info["profile"][1]["maxWidth"] == 640
    assert ask(museum, f"{free['iiifurl']}/full/0/default.jpg")[0] == 400


# --- validators, changes, truth ----------------------------------------------------------------


@pytest.mark.parametrize("address", [
    f"{API}/objects", f"{API}/departments", f"{DATA}/objects.csv", LIST.format(0, 50, "-"),
    CATALOGUE, "https://www.wga.hu/robots.txt",
])  # fmt: skip
def test_everything_has_validators_and_answers_304(museum, address):
    status, headers, body = ask(museum, address)
    assert status == 200 and body
    assert ask(museum, address, If_None_Match=headers["ETag"])[0] == 304
    assert ask(museum, address, If_Modified_Since=headers["Last-Modified"])[0] == 304
    assert ask(museum, address, If_None_Match='"other"')[0] == 200
    head = ask(museum, address, method="HEAD")
    assert head[2] == b"" and head[1]["Content-Length"] == str(len(body))
    assert head[1]["ETag"] == headers["ETag"]


def test_a_changed_record_has_another_etag_and_date(cache):
    with serve(works=60, cache=cache) as museum:
        key = get_json(museum, f"{API}/objects")["objectIDs"][0]
        other = get_json(museum, f"{API}/objects")["objectIDs"][1]
        before, same = (ask(museum, f"{API}/objects/{k}")[1] for k in (key, other))
        museum.change_record("met", key, title="Another Title")
        assert get_json(museum, f"{API}/objects?metadataDate=2026-02-01")["objectIDs"] == [key]
        status, after, body = ask(museum, f"{API}/objects/{key}", If_None_Match=before["ETag"])
        assert status == 200 and json.loads(body)["title"] == "Another Title"
        assert after["Last-Modified"] != before["Last-Modified"]
        assert ask(museum, f"{API}/objects/{other}", If_None_Match=same["ETag"])[0] == 304

        row = _catalogue(museum)[0]
        museum.change_record("wga", row["URL"], title="Changed")
        assert _catalogue(museum)[0]["TITLE"] == "Changed"
        first = table(museum, "objects")[0]
        museum.change_record("nga", first["objectid"], title="Changed, too")
        assert table(museum, "objects")[0]["title"] == "Changed, too"

        museum.withdraw("met", key)
        museum.withdraw("nga", first["objectid"])
        assert key not in get_json(museum, f"{API}/objects")["objectIDs"]
        assert ask(museum, f"{API}/objects/{key}")[0] == 404
        with pytest.raises(SandboxError, match="no objectid"):
            museum.change_record("nga", 1, title="x")
        with pytest.raises(SandboxError, match="no column 'COLOUR'"):
            museum.change_record("wga", row["URL"], colour="x")


def _file(museum, ref):
    address = ref["picture"] + ("/full/full/0/default.jpg" if ref["museum"] == "nga" else "")
    status, _, body = ask(museum, address)
    return status, body


def test_truth_tells_what_the_files_are(museum):
    truth = museum.truth()
    assert {pair["kind"] for pair in truth["duplicates"]} == set(COPIES)
    assert len({pair[side]["museum"] for pair in truth["duplicates"] for side in "ab"}) == 3
    for pair in truth["duplicates"]:
        (_, a), (_, b) = _file(museum, pair["a"]), _file(museum, pair["b"])
        assert (a == b) == (pair["kind"] == "exact")
    for broken in truth["corrupt"]:
        status, body = _file(museum, broken)
        assert status == 200
        with pytest.raises(OSError):
            Image.open(io.BytesIO(body)).load()
    gone = [ref for ref in truth["missing"] if ref["why"] == "404"]
    assert gone and all(_file(museum, ref)[0] == 404 for ref in gone)


def test_two_starts_give_the_same_bytes(museum, cache, tmp_path):
    # the second start finds most pictures and has to paint the rest, as after a killed one
    (first,) = cache.iterdir()
    painted = [w for w in plan(7, 60) if w.picture in ("painted", "copy", "truncated")]
    lost = {f"{w.number:05d}.jpg" for w in painted[::5]}
    shutil.copytree(first, tmp_path / first.name, ignore=lambda *_: lost)
    with serve(works=60, cache=tmp_path) as again:
        assert again.truth() == museum.truth()
        for address in (f"{API}/objects", f"{DATA}/objects.csv", CATALOGUE):
            assert ask(museum, address)[2] == ask(again, address)[2]
    for name in lost:
        assert (tmp_path / first.name / name).read_bytes() == (first / name).read_bytes()
    assert {p.name for p in first.iterdir()} == {p.name for p in (tmp_path / first.name).iterdir()}


@given(st.integers(0, 10_000), st.integers(40, 400))
def test_any_plan_keeps_its_promises(seed, works):
    planned = plan(seed, works)
    by_number = {w.number: w for w in planned}
    assert len(by_number) == works == len(planned)
    for work in planned:
        assert work.date[1] <= work.date[2]
        assert work.makers or work.museum != "wga"
        if work.picture == "copy":
            original = by_number[work.original]
            assert original.picture == "painted" and original.kind == work.kind


def test_pictures_painted_for_another_plan_are_never_served(tmp_path):
    works = plan(7, 60)
    folder = cache_folder(tmp_path, 7, works)
    assert cache_folder(tmp_path, 7, plan(7, 60)) == folder
    works[3].kind = "river" if works[3].kind != "river" else "garden"
    assert cache_folder(tmp_path, 7, works) != folder


def test_too_small_a_plan_is_refused():
    with pytest.raises(ValueError, match="at least 40"):
        plan(7, 39)


# --- faults ----------------------------------------------------------------------------------


def test_each_fault_does_what_it_says(museum):
    address = f"{API}/departments"
    body = ask(museum, address)[2]
    museum.fault("429", "departments", times=1)
    status, headers, _ = ask(museum, address)
    assert (status, headers["Retry-After"]) == (429, "1")
    assert ask(museum, address)[2] == body  # once only
    museum.fault("403", host="collectionapi.metmuseum.org", times=1)
    status, headers, page = ask(museum, address)
    assert status == 403 and "X-Iinfo" in headers and page.startswith(b"<html>")
    museum.fault("503", times=1)
    assert ask(museum, address)[0] == 503
    museum.fault("wrong_type", times=1)
    status, headers, page = ask(museum, address)
    assert status == 200 and headers["Content-Type"] == "text/html" and page.startswith(b"<html>")
    museum.fault("truncated", times=1)
    with pytest.raises(http.client.IncompleteRead) as cut:
        ask(museum, address)
    assert cut.value.partial == body[: len(body) // 2]
    museum.fault("close", times=1)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask(museum, address)
    museum.fault("slow", times=1, delay_s=0.05)
    assert ask(museum, address)[2] == body
    museum.fault("slow_loris", times=1, delay_s=0.0)
    assert ask(museum, address)[2] == body
    museum.fault("redirect_loop", times=1)
    status, headers, _ = ask(museum, address)
    assert status == 302 and address.endswith(headers["Location"])
    museum.fault("gzip_bomb", times=1)
    _, headers, packed = ask(museum, address)
    assert headers["Content-Encoding"] == "gzip"
    assert len(packed) < 300_000 and len(gzip.decompress(packed)) > 256 * 2**20


def test_huge_html_has_no_end(museum):
    museum.fault("huge", times=1)
    host, port = museum.url.removeprefix("http://").split(":")
    there = http.client.HTTPConnection(host, int(port), timeout=30)
    there.request("GET", "/html/a/index.html", headers={"Host": "www.wga.hu"})
    answer = there.getresponse()
    assert answer.getheader("Content-Length") is None
    assert len(answer.read(3_000_000)) == 3_000_000
    there.close()


def test_faults_spare_other_hosts_and_end_when_cleared(museum):
    museum.fault("503", host="www.wga.hu")
    assert ask(museum, f"{API}/departments")[0] == 200
    assert ask(museum, "https://www.wga.hu/robots.txt")[0] == 503
    museum.clear_faults()
    assert ask(museum, "https://www.wga.hu/robots.txt")[0] == 200
    with pytest.raises(SandboxError, match="it is one of 429"):
        museum.fault("418")
    with pytest.raises(SandboxError, match="no regular expression"):
        museum.fault("503", "(")


def test_a_rate_is_the_same_whatever_the_order_and_ends_on_the_clock():
    addresses = [f"https://a/{n}" for n in range(400)]

    def struck(order):
        faults = Faults(3, lambda: 0.0)
        faults.add(Fault("503", rate=0.25))
        return {a for a in order if faults.pick("a", a)}

    assert struck(addresses) == struck(addresses[::-1])
    assert 60 < len(struck(addresses)) < 140
    now = [0.0]
    faults = Faults(3, lambda: now[0])
    faults.add(Fault("429", seconds=5))
    fault = faults.pick("a", "https://a/1")
    assert fault and faults.retry_after(fault) >= 5
    now[0] = 5.0
    assert faults.pick("a", "https://a/1") is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_set(kind):
    assert Fault(kind).strikes("h", "https://h/", 0, 0.0)


def test_stats_count_requests_bytes_and_304(museum):
    museum.reset_stats()
    _, headers, body = ask(museum, f"{API}/departments")
    ask(museum, f"{API}/departments", If_None_Match=headers["ETag"])
    stats = museum.stats()
    assert stats["by_host"] == {"collectionapi.metmuseum.org": {"200": 1, "304": 1}}
    assert (stats["requests"], stats["not_modified"], stats["bytes"]) == (2, 1, len(body))
    assert stats["peak_concurrency"] == 1


# --- the process ------------------------------------------------------------------------------


def test_an_unknown_host_gets_an_index_for_people(museum):
    with urllib.request.urlopen(museum.url + "/") as response:
        assert b"collectionapi.metmuseum.org" in response.read()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(museum.url + "/nothing")


def _start(*options):
    root = Path(__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *options],
        cwd=root, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def test_clear_sentences_for_a_used_port_and_a_missing_folder(cache):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = _start(
            "--port", str(taken.getsockname()[1]), "--works", "60", "--cache", str(cache)
        )
    assert ended.returncode == 1 and ended.stdout == ""
    assert "cannot listen on 127.0.0.1" in ended.stderr and "Traceback" not in ended.stderr
    ended = _start("--collection", "no/such/folder")
    assert ended.returncode == 1 and "no such folder" in ended.stderr


def test_one_line_on_stdout_and_the_end_with_stdin(cache):
    ended = _start("--works", "60", "--cache", str(cache), "--until-stdin-closes")
    said = json.loads(ended.stdout)
    assert ended.returncode == 0 and ended.stdout.count("\n") == 1
    assert said["collection"] == "builtin" and set(said["counts"]) == {"met", "wga", "nga"}


def test_it_stops_on_sigterm(cache):
    root = Path(__file__).parent.parent
    child = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--works", "60", "--cache", str(cache)],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdout and child.stdout.readline()
    child.terminate()
    assert child.wait(10) == 0
    child.stdout.close()


# --- real samples ------------------------------------------------------------------------------


@pytest.mark.samples
@pytest.mark.skipif(not os.environ.get("ARTLAKE_SAMPLES"), reason="ARTLAKE_SAMPLES names no folder")
def test_a_folder_of_samples_serves_only_what_lies_there():
    root = Path(os.environ["ARTLAKE_SAMPLES"])
    with serve(root) as museum:
        details = museum.details()
        ids = get_json(museum, f"{API}/objects")["objectIDs"]
        assert len(ids) == museum.counts["met"] > 6000
        assert details["answers with their picture"] >= 2000
        sample = json.loads((root / "met_api/objects_sample/10012.json").read_bytes())
        assert get_json(museum, f"{API}/objects/10012") == sample
        _check_pictures(museum, root)
        assert ask(museum, f"{DATA}/objects.csv")[0] == 404
        assert ask(museum, f"{DATA}/published_images.csv")[0] == 404
        assert ask(museum, f"{DATA}/constituents.csv")[2].startswith(b"constituentid,ulanid,")
        rows = zipfile.ZipFile(io.BytesIO(ask(museum, CATALOGUE)[2])).read("catalog.csv")
        assert rows == (root / "wga/catalog_derived.csv").read_bytes()
        assert "Page 1 of 1" in ask(museum, LIST.format(0, 50, "-"))[2].decode()


def _check_pictures(museum, root):
    """Every tenth photograph answers, byte for byte, at the primaryImage of its object's record."""
    files, objects = {}, {}
    with (root / "images/manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["corpus"] == "met":
                files.setdefault(row["image_url"], row["file"])
                objects.setdefault(row["image_url"], row["met_object_id"].split("|")[0])
    assert len(files) >= 2000
    with (root / "images/met_original_manifest.csv").open(encoding="utf-8", newline="") as file:
        larger = {row["same_as_resized"]: row["file"] for row in csv.DictReader(file)}
    linked = 0
    for url in sorted(files)[::10]:
        record = get_json(museum, f"{API}/objects/{objects[url]}")
        if record["primaryImageSmall"] == url:
            file = larger.get(files[url], files[url])
            body = ask(museum, record["primaryImage"])[2]
            assert body == (root / "images" / file).read_bytes()
            linked += 1
    assert linked >= len(files) // 10 - 2


def test_a_record_changed_before_it_was_ever_asked_for_is_not_as_old_as_the_rest(cache):
    with serve(works=60, cache=cache) as museum:
        _, headers, body = ask(museum, f"{API}/objects?departmentIds=11")
        old, number = headers["Last-Modified"], json.loads(body)["objectIDs"][0]
        museum.change_record("met", number, title="Another")
        status, *_ = ask(museum, f"{API}/objects/{number}", If_Modified_Since=old)
        assert status == 200
