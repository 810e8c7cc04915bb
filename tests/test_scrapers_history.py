import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers import history
from scrapers.museum import Noun, text_table

NOUNS = {
    "works": Noun(("id", "title", "year"), key="id"),
    "people": Noun(("name", "life"), key="name"),
    "terms": Noun(("work", "term"), key="work", of="works"),
}
Rows = dict[str, list[dict[str, Any]]]


class Source:
    """Crawls of a made-up source, one after the other, with their changes and the history so far."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.crawls: list[dict[str, list[Path]]] = []

    def crawl(self, rows: Rows, *, partial: bool = False) -> dict[tuple[str, str], Any]:
        number = len(self.crawls) + 1
        before = self.crawls[-1] if self.crawls else {}
        now = {noun: [self._write(number, noun, found)] for noun, found in rows.items()}
        self.crawls.append(now)
        with history.workbench() as connection:
            history.diff(connection, before, now, NOUNS, partial=partial)
            self.counts = history.counts(connection, NOUNS)
            changes = connection.sql("select * from changes").fetchall()
            previous = (f"x-{number - 1}", self._history(number - 1)) if number > 1 else None
            table = history.history(
                connection, "x", NOUNS, f"x-{number}", previous, partial=partial
            )
        pq.write_table(table, self._history(number))
        self.records = {(row["noun"], row["record_id"]): row for row in table.to_pylist()}
        assert len(self.records) == table.num_rows
        return {
            (noun, record): (change, fields) if fields else change
            for noun, record, change, fields in changes
        }

    def _write(self, number: int, noun: str, rows: list[dict[str, Any]]) -> Path:
        path = self.folder / f"{noun}-{number}.parquet"
        columns = [*NOUNS[noun].columns, "source_row"]
        addressed = [
            {"source_row": f"{noun}.csv#{number}-{line}"} | row for line, row in enumerate(rows)
        ]
        pq.write_table(text_table(columns, addressed), path)
        return path

    def _history(self, number: int) -> Path:
        return self.folder / f"history-{number}.parquet"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def work(number: int, title: str = "A", **more: str) -> dict[str, str]:
    return {"id": str(number), "title": title} | more


def test_what_was_added_changed_and_withdrawn(source: Source) -> None:
    assert source.crawl({"works": [work(1), work(2)]}) == {
        ("works", "1"): "added",
        ("works", "2"): "added",
    }
    changes = source.crawl({"works": [work(2, "B", year="1650"), work(3)]})
    assert changes == {
        ("works", "1"): "withdrawn",
        ("works", "2"): ("changed", ["title", "year"]),
        ("works", "3"): "added",
    }
    assert source.counts["works"] == {
        "records": 2, "added": 1, "changed": 1, "withdrawn": 1, "left": 0,
    }  # fmt: skip
    gone = source.records["works", "1"]
    assert (gone["first_seen"], gone["last_seen"], gone["withdrawn_in"]) == ("x-1", "x-1", "x-2")
    (row,) = json.loads(gone["last_rows"])["works"]
    assert row == {"id": "1", "title": "A", "year": None, "source_row": "works.csv#1-0"}
    stayed = source.records["works", "2"]
    assert (stayed["first_seen"], stayed["last_seen"], stayed["last_rows"]) == ("x-1", "x-2", None)
    assert stayed["changes"] == [{"snapshot": "x-2", "fields": ["title", "year"]}]
    assert source.records["works", "3"]["first_seen"] == "x-2"


def test_an_address_that_moves_and_a_column_nobody_has_filled_are_no_change(source: Source) -> None:
    source.crawl({"works": [work(1), work(2)]})
    assert source.crawl({"works": [work(2), work(1, unheard_of=None)]}) == {}  # type: ignore[arg-type]
    assert source.crawl({"works": [work(2), work(1, unheard_of="")]}) == {}
    assert source.crawl({"works": [work(1, unheard_of="x"), work(2)]}) == {
        ("works", "1"): ("changed", ["unheard_of"])
    }


def test_rows_of_a_part_count_as_the_records_own_in_any_order(source: Source) -> None:
    def terms(*pairs: tuple[int, str]) -> Rows:
        return {
            "works": [work(1), work(2)],
            "terms": [{"work": str(number), "term": term} for number, term in pairs],
        }

    source.crawl(terms((1, "a"), (1, "b"), (1, "b"), (9, "of no work")))
    assert source.crawl(terms((1, "b"), (1, "a"), (1, "b"))) == {}
    assert source.crawl(terms((1, "b"), (1, "a"))) == {("works", "1"): ("changed", ["terms"])}
    assert source.crawl(terms((1, "b"), (1, "a"), (2, "c"))) == {
        ("works", "2"): ("changed", ["terms"])
    }
    source.crawl({"works": [work(1)], "terms": []})
    gone = json.loads(source.records["works", "2"]["last_rows"])
    assert [row["term"] for row in gone["terms"]] == ["c"]


def test_a_part_that_was_not_kept_then_is_no_change(source: Source) -> None:
    source.crawl({"works": [work(1)]})
    assert source.crawl({"works": [work(1)], "terms": [{"work": "1", "term": "a"}]}) == {}


def test_several_rows_of_a_record_are_a_multiset(source: Source) -> None:
    source.crawl({"works": [work(1, "A", year="1"), work(1, "B", year="2")]})
    assert source.crawl({"works": [work(1, "B", year="2"), work(1, "A", year="1")]}) == {}
    swapped = {"works": [work(1, "A", year="2"), work(1, "B", year="1")]}
    assert source.crawl(swapped) == {("works", "1"): ("changed", ["works"])}
    fewer = source.crawl({"works": [work(1, "A", year="2")]})
    assert fewer["works", "1"][0] == "changed"


def test_a_record_outside_a_slice_is_not_withdrawn(source: Source) -> None:
    source.crawl({"works": [work(1), work(2)]})
    assert source.crawl({"works": [work(1)]}, partial=True) == {("works", "2"): "left"}
    left = source.records["works", "2"]
    assert (left["last_seen"], left["withdrawn_in"]) == ("x-1", None)


def test_a_record_that_left_a_slice_and_is_not_in_the_whole_either_is_withdrawn(
    source: Source,
) -> None:
    source.crawl({"works": [work(1), work(2, "B"), work(3)]})
    source.crawl({"works": [work(1)]}, partial=True)
    source.crawl({"works": [work(1)]}, partial=True)
    assert source.records["works", "2"]["withdrawn_in"] is None
    source.crawl({"works": [work(1), work(3)]})
    gone = source.records["works", "2"]
    assert (gone["last_seen"], gone["withdrawn_in"]) == ("x-1", "x-4")
    assert json.loads(gone["last_rows"])["works"][0]["title"] == "B"
    back = source.records["works", "3"]
    assert (back["last_seen"], back["withdrawn_in"], back["last_rows"]) == ("x-4", None, None)
    source.crawl({"works": [work(1)]})
    assert source.records["works", "2"]["withdrawn_in"] == "x-4"


def test_a_record_that_comes_back_is_no_tombstone(source: Source) -> None:
    source.crawl({"works": [work(1), work(2)]})
    source.crawl({"works": [work(1)]})
    source.crawl({"works": [work(1)], "people": [{"name": "Rubens", "life": "1577"}]})
    assert source.records["works", "2"]["withdrawn_in"] == "x-2"
    assert source.crawl({"works": [work(1), work(2)], "people": []}) == {
        ("works", "2"): "added",
        ("people", "Rubens"): "withdrawn",
    }
    back = source.records["works", "2"]
    assert (back["first_seen"], back["last_seen"], back["withdrawn_in"], back["last_rows"]) == (
        "x-1", "x-4", None, None,
    )  # fmt: skip


def test_names_with_quotes_are_only_names(source: Source) -> None:
    odd = {"id": "o'1", 'wi"dth': "1", "it's": "2"}
    source.crawl({"works": [odd, work(2)]})
    changed = source.crawl({"works": [odd | {'wi"dth': "3", "it's": "4"}, work(2)]})
    assert changed == {("works", "o'1"): ("changed", ["it's", 'wi"dth'])}
    source.crawl({"works": [work(2)]})
    assert json.loads(source.records["works", "o'1"]["last_rows"])["works"][0]["it's"] == "4"


_ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abcd")},
        optional={"title": st.sampled_from(["x", "y", None]), "year": st.sampled_from("12")},
    ),
    max_size=6,
)


def _plain(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        said = json.dumps({k: v for k, v in row.items() if v is not None}, sort_keys=True)
        found.setdefault(row["id"], []).append(said)
    return {key: sorted(said) for key, said in found.items()}


@settings(max_examples=25)
@given(crawls=st.lists(_ROWS, min_size=1, max_size=4))
def test_diff_and_history_agree_with_a_plain_account(crawls: list[list[dict[str, Any]]]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        source = Source(folder)
        known: dict[str, list[str]] = {}
        seen: dict[str, tuple[str, str]] = {}
        for number, rows in enumerate(crawls, 1):
            changes = source.crawl({"works": rows})
            now = _plain(rows)
            kinds = {
                key: kind if isinstance(kind, str) else kind[0]
                for (_, key), kind in changes.items()
            }
            assert {k for k, kind in kinds.items() if kind == "added"} == now.keys() - known.keys()
            assert {
                k for k, kind in kinds.items() if kind == "withdrawn"
            } == known.keys() - now.keys()
            assert {k for k, kind in kinds.items() if kind == "changed"} == {
                key for key in now.keys() & known.keys() if now[key] != known[key]
            }
            known = now
            seen |= {key: (seen.get(key, (f"x-{number}",))[0], f"x-{number}") for key in now}
            assert {
                key: (row["first_seen"], row["last_seen"])
                for (_, key), row in source.records.items()
            } == seen
            gone = {key for (_, key), row in source.records.items() if row["withdrawn_in"]}
            assert gone == seen.keys() - now.keys()
            told = {key for (_, key), row in source.records.items() if row["last_rows"]}
            assert told == gone
    finally:
        shutil.rmtree(folder)


def test_an_empty_source_has_an_empty_history(source: Source) -> None:
    assert source.crawl({"works": []}) == {}
    assert source.records == {}
    assert isinstance(
        pq.read_schema(source.folder / "history-1.parquet").field("changes").type, pa.ListType
    )
