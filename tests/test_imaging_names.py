"""Accession numbers: patterns read what they say, and matching never guesses between two."""

import csv
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.files import names


def _artworks(numbers: dict[str, str]) -> pa.Table:
    columns = {"artwork_id": list(numbers), "accession_number": list(numbers.values())}
    return pa.table(columns)


def _read(name: str, pattern: str) -> str | None:
    return names.read([name], pattern)["read"][0].as_py()


def _match(said: str, *numbers: str) -> tuple[str, str | None]:
    found = pa.Table.from_pylist([{"file": "x", "read": said}], schema=names.FOUND)
    artworks = _artworks({f"a:{at}": number for at, number in enumerate(numbers)})
    row = names.match(found, artworks).to_pylist()[0]
    return row["matched"], row["accession_number"]


@pytest.mark.parametrize(
    ("name", "pattern", "said"),
    [
        ("1975.1.2_recto.jpg", "{accession}_{view}", "1975.1.2"),
        ("sub_folder/1975_1_2_recto.JPG", "{accession}_{view}", "1975_1_2"),
        ("24.116.1", "{accession}", "24.116.1"),
        ("1887_DT1_64.55.1.tiff", "{year}_{dt}_{accession}", "64.55.1"),
        ("no-number.jpg", "{accession}_{view}", None),
        ("MUS 64.55.1b.jpg", r"(?P<accession>\d+(\.\d+)+[a-z]?)", "64.55.1b"),
        ("a(b)_64.jpg", "a(b)_{accession}", "64"),
        ("12\n3.jpg", "{accession}", "12\n3"),
    ],
)
def test_patterns_read_what_they_say(name: str, pattern: str, said: str | None) -> None:
    assert _read(name, pattern) == said


@pytest.mark.parametrize(
    "pattern", ["", "{view}", "{accession}{accession}", "{accession}_{", "{}", "(?P<accession>("]
)
def test_patterns_that_cannot_work_say_so(pattern: str) -> None:
    with pytest.raises(names.PatternError, match="Try --pattern"):
        names.read([], pattern)


@pytest.mark.parametrize(
    ("said", "number", "how"),
    [
        ("1975.1.2", "1975.1.2", "exact"),
        ("1975_1_2", "1975.1.2", "normalised"),
        ("1975 1 2", "1975.1.2", "normalised"),
        ("1975.1.002", "1975.1.2", "normalised"),
        ("mus.89.4.151", "MUS.89.4.151", "normalised"),
        ("1975.1.2ad", "1975.1.2a-d", "normalised"),
        ("1975.1.2a–d", "1975.1.2a-d", "normalised"),
        ("1975.1.2c", "1975.1.2a–d", "normalised"),
        ("1993_3_14ab", "1993.3.14a, b", "normalised"),
        ("1993.3.14", "1993.3.14a, b", "normalised"),
        ("2015.224c", "2015.224a–c, e", "normalised"),
        ("2015.224e", "2015.224a–c, e", "normalised"),
        ("69.242.17", "69.242.16–.21", "normalised"),
        ("1998.381.5", "1998.381.5 recto", "normalised"),
        ("14_76_31_01", "14.76.31", "shortened"),
        ("1975.1.2e", "1975.1.2a–d", "none"),
        ("69.242.22", "69.242.16–.21", "none"),
        ("1.23", "12.3", "none"),
        ("1975", "1975.1.2", "none"),
        ("", "1975.1.2", "none"),
    ],
)
def test_spellings_that_mean_one_number(said: str, number: str, how: str) -> None:
    assert _match(said, number, "36.100.87") == (how, None if how == "none" else number)


def test_between_two_works_the_file_is_ambiguous() -> None:
    assert _match("1975.1.2", "1975.1.2a", "1975.1.2b") == ("ambiguous", None)
    assert _match("1975_1_2", "1975.1.2", "1975-1-2") == ("ambiguous", None)
    assert _match("1975.1.2", "1975.1.2", "1975.1.2a–d") == ("exact", "1975.1.2")


def test_records_without_a_number_match_nothing() -> None:
    assert _match("1975.1.2", " ", "—") == ("none", None)
    assert _match("_-_", "—") == ("none", None)


@given(st.lists(st.text(max_size=20), max_size=6), st.lists(st.text(max_size=20), max_size=6))
def test_any_text_is_matched_to_one_certain_work_or_none(
    files: list[str], numbers: list[str]
) -> None:
    found = names.read(files, "{accession}")
    artworks = _artworks({f"a:{at}": number for at, number in enumerate(numbers)})
    rows = names.match(found, artworks).to_pylist()
    assert [row["file"] for row in rows] == files
    for row in rows:
        sure = row["matched"] in ("exact", "normalised", "shortened")
        assert sure == (row["artwork_id"] is not None)
        assert (row["matched"] == "ambiguous") == (len(row["candidates"]) > 1)


# Museum file names: an optional year or maker's letters, then the number.
MUSEUM = (
    r"^(?:\d{3,4}_)?(?:[A-Za-z]{1,4}[ -]?(?:rlc-)?)?"
    r"(?P<accession>\d{2,4}[._-]\d+(?:[._-]\d+)*(?:[a-z]{1,3}(?![A-Za-z]))?)"
)


@pytest.mark.samples
def test_real_file_names_are_matched_right_or_not_at_all(samples: Path) -> None:
    with (samples / "images" / "manifest.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["accession_number"]]
    numbers = {row["met_object_id"]: row["accession_number"] for row in rows}
    found = names.read([row["source_path"] for row in rows], MUSEUM)
    counts: Counter[str] = Counter()
    for row, it in zip(rows, names.match(found, _artworks(numbers)).to_pylist(), strict=True):
        right = it["accession_number"] == row["accession_number"]
        counts["unmatched" if it["artwork_id"] is None else "right" if right else "wrong"] += 1
    assert counts["wrong"] == 0
    assert counts["right"] >= 150
