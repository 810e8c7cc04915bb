"""Charts: what a question's header asks for, which rows are drawn, and files that people can open."""

import datetime
import io
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from warehouse.ask import TRUNCATED
from warehouse.charts import ChartError, chart, draw
from warehouse.chartspec import CATEGORIES, COLOURS, Chart, parse, title_of, without_gaps

BARS = Chart("bars", "Which artists?", "As written.", x="works", y="artist")
STACKED = Chart("columns", "When?", x="period", y="objects", colour="school")
ARTISTS = pa.table({"artist": ["Rembrandt", "Vermeer"], "works": [3, 1], "artist_key": [2**62, 5]})


def values(table: pa.Table, spec: Chart) -> list[dict]:
    return chart(table, spec).to_dict()["data"]["values"]


def encoding(table: pa.Table, spec: Chart) -> dict:
    return chart(table, spec).to_dict()["layer"][0]["encoding"]


def test_a_line_of_a_header_is_read():
    line = 'bars y=style columns=a,b share=yes format=percent value_title="how many"'
    assert parse(line, "Which?", "Mind.") == Chart(
        "bars", "Which?", "Mind.", y="style", columns=("a", "b"), share=True, percent=True,
        value_title="how many",
    )  # fmt: skip
    assert parse("none, a list to be read", "Which?", "Mind.") is None


@pytest.mark.parametrize(
    "line",
    ["", "pie x=a y=b", "none", "bars", "bars x=a", "bars x=a y=b share=no", "bars x=a y=b z=c",
     "bars x=a y=b colour=", "bars x y=b"],
)  # fmt: skip
def test_a_line_that_is_not_understood_is_refused(line):
    with pytest.raises(ValueError, match="chart"):
        parse(line, "Which?", "Mind.")


@given(st.text())
def test_any_line_is_read_or_refused(line):
    try:
        read = parse(line, "Which?", "Mind.")
    except ValueError:
        return
    assert read is None or read.columns or (read.x and read.y)


def test_bars_come_in_the_rows_order_and_keys_too_long_for_json_stay_out():
    drawn = encoding(ARTISTS, BARS)
    assert drawn["y"]["sort"] == ["Rembrandt", "Vermeer"]
    assert values(ARTISTS, BARS) == [{"x": 3, "y": "Rembrandt"}, {"x": 1, "y": "Vermeer"}]
    assert [tooltip["title"] for tooltip in drawn["tooltip"]] == ["works", "artist"]


def test_of_many_categories_the_first_are_drawn_and_it_is_said():
    many = pa.table({"artist": [f"artist {n}" for n in range(1000)], "works": range(1000, 0, -1)})
    assert len(values(many, BARS)) == CATEGORIES
    assert chart(many, BARS).to_dict()["title"]["subtitle"] == [
        "As written.",
        f"Drawn are the first {CATEGORIES} of 1,000 by artist.",
    ]
    cut = many.replace_schema_metadata({TRUNCATED: b"yes"})
    (_, said) = chart(cut, BARS).to_dict()["title"]["subtitle"]
    assert said == f"Drawn are the first {CATEGORIES} of 1,000 or more by artist."


def test_a_chart_of_a_cut_answer_says_so():
    table = pa.table({"period": ["1501–1550"], "school": ["Dutch"], "objects": [1]})
    cut = pa.concat_tables([table, table]).replace_schema_metadata({TRUNCATED: b"yes"})
    assert chart(cut, STACKED).to_dict()["title"]["subtitle"] == [
        "The answer is cut after its first 2 rows."
    ]
    assert chart(table, STACKED).to_dict()["title"]["subtitle"] == []


def test_of_many_parts_the_small_ones_are_summed_up_and_nothing_is_lost():
    names = [f"school {n:02}" for n in range(20)]
    table = pa.table({"period": ["1601–1650"] * 20, "school": names, "objects": range(20, 0, -1)})
    drawn = values(table, STACKED)
    assert sum(row["y"] for row in drawn) == sum(range(21))
    assert [row["colour"] for row in drawn] == [*names[:COLOURS], "other"]
    assert encoding(table, STACKED)["color"]["scale"]["domain"] == [*names[:COLOURS], "other"]


def test_columns_that_are_folded_are_a_value_each():
    table = pa.table({"museum": ["Met"], "title": [1.0], "height_cm": [0.25], "objects": [9]})
    heat = Chart("heat", "How full?", y="museum", columns=("title", "height_cm"), percent=True)
    assert values(table, heat) == [
        {"y": "Met", "x": "title", "colour": 1.0},
        {"y": "Met", "x": "height (cm)", "colour": 0.25},
    ]
    points = Chart("points", "How large?", y="museum", columns=("height_cm",), value_title="cm")
    assert encoding(table, points)["x"]["title"] == "cm"


def test_shares_are_stacked_to_the_whole():
    shares = Chart("bars", "How?", x="objects", y="museum", colour="precision", share=True)
    table = pa.table(
        {"museum": ["Met", "Met"], "precision": ["year", "not told"], "objects": [1, 2]}
    )
    drawn = encoding(table, shares)
    assert drawn["x"]["stack"] == "normalize" and drawn["x"]["axis"]["format"] == "%"


def test_an_answer_without_rows_has_no_chart():
    with pytest.raises(ChartError, match=r"no rows: Which artists\?"):
        chart(ARTISTS.slice(0, 0), BARS)


@pytest.mark.slow
def test_odd_values_are_drawn_too():
    table = pa.table(
        {
            "artist": ["ناصر 🎨", "<b>& \"quoted\"</b>", "x" * 40_000, None],
            "works": [1.5, None, 0.0, 2.0],
            "names": [["a", "b"], None, [], ["c"]],
            "day": [datetime.date(2026, 10, 1)] * 4,
        }
    )  # fmt: skip
    assert [row["y"][:4] for row in values(table, BARS)] == ["ناصر", "<b>&", "xxxx", "not "]
    assert draw(chart(table, BARS), "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("names", "filled"),
    [
        (["before 1001", "1501–1550", "1601–1650", "1651–1700"],
         ["before 1001", "1501–1550", "1551–1600", "1601–1650", "1651–1700"]),
        (["0–9", "20–29", "30–39", "after death"], ["0–9", "10–19", "20–29", "30–39", "after death"]),
        ([1870, 1890, 1900], [1870, 1880, 1890, 1900]),
        (["1501–1550"], ["1501–1550"]),
        (["4 to 16", "not decoded"], ["4 to 16", "not decoded"]),
        ([1, 1000, 1001], [1, 1000, 1001]),
        ([3, 1, 2], [3, 1, 2]),
        ([347, 622, "", 952], [347, 622, "", 952]),
        (["1501", "1501–1550", "1601–1650"], ["1501", "1501–1550", "1601–1650"]),
        ([], []),
    ],
)  # fmt: skip
def test_axes_that_count_have_no_gaps(names, filled):
    assert without_gaps(names) == filled


@given(st.lists(st.integers(0, 3000) | st.text(max_size=4), unique_by=str))
def test_no_name_of_an_axis_is_lost(names):
    filled = without_gaps(names)
    assert [name for name in filled if name in names] == names


def test_a_column_s_name_is_a_title_with_its_unit():
    assert title_of("median_height_cm") == "median height (cm)"
    assert title_of("says_the_model") == "says the model"


def test_files_are_what_their_names_say_and_the_same_every_time():
    made = {form: draw(chart(ARTISTS, BARS), form) for form in ("png", "svg", "html")}
    assert made == {form: draw(chart(ARTISTS, BARS), form) for form in ("png", "svg", "html")}
    assert Image.open(io.BytesIO(made["png"])).width > 1000
    assert made["svg"].startswith(b"<svg") and b"Rembrandt" in made["svg"]
    page = made["html"].decode()
    assert "Rembrandt" in page
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)\s*=", page)  # needs no network
