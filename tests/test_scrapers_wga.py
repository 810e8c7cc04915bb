import csv
import gzip
import io
import json
import zipfile
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapers_museum import assert_fields_told, in_child, serve

from scrapers import MUSEUMS, Net, Site
from scrapers.crawl import run_crawl
from scrapers.ledger import Ledger
from scrapers.museums.wga import CATALOGUE
from scrapers.wga_catalog import LICENCE, reading_order
from scrapers.wga_file import read_catalogue
from scrapers.wga_pages import (
    UnrecognisedPageError,
    address_key,
    artist_page,
    canonical,
    decode,
    from_json,
    read,
    soup,
    to_json,
)
from scrapers.wga_rules import RULES, mend
from scrapers.wga_walk import list_url
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
    assert_fields_told(WGA, made)
    assert made.artworks.schema.equals(schemas.ARTWORKS)
    rows = {row["source_id"]: row for row in made.artworks.to_pylist()}
    adonis = rows["a/aachen/adonis"]
    assert (adonis["begin_year"], adonis["end_year"]) == (1574, 1588)
    assert (adonis["medium"], adonis["height_cm"]) == ("Oil on canvas", 68.0)
    assert {row["licence"] for row in rows.values()} == {LICENCE}
    assert rows["a/aachen/early/new"]["title"] == "New One"
    assert adonis["notes"] == "A comment" and "page_comment" not in adonis["misc"]
    artists = {row["name"]: row for row in made.artists.to_pylist()}
    assert artists["Hans von Aachen"]["aliases"] == ["Jan Achen"]
    assert artists["Hans von Aachen"]["begin_year"] == 1552
    urls = made.image_links["url"].to_pylist()
    assert "https://www.wga.hu/art/a/aachen/adonis.jpg" in urls

    asked = museum.asked.total()
    assert WGA.pending(site, "whole") == 0
    again = crawl(site)
    assert (again["requests"], museum.asked.total()) == (0, asked)


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
    path = site.downloads / "wga" / "data_txt.zip"
    path.parent.mkdir(parents=True)
    old = HEADER.replace("AUTHOR", "ARTIST").replace("TIMEFRAME", "TIMELINE") + ";NEW"
    rows = (ADONIS + ";kept", ADONIS + ";kept", "too;short", "X;;No address;;;;;;;;;",
            ADONIS.replace("Venus and", "Venus with") + ";")  # fmt: skip
    path.write_bytes(packed(*rows, encoding="utf-8", header=old))
    with Ledger(site.ledger) as ledger:
        ledger.remember("wga", {"offered": True})
    raw, refused = WGA.tables(site, "whole")
    assert [(r["subject"], r["reason"]) for r in refused.to_pylist()] == [
        ("catalog.csv#4", "bad_row")
    ]
    assert raw["works"]["AUTHOR"][0].as_py() == "AACHEN, Hans von"
    assert raw["works"]["NEW"].to_pylist()[0] == "kept"
    made = WGA.catalog(raw)
    assert made.artworks["source_id"].to_pylist() == ["a/aachen/adonis", "a/aachen/adonis~2"]
    assert [json.loads(misc).get("same_address") for misc in made.artworks["misc"].to_pylist()] == [
        None, 2
    ]  # fmt: skip
    assert {json.loads(misc)["TIMEFRAME"] for misc in made.artworks["misc"].to_pylist()} == {
        "1601-1650"
    }
    assert made.artists["sort_name"].to_pylist() == ["AACHEN, Hans von"]
    assert made.rejects["reason"].to_pylist() == ["duplicate_row", "no_address"]
    path.write_bytes(packed("a;b", header="A;B"))
    with pytest.raises(ValueError, match="no column URL or AUTHOR"):
        WGA.tables(site, "whole")


def key_of(url):
    return url.removeprefix("https://")


def test_a_redesigned_list_stops_with_what_it_shows(museum, site):
    good, new = museum.pages[key_of(list_url())], b"<html><p>Welcome to our new site</p></html>"
    museum.pages[key_of(list_url())] = new
    WGA.observe(site, [])
    with pytest.raises(UnrecognisedPageError, match="list.count.*Welcome to our new site") as told:
        crawl(site)
    kept = site.downloads / "wga" / "unrecognised.html"
    assert kept.read_bytes() == new
    assert str(kept) in str(told.value)
    assert list_url() in str(told.value)

    museum.pages[key_of(list_url())] = good  # the site is back, nothing else has changed
    crawl(site)
    assert WGA.tables(site, "whole")[0]["artists"].num_rows == 2


def test_the_list_of_everybody_must_list_somebody(museum, site):
    museum.pages[key_of(list_url())] = artist_list()
    WGA.observe(site, [])
    with pytest.raises(UnrecognisedPageError, match=r"list\.cell.*Page 1 of 1"):
        crawl(site)


def test_an_empty_list_of_a_letter_is_said_and_stops_nothing(museum, site):
    limited = replace(site, net=replace(site.net, limit=1))
    museum.pages[key_of(list_url("a"))] = artist_list()
    WGA.observe(limited, [])
    crawl(limited)
    raw, refused = WGA.tables(limited, "whole")
    assert refused["reason"].to_pylist() == ["empty_list"]
    assert raw["works"].num_rows == 1


@pytest.mark.parametrize(("good", "odd", "stops"), [(0, 4, False), (0, 5, True), (18, 6, False)])
def test_one_page_without_works_is_a_reject_and_many_are_a_redesign(museum, site, good, odd, stops):
    total = good + odd
    museum.pages[key_of(list_url())] = artist_list(
        *(listed(f"PAINTER {n}", f"/html/a/painter{n}/index.html") for n in range(total))
    )
    for n in range(total):
        fine = n % (total // odd) != 0  # evenly spread
        page = works_page((f"a/painter{n}/one", "One")) if fine else b"<html>All new</html>"
        museum.pages[f"www.wga.hu/html/a/painter{n}/index.html"] = page
    WGA.observe(site, [])
    if stops:
        with pytest.raises(UnrecognisedPageError, match=r"artist\.picture.*All new"):
            crawl(site)
        assert WGA.pending(site, "whole") == 1
    else:
        crawl(site)
        _, refused = WGA.tables(site, "whole")
        assert Counter(refused["reason"].to_pylist()) == {"no_works": odd}


def test_a_site_that_says_everything_has_moved_withdraws_nothing(museum, site):
    pages = {f"/html/a/painter{n}/index.html": f"a/painter{n}/one" for n in range(8)}
    museum.pages[key_of(list_url())] = artist_list(
        *(listed(f"PAINTER {n}", path) for n, path in enumerate(pages))
    )
    for path, work in pages.items():
        museum.pages[f"www.wga.hu{path}"] = works_page((work, "One"))
    WGA.observe(site, [])
    crawl(site)
    for path in pages:
        museum.pages[f"www.wga.hu{path}"] = b"<html>The address has changed!</html>"
    museum.pages[key_of(CATALOGUE)] = packed(ADONIS)
    WGA.observe(site, [])
    with pytest.raises(UnrecognisedPageError, match=r"artist\.picture.*The address has changed"):
        crawl(site)


def test_a_page_of_the_list_that_is_gone_withdraws_nobody(museum, site):
    WGA.observe(site, [])
    crawl(site)
    further = museum.pages.pop(key_of(list_url(start=50)))
    museum.pages[key_of(CATALOGUE)] = packed(ADONIS)
    WGA.observe(site, [])
    crawl(site)
    with pytest.raises(UnrecognisedPageError, match="HTTP 404"):
        WGA.tables(site, "whole")
    museum.pages[key_of(list_url(start=50))] = further
    crawl(site)
    assert WGA.tables(site, "whole")[0]["artists"].num_rows == 2


def test_a_catalogue_gone_overnight_is_kept_and_said(museum, site):
    WGA.observe(site, [])
    crawl(site)
    before = WGA.tables(site, "whole")[0]
    catalogue = museum.pages.pop(key_of(CATALOGUE))
    WGA.observe(site, [])
    crawl(site)
    raw, refused = WGA.tables(site, "whole")
    assert raw == before
    assert "not_offered" in refused["reason"].to_pylist()
    museum.pages[key_of(CATALOGUE)] = catalogue
    WGA.observe(site, [])
    crawl(site)
    assert "not_offered" not in WGA.tables(site, "whole")[1]["reason"].to_pylist()


def test_a_page_is_parsed_once_and_again_when_the_parser_changes(museum, site, monkeypatch):
    WGA.observe(site, [])
    crawl(site)
    parsed = []

    def counted(url, body):
        parsed.append(url)
        return read(url, body)

    monkeypatch.setattr("scrapers.wga_walk.read", counted)
    before = WGA.tables(site, "whole")
    assert parsed == []
    monkeypatch.setattr("scrapers.wga_walk.parser_version", lambda: "another")
    assert WGA.tables(site, "whole") == before
    assert len(parsed) == len(set(parsed)) == 5
    WGA.tables(site, "whole")
    assert len(parsed) == 5


def test_a_change_costs_conditional_requests_and_a_failed_page_is_asked_again(museum, site):
    adonis = "www.wga.hu/html/a/aachen/early/index.html"
    museum.faults[adonis] = ["503"] * 40
    WGA.observe(site, [])
    crawl(site)
    raw, _ = WGA.tables(site, "whole")
    assert "New One" not in raw["works"]["page_title"].to_pylist()
    assert WGA.pending(site, "whole") == 1
    museum.faults.clear()
    asked = museum.asked.copy()
    crawl(site)
    assert museum.asked - asked == {adonis: 1, "www.wga.hu/robots.txt": 1}

    museum.pages[CATALOGUE.removeprefix("https://")] = packed(ADONIS)
    WGA.observe(site, [])
    again = crawl(site)
    assert again["not_modified"] == 5
    raw, _ = WGA.tables(site, "whole")
    assert raw["works"]["found"].to_pylist() == ["both", "page"]


def test_two_artists_under_one_address_and_one_work_on_two_pages(museum, site):
    shared = "/html/a/aachen/early/index.html"
    museum.pages[key_of(list_url())] = artist_list(
        listed("LOIR, Luigi", shared),
        listed("AACHEN, Hans von", shared),
        listed("AKEN (see ACHEN, Johann)", shared),
        listed("AACHEN, Hans von", "/html/b/bosch/index.html"),
    )
    museum.pages["www.wga.hu/html/a/aachen/early/index.html"] = works_page(
        ("a/aachen/adonis", "Venus, and Adonis"),
        ("a/aachen/adonis", "Venus, and Adonis"),
        ("a/aachen/other", "Other"),
    )
    WGA.observe(site, [])
    crawl(site)
    raw, refused = WGA.tables(site, "whole")
    artists = {(row["name"], row["url"][-19:]): row for row in raw["artists"].to_pylist()}
    assert json.loads(artists["LOIR, Luigi", "en/early/index.html"]["same_url_as"]) == [
        "AACHEN, Hans von"
    ]
    works = {row["URL"]: row for row in raw["works"].to_pylist()}
    mine = "https://www.wga.hu/html/a/aachen/"
    assert works[f"{mine}other.html"]["AUTHOR"] == "AACHEN, Hans von"  # whom the page names
    assert json.loads(works[f"{mine}adonis.html"]["differs"]) == [
        "TITLE",
        "DATE",
        "TECHNIQUE",
        "LOCATION",
    ]
    reasons = ["alias_of_nobody", "shown_twice", "soft_404"]
    assert sorted(refused["reason"].to_pylist()) == reasons
    made = WGA.catalog(raw)
    assert made.rejects["reason"].to_pylist() == ["same_name"]
    assert sorted(made.artists["sort_name"].to_pylist()) == [
        "AACHEN, Hans von", "BOSCH, Hieronymus", "LOIR, Luigi"
    ]  # fmt: skip


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
    assert decode("Musée, Führer, ÉGLISE".encode("cp850")) == ("Musée, Führer, ÉGLISE", "cp850")
    assert reading_order("AACHEN, Hans von") == "Hans von Aachen"
    assert reading_order("BRUEGEL, Pieter the Elder") == "Pieter Bruegel the Elder"
    assert reading_order("MASTER of the Aix Annunciation") == "Master of the Aix Annunciation"


def test_every_rule_mends_its_example_and_nothing_else():
    for rule in RULES:
        column = sorted(rule.columns)[-1]
        mended, fired = mend(column, rule.example)
        assert fired == (rule.name,), rule
        assert mend(column, mended) == (mended, ()), rule
    assert mend("TECHNIQUE", "Oil on canvas.  180 x 227 cm,")[0] == "Oil on canvas, 180 x 227 cm"
    assert mend("DATE", "c, 1500")[0] == "c. 1500"
    assert mend("AUTHOR", "VERMEYEN, Jan Cornelisz.") == ("VERMEYEN, Jan Cornelisz.", ())


def test_what_was_mended_stands_in_misc_with_the_words_before(museum, site):
    torn = ADONIS.replace("canvas, 68", "canvs,, 68").replace("Venus and Adonis", "Venus, ")
    museum.pages[CATALOGUE.removeprefix("https://")] = packed(torn)
    WGA.observe(site, [])
    crawl(site)
    raw, _ = WGA.tables(site, "whole")
    assert raw["works"]["TECHNIQUE"][0].as_py() == "Oil on canvs,, 68 x 95 cm"
    row = WGA.catalog(raw).artworks.to_pylist()[0]
    assert (row["title"], row["medium"], row["width_cm"]) == ("Venus", "Oil on canvas", 95.0)
    misc = json.loads(row["misc"])
    assert misc["mended"] == ["stray_space", "edge_comma", "doubled_comma", "misspelt_word"]
    assert misc["written"] == {"TITLE": "Venus, ", "TECHNIQUE": "Oil on canvs,, 68 x 95 cm"}


def test_the_rules_on_real_rows(samples):
    with (samples / "wga" / "catalog_derived.csv").open(encoding="latin-1", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    fired = Counter(
        name
        for row in rows
        for column in ("AUTHOR", "TITLE", "TECHNIQUE", "LOCATION")
        for name in mend(column, row[column])[1]
    )
    assert len(rows) == 9849
    assert fired == {
        "edge_comma": 3, "brace": 1, "point_before_size": 4, "trailing_point": 1,
        "sign_for_nothing": 1, "misspelt_word": 32,
    }  # fmt: skip


def test_encodings_of_real_files(samples):
    texts = {}
    for name in ("paintings", "paintings_data"):
        body = gzip.decompress((samples / "wga" / f"{name}.csv.gz").read_bytes())
        text, encoding = decode(body)
        texts[encoding] = {row["jpg_link"]: row for row in csv.DictReader(io.StringIO(text))}
    assert set(texts) == {"utf-8", "cp850"}
    both = texts["utf-8"].keys() & texts["cp850"].keys()
    same = [texts["utf-8"][url]["LOCATION"] == texts["cp850"][url]["LOCATION"] for url in both]
    assert sum(same) > 0.99 * len(both) > 8000


def write(folder, body, name="catalog.csv"):
    path = folder / "data_txt.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, body)
    return path


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("scrapers.wga_file._MOST_BYTES", 100_000)
    path = write(tmp_path, HEADER + "\n" + "x" * 200_000)
    with pytest.raises(ValueError, match="would unpack to more than"):
        read_catalogue(path, None, [])
    small = (1000).to_bytes(4, "little")  # a lie about its size
    size = (len(HEADER) + 1 + 200_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, small))
    with pytest.raises(ValueError, match="no whole zip file"):
        read_catalogue(path, None, [])
    path.write_bytes(b"<html>")
    with pytest.raises(ValueError, match="no whole zip file"):
        read_catalogue(path, None, [])


def test_a_name_in_the_zip_is_no_path(tmp_path):
    path = write(tmp_path, f"{HEADER}\n{LONELY}\n", "../../outside/catalog.csv")
    rows = read_catalogue(path, None, [])
    assert rows[0]["source_row"] == "catalog.csv#2"
    assert [file.name for file in tmp_path.parent.rglob("catalog.csv")] == []


def test_an_open_quote_swallows_its_own_row_only(tmp_path):
    broken = ADONIS.replace("Venus and Adonis", '"Venus and Adonis')
    lines = ADONIS.replace("Venus and Adonis", '"Venus\nand Adonis"')
    path = write(tmp_path, "\n".join([HEADER, broken, LONELY, lines, LONELY]).encode("cp1252"))
    refused = []
    rows = read_catalogue(path, None, refused)
    assert [(row["source_row"], row["TITLE"]) for row in rows] == [
        ("catalog.csv#3", "Ship"), ("catalog.csv#4", "Venus\nand Adonis"), ("catalog.csv#6", "Ship")
    ]  # fmt: skip
    assert [(row["subject"], row["reason"]) for row in refused] == [("catalog.csv#2", "bad_row")]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12)


@given(st.lists(st.lists(cells, min_size=11, max_size=11), max_size=5))
def test_any_table_comes_back(tmp_path_factory, rows):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([HEADER.split(";"), *rows])
    path = write(tmp_path_factory.mktemp("zip"), text.getvalue().encode())
    refused = []
    back = read_catalogue(path, None, refused)
    assert [[row[name] for name in HEADER.split(";")] for row in back] == rows
    assert [row["source_row"] for row in back] == [f"catalog.csv#{n + 2}" for n in range(len(rows))]
    assert refused == []


bits = st.sampled_from([
    "<table>", "<tr>", "<td class=ARTISTLIST>", "<td>", "<ul>", "<a href='/art/x.jpg'>", "<a href=http://[>",
    "<a href>", "<frame name=main>", "<meta http-equiv=refresh content='0;url=//['>", "</table>", "Preview",
    "Picture Data File Info Comment", "<div class='LIST'>Page 1 of 99999999999", "(see ", ")", "</td>", "<b>",
])  # fmt: skip


@given(st.one_of(st.binary(), st.lists(st.one_of(bits, st.text())).map("".join).map(str.encode)))
def test_no_page_breaks_the_parser(body):
    for url in (list_url(), "https://www.wga.hu/html/a/aachen/index.html"):
        page = read(url, body)
        assert from_json(url, to_json(page)) == page


@given(st.text("ab0_-~%", min_size=1), st.text("ab./?#:~ %", max_size=6))
def test_the_short_way_to_a_key_is_the_long_one(name, rest):
    for url in (f"/art/{name}{rest}.jpg", f"https://www.wga.hu/html/a/{name}{rest}"):
        assert address_key(url) == address_key(url.strip() + "#fragment"), url


@given(st.text())
def test_no_text_breaks_addresses_and_rules(text):
    address_key(text)
    for column in ("AUTHOR", "TITLE", "DATE", "TECHNIQUE", "LOCATION"):
        assert len(mend(column, text)[0]) <= len(text) + 6


def test_a_list_of_absurdly_many_pages_is_none():
    assert read(list_url(), artist_list(pages="Page 1 of 103")).pages == 103
    assert read(list_url(), artist_list(pages="Page 1 of " + "9" * 5000)).pages == 0


def test_a_page_reads_back_as_it_was():
    url = "https://www.wga.hu/html/a/aachen/index.html"
    page = read(url, works_page(("a/aachen/adonis", "Vénus")))
    assert page.works[0] == {
        "title": "Vénus", "date": "1600", "technique": "Oil on wood, 30 x 40 cm",
        "location": "Museum, Town", "art": "https://www.wga.hu/art/a/aachen/adonis.jpg",
        "file_info": "800*600", "comment": "A comment",
    }  # fmt: skip
    assert from_json(url, to_json(page)) == page
    listing = read(list_url(), artist_list(listed("ACHEN (see AACHEN)", "/html/a/aachen/")))
    assert from_json(list_url(), to_json(listing)) == listing
