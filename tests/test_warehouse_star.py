"""The star: grain, keys, artists joined across museums, dates, and lineage read from the SQL."""

from pathlib import Path

import pyarrow as pa
import pytest
import small_lake
import sqlglot
from sqlglot import exp

from storage import Lake, LakeError, schemas
from warehouse.headers import lake_key, parse, tables_read
from warehouse.star import STAR, build


def build_all(lake: Lake) -> dict[str, pa.Table]:
    for table in STAR:
        build(lake, table)
    return {table.name: lake.read(table.key) for table in STAR}


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    return build_all(small_lake.make(tmp_path_factory.mktemp("lake")))


def by(table: pa.Table, key: str) -> dict:
    return {row[key]: row for row in table.to_pylist()}


def test_facts_have_as_many_rows_as_their_sources(star):
    assert star["fact_artwork"].num_rows == len(small_lake.ARTWORKS)
    assert star["fact_image"].num_rows == len(small_lake.PICTURES)
    assert star["fact_prediction"].num_rows == 10
    assert star["fact_similar"].num_rows == 5


def test_an_artist_of_several_museums_is_one_with_evidence(star):
    artists = star["dim_artist"].to_pylist()
    rembrandt = next(row for row in artists if row["identity"] == "ulan:500011051")
    assert rembrandt["artist_ids"] == ["folder:r", "met:1", "nga:1822", "wga:rembrandt"]
    assert rembrandt["sources"] == ["folder", "met", "nga", "wga"]
    assert "R. van Rijn" in rembrandt["aliases"] or rembrandt["name"] == "R. van Rijn"
    assert "Rembrandt Harmensz. van Rijn" in rembrandt["aliases"]
    assert rembrandt["name"] not in rembrandt["aliases"]
    assert rembrandt["evidence"] == (
        "same ULAN number; same Wikidata item; same name and life years"
    )
    muller = next(row for row in artists if "met:2" in row["artist_ids"])
    assert muller["artist_ids"] == ["met:2", "wga:muller"]
    assert muller["evidence"] == "same name and life years"


def test_places_of_a_life_are_those_of_the_first_record_that_names_them(star):
    artists = by(star["dim_artist"], "identity")
    rembrandt = artists["ulan:500011051"]
    assert (rembrandt["birth_place"], rembrandt["death_place"]) == ("Leiden", "Amsterdam")
    assert artists["unknown"]["birth_place"] is artists["unknown"]["death_place"] is None


def test_artists_are_kept_apart_where_the_evidence_does_not_decide(star):
    artists = star["dim_artist"].to_pylist()
    smits = [row for row in artists if row["name"] == "Jan Smit"]
    assert [row["artist_ids"] for row in sorted(smits, key=lambda row: row["identity"])] == [
        ["wga:smit"], ["met:3"], ["nga:3"]
    ]  # fmt: skip
    assert len([row for row in artists if row["name"] == "Anonymous"]) == 2
    backwards = next(row for row in artists if row["name"] == "Backwards")
    assert backwards["doubt"] == "dies before birth"


def joined_artists(root: Path, *artists: dict) -> dict[tuple[str, ...], dict]:
    """What dim_artist makes of these records: by the records joined."""
    lake = Lake.open(root, "hand-made")
    rows = [
        {"source": one["artist_id"].split(":")[0], "source_id": "1", "source_row": "x#1"} | one
        for one in artists
    ]
    small_lake.write(lake, "catalog/artists", schemas.ARTISTS, rows)
    build(lake, next(table for table in STAR if table.name == "dim_artist"))
    return {tuple(row["artist_ids"]): row for row in lake.read("star/dim_artist").to_pylist()}


def artist(artist_id: str, name: str, begin: int | None, end: int | None, **more: object) -> dict:
    return {"artist_id": artist_id, "name": name, "begin_year": begin, "end_year": end} | more


@pytest.mark.parametrize(
    ("one", "other", "evidence", "doubt"),
    [
        (
            artist("met:1", "Hans von Aachen", 1552, 1615),
            artist("wga:1", "AACHEN, Hans von", 1552, 1615),
            "same name and life years", None,
        ),
        (
            artist("met:1", "Niccolò dell'Abbate", 1509, 1571),
            artist("nga:1", "Abate", 1509, 1571, aliases=["Niccolo dell Abbate"]),
            "same name or alias and life years", None,
        ),
        (
            artist("met:1", "Jan Weenix", 1641, 1719),
            artist("nga:1", "Jan Weenix", 1642, 1719),
            "same name, life years within two years", "the records disagree on the life years",
        ),
        (
            artist("met:1", "Vera Molnar", 1924, None),
            artist("nga:1", "Vera Molnár", 1924, 2023),
            "same name, year of birth", None,
        ),
        (
            artist("met:1", "Jan Weenix", 1641, 1719, wikidata="Q1"),
            artist("nga:1", "Jan Weenix", 1641, 1719, ulan="5"),
            "same name and life years", None,
        ),
    ],
)  # fmt: skip
def test_names_of_two_museums_are_joined_when_the_years_fit(tmp_path, one, other, evidence, doubt):
    found = joined_artists(tmp_path, one, other)[(one["artist_id"], other["artist_id"])]
    assert (found["evidence"], found["doubt"]) == (evidence, doubt)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (artist("met:1", "Jan Weenix", 1641, 1719), artist("nga:1", "Jan Weenix", 1644, 1719)),
        (artist("met:1", "Jan Weenix", 1641, 1719), artist("met:2", "Jan Weenix", 1642, 1719)),
        (artist("met:1", "Jan Weenix", None, None), artist("nga:1", "Jan Weenix", None, None)),
        (artist("met:1", "Jan Weenix", 1641, 1719), artist("nga:1", "Jan Weenix", None, 1719)),
        (artist("met:1", "Weenix", 1641, 1719), artist("nga:1", "Weenix", 1642, 1719)),
        (artist("met:1", "J. Weenix", 1641, 1719), artist("nga:1", "Jan Weenix", 1641, 1719)),
        (
            artist("met:1", "Pieter Bruegel the Elder", 1564, 1638),
            artist("nga:1", "Pieter Bruegel the Younger", 1564, 1638),
        ),
        (
            artist("met:1", "French 19th Century", 1801, 1900),
            artist("nga:1", "French 19th Century", 1801, 1900),
        ),
        (
            artist("met:1", "Jan Smit", 1600, 1650, wikidata="Q1"),
            artist("nga:1", "Jan Smit", 1600, 1650, wikidata="Q2"),
        ),
        (
            artist("met:1", "Jan Smit", 1600, 1650, wikidata="Q1"),
            artist("nga:1", "Jan Smit", 1600, 1650, wikidata="Q2", ulan="5"),
        ),
    ],
)
def test_names_alone_or_against_the_numbers_join_nothing(tmp_path, one, other):
    assert {(one["artist_id"],), (other["artist_id"],)} <= joined_artists(
        tmp_path, one, other
    ).keys()


def test_a_chain_that_would_join_two_numbered_artists_is_not_followed(tmp_path):
    chain = joined_artists(
        tmp_path,
        artist("met:1", "Jan Smit", 1600, 1650, ulan="1"),
        artist("wga:1", "Jan Smit", 1602, 1650),
        artist("nga:1", "Jan Smit", 1604, 1650, ulan="2"),
    )
    assert set(chain) == {("met:1",), ("wga:1",), ("nga:1",), ()}
    assert chain[("wga:1",)]["doubt"] == "name and years fit two numbered artists"
    assert chain[("met:1",)]["doubt"] is chain[("nga:1",)]["doubt"] is None


def test_a_chain_of_unnumbered_records_is_one_artist_in_doubt(tmp_path):
    chain = joined_artists(
        tmp_path,
        artist("met:1", "Jan Smit", 1600, 1650),
        artist("nga:1", "Jan Smit", 1602, 1650),
        artist("wga:1", "SMIT, Jan", 1604, 1650),
    )
    found = chain[("met:1", "nga:1", "wga:1")]
    assert found["evidence"] == "same name, life years within two years"
    assert found["doubt"] == "the records disagree on the life years"


def test_bridge_keeps_roles_and_weights_add_up(star):
    rows = [r for r in star["bridge_artwork_artist"].to_pylist() if r["artwork_id"] == "met:12"]
    assert [row["position"] for row in rows] == [1, 2, 3]
    assert [row["role"] for row in rows] == ["Artist", "Printer", "After"]
    weights = star["bridge_artwork_artist"].group_by("artwork_id").aggregate([("weight", "sum")])
    assert weights["weight_sum"].to_pylist() == pytest.approx([1.0] * len(small_lake.ARTWORKS))


def test_what_the_source_does_not_say_is_the_unknown_row(star):
    empty = by(star["fact_artwork"], "artwork_id")["met:13"]
    keys = [name for name in empty if name.endswith("_key")]
    assert {name for name in keys if empty[name] == 0} == set(keys) - {"artwork_key", "museum_key"}
    assert by(star["fact_artwork"], "artwork_id")["met:15"]["artist_key"] == 0
    for name, table in star.items():
        if name.startswith("dim_"):
            assert 0 in table[f"{name.removeprefix('dim_')}_key"].to_pylist()


def test_spellings_of_a_term_are_one(star):
    works = by(star["fact_artwork"], "artwork_id")
    assert works["met:10"]["medium_key"] == works["met:12"]["medium_key"]
    assert works["met:10"]["department_key"] == works["met:12"]["department_key"]
    assert works["met:10"]["department_key"] != works["nga:20"]["department_key"]
    medium = by(star["dim_medium"], "medium_key")[works["nga:20"]["medium_key"]]
    assert medium == {
        "medium_key": works["met:10"]["medium_key"],
        "medium": "Oil on canvas",
        "objects": 3,
    }


@pytest.mark.parametrize(
    ("begin", "end", "period", "century"),
    [
        (1601, 1650, "1601–1650", 17),
        (1650, 1650, "1601–1650", 17),
        (1651, None, "1651–1700", 17),
        (1700, 1700, "1651–1700", 17),
        (1, 1, "1–50", 1),
        (-1, -1, "50–1 BC", -1),
        (-50, -50, "50–1 BC", -1),
        (-51, -51, "100–51 BC", -1),
        (-3500, -3300, "3400–3351 BC", -34),
        (-500000, -300000, "400000–399951 BC", -4000),
        (None, -101, "150–101 BC", -2),
        (2000, 1990, "unknown", None),
        (None, None, "unknown", None),
        (99999, 99999, "unknown", None),
    ],
)
def test_half_centuries(tmp_path: Path, begin, end, period, century):
    lake = Lake.open(tmp_path, "hand-made")
    row = {
        "artwork_id": "x:1", "source": "x", "source_id": "1", "licence": "CC0", "source_row": "x#1",
        "begin_year": begin, "end_year": end,
    }  # fmt: skip
    small_lake.write(lake, "catalog/artworks", schemas.ARTWORKS, [row])
    build(lake, next(table for table in STAR if table.name == "dim_period"))
    found = [row for row in lake.read("star/dim_period").to_pylist() if row["objects"]]
    assert [(row["period"], row["century"]) for row in found] == [(period, century)]


def test_how_exact_a_date_is_comes_with_it(star):
    works = by(star["fact_artwork"], "artwork_id")
    precision = {name: works[name]["date_precision"] for name in ("met:10", "met:11", "met:13")}
    assert precision == {"met:10": "year", "met:11": "about", "met:13": None}


def test_impossible_years_are_flagged_and_kept(star):
    works = by(star["fact_artwork"], "artwork_id")
    assert works["met:12"]["date_doubt"] == "begins after it ends"
    assert works["met:14"]["date_doubt"] == "too late to be a year"
    assert (works["met:14"]["begin_year"], works["met:14"]["period_key"]) == (99999, 0)
    assert works["met:12"]["title"] == small_lake.LONG_TITLE


def test_images_without_object_measures_or_duplicates_land(star):
    images = by(star["fact_image"], "image_id")
    assert images["gone:1#0"]["artwork_key"] == 0 and images["gone:1#0"]["museum_key"] == 0
    assert images[small_lake.BROKEN]["width"] is None
    assert [images[image]["is_keeper"] for image in small_lake.GROUP] == [True, False, False]
    assert images["met:12#1"]["is_primary"] is False
    assert images["met:11#0"]["group_size"] == 1


def test_predictions_are_compared_with_the_source(star):
    first = {
        (row["artwork_id"], row["attribute"]): row["agrees"]
        for row in star["fact_prediction"].to_pylist()
        if row["rank"] == 1
    }
    assert first == {
        ("met:10", "department"): True,
        ("met:11", "department"): False,
        ("nga:21", "department"): None,
        ("gone:1", "department"): None,
        ("met:10", "style"): True,
    }


def test_same_data_same_bytes(tmp_path: Path):
    lake = small_lake.make(tmp_path / "lake")
    first = [build(lake, table) for table in STAR]
    again = [build(lake, table) for table in STAR]
    assert [one.version for one in first] == [one.version for one in again]
    assert not any(one.changed for one in again)


def test_empty_predictions_and_no_pictures(tmp_path: Path):
    star = build_all(small_lake.make(tmp_path / "lake", predictions=False, pictures=False))
    assert star["fact_prediction"].num_rows == star["fact_image"].num_rows == 0
    assert star["fact_artwork"].num_rows == len(small_lake.ARTWORKS)


def test_a_missing_input_is_named(tmp_path: Path):
    lake = Lake.open(tmp_path, "hand-made")
    with pytest.raises(LakeError, match="catalog/artists has not been made"):
        build(lake, next(table for table in STAR if table.name == "dim_artist"))


@pytest.mark.parametrize("table", STAR, ids=lambda table: table.name)
def test_lineage_agrees_with_a_full_parser(table):
    statement = sqlglot.parse_one(table.sql, dialect="duckdb")
    own = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
    read = {found.name.lower() for found in statement.find_all(exp.Table)} - own - {""}
    assert {lake_key(name) for name in read} == set(table.inputs)
    assert all("/" in key for key in table.inputs)


def test_lineage_ignores_comments_strings_and_own_names():
    sql = "-- from lies\nwith a (x) as (select 1), b as (from c_d) select 'join e' from a join b join g_h"
    assert tables_read(sql) == ("c_d", "g_h")


def test_tables_come_after_what_they_need():
    seen: set[str] = set()
    for table in STAR:
        needed = {key for key in (*table.inputs, *table.references) if key.startswith("star/")}
        assert needed <= seen
        seen.add(table.key)


def test_a_header_that_is_not_understood_is_refused():
    with pytest.raises(ValueError, match=r"t\.x: 'nul' is no known fact"):
        parse("t", "-- grain: one row\n-- x | bigint, nul | meaning\nselect 1 as x")
    with pytest.raises(ValueError, match="does not say the grain"):
        parse("t", "-- x | bigint | meaning\nselect 1 as x")
