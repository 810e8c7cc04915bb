import io
import json
import zipfile

import pytest
from scrapers_museum import in_child, serve

from scrapers import MUSEUMS, Net, Site
from scrapers.crawl import run_crawl
from scrapers.museums.wga import CATALOGUE, list_url
from scrapers.wga_catalog import LICENCE, reading_order
from scrapers.wga_pages import address_key, artist_page, canonical, decode, soup
from storage import schemas

WGA = MUSEUMS["wga"]
HEADER = "AUTHOR;BORN-DIED;TITLE;DATE;TECHNIQUE;LOCATION;URL;FORM;TYPE;SCHOOL;TIMEFRAME"
ADONIS = (
    '"AACHEN, Hans von";"(b. 1552, Köln, d. 1615, Praha)";Venus and Adonis;1574-88;'
    '"Oil on canvas, 68 x 95 cm";"Fogg Art Museum, Harvard University, Cambridge";'
    "https://www.wga.hu/html/a/aachen/adonis.html;painting;mythological;German;1601-1650"
)
LONELY = (
    '"BOSCH, Hieronymus";;Ship;c, 1500;Wood;Louvre;http://www.wga.hu/html/b/bosch/ship.html;'
    "painting;genre;Netherlandish;1451-1500"
)


def packed(*rows, encoding="cp1252", header=HEADER):
    pack = io.BytesIO()
    with zipfile.ZipFile(pack, "w") as made:
        made.writestr("catalog.csv", "\r\n".join([header, *rows]).encode(encoding))
    return pack.getvalue()


def listed(name, path, life=""):
    cells = [f'<A HREF="http://www.wga.hu{path}"><B>{name}</B></A>', life, "Mannerism", "German"]
    return "<TR>" + "".join(f'<TD CLASS="ARTISTLIST">{c}</TD>' for c in cells) + "</TR>"


def artist_list(*rows, pages="Page 1 of 1"):
    table = "<TABLE>" + "".join(rows) + "</TABLE>"
    return (
        f'<HTML><DIV CLASS="LIST">{pages}</DIV><DIV CLASS="PAGENUM">{table}</DIV></HTML>'.encode()
    )


def works_page(*works):
    head = "<tr><td>Preview</td><td>Picture Data</td><td>File Info</td><td>Comment</td></tr>"
    rows = "".join(
        f'<tr><td><a href="/art/{key}.jpg"><img src="/preview/{key}.jpg"></a></td>'
        f"<td><b>{title}</b><br>1600<br>Oil on wood, 30 x 40 cm<br>Museum, Town</td>"
        "<td>800*600</td><td>A comment</td></tr>"
        for key, title in works
    )
    return (
        '<html><DIV CLASS="INDEX2">AACHEN, Hans von</DIV><a href="/bio/a/aachen/biograph.html">'
        f"Biography</a><table>{head}{rows}</table></html>"
    ).encode()


@pytest.fixture
def museum():
    with serve() as made:
        made.pages[CATALOGUE.removeprefix("https://")] = packed(ADONIS, LONELY)
        first = artist_list(
            listed("AACHEN, Hans von", "/html/a/aachen/index.html"),
            listed("ACHEN, Jan (see AACHEN, Hans von)", "/html/a/aachen/index.html"),
            pages="Page 1 of 2",
        )
        made.pages[list_url().removeprefix("https://")] = first
        made.pages[list_url(start=50).removeprefix("https://")] = artist_list(
            listed("BOSCH, Hieronymus", "/frames-e.html?/html/b/bosch/index.html")
        )
        site = "www.wga.hu/html"
        made.pages[f"{site}/a/aachen/index.html"] = (
            b'<html><UL><LI><A HREF="early/index.html">Early</A>'
            b'<LI><A HREF="/index.html">Home</A></UL></html>'
        )
        made.pages[f"{site}/a/aachen/early/index.html"] = works_page(
            ("a/aachen/adonis", "Venus and Adonis"), ("a/aachen/early/new", "New One")
        )
        made.pages[f"{site}/b/bosch/index.html"] = b"<html>The address has changed!</html>"
        yield made


@pytest.fixture
def site(museum, tmp_path):
    return Site(Net(museum.url), tmp_path / "ledger.sqlite", tmp_path / "downloads")


def crawl(site):
    return in_child(run_crawl, "wga", site)


def test_catalogue_and_pages_are_reconciled(museum, site):
    before = WGA.observe(site, [])
    crawl(site)
    assert WGA.observe(site, []) == before
    raw, refused = WGA.tables(site, "whole")
    works = {row["URL"]: row for row in raw["works"].to_pylist()}
    assert {row["found"] for row in works.values()} == {"both", "catalogue", "page"}
    assert {row["encoding"] for row in works.values()} == {"cp1252", None}
    assert [r["reason"] for r in refused.to_pylist()] == ["soft_404"]
    hans = raw["artists"].to_pylist()[0]
    assert json.loads(hans["aliases"]) == ["ACHEN, Jan"]
    assert hans["biography"] == "https://www.wga.hu/bio/a/aachen/biograph.html"

    made = WGA.catalog(raw)
    assert made.artworks.schema.equals(schemas.ARTWORKS)
    rows = {row["source_id"]: row for row in made.artworks.to_pylist()}
    adonis = rows["a/aachen/adonis"]
    assert (adonis["begin_year"], adonis["end_year"]) == (1574, 1588)
    assert (adonis["medium"], adonis["height_cm"]) == ("Oil on canvas", 68.0)
    assert {row["licence"] for row in rows.values()} == {LICENCE}
    assert rows["a/aachen/early/new"]["title"] == "New One"
    artists = {row["name"]: row for row in made.artists.to_pylist()}
    assert artists["Hans von Aachen"]["aliases"] == ["Jan Achen"]
    assert artists["Hans von Aachen"]["begin_year"] == 1552
    urls = made.image_links["url"].to_pylist()
    assert "https://www.wga.hu/art/a/aachen/adonis.jpg" in urls

    asked = museum.asked.total()
    again = crawl(site)
    assert again["not_modified"] == 1  # the catalogue; pages of this version are not asked again
    assert museum.asked.total() - asked <= 3


def test_a_catalogue_without_pages_is_enough(museum, site):
    for key in [key for key in museum.pages if "zip" not in key]:
        del museum.pages[key]
    WGA.observe(site, [])
    crawl(site)
    raw, refused = WGA.tables(site, "whole")
    assert raw["artists"].num_rows == 0
    assert [r["reason"] for r in refused.to_pylist()] == ["gone"]
    assert WGA.catalog(raw).artists["name"].to_pylist() == ["Hans von Aachen", "Hieronymus Bosch"]


def test_bad_rows_and_other_headers(museum, site):
    from scrapers.ledger import Ledger

    path = site.downloads / "wga" / "data_txt.zip"
    path.parent.mkdir(parents=True)
    old = HEADER.replace("AUTHOR", "ARTIST").replace("TIMEFRAME", "TIMELINE") + ";NEW"
    rows = (ADONIS + ";kept", ADONIS + ";kept", "too;short", "X;;No address;;;;;;;;;")
    path.write_bytes(packed(*rows, encoding="utf-8", header=old))
    with Ledger(site.ledger) as ledger:
        ledger.remember("wga", {"offered": True})
    raw, refused = WGA.tables(site, "whole")
    assert [(r["subject"], r["reason"]) for r in refused.to_pylist()] == [
        ("catalog.csv#4", "bad_row")
    ]
    assert raw["works"]["NEW"].to_pylist()[0] == "kept"
    made = WGA.catalog(raw)
    assert made.artworks.num_rows == 1
    assert made.artists["sort_name"].to_pylist() == ["AACHEN, Hans von"]
    assert made.rejects["reason"].to_pylist() == ["duplicate_row", "no_address"]
    path.write_bytes(packed("a;b", header="A;B"))
    with pytest.raises(ValueError, match="no column URL or AUTHOR"):
        WGA.tables(site, "whole")


def test_a_redesigned_list_stops_with_what_it_shows(museum, site):
    museum.pages[list_url().removeprefix("https://")] = (
        b"<html><p>Welcome to our new site</p></html>"
    )
    WGA.observe(site, [])
    crawl(site)
    with pytest.raises(ValueError, match="Welcome to our new site"):
        WGA.tables(site, "whole")


def test_an_empty_list_is_said_and_stops_nothing(museum, site):
    museum.pages[list_url().removeprefix("https://")] = artist_list()
    WGA.observe(site, [])
    crawl(site)
    raw, refused = WGA.tables(site, "whole")
    assert refused["reason"].to_pylist() == ["empty_list"]
    assert raw["works"].num_rows == 2


def test_wrappers_lead_to_the_page():
    url = "https://www.wga.hu/html/b/bosch/index.html"
    framed = b'<frameset><frame name="MAIN" src="/html/b/bosch/all.html"></frameset>'
    assert artist_page(soup(framed), url).links == ["https://www.wga.hu/html/b/bosch/all.html"]
    moved = b'<meta http-equiv="refresh" content="0; url=painting/index.html">'
    assert artist_page(soup(moved), url).links == [
        "https://www.wga.hu/html/b/bosch/painting/index.html"
    ]
    assert canonical("http://wga.hu/frames-e.html?/html/b/x.html#top") == (
        "https://www.wga.hu/html/b/x.html"
    )
    assert {address_key(f"/{kind}/a/aachen/adonis.{end}") for kind, end in
            (("html", "html"), ("html_m", "html"), ("art", "jpg"), ("preview", "jpg"))} == {
        "a/aachen/adonis"
    }  # fmt: skip


def test_encodings_and_names():
    assert decode("Köln".encode())[1] == "utf-8"
    assert decode("Köln".encode("cp1252")) == ("Köln", "cp1252")
    assert decode(b"\x81\xf6") == ("\x81ö", "latin-1")
    assert reading_order("AACHEN, Hans von") == "Hans von Aachen"
    assert reading_order("BRUEGEL, Pieter the Elder") == "Pieter Bruegel the Elder"
    assert reading_order("MASTER of the Aix Annunciation") == "Master of the Aix Annunciation"
