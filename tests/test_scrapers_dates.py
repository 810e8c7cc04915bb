import csv
import json
import os
import tarfile
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.dates import parse_years


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("1574", (1574, 1574, "year")),
        ("c. 1427", (1417, 1437, "about")),
        ("c, 1427", (1417, 1437, "about")),
        ("1574-88", (1574, 1588, "range")),
        ("1503-5", (1503, 1505, "range")),
        ("1898-05", (1898, 1905, "range")),
        ("1500 or 1502", (1500, 1502, "range")),
        ("active 1410s", (1410, 1419, "decade")),
        ("late 1860s–early 1870s", (1866, 1873, "decade")),
        ("700s", (700, 799, "decade")),
        ("late 15th century", (1468, 1500, "century")),
        ("Early sixteenth century", (1501, 1533, "century")),
        ("1st half of the 16th century", (1501, 1550, "century")),
        ("early to mid-19th century", (1801, 1867, "century")),
        ("16th–17th century", (1501, 1700, "century")),
        ("last decade of the 1st century BCE", (-10, -1, "century")),
        ("2nd century B.C.–1st century A.D.", (-200, 100, "century")),
        ("7th–early 5th century BCE", (-700, -468, "century")),
        ("1st century BCE–3rd century CE", (-100, 300, "century")),
        ("1st millennium BCE", (-1000, -1, "century")),
        ("5th millennium B.C.", (-5000, -4001, "century")),
        ("mid- to late 3rd millennium B.C.", (-2330, -2001, "century")),
        ("ca. 3500–3300 B.C.", (-3510, -3290, "about")),
        ("ca. 11,000–9300 B.C.", (-11010, -9290, "about")),
        ("50–25 BCE", (-50, -25, "range")),
        ("43 B.C. - 17 A.D.", (-43, 17, "range")),
        ("A.D. 79", (79, 79, "year")),
        ("1–100", (1, 100, "range")),
        ("after 1500", (1500, 1550, "open")),
        ("before 1500", (1450, 1500, "open")),
        ("before 1500 or after", (1450, 1550, "open")),
        ("17th century or later", (1601, 1750, "open")),
        ("after 1500, before 1520", (1500, 1520, "range")),
        ("between 1500 and 1510", (1500, 1510, "range")),
        ("May 12, 1891", (1891, 1891, "year")),
        ("15 June 1850–3 May 1851", (1850, 1851, "range")),
        ("1891-05-12", (1891, 1891, "year")),
        ("186[3?]", (1853, 1873, "about")),
        ("177(3?)", (1763, 1783, "about")),
        ("A.H. 987/ A.D. 1579", (1579, 1579, "year")),
        ("dated A.H. 366/ A.D. 976–77", (976, 977, "range")),
        ("dated Mauludi-era 1225/A.D. 1796–97", (1796, 1797, "range")),
        ("A.H. 987", (1579, 1580, "range")),
        ("Edo period (1615–1868)", (1615, 1868, "range")),
        ("dynasty 18, ca. 1479–1458 B.C.", (-1489, -1448, "about")),
        ("modeled 1832, cast 1847", (1832, 1847, "range")),
        ("modeled 1915, cast probably before 1950", (1900, 1950, "open")),
        ("19th century, after a model of ca. 1677", (1801, 1900, "century")),
        ("1. Hälfte 16. Jh.", (1501, 1550, "century")),
        ("Anfang des 16. Jahrhunderts", (1501, 1533, "century")),
        ("XVIe siècle", (1501, 1600, "century")),
        ("fin du XIXe siècle", (1868, 1900, "century")),
        ("prima metà del XVII secolo", (1601, 1650, "century")),
        ("sec. XVI", (1501, 1600, "century")),
        ("um 1500", (1490, 1510, "about")),
        ("vers 1880", (1870, 1890, "about")),
        ("", (None, None, "unknown")),
        (None, (None, None, "unknown")),
        ("n.d.", (None, None, "unknown")),
        ("2 plates", (None, None, "unknown")),
        ("12–15 sheets", (None, None, "unknown")),
        ("dynasty 18", (None, None, "unknown")),
        ("9999", (None, None, "unknown")),
    ],
)
def test_dates_of_making(text, years):
    assert parse_years(text) == years


WORDS = [
    "c.",
    "ca.",
    "early",
    "mid",
    "late",
    "1st",
    "half",
    "of",
    "the",
    "16th",
    "century",
    "centuries",
    "millennium",
    "B.C.",
    "A.D.",
    "A.H.",
    "987",
    "1574",
    "88",
    "-",
    "–",
    "/",
    "or",
    "and",
    "after",
    "before",
    "later",
    "?",
    "(",
    ")",
    ",",
    "1500s",
    "0",
    "99999",
    "Jh.",
    "XVI",
    "siècle",
    "secolo",
    "May",
    "12",
]


@given(
    st.text(max_size=60)
    | st.from_regex(r"(c\. )?[0-9]{1,5}[-–/ ]?[0-9]{0,4}s?( B\.C\.)?")
    | st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
)
def test_any_text_gives_an_ordered_interval_or_none(text):
    begin, end, precision = parse_years(text)
    assert (begin is None) == (end is None) == (precision == "unknown")
    assert begin is None or begin <= end


@given(st.integers(1000, 2026), st.integers(0, 60))
def test_a_written_range_is_read_back(first, length):
    last = min(first + length, 2100)
    assert parse_years(f"{first}–{last}")[:2] == (first, last)
    if first // 100 == last // 100:
        assert parse_years(f"{first}-{last % 100:02d}")[:2] == (first, last)


@given(st.integers(1, 20), st.booleans())
def test_a_century_has_a_hundred_years(number, before_christ):
    begin, end, _ = parse_years(f"{number}th century" + (" B.C." if before_christ else ""))
    assert end - begin == 99


@given(
    st.integers(100, 2100).map(str)
    | st.tuples(st.integers(1000, 1500), st.integers(1501, 2000)).map(lambda p: f"{p[0]}–{p[1]}")
    | st.integers(100, 3000).map(lambda year: f"{year} B.C.")
)
def test_about_after_and_before_only_widen(text):
    begin, end, _ = parse_years(text)
    for words in (f"c. {text}", f"{text}?", f"{text} or later", f"before {text}", f"after {text}"):
        wide_begin, wide_end, _ = parse_years(words)
        assert wide_begin <= begin <= end <= wide_end, words


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_real_dates_overlap_the_records_own_years_without_being_huge():
    samples = Path(os.environ["ARTLAKE_SAMPLES"])
    with (samples / "met_csv" / "MetObjects_subset_dev.csv").open(encoding="utf-8-sig") as handle:
        rows = list(csv.DictReader(handle))
    with tarfile.open(samples / "met_api" / "objects_raw_2019_dev.tar.gz") as archive:
        files = [archive.extractfile(member) for member in archive]
        records = [json.load(file) for file in files if file]
    for said in (
        [(r["Object Date"], int(r["Object Begin Date"]), int(r["Object End Date"])) for r in rows],
        [(r["objectDate"], r["objectBeginDate"], r["objectEndDate"]) for r in records],
    ):
        dated = [(parse_years(text), first, last) for text, first, last in said if text.strip()]
        known = [(b, e, first, last) for (b, e, _), first, last in dated if b is not None]
        good = sum(b <= last and e >= first for b, e, first, last in known)
        assert good / len(dated) > 0.97, f"{good} of {len(dated)}"
        assert median(e - b for b, e, *_ in known) <= 25
