"""`artlake query` as people call it: every form, file, refusal and date, through the command itself."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_lake

from pipelines import cli
from storage import Lake
from tests import _publications as publications
from warehouse.publish import publish
from warehouse.questions import questions

ROOT = Path(__file__).resolve().parent.parent
OBJECTS = len(small_lake.ARTWORKS)
TITLE = "select title from artworks where artwork_id = 'met:10'"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Published on two days, with another title on the second."""
    lake = publications.star(tmp_path_factory.mktemp("query") / "lake")
    publications.retitle(lake, "met:10", "As it was")
    publications.publish(lake, "2026-10-01")
    publications.retitle(lake, "met:10", "As it is")
    publications.publish(lake, "2026-10-03")
    publish(lake, lake.file("published/artlake.duckdb"), {"code": "test"})
    return lake


class Said(NamedTuple):
    code: int
    out: bytes
    err: str


class Ended(BaseException):
    """In place of the end of the process; no `except Exception` may swallow it."""


Command = Callable[..., Said]


@pytest.fixture
def query(lake: Lake, monkeypatch: pytest.MonkeyPatch, capfdbinary) -> Command:
    def end(code: int) -> None:
        raise Ended(code)

    def run(*words: object, root: Path = lake.root) -> Said:
        arguments = ["artlake", "--lake", str(root), "query", *map(str, words)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", arguments)
            patch.setattr(os, "_exit", end)
            with pytest.raises(Ended) as ended:
                cli.main()
        out, err = capfdbinary.readouterr()
        return Said(ended.value.args[0], out, " ".join(err.decode().split()))

    return run


def test_without_a_question_those_that_there_are_are_listed(query: Command) -> None:
    said = query()
    assert said.code == 0
    # A narrow terminal folds the sentences, not the names' first words.
    assert all(question.name.split("-")[0].encode() in said.out for question in questions())


def test_rows_are_printed_as_a_table_and_wide_ones_under_each_other(query: Command) -> None:
    said = query(TITLE)
    assert said.code == 0 and said.err == "" and b"As it is" in said.out
    wide = query("select * from artworks where artwork_id = 'met:10'")
    assert b"artwork_id" in wide.out and b"As it is" in wide.out
    assert b"accession_number" not in wide.out  # empty: it says nothing


def test_a_question_by_name_tells_its_sentence_and_note(query: Command) -> None:
    said = query("works-by-artist")
    text = " ".join(said.out.decode().split())
    assert said.code == 0
    assert "How many works by each artist are there" in text and "Rembrandt" in text
    assert "Works are by the artist's own hand" in text


NASTY = """select 'a,"b"' as text, null as nothing, [1, null] as list, {'a': date '2020-01-02'} as day,
    'nan'::double as odd, 'شجرة 🌳' as words, 1.5::decimal(9, 2) as money"""


@pytest.mark.parametrize("to_file", [False, True], ids=["printed", "by suffix"])
def test_csv_and_json_hold_every_value_and_nothing_else(
    query: Command, tmp_path: Path, to_file: bool
) -> None:
    def written(form: str) -> str:
        file = tmp_path / f"rows.{form.upper()}"
        said = query(NASTY, "--out", file) if to_file else query(NASTY, "--format", form)
        assert said.code == 0 and said.err == ""
        return file.read_text("utf-8") if to_file else said.out.decode()

    (row,) = csv.DictReader(io.StringIO(written("csv")))
    assert (row["text"], row["nothing"], row["list"]) == ('a,"b"', "", "[1, null]")
    assert (row["words"], json.loads(row["day"])) == ("شجرة 🌳", {"a": "2020-01-02"})
    (told,) = json.loads(written("json"))
    assert told == {
        "text": 'a,"b"', "nothing": None, "list": [1, None], "day": {"a": "2020-01-02"},
        "odd": None, "words": "شجرة 🌳", "money": "1.50",
    }  # fmt: skip


def test_parquet_and_arrow_keep_their_types(query: Command, tmp_path: Path) -> None:
    typed = "select 1::smallint as small, timestamp '2020-01-02' as day, ['a'] as list"
    assert query(typed, "--out", tmp_path / "rows.parquet").code == 0
    assert query(typed, "--out", tmp_path / "rows.arrow").code == 0
    tables = [
        pq.read_table(tmp_path / "rows.parquet"),
        pa.ipc.open_file(tmp_path / "rows.arrow").read_all(),
        pq.read_table(io.BytesIO(query(typed, "--format", "parquet").out)),
        pa.ipc.open_file(query(typed, "--format", "arrow").out).read_all(),
    ]
    for table in tables:
        assert table["small"].type == pa.int16() and pa.types.is_timestamp(table["day"].type)
        assert table["list"].to_pylist() == [["a"]]


def test_more_rows_than_asked_for_are_told_apart_from_the_rows(query: Command) -> None:
    said = query("select artwork_id from artworks", "--limit", 2, "--format", "csv")
    assert len(said.out.splitlines()) == 3
    assert said.err == "There are more rows than these 2; --limit takes more."
    whole = query("select artwork_id from artworks", "--limit", OBJECTS, "--format", "csv")
    assert (len(whole.out.splitlines()), whole.err) == (OBJECTS + 1, "")
    assert query("select 1", "--limit", 0).code == 2


@pytest.mark.parametrize(
    ("suffix", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("html", b"<!DOCTYPE html>")]
)
def test_a_question_is_drawn_in_each_form(
    query: Command, tmp_path: Path, suffix: str, begins: bytes
) -> None:
    chart = tmp_path / f"chart.{suffix}"
    said = query("works-by-artist", "--plot", "--out", chart)
    assert said.code == 0 and chart.name.encode() in said.out
    assert chart.read_bytes().startswith(begins)


def test_a_day_and_a_name_ask_that_publication(query: Command) -> None:
    for when, title in [
        ("2026-10-01", "As it was"),
        ("2026-10-02", "As it was"),
        ("2026-10-03", "As it is"),
        ("published-1", "As it was"),
    ]:
        said = query("--as-of", when, TITLE, "--format", "csv")
        assert said.out.decode().splitlines() == ['"title"', f'"{title}"'], said.err
    said = query("--as-of", "2026-10-01", "works-by-artist", "--format", "json")
    assert json.loads(said.out)[0]["artist"].startswith("Rembrandt")


REFUSED = {
    "a publication before the first": (["--as-of", "2026-09-30", TITLE], "2026-09-30"),
    "no such publication": (["--as-of", "published-9", TITLE], "published-9"),
    "no such question": (["works-by-moon"], "no question 'works-by-moon'"),
    "no query": (["drop table dim_artist"], "Only one query"),
    "another file": (["from read_text('pyproject.toml')"], "disabled by configuration"),
    "no such column": (["select nosuch from artworks"], "nosuch"),
    "too long": (
        ["select count(*) from range(1000000000000)", "--timeout", "0.3"],
        "longer than 0.3 s",
    ),
    "a chart of any SQL, before it is asked": (
        ["select count(*) from range(1000000000000)", "--plot", "--timeout", "0.3"],
        "Only questions with a name",
    ),
    "a chart of a list": (["dated-outside-life", "--plot"], "a list to be read"),
    "a chart as rows": (["works-by-artist", "--plot", "--format", "csv"], "Ask for one of them"),
    "an unknown suffix": (["select 1", "--out", "rows.xlsx"], "rows.xlsx"),
    "a picture of rows": (["select 1", "--out", "rows.png"], "may end in"),
}


@pytest.mark.parametrize(("words", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why_and_writes_nothing(
    query: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = query(*words)
    assert said.code == 1 and said.out == b""
    assert reason in said.err and "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_there_stays_when_the_question_fails(
    query: Command, tmp_path: Path
) -> None:
    target = tmp_path / "rows.csv"
    target.write_text("old")
    assert query("select nosuch", "--out", target).code == 1
    assert target.read_text() == "old"


def test_a_lake_without_a_publication_says_what_to_do(query: Command, tmp_path: Path) -> None:
    root = Lake.open(tmp_path / "new").root
    for words in (["select 1"], ["works-by-artist"], ["--as-of", "2026-10-01", "select 1"]):
        said = query(*words, root=root)
        assert said.code == 1 and "artlake" in said.err, said.err
        assert "Traceback" not in said.err


def test_binary_rows_do_not_go_to_a_terminal(lake: Lake) -> None:
    primary, terminal = pty.openpty()
    command = [sys.executable, "-m", "pipelines.cli", "--lake", lake.root, "query", "select 1"]
    done = subprocess.run(
        [*command, "--format", "arrow"], cwd=ROOT, stdout=terminal, stderr=subprocess.PIPE
    )
    os.close(terminal)
    os.close(primary)
    assert done.returncode == 1 and b"not for a terminal" in done.stderr
