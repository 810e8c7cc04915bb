"""A list of works as a source: any CSV or JSON with addresses of pictures, and ArtGAN's lists."""

import dataclasses
import json
import os
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scrapers_museum import assert_contract, assert_fields_told, in_child, picture, serve

from scrapers import MUSEUMS, Net, Site, artgan, local_pictures
from scrapers.described import TERMS, term
from scrapers.images import fetch_images, originals
from scrapers.museums.listing import names_the_web
from storage import ImageStore

LISTING = MUSEUMS["listing"]
PICTURES = "https://pictures.example.org"


@pytest.fixture
def home(tmp_path):
    """A folder with a list's pictures beside it, and a file outside that no list may name."""
    made = tmp_path / "home"
    (made / "sub").mkdir(parents=True)
    for name in ("a.jpg", "sub/b c.jpg", "|.jpg"):
        (made / name).write_bytes(picture("red"))
    (tmp_path / "secret.jpg").write_bytes(picture("red"))
    (made / "way-out.jpg").symlink_to(tmp_path / "secret.jpg")
    return made


@pytest.fixture
def listed(tmp_path, home):
    """Write a list, and get the site that reads it."""

    def write(text, name="works.csv", net=None):
        path = home / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return Site(net or Net(), tmp_path / "ledger", tmp_path / "downloads", listing=path)

    return write


def made_from(site):
    raw, refused = LISTING.tables(site, "whole")
    made = LISTING.catalog(raw)
    assert_contract(made)
    assert_fields_told(LISTING, made)
    return made, [(r["subject"], r["reason"]) for r in refused.to_pylist()]


@pytest.mark.parametrize(
    ("row", "medium", "technique"),
    [
        ({"material": "oak", "technique": "carved"}, "oak", "carved"),
        ({"medium": "oil", "technique": "impasto"}, "oil", "impasto"),
        ({"technique": "oil on canvas"}, "oil on canvas", None),
    ],
)
def test_a_technique_has_a_column_where_the_materials_have_one(listed, row, medium, technique):
    made, _ = made_from(listed([row | {"title": "A"}], "w.json"))
    (work,) = made.artworks.to_pylist()
    assert (work["medium"], work["technique"], work["misc"]) == (medium, technique, None)


def test_when_it_was_acquired_and_what_is_told_of_it_have_columns(listed):
    text = (
        "title,acquisitionYear,Description,comments\nA,1922,A ship.,Signed.\nB,long ago,,Signed.\n"
    )
    made, _ = made_from(listed(text))
    one, two = made.artworks.sort_by("title").to_pylist()
    assert (one["acquired_year"], one["notes"]) == (1922, "A ship.")
    assert json.loads(one["misc"]) == {"comments": "Signed."}
    assert (two["acquired_year"], two["notes"]) == (None, "Signed.")
    assert json.loads(two["misc"]) == {"acquisitionYear": "long ago"}


def test_columns_go_by_their_usual_names_and_nothing_is_lost(listed):
    made, refused = made_from(
        listed(
            "Object ID,Title,creator,Date,imageURL,url,License,Height (cm),begin_year,odd\n"
            f"7,First,Hans Memling|After Hugo,c. 1480,{PICTURES}/1.jpg|{PICTURES}/2.jpg,"
            "https://example.org/7,CC0-1.0,12.5,not known,kept\n"
        )
    )
    assert refused == []
    (work,) = made.artworks.to_pylist()
    assert (work["artwork_id"], work["source_row"]) == ("listing:7", "works.csv#2")
    assert (work["title"], work["date_text"], work["licence"]) == ("First", "c. 1480", "CC0-1.0")
    assert (work["height_cm"], work["object_url"]) == (12.5, "https://example.org/7")
    assert work["begin_year"] <= 1480 <= work["end_year"]
    assert json.loads(work["misc"]) == {"begin_year": "not known", "odd": "kept"}
    assert work["artists"][0]["artist_id"] == "listing:hans-memling"
    assert len(work["artists"]) == 2
    links = [(link["image_id"], link["url"]) for link in made.image_links.to_pylist()]
    assert links == [
        ("listing:7#0", f"{PICTURES}/1.jpg"),
        ("listing:7#1", f"{PICTURES}/2.jpg"),
    ]


def test_json_and_csv_of_the_same_works_say_the_same(listed):
    rows = [{"id": n, "title": f"Work {n}", "artist": "A", "tags": ["x", "y"]} for n in range(3)]
    table = "id,title,artist,tags\n" + "".join(f"{n},Work {n},A,x|y\n" for n in range(3))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    tables = [
        made_from(site)[0].artworks.drop_columns("source_row")
        for site in (listed(table), listed(rows, "w.json"), listed(lines, "w.jsonl"))
    ]
    assert tables[0].num_rows == 3
    assert tables[0]["tags"].to_pylist()[0] == ["x", "y"]
    assert tables[0].equals(tables[1])
    assert tables[1].equals(tables[2])


def test_a_work_without_an_id_is_named_by_its_content_wherever_its_row_stands(listed):
    ids = [
        made_from(listed(text))[0].artworks["artwork_id"].to_pylist()
        for text in ("title,artist\nA,x\nB,y\n", "artist,title\ny,B\nx,A\n")
    ]
    assert ids[0] == ids[1][::-1]
    assert len(set(ids[0])) == 2


def test_files_lie_beside_the_list_or_in_the_folder_and_nowhere_else(listed, home, tmp_path):
    outside = [
        "../secret.jpg", "sub/../../secret.jpg", str(tmp_path / "secret.jpg"), "way-out.jpg",
        "/etc/passwd",
    ]  # fmt: skip
    odd = [
        "file:///etc/passwd", "ftp://example.org/a.jpg", "javascript:alert(1)", "http://[bad/a.jpg",
        "https:///a.jpg",
    ]  # fmt: skip
    wanted = ["a.jpg", "./sub/b c.jpg", str(home / "a.jpg"), "shared.jpg"]
    names = [*wanted, *outside, *odd, "none.jpg"]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "shared.jpg").write_bytes(picture("red"))
    site = listed("title,file\n" + "".join(f"{n},{name}\n" for n, name in enumerate(names)))
    made, refused = made_from(dataclasses.replace(site, folder=tmp_path / "folder"))
    assert made.artworks.num_rows == len(names)
    assert Counter(reason for _, reason in refused) == {
        "outside": len(outside), "bad_address": len(odd), "no_file": 1,
    }  # fmt: skip
    paths = [Path(unquote(urlsplit(u).path)) for u in made.image_links["url"].to_pylist()]
    assert paths == [
        home / "a.jpg", home / "sub" / "b c.jpg", home / "a.jpg", tmp_path / "folder/shared.jpg",
    ]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["..", ".", "sub", "a.jpg", "way-out.jpg", "", "~", "\0", "é"])),
    st.booleans(),
)
def test_no_name_leads_out(home, parts, absolute):
    name = ("/" if absolute else "") + "/".join(parts)
    try:
        found = local_pictures.find(name, [home])
    except local_pictures.OutsideError:
        return
    assert found is None or found.resolve().is_relative_to(home.resolve())


def test_many_missing_files_are_told_once(listed):
    made, refused = made_from(
        listed("title,file\n" + "".join(f"{n},none-{n}.jpg\n" for n in range(50)))
    )
    assert (made.artworks.num_rows, made.image_links.num_rows) == (50, 0)
    assert len(refused) == 21
    assert refused[-1] == ("works.csv", "no_file")
    assert refused[0] == ("works.csv#2", "no_file")


def test_odd_rows_are_refused_by_their_number_and_the_others_come_in(listed):
    made, refused = made_from(listed("title,artist\nA,x\nB\nC,y\n"))
    assert made.artworks["title"].to_pylist() == ["A", "C"]
    assert refused == [("works.csv#3", "bad_row")]
    crowd = "|".join(f"{PICTURES}/{n}.jpg" for n in range(1001))
    made, refused = made_from(listed([{"title": "A", "images": crowd.split("|")}], "w.json"))
    assert (made.image_links.num_rows, refused) == (1000, [("w.json#1", "too_many")])


def test_columns_called_as_ours_are_kept_beside_them(listed):
    made, _ = made_from(listed("title,record,source_row\nA,gold,mine\n"))
    (work,) = made.artworks.to_pylist()
    assert json.loads(work["misc"]) == {"record_of_list": "gold", "source_row_of_list": "mine"}
    assert work["source_row"] == "works.csv#2"


def test_clear_errors(listed, tmp_path, home):
    with pytest.raises(ValueError, match="no column artlake knows; it has foo, bar"):
        made_from(listed("foo,bar\n1,2\n"))
    site = dataclasses.replace(listed(""), listing=home)
    with pytest.raises(ValueError, match="a folder without ArtGAN's lists"):
        LISTING.observe(site, [])


def test_no_list_is_an_empty_source(tmp_path):
    site = Site(Net(), tmp_path / "l", tmp_path / "d")
    made, refused = made_from(site)
    assert (made.artworks.num_rows, refused) == (0, [])
    assert LISTING.observe(site, []) == LISTING.observe(site, [])


def test_the_version_follows_the_list_its_pictures_and_the_limit(listed, home):
    site = listed("title,file\nA,a.jpg\nB,late.jpg\n")
    seen = [LISTING.observe(site, [])]
    assert LISTING.observe(site, []) == seen[0]
    (home / "a.jpg").write_bytes(picture("blue") + b"edited")
    seen.append(LISTING.observe(site, []))
    (home / "late.jpg").write_bytes(picture("red"))
    seen.append(LISTING.observe(site, []))
    seen.append(LISTING.observe(listed("title,file\nA,a.jpg\n"), []))
    seen.append(LISTING.observe(listed("title,file\nA,a.jpg\n", net=Net(limit=1)), []))
    assert len({version["whole"] for version in seen}) == 5


def test_an_edited_picture_changes_the_raw_table(listed, home):
    site = listed("title,file\nA,a.jpg\n")
    before = LISTING.tables(site, "whole")[0]["works"]
    (home / "a.jpg").write_bytes(picture("blue"))
    after = LISTING.tables(site, "whole")[0]["works"]
    assert before["picture_addresses"].equals(after["picture_addresses"])
    assert not before["picture_sha256"].equals(after["picture_sha256"])


def test_whether_anybody_will_be_asked_is_known_beforehand(listed, labels):
    for text, asked in (
        ("title,file\nA,a.jpg\n", False),
        ("title,url\nA,a.jpg\nB,https://example.org/b.jpg\n", True),
        ("title,image,url\nA,a.jpg,https://example.org/a\n", False),
        ("title\nA\n", False),
    ):
        assert names_the_web(listed(text).listing) == asked
    assert not names_the_web(labels)


def test_a_limit_takes_the_first_works(listed):
    made, _ = made_from(listed("title\nA\nB\nC\n", net=Net(limit=2)))
    assert made.artworks["title"].to_pylist() == ["A", "B"]


def test_pictures_come_from_the_hosts_the_list_names_and_from_beside_it(listed, tmp_path):
    with serve() as museum:
        museum.pages["pictures.example.org/1.jpg"] = picture("red")
        site = listed(
            f"id,image_url\n1,{PICTURES}/1.jpg\n2,sub/b c.jpg\n3,{PICTURES}/none.jpg\n",
            net=Net(museum.url),
        )
        links = made_from(site)[0].image_links
        store = ImageStore(tmp_path / "store")
        in_child(fetch_images, links, site=site, store=store)
    kept, refused = originals(links, site.ledger, store)
    assert sorted(kept["image_id"].to_pylist()) == ["listing:1#0", "listing:2#0"]
    assert refused["reason"].to_pylist() == ["gone"]


def test_the_terms_are_written_as_they_are_looked_up():
    names = [name for terms in TERMS.values() for name in terms]
    assert [term(name) for name in names] == names
    assert term("imageURL") == term("Image Url") == term("image-url") == "image_url"


@pytest.fixture
def labels(tmp_path):
    """ArtGAN's lists in small, with a conflict, an unknown class and the artists' odd header."""
    made = tmp_path / "labels"
    made.mkdir()
    files = {
        "style_class.txt": "0 Realism\n1 Post_Impressionism\n",
        "style_train.csv": "Realism/vincent-van-gogh_pine-trees-1884.jpg,0\nX/b_c(2).jpg,7\n",
        "style_val.csv": "Realism/vincent-van-gogh_pine-trees-1884.jpg,1\nRealism/plain.jpg,0\n",
        "artist_class": "4 Vincent_van_Gogh\n",
        "artist_train": "(Path to image),, (Groundtruth class) \n\n"
        "Realism/vincent-van-gogh_pine-trees-1884.jpg,,4\n",
    }
    for name, text in files.items():
        (made / name).write_text(text)
    (made / "Realism").mkdir()
    (made / "Realism" / "plain.jpg").write_bytes(picture("red"))
    return made


def test_artgans_lists_are_merged_by_path(labels, tmp_path):
    site = Site(Net(), tmp_path / "ledger", tmp_path / "downloads", listing=labels)
    made, refused = made_from(site)
    plain, pines = made.artworks.sort_by("source_id").to_pylist()
    assert (pines["title"], pines["style"], pines["begin_year"]) == ("Pine trees", "Realism", 1884)
    assert json.loads(pines["misc"]) == {"artist_split": "train", "style_split": "train"}
    assert made.artists["name"].to_pylist() == ["Vincent van Gogh"]
    assert (plain["title"], plain["style"]) == (None, "Realism")
    assert made.image_links["artwork_id"].to_pylist() == ["listing:Realism/plain.jpg"]
    assert sorted(refused) == [
        ("style_train.csv#1", "no_file"),
        ("style_train.csv#2", "bad_row"),
        ("style_val.csv#1", "conflict"),
    ]
    (labels / "style_class.txt").unlink()
    with pytest.raises(ValueError, match=r"no style_class.txt"):
        made_from(site)


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_artgans_real_lists_come_in_whole():
    folder = Path(os.environ["ARTLAKE_SAMPLES"]) / "wikiart_labels"
    refused = []
    works = list(artgan.works(folder, lambda *why: refused.append(why)))
    assert len(works) == 81_446
    said = Counter(kind for work in works for kind in work)
    assert {kind: said[kind] for kind in ("style", "genre")} == {"style": 81_446, "genre": 64_994}
    assert (said["artist_split"], said["title"]) == (19_052, 81_444)
    assert [(where, reason) for where, reason, _ in refused] == [
        ("genre_val.csv.gz#8094", "conflict")
    ]
    assert len({work["style"] for work in works}) == 27
