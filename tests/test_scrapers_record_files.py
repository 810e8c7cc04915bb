import csv
import gzip
import io
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrapers.record_files import names, read


def read_all(path):
    refused = []
    return list(read(path, lambda *why: refused.append(why))), refused


def write(tmp_path, data):
    path = tmp_path / "list"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        b"title,artist\r\nK\xc3\xb6ln,A\r\n",
        b"\xef\xbb\xbftitle;artist\nK\xc3\xb6ln;A\n",
        b"title\tartist\nK\xc3\xb6ln\tA",
        "title\tartist\nKöln\tA\n".encode("utf-16"),
        gzip.compress("title,artist\nKöln,A\n".encode()),
        b'\xef\xbb\xbf [{"title": "K\xc3\xb6ln", "artist": "A"}]\n',
        b'\n{"title": "K\\u00f6ln", "artist": "A", "more": null}\n\n',
    ],
    ids=["csv", "bom", "tsv", "utf-16", "gzip", "array", "lines"],
)
def test_the_form_is_told_by_content(tmp_path, data):
    path = write(tmp_path, data)
    assert names(path)[:2] == ["title", "artist"]
    found, refused = read_all(path)
    assert [row for _, row in found] == [{"title": "Köln", "artist": "A"}]
    assert refused == []


def test_rows_that_are_no_records_are_refused_by_their_number(tmp_path):
    found, refused = read_all(
        write(tmp_path, b"a,b\n1,2\n\n3\nK\xf6ln,4\n5,6\n" + b'"' + b"x" * 140_000 + b"\n7,8\n")
    )
    assert [number for number, _ in found] == [2, 6, 8]
    assert [(number, reason) for number, reason, _ in refused] == [
        (4, "bad_row"),
        (5, "bad_text"),
        (7, "bad_quotes"),
    ]
    found, refused = read_all(write(tmp_path, b'{"a": 1}\n[2]\n{oh\n{"a": "\\ud800"}\n{"a": 3}\n'))
    assert [(number, row["a"]) for number, row in found] == [(1, "1"), (5, "3")]
    assert [(number, reason) for number, reason, _ in refused] == [
        (2, "bad_row"),
        (3, "bad_row"),
        (4, "bad_text"),
    ]
    found, refused = read_all(write(tmp_path, b'[{"a": 1}, 7, {"a": {"b": [1]}, "c": ["x", 2]}]'))
    assert found == [(1, {"a": "1"}), (3, {"a": '{"b": [1]}', "c": "x|2"})]
    assert refused == [(2, "bad_row", "a int stands where a record should be")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b'[{"a": 1}, {"a"', "breaks off behind record 1"),
        (b'[{"a": 1} {"a": 2}]', "no comma follows record 1"),
        (gzip.compress(b"a,b\n1,2\n")[:-6], "broken gzip"),
    ],
)
def test_a_file_that_breaks_off_is_named(tmp_path, data, said):
    with pytest.raises(ValueError, match=said) as error:
        read_all(write(tmp_path, data))
    assert "list" in str(error.value)


def test_a_quote_left_open_costs_its_own_row_alone(tmp_path):
    """A title in inches, and two hundred rows behind it."""
    rows = "".join(f"Work {n},{n}\n" for n in range(200))
    found, refused = read_all(write(tmp_path, f'title,year\n"Panel, 12 in.,1500\n{rows}'.encode()))
    assert [row["title"] for _, row in found] == [f"Work {n}" for n in range(200)]
    assert [(number, reason) for number, reason, _ in refused] == [(2, "bad_quotes")]


def test_a_header_beyond_what_csv_allows_is_told_with_the_file(tmp_path):
    with pytest.raises(ValueError, match="list cannot be read"):
        names(write(tmp_path, b"x" * 140_000 + b",b\n1,2\n"))


def test_headers_without_a_name_or_with_one_twice_are_told_apart(tmp_path):
    assert names(write(tmp_path, b"a,,a\n1,2,3\n")) == ["a", "column 2", "a 3"]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=12)
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXT.map(str.strip)), min_size=1, max_size=6
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS, delimiter=st.sampled_from(",;\t"))
def test_whatever_is_written_comes_back(tmp_path, records, delimiter):
    wanted = [{name: value for name, value in row.items() if value} for row in records]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["a", "b", "c"], delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(records)
    table = [row for _, row in read_all(write(tmp_path, out.getvalue().encode()))[0]]
    assert table == [row for row in wanted if row]
    array = read_all(write(tmp_path, json.dumps(records).encode()))[0]
    assert array == [(n, row) for n, row in enumerate(wanted, start=1) if row]
    lines = "".join(json.dumps(row) + "\n" for row in records)
    assert read_all(write(tmp_path, lines.encode()))[0] == array


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_long_list_is_streamed(tmp_path, form):
    """Thirty megabytes of records take a few: the array is never held as a whole."""
    records = ({"id": n, "title": "x" * 1000} for n in range(30_000))
    with (tmp_path / "list").open("w") as file:
        file.write("[" if form == "array" else "")
        for number, row in enumerate(records):
            comma = "," if form == "array" and number else ""
            file.write(f"{comma}{json.dumps(row)}\n")
        file.write("]" if form == "array" else "")
    tracemalloc.start()
    count = sum(1 for _ in read(tmp_path / "list", lambda *_: None))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 30_000
    assert peak < 12e6
