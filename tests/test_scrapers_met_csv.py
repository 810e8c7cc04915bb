"""The MET's bulk file as a seed: what its rows become, and which requests it spares."""

import csv
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapers_museum import in_child, serve

import sandbox
from sandbox.met_csv import as_csv
from scrapers import MUSEUMS, Net, Site
from scrapers.crawl import run_crawl
from scrapers.ledger import Ledger
from scrapers.met_csv import LAST_DATA, URL, Seed, as_seed_row, convert
from scrapers.met_records import COLUMNS, PICTURES, merged
from scrapers.museums.met import BASE, record_url
from scrapers.politeness import GaveUpError

MET = MUSEUMS["met"]
API = BASE.removeprefix("https://")
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 317650992\n"
HEADER = next(csv.reader([as_csv([]).decode("utf-8-sig")]))


def cells(number, **more):
    return (
        dict.fromkeys(HEADER, "")
        | {
            "Object ID": str(number),
            "Is Highlight": "False",
            "Is Timeline Work": "False",
            "Is Public Domain": "False",
            "Department": "European Paintings",
            "Title": f"Work {number}, by the file",
        }
        | {name.replace("_", " "): value for name, value in more.items()}
    )


def write(path, rows, header=HEADER):
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, header)
        writer.writeheader()
        writer.writerows(rows)
    return path


def converted(path, tmp_path):
    seed = Seed("v", LAST_DATA, tmp_path / "rows.parquet", tmp_path / "rejects.parquet")
    newest = convert(path, seed.rows, seed.rejects)
    return seed, newest


@pytest.fixture
def museum():
    """Six records of one department, titled by the API; the file is to know the first five."""
    with serve() as made:
        for number in range(1, 7):
            put(made, number)
        relist(made, range(1, 7))
        yield made


@pytest.fixture
def file(tmp_path):
    rows = [cells(number) for number in range(1, 6)]
    rows[0]["Is Public Domain"] = "True"
    return write(tmp_path / "MetObjects.csv", rows)


@pytest.fixture
def site(museum, file, tmp_path):
    net = Net(museum.url, concurrency=4)
    return Site(net, tmp_path / "ledger.sqlite", tmp_path / "downloads", met_csv=str(file))


def put(museum, number, **more):
    record = {"objectID": number, "title": f"Work {number}, by the API", "isPublicDomain": False}
    museum.pages[f"{API}/objects/{number}"] = json.dumps(record | more).encode()


def relist(museum, ids, since=""):
    key = f"{API}/objects?departmentIds=11" + (f"&metadataDate={since}" if since else "")
    museum.pages[key] = json.dumps({"objectIDs": list(ids)}).encode()


def crawl(site):
    return in_child(run_crawl, "met", site, "11")


def titles(site):
    rows = MET.tables(site, "11")[0]["objects"].to_pylist()
    return {row["objectID"]: row["title"].partition("by the ")[2] for row in rows}


def test_the_rows_are_there_at_once_and_only_what_the_file_cannot_know_is_asked(museum, site):
    relist(museum, [2], since="2023-06-16")  # changed after the day of the official file's data
    MET.observe(site, ["11"])
    assert titles(site) == dict.fromkeys(range(1, 6), "file")
    assert MET.pending(site, "11") == 3
    assert crawl(site)["items"] == 3
    asked = {int(key.rpartition("/")[2]) for key in museum.asked if "/objects/" in key}
    assert asked == {1, 2, 6}  # open; changed since; unknown to the file
    assert titles(site) == {1: "API", 2: "API", 3: "file", 4: "file", 5: "file", 6: "API"}
    rows = {row["objectID"]: row for row in MET.tables(site, "11")[0]["objects"].to_pylist()}
    assert rows[3]["source_row"] == "MetObjects.csv#4"
    assert rows[6]["source_row"] == record_url(6)
    assert MET.pending(site, "11") == 0


def test_another_file_or_none_is_another_version(museum, site, file):
    seeded = MET.observe(site, ["11"])
    assert MET.observe(site, ["11"]) == seeded
    crawl(site)
    assert MET.observe(site, ["11"]) == seeded
    write(file, [cells(number, Title="again, by the new file") for number in range(1, 6)])
    renewed = MET.observe(site, ["11"])
    assert renewed != seeded
    crawl(site)
    assert titles(site)[3] == "new file"
    assert MET.observe(site, ["11"]) == renewed
    without = replace(site, met_csv=None)
    assert MET.pending(without, "11") > 0
    crawl(without)
    assert titles(without) == dict.fromkeys(range(1, 7), "API")


def test_a_spared_record_that_changes_later_is_asked(museum, site, monkeypatch):
    before = MET.observe(site, ["11"])
    crawl(site)
    monkeypatch.setattr("scrapers.museums.met.time.strftime", lambda *_: "2026-01-01")
    relist(museum, [4], since="2026-01-01")
    assert MET.observe(site, ["11"]) != before
    assert titles(site)[4] == "API"


def test_what_the_api_says_is_gone_is_not_taken_from_the_file(museum, site):
    del museum.pages[f"{API}/objects/1"]
    MET.observe(site, ["11"])
    crawl(site)
    assert 1 not in titles(site)
    refused = MET.tables(site, "11")[1].to_pylist()
    assert [(r["subject"], r["reason"]) for r in refused] == [(record_url(1), "gone")]


def test_the_fresher_of_two_wins_and_pictures_are_the_apis():
    record = {"objectID": 1, "title": "old", "measurements": "[1]", "primaryImage": "a.jpg"}
    record |= {"metadataDate": "2022-05-01T04:50:09.1Z", "source_row": "api"}
    row = as_seed_row(cells(1, Title="new", Metadata_Date="2023-05-01T04:50:09.12Z"), "file#2")
    newer = merged(record, row)
    assert newer["title"] == "new" and newer["source_row"] == "file#2"
    assert newer["primaryImage"] == "a.jpg" and newer["measurements"] == "[1]"
    for day in ("2022-05-01T04:50:09.1Z", "2021-05-01T04:50:09Z", ""):
        assert merged(record, row | {"metadataDate": day}) == record
    assert merged(None, row) == row and merged(record, None) == record


def test_several_artists_and_tags_become_what_the_api_gives():
    row = as_seed_row(
        cells(
            1,
            Constituent_ID="16178|161", Artist_Role="Artist|Maker", Artist_Prefix=" |After",
            Artist_Display_Name="James Peale|Jan Smit", Artist_Suffix=" |, Jr.",
            Artist_Gender="|Female", Artist_Begin_Date="1749      |1600      ",
            State="|", Tags="Men|Boats", Tags_AAT_URL="http://a|", Object_Begin_Date="-12",
        ),
        "file#2",
    )  # fmt: skip
    assert [
        (p["constituentID"], p["role"], p["name"], p["gender"])
        for p in json.loads(row["constituents"])
    ] == [(16178, "Artist", "James Peale", ""), (161, "Maker", "After Jan Smit, Jr.", "Female")]
    assert row["artistDisplayName"] == "James Peale" and row["artistPrefix"] == ""
    assert row["artistBeginDate"] == "1749      "  # padded, as the API has it
    assert [(t["term"], t["AAT_URL"]) for t in json.loads(row["tags"])] == [
        ("Men", "http://a"),
        ("Boats", ""),
    ]
    assert (row["state"], row["objectBeginDate"], row["objectEndDate"]) == ("", -12, None)
    assert row["primaryImage"] is None and row["Constituent ID"] is None


def test_artists_numbers_run_together_are_nobodys_and_kept():
    row = as_seed_row(
        cells(
            1, Constituent_ID="164516332", Artist_Display_Name="A|B", Artist_Role="Artist|Artist"
        ),
        "file#2",
    )
    assert [p["constituentID"] for p in json.loads(row["constituents"])] == [None, None]
    assert row["Constituent ID"] == "164516332"


def test_rows_that_do_not_fit_are_rejects_of_the_first_department(museum, site, file):
    odd = [
        cells(1),
        cells(1, Title="once more"),
        cells("one"),
        cells(2, Is_Public_Domain="perhaps"),
        cells(3, Object_End_Date="1887?"),
        cells(4, Title='a "quoted"\r\ntitle, of | two lines'),
    ]
    write(file, odd)
    with file.open("a", encoding="utf-8") as handle:
        handle.write("too,short\r\n")
    MET.observe(site, ["11"])
    kept = {r["objectID"]: r["title"] for r in MET.tables(site, "11")[0]["objects"].to_pylist()}
    assert kept == {1: "Work 1, by the file", 4: odd[5]["Title"]}
    assert MET.tables(site, "11")[1].num_rows == 0
    refused = MET.tables(site, "1")[1].to_pylist()
    assert [(r["subject"], r["reason"]) for r in sorted(refused, key=lambda r: r["subject"])] == [
        ("MetObjects.csv#3", "duplicate_id"),
        ("MetObjects.csv#4", "bad_record"),
        ("MetObjects.csv#5", "bad_record"),
        ("MetObjects.csv#6", "bad_record"),
        ("MetObjects.csv#8", "bad_row"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (POINTER, "Git LFS pointer, not the file itself; the file itself is at https://media"),
        (b"a,b\n1,2\n", "has no column 'Object ID'.*official file is at https://media"),
        (b"<!DOCTYPE html><html>hold on</html>", "official file is at https://media"),
        (None, "there is no such file; see ARTLAKE_MET_CSV"),
    ],
)
def test_a_file_that_is_none_is_one_clear_error(site, file, content, message):
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(GaveUpError, match=message):
        MET.observe(site, ["11"])


@settings(max_examples=30)
@given(st.data())
def test_any_text_comes_through_the_file_as_it_was(tmp_path_factory, data):
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"))
    said = data.draw(st.lists(st.tuples(text, text), min_size=1, max_size=5))
    folder = tmp_path_factory.mktemp("any")
    rows = [cells(n, Title=title, Medium=medium) for n, (title, medium) in enumerate(said)]
    seed, newest = converted(write(folder / "MetObjects.csv", rows), folder)
    assert newest is None and seed.refused() == []
    found = seed.select(range(len(said)))
    for number, (title, medium) in enumerate(said):
        wanted = [value if value.strip(" |") else "" for value in (title, medium)]
        assert [found[number]["title"], found[number]["medium"]] == wanted


@pytest.fixture(scope="module")
def box():
    with sandbox.serve(works=60) as made:
        yield made


@pytest.fixture
def boxed(box, tmp_path):
    return Site(Net(box.url), tmp_path / "ledger.sqlite", tmp_path / "downloads", met_csv=URL)


def test_the_file_of_the_web_is_fetched_once_and_says_what_the_api_says(box, boxed):
    parts = list(MET.partitions)
    version = MET.observe(boxed, parts)
    assert MET.observe(boxed, parts) == version
    with Ledger(boxed.ledger) as ledger:
        assert ledger.response(URL).status == 200
        assert ledger.state("met_csv")["since"].startswith("2026-01-")
    by_file = [r for p in parts for r in MET.tables(boxed, p)[0]["objects"].to_pylist()]
    in_child(run_crawl, "met", replace(boxed, met_csv=None))
    plain = replace(boxed, met_csv=None)
    by_api = {
        r["objectID"]: r for p in parts for r in MET.tables(plain, p)[0]["objects"].to_pylist()
    }
    assert len(by_file) == len(by_api) == box.counts["met"]
    unknown = {*PICTURES, "measurements", "linkResource", "source_row"}
    for row in by_file:
        one = by_api[row["objectID"]]
        # of a second artist the file's prefix column cannot tell; of a tag it can
        for name in set(COLUMNS) - unknown:
            values = [
                json.loads(v[name]) if name in ("constituents", "tags") and v[name] else v[name]
                for v in (row, one)
            ]
            assert values[0] == values[1], (row["objectID"], name)


def test_the_pointer_of_a_raw_fetch_is_told_and_the_way_out_said(boxed):
    raw = "https://raw.githubusercontent.com/metmuseum/openaccess/master/MetObjects.csv"
    with pytest.raises(GaveUpError, match=f"Git LFS pointer.*{URL}"):
        MET.observe(replace(boxed, met_csv=raw), ["11"])


def test_requests_are_spared(box, boxed):
    MET.observe(boxed, list(MET.partitions))
    spared = in_child(run_crawl, "met", boxed)["requests"]
    plain = replace(boxed, met_csv=None, ledger=boxed.ledger.with_name("plain.sqlite"))
    MET.observe(plain, list(MET.partitions))
    assert spared < in_child(run_crawl, "met", plain)["requests"]


@pytest.mark.samples
def test_the_real_rows_are_all_understood(samples, tmp_path):
    path = samples / "met_csv" / "MetObjects_subset_dev.csv"
    seed, newest = converted(path, tmp_path)
    table = pq.read_table(seed.rows)
    assert table.num_rows == 8677 and seed.refused() == []
    assert newest is None  # their Metadata Date is blank
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for text, row in zip(rows, table.to_pylist(), strict=True):
        people = json.loads(row["constituents"] or "[]")
        names = [name for name in text["Artist Display Name"].split("|") if name.strip()]
        assert len(people) == len(names)
        numbers = "".join(str(p["constituentID"]) for p in people if p["constituentID"])
        assert (row["Constituent ID"] or numbers) == text["Constituent ID"].replace("|", "")
        assert [t["term"] for t in json.loads(row["tags"] or "[]")] == text["Tags"].split("|")[
            : len(text["Tags"])
        ]
        assert row["dimensions"] == text["Dimensions"] or not text["Dimensions"].strip()
    made = MET.catalog({"objects": table})
    assert made.artworks.num_rows == 8677
    assert made.image_links.num_rows == 0  # the file has no address of a picture
    known = set(made.artists["artist_id"].to_pylist())
    assert {a["artist_id"] for row in made.artworks["artists"].to_pylist() for a in row} == known
