import csv
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.dates import parse_life, parse_years


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("1574", (1574, 1574, "year")),
        ("c. 1427", (1417, 1437, "about")),
        ("c, 1427", (1417, 1437, "about")),
        ("1574-88", (1574, 1588, "range")),
        ("1503-5", (1503, 1505, "range")),
        ("1500 or 1502", (1500, 1502, "range")),
        ("active 1410s", (1410, 1419, "decade")),
        ("700s", (700, 799, "decade")),
        ("late 15th century", (1468, 1500, "century")),
        ("1st half of the 16th century", (1501, 1550, "century")),
        ("16th–17th century", (1501, 1700, "century")),
        ("2nd century B.C.–1st century A.D.", (-200, 100, "century")),
        ("1st millennium BCE", (-1000, -1, "century")),
        ("ca. 3500–3300 B.C.", (-3510, -3290, "about")),
        ("after 1500", (1500, 1550, "open")),
        ("before 1500", (1450, 1500, "open")),
        ("May 12, 1891", (1891, 1891, "year")),
        ("186[3?]", (1853, 1873, "about")),
        ("", (None, None, "unknown")),
        ("n.d.", (None, None, "unknown")),
        ("2 plates", (None, None, "unknown")),
    ],
)
def test_dates_of_making(text, years):
    assert parse_years(text) == years


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("(b. 1552, Köln, d. 1615, Praha)", (1552, 1615, "year")),
        ("American, born 1930", (1930, None, "year")),
        ("(active 1410s in Siena)", (1410, 1419, "decade")),
        ("French, 1840 - 1926", (1840, 1926, "range")),
        ("1471 - 1528", (1471, 1528, "range")),
        ("Anonymous", (None, None, "unknown")),
    ],
)
def test_lives(text, years):
    assert parse_life(text) == years


@given(st.text(max_size=60) | st.from_regex(r"(c\. )?[0-9]{1,5}[-–/ ]?[0-9]{0,4}s?( B\.C\.)?"))
def test_any_text_gives_an_ordered_interval_or_none(text):
    begin, end, precision = parse_years(text)
    assert (begin is None) == (end is None) == (precision == "unknown")
    assert begin is None or begin <= end
    parse_life(text)


@given(st.integers(1000, 2026), st.integers(0, 60))
def test_a_written_range_is_read_back(first, length):
    last = first + length
    assert parse_years(f"{first}–{last}")[:2] == (first, last)
    if first // 100 == last // 100:
        assert parse_years(f"{first}-{last % 100:02d}")[:2] == (first, last)


@given(st.integers(1, 20), st.booleans())
def test_a_century_has_a_hundred_years(number, before_christ):
    begin, end, _ = parse_years(f"{number}th century" + (" B.C." if before_christ else ""))
    assert end - begin == 99


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_real_dates_overlap_the_records_own_years():
    path = Path(os.environ["ARTLAKE_SAMPLES"]) / "met_csv" / "MetObjects_subset_dev.csv"
    good = total = 0
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["Object Date"].strip():
                begin, end, _ = parse_years(row["Object Date"])
                total += 1
                good += begin is not None and (
                    begin <= int(row["Object End Date"]) and end >= int(row["Object Begin Date"])
                )
    assert good / total > 0.97, f"{good} of {total}"
