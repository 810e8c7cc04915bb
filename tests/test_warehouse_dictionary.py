"""The data dictionary and its diagram: every column explained, from the contracts and the published file."""

import re
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pyarrow.parquet as pq
import pytest
import small_lake
from bs4 import BeautifulSoup

from storage import Lake
from warehouse import diagram, dictionary
from warehouse.contracts import star_contract, view_contracts
from warehouse.description import Described, Dictionary, describe
from warehouse.headers import parse
from warehouse.origins import origins
from warehouse.publish import publish
from warehouse.star import STAR, build

TABLES = tuple(star_contract(table.name) for table in STAR)
CONTRACTS = (*TABLES, *view_contracts())
KINDS = {contract.name: "table" for contract in TABLES} | {c.name: "view" for c in view_contracts()}


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    lake = small_lake.make(tmp_path_factory.mktemp("lake"))
    for table in STAR:
        build(lake, table)
    return lake


@pytest.fixture(scope="module")
def file(lake, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("published") / "artlake.duckdb"
    publish(lake, target, {"code": "abc"})
    return target


@pytest.fixture(scope="module")
def book(lake, file) -> Dictionary:
    return describe(file, lake.read("catalog/fields"))


@pytest.fixture(scope="module")
def html(lake, file) -> str:
    return dictionary.html(describe(file, lake.read("catalog/fields")))


@pytest.fixture(scope="module")
def page(html) -> BeautifulSoup:
    return BeautifulSoup(html, "lxml")


def made_by_hand(folder: Path, *statements: str) -> Path:
    file = folder / "by_hand.duckdb"
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            connection.execute(statement)
    return file


def of(book: Dictionary, table: str, column: str) -> Described:
    (entry,) = (entry for entry in book.entries if entry.contract.name == table)
    (found,) = (it for it in entry.columns if it.column.name == column)
    return found


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_column_has_a_meaning_written(contract):
    silent = [column.name for column in contract.columns if len(column.meaning) < 5]
    assert contract.columns and not silent


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_column_read_from_the_lake_names_one_that_is_there(contract, lake):
    """`noun.column`: the noun is the last part of the table's key, `artworks` that of catalog/artworks."""
    for name, read in origins(contract, KINDS[contract.name]).items():
        for origin in read:
            noun, _, column = origin.partition(".")
            there = [
                pq.read_schema(path).names
                for path in lake.root.glob(f"*/{noun}.parquet")
                if path.parent.name != "star"
            ]
            assert any(column in names for names in there), f"{name} is read from {origin}"


def test_columns_of_views_are_read_from_what_their_tables_are_read_from():
    (artworks,) = (contract for contract in view_contracts() if contract.name == "artworks")
    read = origins(artworks, "view")
    assert read["title"] == ("artworks.title",)
    assert read["style"] == ("artworks.style",)
    assert "artists.name" in read["artist"]
    assert read["images"] == ()


def test_the_pages_say_every_table_column_and_meaning(lake, file, page):
    text = dictionary.markdown(describe(file, lake.read("catalog/fields")))
    said = {
        element["id"]: re.sub(r"\s+", " ", element.get_text()) for element in page.find_all(id=True)
    }
    for contract in CONTRACTS:
        assert f"\n## {contract.name}\n" in text
        assert contract.name in said
        for column in contract.columns:
            plain = column.meaning.replace("`", "")
            assert plain in said[f"{contract.name}.{column.name}"], column.name
            assert f"\n| {column.name} | {column.type.lower()}" in text
    assert "- `snapshot` (table)" in text and "snapshot" in page.get_text()


def test_the_page_is_the_same_every_time(lake, file, html):
    assert dictionary.html(describe(file, lake.read("catalog/fields"))) == html


def test_a_column_tells_the_field_of_each_source(book, page):
    told = (("met", "title"), ("nga", "objects.title"))
    for table in ("fact_artwork", "artworks"):
        (origin,) = of(book, table, "title").origins
        assert (origin.column, origin.fields) == ("artworks.title", told)
    row = page.find(id="fact_artwork.title").get_text(" ")
    assert "objects.title" in row and "2 sources" in row


def test_nothing_is_told_of_sources_that_nothing_is_known_of(tmp_path):
    file = made_by_hand(tmp_path, "create table dim_style (style_key bigint, style varchar)")
    (origin,) = of(describe(file), "dim_style", "style").origins
    assert (origin.column, origin.fields) == ("artworks.style", ())
    assert (
        "read from artworks.style"
        in BeautifulSoup(dictionary.html(describe(file)), "lxml").get_text()
    )


def test_shares_are_those_of_the_file(file, book):
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as warehouse (read_only); use warehouse")
        rows, empty, nobody = connection.sql(
            "select count(*), count(*) - count(title), count(*) filter (style_key in (0, -1)) "
            "from fact_artwork"
        ).fetchall()[0]
    assert 0 < empty < rows and 0 < nobody < rows
    assert of(book, "fact_artwork", "title").empty == empty / rows
    assert of(book, "fact_artwork", "style_key").unsaid == nobody / rows
    assert of(book, "fact_artwork", "title").unsaid is None


def test_examples_are_short_and_tell_something(book):
    shown = {it.example for entry in book.entries for it in entry.columns}
    assert not shown & {"unknown", "not applicable", "0", "-1", "[]"}
    assert max(map(len, shown)) <= 61
    assert of(book, "fact_artwork", "title").example not in ("", small_lake.LONG_TITLE)


def test_an_example_is_looked_for_beyond_the_first_rows(tmp_path):
    file = made_by_hand(
        tmp_path,
        "create table dim_style as select i as style_key, "
        "case when i = 4000 then 'Baroque' when i > 100 then 'unknown' end as style, 0 as objects "
        "from range(5000) as t(i)",
    )
    book = describe(file)
    assert of(book, "dim_style", "style").example == "Baroque"
    assert of(book, "dim_style", "objects").example == ""


def test_a_file_of_long_ago_is_described_with_the_columns_it_has(tmp_path):
    file = made_by_hand(
        tmp_path,
        "create table fact_artwork (artwork_key bigint, style_key bigint, mood varchar)",
        "insert into fact_artwork values (1, 0, 'grave'), (2, 5, null)",
        "comment on column fact_artwork.mood is 'how it feels'",
        "create table letters as select 1 as a",
        "comment on table letters is 'what people wrote'",
    )
    book = describe(file)
    (entry,) = book.entries
    assert [it.column.name for it in entry.columns] == ["artwork_key", "style_key", "mood"]
    mood = of(book, "fact_artwork", "mood")
    assert (mood.column.meaning, mood.example, mood.empty) == ("how it feels", "grave", 0.5)
    assert of(book, "fact_artwork", "style_key").column.references is None  # no dim_style to go to
    assert book.others == (("letters", "table", "what people wrote"),)
    assert "how it feels" in dictionary.html(describe(file))
    assert "what people wrote" in dictionary.markdown(describe(file))


def test_an_empty_table_has_no_shares(tmp_path):
    file = made_by_hand(tmp_path, "create table dim_style (style_key bigint, style varchar)")
    assert of(describe(file), "dim_style", "style").empty is None
    assert "no rows" in dictionary.markdown(describe(file))


def test_what_the_rows_hold_breaks_no_page(tmp_path):
    file = made_by_hand(
        tmp_path,
        "create table dim_style (style_key bigint, style varchar)",
        "insert into dim_style values (1, '<script>alert(1)</script> a|b\n\\| `c`')",
    )
    page = BeautifulSoup(dictionary.html(describe(file)), "lxml")
    assert page.find(id="dim_style.style").find(class_="example").get_text() == (
        r"<script>alert(1)</script> a|b \| `c`"
    )
    rows = [
        line
        for line in dictionary.markdown(describe(file)).splitlines()
        if line.startswith("| style")
    ]
    assert {len(re.split(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {9}


def test_every_link_leads_somewhere_on_the_page(page):
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = {link["href"] for link in page.find_all("a")}
    assert links and {link.removeprefix("#") for link in links} <= set(ids)
    assert "#dim_style" in {a["href"] for a in page.find(id="fact_artwork.style_key").find_all("a")}


def test_the_page_needs_no_network(page):
    assert not page.find_all(["link", "img", "iframe"])
    assert not [script for script in page.find_all("script") if script.get("src")]
    assert "url(" not in page.find("style").get_text()


def test_the_diagram_has_every_table_and_every_foreign_key():
    drawn = ElementTree.fromstring(diagram.svg(TABLES))
    space = {"svg": "http://www.w3.org/2000/svg"}
    names = [text.text for text in drawn.findall(".//svg:text[@class='name']", space)]
    assert sorted(names) == sorted(contract.name for contract in TABLES)
    lines = sorted((p.get("data-from"), p.get("data-to")) for p in drawn.findall("svg:path", space))
    keys = sorted((c.name, k.references) for c in TABLES for k in c.columns if k.references)
    assert lines == keys


def test_no_two_tables_of_the_diagram_overlap_and_all_are_within_it():
    drawn = ElementTree.fromstring(diagram.svg(TABLES))
    _, _, width, height = map(float, drawn.get("viewBox").split())
    places = [
        tuple(float(box.get(side)) for side in ("x", "y", "width", "height"))
        for box in drawn.iter("{http://www.w3.org/2000/svg}rect")
    ]
    for number, (x, y, wide, high) in enumerate(places):
        assert x >= 0 and x + wide <= width and y >= 0 and y + high <= height
        for left, top, w, h in places[:number]:
            assert x >= left + w or left >= x + wide or y >= top + h or top >= y + high


def test_a_star_of_one_table_and_one_that_refers_to_itself_can_be_drawn():
    alone = parse("fact_tree", "-- grain: one row a node\n-- tree_key | bigint, key | the node\n")
    assert "fact_tree" in diagram.svg([alone])
    knot = parse(
        "dim_node", "-- grain: one row a node\n-- up_key | bigint, -> dim_node | its parent\n"
    )
    assert diagram.svg([knot]).count('data-to="dim_node"') == 1


def test_the_diagram_as_mermaid_has_every_table_and_every_foreign_key():
    text = diagram.mermaid(TABLES)
    for contract in TABLES:
        assert f"    {contract.name} {{\n" in text
        for column in contract.columns:
            if column.references:
                line = rf"    {column.references} (\|\||\|o)--o{{ {contract.name} : {column.name}\n"
                assert re.search(line, text)
            if column.key:
                assert re.search(rf"        \w+ {column.name} PK", text)
    assert re.fullmatch(r"[\w\s|{}:,-]+", text)
