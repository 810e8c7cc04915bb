import os
from pathlib import Path

import pytest

from scrapers import MUSEUMS, Net, Site
from storage import schemas

FOLDER = MUSEUMS["folder"]
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
    assert (artist["name"], artist["aliases"]) == ("Hans Memling", ["HANS  MEMLING"])
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


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_the_wikiart_pictures_come_in_described(tmp_path):
    pictures = Path(os.environ["ARTLAKE_SAMPLES"]) / "images" / "wikiart"
    site = Site(Net(), tmp_path / "l", tmp_path / "d", pictures)
    made = FOLDER.catalog(FOLDER.tables(site, "whole")[0])
    assert made.artworks.num_rows == 2626
    assert len(set(made.artworks["style"].to_pylist())) == 7
