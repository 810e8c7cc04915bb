import csv
import json
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.people import QUALIFIERS, Life, merge, parse_attribution, parse_life


@pytest.mark.parametrize(
    ("text", "life"),
    [
        ("(b. 1552, Köln, d. 1615, Praha)", (1552, 1615, "life", "Köln", "Praha", None)),
        ("American, born 1930", (1930, None, "life", None, None, "American")),
        ("(active 1410s in Siena)", (1410, 1419, "activity", None, None, None)),
        ("1471 - 1528", (1471, 1528, "life", None, None, None)),
        ("Italian, Venice 1696–1770 Madrid", (1696, 1770, "life", "Venice", "Madrid", "Italian")),
        (
            "Italian, Siena, active by 1389–died 1428 Siena",
            (1389, 1428, "activity", None, "Siena", "Italian"),
        ),
        (
            "American (born England), Bath 1804–1894 Hackensack, New Jersey",
            (1804, 1894, "life", "Bath, England", "Hackensack, New Jersey", "American"),
        ),
        ("Broons, France 1768–1826 Rome", (1768, 1826, "life", "Broons, France", "Rome", None)),
        (
            "Dutch, Haarlem? ca. 1594–1680 The Hague",
            (1594, 1680, "life", "Haarlem", "The Hague", "Dutch"),
        ),
        ("American, born Greece, 1932", (1932, None, "life", "Greece", None, "American")),
        ("British, founded 1759", (1759, None, "life", None, None, "British")),
        ("German, 1710–present", (1710, None, "life", None, None, "German")),
        ("died after 1615", (None, 1615, "life", None, None, None)),
        ("active 1837–72", (1837, 1872, "activity", None, None, None)),
        ("active 1785/1805", (1785, 1805, "activity", None, None, None)),
        ("French, 1813 - in or after 1879", (1813, 1879, "life", None, None, "French")),
        ("Italian, 70 - 19 B.C.", (-70, -19, "life", None, None, "Italian")),
        ("Italian, 43 B.C. - 17/18 A.D.", (-43, 18, "life", None, None, "Italian")),
        ("he: 1909 - 2001, she: 1922 - 2009", (1909, 2009, "life", None, None, None)),
        ("19th century", (1801, 1900, "activity", None, None, None)),
        ("master 1764, died 1776", (1764, 1776, "activity", None, None, None)),
        ("1884–1848", (1884, None, "life", None, None, None)),
        ("Anonymous", tuple(Life())),
        ("", tuple(Life())),
        (None, tuple(Life())),
    ],
)
def test_lives(text, life):
    assert tuple(parse_life(text)) == life


@pytest.mark.parametrize(
    ("text", "attribution"),
    [
        ("Workshop of Rembrandt", ("Rembrandt", "workshop of")),
        ("Rembrandt (attributed to)", ("Rembrandt", "attributed to")),
        ("Formerly attributed to Giotto", ("Giotto", "formerly attributed to")),
        ("After Raphael", ("Raphael", "after")),
        ("Raphael (?)", ("Raphael", "possibly")),
        ("Rembrandt, and his studio", ("Rembrandt", "workshop of")),
        ("or Follower of", (None, "follower of")),
        ("Miniature by", (None, "in a named role")),
        ("and", (None, "with others")),
        ("Afterson, John", ("Afterson, John", None)),
        ("School of Fontainebleau", ("School of Fontainebleau", None)),
        ("Master of the Housebook", ("Master of the Housebook", None)),
        (" | ", ("|", None)),
        ("After " + "x" * 400, ("After " + "x" * 400, None)),
        (None, (None, None)),
    ],
)
def test_attributions(text, attribution):
    assert tuple(parse_attribution(text)) == attribution


TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            "b.",
            "d.",
            "born",
            "died",
            "active",
            "c.",
            "ca.",
            "–",
            "-",
            "(",
            ")",
            ",",
            "?",
            "/",
            "1552",
            "88",
            "1615",
            "B.C.",
            "Köln",
            "French",
            "workshop",
            "of",
            "after",
            "16th",
            "century",
            "present",
            "est.",
            "he:",
            "|",
            "''",
        ]
    ),
    max_size=12,
).map(" ".join)


@given(TEXTS)
def test_any_text_gives_a_life_in_order(text):
    life = parse_life(text)
    assert life.begin_year is None or life.end_year is None or life.begin_year <= life.end_year
    assert (life.kind == "unknown") == (life.begin_year is life.end_year is None)
    for said in life[3:]:
        assert said is None or said.strip(" ,") == said != ""


@given(
    st.integers(1000, 1990),
    st.integers(0, 95),
    st.sampled_from(["Köln", "The Hague", "Aix, France"]),
)
def test_a_written_life_is_read_back_in_every_convention(born, age, place):
    died = born + age
    for text in (
        f"French, {place} {born}–{died} {place}",
        f"(b. {born}, {place}, d. {died}, {place})",
        f"{place} ca. {born}–after {died} {place}",
    ):
        assert parse_life(text)[:5] == (born, died, "life", place, place)


@given(TEXTS)
def test_any_artist_line_is_taken_apart_without_losing_its_name(text):
    name, qualifier = parse_attribution(text)
    assert name is None or name in " ".join(text.split())
    assert qualifier is not None or (name or "") == " ".join(text.split()).strip(" ,")


ONLY_BEHIND = {"?", "(?)", "school of", "workshop assistant", "collaborator", "attributed"}


@given(
    st.sampled_from(sorted(QUALIFIERS.keys() - ONLY_BEHIND)),
    st.sampled_from(["Rembrandt", "Jan van Eyck", "the Master of Flémalle"]),
)
def test_every_qualifier_is_read_before_a_name(words, name):
    assert parse_attribution(f"{words.capitalize()} {name}") == (name, QUALIFIERS[words])


def test_merge_fills_what_is_open_and_keeps_other_spellings():
    artists = {}
    merge(artists, {"artist_id": "x:1", "name": "Aachen", "aliases": [], "ulan": None})
    merge(artists, {"artist_id": "x:1", "name": "Hans von Aachen", "aliases": [], "ulan": "5"})
    assert artists == {
        "x:1": {"artist_id": "x:1", "name": "Aachen", "aliases": ["Hans von Aachen"], "ulan": "5"}
    }


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_nearly_all_real_lives_are_understood_and_agree_with_the_records_years():
    samples = Path(os.environ["ARTLAKE_SAMPLES"])
    with (samples / "met_csv" / "MetObjects_subset_dev.csv").open(encoding="utf-8-sig") as handle:
        rows = [r for r in csv.DictReader(handle) if "|" not in r["Artist Display Bio"]]
    with tarfile.open(samples / "met_api" / "objects_raw_2019_dev.tar.gz") as archive:
        files = [archive.extractfile(member) for member in archive]
        records = [json.load(file) for file in files if file]
    said = [
        (row["Artist Display Bio"], row["Artist Begin Date"], row["Artist End Date"])
        for row in rows
    ]
    said += [(r["artistDisplayBio"], r["artistBeginDate"], r["artistEndDate"]) for r in records]
    said = [one for one in said if one[0].strip()]
    lives = [(parse_life(text), begin, end) for text, begin, end in said]
    assert sum(life != Life() for life, *_ in lives) / len(lives) > 0.99
    both = [(one, b, e) for one, b, e in lives if one.kind == "life" and one.end_year and b and e]
    agree = sum((str(one.begin_year), str(one.end_year)) == (b, e) for one, b, e in both)
    assert len(both) > 3000 and agree / len(both) > 0.9, f"{agree} of {len(both)}"
