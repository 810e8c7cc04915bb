"""Every row of every source is in the star, or a counted reason says why not: on real rows and on broken lakes."""

import csv
import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_lake

from assets.reconciliation import RAW_TABLES, reconciliation
from scrapers import MUSEUMS, Net, Site
from scrapers.ledger import Ledger
from scrapers.met_csv import take_in
from scrapers.museum import WHOLE
from scrapers.museums.met import DEPARTMENTS, record_url
from scrapers.net import Session
from storage import Lake, schemas
from warehouse.contracts import check
from warehouse.reconcile import reconcile
from warehouse.star import STAR, build

_NGA_2021 = ("objects_terms", "objects_constituents", "object_associations", "constituents",
             "constituents_altnames", "objects_dimensions")  # fmt: skip


def lay_out_met(samples: Path, site: Site) -> dict[str, int]:
    """The MET's bulk file as a seed and the recorded answers in the ledger; how many records each has."""
    answers = {}
    with tarfile.open(samples / "met_api" / "objects_raw_2019_dev.tar.gz") as pack:
        for member in pack:
            file = pack.extractfile(member) if member.name.endswith(".json") else None
            body = file.read() if file else b""
            if b'"objectID"' in body:
                answers[json.loads(body)["objectID"]] = body
    with Ledger(site.ledger) as ledger:
        seed = take_in(site, ledger, Session(site.net, ledger, MUSEUMS["met"].hosts))
        assert seed is not None
        in_file = set(pq.read_table(seed.rows, columns=["objectID"])["objectID"].to_pylist())
        ids = sorted(in_file | answers.keys())
        for number, body in answers.items():
            ledger.store(record_url(number), 200, {}, body, "met")
        ledger.remember(f"met/{next(iter(DEPARTMENTS))}", {"ids": ids, "twice": []})
    return {"objects": len(ids), "file": len(in_file), "answers": len(answers)}


def lay_out_wga(samples: Path, site: Site) -> int:
    """The catalogue as the zip that the gallery offers; its lines."""
    table = (samples / "wga" / "catalog_derived.csv").read_bytes()
    (site.downloads / "wga").mkdir(parents=True)
    with zipfile.ZipFile(site.downloads / "wga" / "data_txt.zip", "w") as pack:
        pack.writestr("catalog.csv", table)
    with Ledger(site.ledger) as ledger:
        ledger.remember("wga", {"offered": True})
    return (
        len(list(csv.reader(table.decode("latin-1").splitlines(keepends=True), delimiter=";"))) - 1
    )


def lay_out_tate(samples: Path, site: Site) -> dict[str, int]:
    """Tate's list of artists, and its records as rows of the list of works."""
    folder = site.downloads / "tate"
    folder.mkdir(parents=True)
    shutil.copyfile(
        samples / "museum_other" / "tate" / "artist_data.csv", folder / "artist_data.csv"
    )
    records = [json.loads(file.read_bytes()) for file in
               sorted((samples / "museum_other" / "tate").glob("artworks/**/*.json"))]  # fmt: skip
    with (folder / "artwork_data.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, [*MUSEUMS["tate"].nouns["artworks"].columns])
        writer.writeheader()
        for record in records:
            first = (record["contributors"] or [{}])[0]
            writer.writerow({
                "id": record["id"], "accession_number": record["acno"], "title": record["title"],
                "artist": first.get("mda"), "artistId": first.get("id"), "artistRole": first.get("role"),
                "dateText": record["dateText"], "medium": record["medium"], "url": record["url"],
                "dimensions": record["dimensions"], "acquisitionYear": record["acquisitionYear"],
            })  # fmt: skip
    with (folder / "artist_data.csv").open(encoding="utf-8", newline="") as handle:
        return {"artworks": len(records), "artists": len(list(csv.reader(handle))) - 1}


def lay_out_nga(samples: Path, site: Site) -> dict[str, int]:
    """The tables of 2021 as they are. The samples lack objects: half of those that the other tables speak
    of get a row with nothing but an id and a title; what is said of the other half must be told as such.
    """
    folder = site.downloads / "nga"
    folder.mkdir(parents=True)
    for noun in _NGA_2021:
        with zipfile.ZipFile(samples / "nga_csv" / "zips_2021" / f"{noun}.zip") as pack:
            (folder / f"{noun}.csv").write_bytes(pack.read(f"{noun}.csv"))
    lines = {}
    for noun in _NGA_2021:
        with (folder / f"{noun}.csv").open(encoding="utf-8-sig", newline="") as handle:
            lines[noun] = sum(1 for _ in csv.reader(handle)) - 1
    connection = duckdb.connect()
    connection.execute(f"""
        copy (
            select distinct objectid, 'Object ' || objectid as title, '1937.1.' || objectid as accessionnum
            from read_csv('{folder}/objects_constituents.csv', all_varchar = true)
            where hash(objectid) % 2 = 0 and objectid <> ''
            order by objectid
        ) to '{folder}/objects.csv' (header)
    """)
    lines["objects"] = connection.sql(f"from read_csv('{folder}/objects.csv')").shape[0]
    return lines


def into_catalog(lake: Lake, site: Site) -> None:
    """Raw tables and the catalog of them, by the museums' own functions."""
    parts, listed = [], ("artworks", "artists", "image_links", "rejects")
    for name in ("met", "nga", "wga", "tate"):
        museum = MUSEUMS[name]
        partition = next(iter(museum.partitions), WHOLE)
        raw, refused = museum.tables(site, partition)
        for noun, table in raw.items():
            lake.write(f"raw/{name}_{noun}", table, ["source_row"])
        lake.write(f"raw/{name}_rejects", refused, ["subject"])
        parts.append(museum.catalog(raw))
    for noun in listed:
        lake.write(
            f"catalog/{noun}", pa.concat_tables(getattr(part, noun) for part in parts), ["source"]
        )
    sources = [{"source": name, "museum": museum.title, "licence": museum.licence,
                "images_may_be_shown": museum.shows_images} for name, museum in MUSEUMS.items()]  # fmt: skip
    small_lake.write(lake, "catalog/sources", schemas.SOURCES, sources)
    write_what_is_left(lake)


def write_what_is_left(lake: Lake) -> None:
    """Fields as the museums tell them; no snapshots, no pictures, nothing learned."""
    fields = [{"source": name, "noun": noun, "column": column, "field": field}
              for name, museum in MUSEUMS.items()
              for noun, columns in museum.fields.items() for column, field in columns.items()]  # fmt: skip
    small_lake.write(lake, "catalog/fields", schemas.FIELDS, fields)
    links = lake.read("catalog/image_links")
    refused = [{"stage": "images", "source": source, "subject": url, "reason": "rights", "detail": None}
               for source, url in zip(links["source"].to_pylist(), links["url"].to_pylist(), strict=True)]  # fmt: skip
    small_lake.write(lake, "images/download_rejects", schemas.REJECTS, refused)
    for key, schema in {
        "catalog/snapshots": schemas.SNAPSHOTS, "catalog/sightings": schemas.SIGHTINGS,
        "images/originals": schemas.ORIGINALS, "images/measures": schemas.MEASURES,
        "images/derivatives": schemas.DERIVATIVES, "duplicates/pairs": schemas.PAIRS,
        "duplicates/similar": schemas.SIMILAR_SETS, "duplicates/groups": schemas.GROUPS,
        "duplicates/keepers": schemas.KEEPERS, "predictions/departments": schemas.PREDICTIONS,
        "predictions/styles": schemas.PREDICTIONS, "predictions/genres": schemas.PREDICTIONS,
        "predictions/artists": schemas.PREDICTIONS, "predictions/outliers": schemas.OUTLIERS,
        "similarity/neighbours": schemas.NEIGHBOURS, "training/examples": schemas.EXAMPLES,
    }.items():  # fmt: skip
        small_lake.write(lake, key, schema, [])


def by_line(lake: Lake) -> dict[tuple[str, str], dict]:
    return {(row["source"], row["what"]): row for row in reconcile(lake, RAW_TABLES).to_pylist()}


@pytest.mark.slow
@pytest.mark.samples
def test_a_star_of_real_rows_reconciles_with_its_sources(samples, tmp_path):
    lake = Lake.open(tmp_path / "lake", "samples")
    met_csv = str(samples / "met_csv" / "MetObjects_subset_dev.csv")
    site = Site(Net(), tmp_path / "ledger.sqlite", tmp_path / "downloads", met_csv=met_csv)
    met, wga = lay_out_met(samples, site), lay_out_wga(samples, site)
    nga, tate = lay_out_nga(samples, site), lay_out_tate(samples, site)
    into_catalog(lake, site)
    for table in STAR:
        build(lake, table)
    lines = by_line(lake)

    assert {key: row for key, row in lines.items() if row["difference"]} == {}
    # The files themselves, counted by another reader.
    assert (met["file"], wga, tate) == (8677, 9849, {"artworks": 99, "artists": 3532})
    assert lines["met", "objects"]["raw_rows"] == met["objects"] > met["answers"] > 6000
    assert lines["wga", "objects"]["raw_rows"] == wga
    assert lines["tate", "objects"]["raw_rows"] == tate["artworks"]
    assert lines["tate", "records of artists"]["raw_rows"] == tate["artists"]
    assert lines["nga", "objects"]["star_rows"] == nga["objects"] > 50_000
    assert lines["nga", "records of constituents"]["raw_rows"] == nga["constituents"]
    for noun in set(_NGA_2021) - {"constituents"}:
        assert lines["nga", f"rows of {noun}"]["raw_rows"] == nga[noun], noun
    # All that is said of the objects without a row is told with their number.
    terms = lines["nga", "terms of objects"]
    assert "of a record that objects does not have" in terms["explanation"]
    assert 0 < terms["lake_rows"] < terms["raw_rows"]
    for table in STAR:
        assert check(lake, table.name) == [], table.name


MET = [table for table in RAW_TABLES if table.source == "met"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small lake with a row in a raw table and an address for all that its star has."""
    lake = small_lake.make(tmp_path_factory.mktemp("whole"))
    links = [
        {"image_id": row["image_id"], "artwork_id": row["artwork_id"], "source": row["source"],
         "url": row["url"], "position": 0, "may_fetch": True, "licence": "CC0"}
        for row in lake.read("images/originals").to_pylist()
    ]  # fmt: skip
    small_lake.write(lake, "catalog/image_links", schemas.IMAGE_LINKS, links)
    for key in ("catalog/rejects", "images/download_rejects", "raw/met_rejects"):
        small_lake.write(lake, key, schemas.REJECTS, [])
    works = lake.read("catalog/artworks").to_pylist()
    for number, work in enumerate(works, 2):
        work["source_row"] = f"objects.csv#{number}"
    small_lake.write(lake, "catalog/artworks", schemas.ARTWORKS, works)
    write_raw(lake, [work["source_row"] for work in works if work["source"] == "met"])
    for table in STAR:
        build(lake, table)
    return lake


@pytest.fixture
def broken(whole, tmp_path):
    """A copy of it, to be broken by a test."""
    shutil.copytree(whole.root, tmp_path / "lake")
    return Lake.open(tmp_path / "lake")


def write_raw(lake: Lake, rows: list[str]) -> None:
    lake.write(
        "raw/met_objects",
        pa.table({"objectID": [row.partition("#")[2] for row in rows], "source_row": rows}),
        ["source_row"],
    )


def reject(lake: Lake, subject: str, reason: str) -> None:
    row = {"stage": "catalog", "source": "met", "subject": subject, "reason": reason}
    small_lake.write(lake, "catalog/rejects", schemas.REJECTS, [row])


def differing(lake: Lake) -> dict[tuple[str, str], int]:
    found = reconcile(lake, MET).to_pylist()
    return {(row["source"], row["what"]): row["difference"] for row in found if row["difference"]}


def test_a_lake_in_which_nothing_is_lost_reconciles(broken):
    assert differing(broken) == {}
    lines = {(row["source"], row["what"]): row for row in reconcile(broken, MET).to_pylist()}
    assert lines["met", "objects"]["raw_rows"] == lines["met", "objects"]["star_rows"] == 6
    assert lines["gone", "predictions"]["explanation"] == (
        "2 about objects that the catalogue no longer has"
    )


def test_a_row_of_a_source_that_lands_nowhere_is_told(broken):
    write_raw(broken, [*broken.read("raw/met_objects")["source_row"].to_pylist(), "objects.csv#99"])
    assert differing(broken) == {("met", "objects"): 1}


@pytest.mark.parametrize("subject", ["objects.csv#99", "met:10"])
def test_a_row_that_was_refused_is_explained_by_its_reason(broken, subject):
    write_raw(broken, [*broken.read("raw/met_objects")["source_row"].to_pylist(), "objects.csv#99"])
    reject(broken, subject, "duplicate_id")
    lines = {(row["source"], row["what"]): row for row in reconcile(broken, MET).to_pylist()}
    assert lines["met", "objects"]["difference"] == 0
    assert lines["met", "objects"]["explanation"] == "1 duplicate_id"


def test_a_reject_about_a_row_that_landed_explains_no_other(broken):
    write_raw(broken, [*broken.read("raw/met_objects")["source_row"].to_pylist(), "objects.csv#99"])
    reject(broken, "objects.csv#2", "no_artist")
    assert differing(broken) == {("met", "objects"): 1}


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("fact_artwork", "objects"), ("dim_artist", "artists"), ("dim_work", "objects and their works"),
        ("bridge_artwork_artist", "artists of objects"), ("bridge_artwork_term", "terms of objects"),
        ("bridge_artwork_material", "objects and their materials"), ("fact_similar", "look-alikes"),
        ("fact_prediction", "predictions"), ("fact_outlier", "outliers"), ("fact_image", "pictures"),
    ],
)  # fmt: skip
def test_a_table_of_the_star_that_lost_its_rows_is_told(broken, table, line):
    rows = broken.read(f"star/{table}")
    broken.write(f"star/{table}", rows.slice(0, 0), rows.column_names[:1])
    assert line in {what for _, what in differing(broken)}


def test_the_asset_shows_the_table_and_fails_its_check_when_rows_are_lost(broken):
    def passed() -> bool:
        done = dg.materialize([reconciliation], resources={"lake": broken})
        (checked,) = done.get_asset_check_evaluations()
        assert broken.read("published/reconciliation").num_rows > 20
        return checked.passed

    assert passed()
    write_raw(broken, [*broken.read("raw/met_objects")["source_row"].to_pylist(), "objects.csv#99"])
    assert not passed()
