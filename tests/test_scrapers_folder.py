import json
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from scrapers_museum import assert_fields_told

from scrapers import MUSEUMS, Net, Site, local_pictures
from scrapers.images import fetch_images
from storage import ImageStore, schemas
from storage.files import sha256_file

FOLDER = MUSEUMS["folder"]
JPEG = b"\xff\xd8\xff" + bytes(2000) + b"\xff\xd9"
MANIFEST = """file,title,artist,artist_years,style,object_date,odd,tags
pictures/a.jpg,First,Hans Memling,c. 1430 - 1494,Renaissance,c. 1480,kept,Men|Boats
pictures/sub/b.png,Second,HANS  MEMLING,,,,,
pictures/a.jpg,too,short
"""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "pictures"
    (made / "sub").mkdir(parents=True)
    (made / ".hidden").mkdir()
    for name in ("a.jpg", "sub/b.png", "c é.JPEG", ".hidden/d.jpg", ".e.jpg", "notes.txt"):
        (made / name).write_bytes(b"x")
    (made / "sub" / "loop").symlink_to(made)
    (tmp_path / "manifest.csv").write_text(MANIFEST)
    return made


@pytest.fixture
def site(folder, tmp_path):
    return Site(Net(), tmp_path / "ledger.sqlite", tmp_path / "downloads", folder)


def test_pictures_and_their_manifest(site, folder):
    raw, refused = FOLDER.tables(site, "whole")
    assert raw["pictures"]["picture"].to_pylist() == ["a.jpg", "c é.JPEG", "sub/b.png"]
    assert sorted((r["subject"], r["reason"]) for r in refused.to_pylist()) == [
        ("manifest.csv#4", "bad_row"),
        ("notes.txt", "not_an_image"),
    ]
    made = FOLDER.catalog(raw)
    assert made.artworks.schema.equals(schemas.ARTWORKS)
    assert_fields_told(FOLDER, made)
    first, bare, second = made.artworks.to_pylist()
    assert (first["style"], first["begin_year"], first["tags"]) == (
        "Renaissance",
        1470,
        ["Men", "Boats"],
    )
    assert first["misc"] == '{"odd": "kept"}'
    assert bare["title"] is None
    assert first["artists"] == second["artists"]
    (artist,) = made.artists.to_pylist()
    assert (artist["name"], artist["aliases"]) == ("Hans Memling", ["HANS MEMLING"])
    assert artist["end_year"] == 1494 or artist["end_year"] == 1504
    assert made.image_links["url"].to_pylist()[1] == (folder / "c é.JPEG").as_uri()


def test_the_version_follows_the_listing(site, folder):
    before = FOLDER.observe(site, [])
    assert FOLDER.observe(site, []) == before
    (folder / "a.jpg").write_bytes(b"longer")
    assert FOLDER.observe(site, []) != before


def test_no_folder_is_an_empty_source(tmp_path):
    site = Site(Net(), tmp_path / "l", tmp_path / "d")
    raw, refused = FOLDER.tables(site, "whole")
    assert (raw["pictures"].num_rows, refused.num_rows) == (0, 0)
    assert FOLDER.catalog(raw).artworks.num_rows == 0


def test_clear_errors(site, folder, tmp_path):
    (tmp_path / "manifest.csv").write_text("name,title\na,b\n")
    with pytest.raises(ValueError, match=r"manifest.csv has no column 'file'"):
        FOLDER.tables(site, "whole")
    gone = Site(Net(), tmp_path / "l", tmp_path / "d", tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        FOLDER.observe(gone, [])


def test_a_manifest_as_a_spreadsheet_writes_it(site, tmp_path):
    text = "\ufefffile;Titel;TITLE;Maker;picture\r\npictures/a.jpg;x;Erster;Dürer;y\r\n"
    (tmp_path / "manifest.csv").write_text(text, newline="")
    first = FOLDER.catalog(FOLDER.tables(site, "whole")[0]).artworks.to_pylist()[0]
    assert (first["title"], first["artist_text"]) == ("Erster", "Dürer")
    assert json.loads(first["misc"]) == {"Titel": "x", "picture_of_manifest": "y"}


def test_odd_names_come_in_or_are_refused(site, folder):
    strange = ["two\nlines.jpg", "a|b#c?d%41.jpg", " .jpg", "emoji \U0001f3a8.png", "no-suffix"]
    for name in strange:
        (folder / name).write_bytes(b"\xff\xd8\xff")
    Path(os.fsdecode(os.fsencode(folder) + b"/K\xf6ln.jpg")).write_bytes(b"x")
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "twin.jpg").symlink_to(folder / "a.jpg")
    os.mkfifo(folder / "pipe.jpg")
    assert FOLDER.observe(site, []) == FOLDER.observe(site, [])
    raw, refused = FOLDER.tables(site, "whole")
    assert {*strange, "twin.jpg"} <= set(raw["pictures"]["picture"].to_pylist())
    for row in raw["pictures"].to_pylist():
        assert Path(unquote(urlsplit(row["url"]).path)) == (folder / row["picture"]).resolve()
    reasons = {r["subject"]: r["reason"] for r in refused.to_pylist() if r["reason"] != "bad_row"}
    assert reasons == {
        "K\\udcf6ln.jpg": "bad_name",
        "gone.jpg": "unreadable",
        "notes.txt": "not_an_image",
        "pipe.jpg": "unreadable",
    }
    assert FOLDER.catalog(raw).image_links.num_rows == raw["pictures"].num_rows


def test_what_cannot_be_read_is_refused(site, folder, monkeypatch):
    (folder / "broken.jpg").symlink_to("/proc/self/mem")  # a file whose reading fails, for root too
    scandir = os.scandir

    def closed(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    raw, refused = FOLDER.tables(site, "whole")
    assert raw["pictures"]["picture"].to_pylist() == ["a.jpg", "c é.JPEG"]
    reasons = {row["subject"]: row["reason"] for row in refused.to_pylist()}
    assert (reasons["broken.jpg"], reasons["sub"]) == ("unreadable", "unreadable")


def test_an_edit_a_rename_and_a_picture_less_are_seen(site, folder):
    def seen():
        rows = FOLDER.tables(site, "whole")[0]["pictures"].to_pylist()
        return FOLDER.observe(site, [])["whole"], {row["picture"]: row["sha256"] for row in rows}

    versions, before = [seen()[0]], seen()[1]
    (folder / "a.jpg").write_bytes(b"edited")
    edited = seen()
    (folder / "a.jpg").rename(folder / "z.jpg")
    renamed = seen()
    (folder / "z.jpg").unlink()
    versions += [edited[0], renamed[0], seen()[0]]
    assert len(set(versions)) == 4
    assert edited[1]["a.jpg"] != before["a.jpg"]
    assert renamed[1]["z.jpg"] == edited[1]["a.jpg"]


def test_a_picture_once_in_the_store_is_not_hashed_again(site, folder, tmp_path, monkeypatch):
    (folder / "a.jpg").write_bytes(JPEG)
    raw = FOLDER.tables(site, "whole")[0]
    store = ImageStore(tmp_path / "store")
    fetch_images(FOLDER.catalog(raw).image_links, site=site, store=store)
    hashed = []

    def counting(path):
        hashed.append(path.name)
        return sha256_file(path)

    monkeypatch.setattr(local_pictures, "sha256_file", counting)
    assert FOLDER.tables(site, "whole")[0]["pictures"].equals(raw["pictures"])
    assert hashed == ["c é.JPEG", "b.png"]  # no pictures at all, so nothing is kept of them
    (folder / "a.jpg").write_bytes(JPEG + b" ")
    FOLDER.tables(site, "whole")
    assert hashed[2:] == ["a.jpg", "c é.JPEG", "b.png"]


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_the_wikiart_pictures_come_in_described(tmp_path):
    pictures = Path(os.environ["ARTLAKE_SAMPLES"]) / "images" / "wikiart"
    site = Site(Net(), tmp_path / "l", tmp_path / "d", pictures)
    made = FOLDER.catalog(FOLDER.tables(site, "whole")[0])
    assert made.artworks.num_rows == 2626
    assert len(set(made.artworks["style"].to_pylist())) == 7
