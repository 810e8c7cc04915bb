import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrapers import csv_tables


@pytest.fixture
def read(tmp_path):
    """Read bytes as things.csv; return (rows of (id, b, number), rejects as (number, reason))."""

    def reading(data, known=("id", "b"), **options):
        path = tmp_path / "things.csv"
        path.write_bytes(data)
        refused = []
        table = csv_tables.read(path, known, "id", "shop", refused, **options)
        assert {(r["stage"], r["source"]) for r in refused} <= {("raw", "shop")}
        reading.details = [r["detail"] for r in refused]
        return (
            [
                (row["id"], row["b"], _number(row["source_row"]))
                for row in table.select(["id", "b", "source_row"]).to_pylist()
            ],
            [(_number(r["subject"]), r["reason"]) for r in refused],
        )

    return reading


def _number(address):
    name, _, number = address.partition("#")
    assert name == "things.csv"
    return int(number)


def test_a_table_as_it_should_be(read):
    rows, refused = read(b'\xef\xbb\xbfid,"b"\r\n1,x\n2,"y\r\nz, ""q"""\r\n\r\n3,')
    assert rows == [("1", "x", 2), ("2", 'y\r\nz, "q"', 3), ("3", "", 4)]
    assert refused == []
    assert read(b"id;b\n1;x,y\n", delimiter=";") == ([("1", "x,y", 2)], [])
    assert read(b'id,b\n1,6" nail\n2,y\n') == ([("1", '6" nail', 2), ("2", "y", 3)], [])


def test_the_header_may_run_over_lines_and_columns_may_come_and_go(tmp_path):
    path = tmp_path / "things.csv"
    path.write_bytes(b'"long\nname",id , ,source_row\n1,2,3,4\n')
    refused = []
    table = csv_tables.read(path, ("id", "gone"), "id", "shop", refused)
    assert table.to_pylist() == [
        {"long\nname": "1", "id": "2", "column_3": "3", "source_row_of_file": "4",
         "source_row": "things.csv#2", "gone": None}
    ]  # fmt: skip
    assert refused == []


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_header_alone_is_an_empty_table(read, ending):
    assert read(b"id,b" + ending) == ([], [])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "things.csv is no table: no bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html><body>no</body></html>", "an HTML page"),
        (b"id,b,b\n1,2,3\n", "two columns called 'b'"),
        (b"name,b\n1,2\n", r"no column 'id'; its header is \['name', 'b'\]"),
        (b'id,"b\n1,2\n', "The header of things.csv cannot be read"),
        ("id,b\n1,2\n".encode("utf-16"), "no column 'id'"),
    ],
)
def test_what_is_no_table_is_said(read, data, says):
    with pytest.raises(ValueError, match=says):
        read(data)


def test_rows_with_a_wrong_number_of_fields_and_without_a_key(read):
    rows, refused = read(b"id,b\n1,x\n2\n\n3,y,z\n,w\n5,v\n")
    assert rows == [("1", "x", 2), ("5", "v", 6)]
    assert refused == [(3, "bad_row"), (4, "bad_row"), (5, "no_id")]
    assert read.details[:2] == ["1 fields instead of 2", "3 fields instead of 2"]
    # a record over three lines is one record, also when it has a field too many
    rows, refused = read(b'id,b\n1,"x\n\ny",z\n2,w\n')
    assert (rows, refused) == ([("2", "w", 3)], [(2, "bad_row")])


def test_bytes_that_are_no_text_cost_their_row_nothing_but_themselves(read):
    rows, refused = read(b"id,b\n1,K\xf6ln\n2,K\xc3\xb6ln\n\xf6,x\n4,a\0b\n5,\xed\xa0\x80\n")
    assert rows == [
        ("1", "K\ufffdln", 2), ("2", "Köln", 3), ("4", "a\ufffdb", 5), ("5", "\ufffd" * 3, 6)
    ]  # fmt: skip
    assert refused == [(2, "not_text"), (4, "not_text"), (5, "not_text"), (6, "not_text")]
    assert read.details[0] == "b hold bytes that are no UTF-8 text; U+FFFD stands for them"
    assert read.details[1] == "id hold bytes that are no UTF-8 text; the row is left out"


@pytest.mark.parametrize(
    "data",
    [
        b'id,b\n1,x\n2,"y\n3,z\n4,w\n',  # never closed
        b'id,b\n1,x\n2,"y\n3,z\n4,"w"\n',  # closed by the next field that opens
        b'id,b\n1,x\n2,"y"y\n3,z\n4,w\n',  # closed in the middle
        b'id,b\r\n1,x\r\n2,"y, y\r\n3,z\r\n4,"w"\r\n',
        b'id,b\n1,x\n2,"y\n3,z\n4,"w"',
        b'id,b\n1,x\n2,"\n3,z\n4,w\n',
    ],
)
def test_a_stray_quote_costs_its_own_row_only(read, data):
    rows, refused = read(data)
    assert rows == [("1", "x", 2), ("3", "z", 4), ("4", "w", 5)]
    assert refused == [(3, "bad_quotes")]
    assert """the line begins '2,"y""" in read.details[0] or data.endswith(b'"\n3,z\n4,w\n')


def test_rows_swallowed_with_the_right_quotes_are_told_by_their_fields(read):
    # the stray quote of row 2 is closed by a field that begins with a comma, as a quote may be
    rows, refused = read(b'id,b\n1,x\n2,"y\n3,z\n4,","\n5,w\n')
    assert (5, "bad_quotes") not in refused
    assert rows == [("1", "x", 2), ("3", "z", 4), ("4", ",", 5), ("5", "w", 6)]
    assert refused == [(3, "bad_quotes")]


def test_a_quote_that_is_never_closed_costs_one_row_of_many(read):
    many = b"".join(b"%d,x\n" % n for n in range(60_000))
    rows, refused = read(b'id,b\nfirst,"x\n' + many)
    assert len(rows) == 60_000 and refused == [(2, "bad_quotes")]
    assert rows[0] == ("0", "x", 3) and rows[-1] == ("59999", "x", 60_002)


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | (
    st.text('",\n\r ;a', max_size=8)
)


def _written(header, rows, **options):
    out = io.StringIO(newline="")
    csv.writer(out, **options).writerows([header, *rows])
    return out.getvalue().encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(_TEXT, min_size=width, max_size=width), max_size=8)
    ),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
def test_what_python_writes_comes_back_by_both_ways(tmp_path, rows, quoting, delimiter, odd):
    width = len(rows[0]) if rows else 1
    header = ["id", *(f"c{n}" for n in range(width))]
    rows = [[f"n{n}", *row] for n, row in enumerate(rows)]
    data = _written(header, rows, quoting=quoting, delimiter=delimiter)
    if odd:  # one bad row at the end sends the whole file the careful way
        data += b"bad\n" if width else b""
    path = tmp_path / "things.csv"
    path.write_bytes(data)
    refused = []
    table = csv_tables.read(path, header, "id", "shop", refused, delimiter)
    assert [list(row.values()) for row in table.select(header).to_pylist()] == rows
    numbers = [f"things.csv#{n}" for n in range(2, len(rows) + 2)]
    assert table["source_row"].to_pylist() == numbers
    assert [(r["subject"], r["reason"]) for r in refused] == (
        [(f"things.csv#{len(rows) + 2}", "bad_row")] if odd else []
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.text("abc", min_size=1, max_size=3), st.text("xyz", max_size=3)),
        min_size=1, max_size=6,
    ),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.data(),
)  # fmt: skip
def test_one_stray_quote_anywhere_costs_one_row(tmp_path, rows, quoting, data):
    lines = _written(["id", "b"], rows, quoting=quoting).decode().splitlines(keepends=True)
    struck = data.draw(st.integers(1, len(rows)))
    at = data.draw(st.sampled_from([0, lines[struck].index(",") + 1]))
    lines[struck] = lines[struck][:at] + '"' + lines[struck][at:]
    path = tmp_path / "things.csv"
    path.write_text("".join(lines), newline="")
    refused = []
    table = csv_tables.read(path, ("id", "b"), "id", "shop", refused)
    kept = [(n, row) for n, row in enumerate(rows, start=2) if n != struck + 1]
    assert table.to_pylist() == [
        {"id": one, "b": two, "source_row": f"things.csv#{n}"} for n, (one, two) in kept
    ]
    assert [(r["subject"], r["reason"]) for r in refused] == [
        (f"things.csv#{struck + 1}", "bad_quotes")
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.text('",\n\r1a', max_size=60).map(str.encode))
def test_every_line_is_a_row_or_a_reject(tmp_path, data):
    path = tmp_path / "things.csv"
    path.write_bytes(b"id,b\n" + data)
    refused = []
    table = csv_tables.read(path, ("id", "b"), "id", "shop", refused)
    kept = {int(at.partition("#")[2]) for at in table["source_row"].to_pylist()}
    lost = {int(r["subject"].partition("#")[2]) for r in refused}
    assert kept | lost == set(range(2, len(kept | lost) + 2))
    assert all(r["reason"] == "not_text" for r in refused if int(r["subject"][11:]) in kept)
