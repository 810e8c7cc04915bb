"""What breaks warehouses: all of it lands, flagged, or is refused by name; nothing is lost and nothing crashes."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import small_lake

from storage import Lake, schemas
from warehouse.contracts import check
from warehouse.publish import PublishError, publish
from warehouse.star import STAR, BuildError, build

INPUTS = {
    "catalog/artworks": schemas.ARTWORKS, "catalog/artists": schemas.ARTISTS, "catalog/sources": schemas.SOURCES,
    "catalog/snapshots": schemas.SNAPSHOTS, "catalog/sightings": schemas.SIGHTINGS,
    "images/originals": schemas.ORIGINALS, "images/measures": schemas.MEASURES,
    "images/derivatives": schemas.DERIVATIVES, "duplicates/pairs": schemas.PAIRS,
    "duplicates/similar": schemas.SIMILAR_SETS, "duplicates/groups": schemas.GROUPS,
    "duplicates/keepers": schemas.KEEPERS, "predictions/departments": schemas.PREDICTIONS,
    "predictions/styles": schemas.PREDICTIONS, "predictions/genres": schemas.PREDICTIONS,
    "predictions/artists": schemas.PREDICTIONS, "predictions/outliers": schemas.OUTLIERS,
    "similarity/neighbours": schemas.NEIGHBOURS, "training/examples": schemas.EXAMPLES,
}  # fmt: skip


def build_all(lake: Lake) -> None:
    for table in STAR:
        build(lake, table)


def broken_contracts(lake: Lake) -> dict[str, list[str]]:
    found = {table.name: [broken.rule for broken in check(lake, table.name)] for table in STAR}
    return {name: rules for name, rules in found.items() if rules}


def published(lake: Lake) -> Path:
    target = lake.file("published/artlake.duckdb")
    publish(lake, target, {"name": "made"})
    return target


def ask(file: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def with_works(root: Path, works: list[dict[str, Any]], artists: list[dict[str, Any]] = ()) -> Lake:  # type: ignore[assignment]
    """A small lake with other works, and artists besides its own; built."""
    lake = small_lake.make(root)
    rows = [
        {"source": "x", "source_id": work["artwork_id"], "licence": "CC0", "source_row": "x#1"} | work
        for work in works
    ]  # fmt: skip
    people = [{"source": "x", "source_id": "1", "source_row": "x#1"} | one for one in artists]
    small_lake.write(lake, "catalog/artworks", schemas.ARTWORKS, rows)
    known = lake.read("catalog/artists").to_pylist()
    small_lake.write(lake, "catalog/artists", schemas.ARTISTS, known + people)
    build_all(lake)
    return lake


# -- nothing at all ----------------------------------------------------------------------------------


def test_a_lake_with_nothing_in_it_is_published(tmp_path):
    lake = Lake.open(tmp_path / "lake", "hand-made")
    for key, schema in INPUTS.items():
        small_lake.write(lake, key, schema, [])
    build_all(lake)
    assert broken_contracts(lake) == {}
    file = published(lake)
    assert ask(file, "select count(*) from fact_artwork") == [(0,)]
    assert ask(file, "select count(*) from search('rembrandt')") == [(0,)]
    for (view,) in ask(file, "select view_name from duckdb_views() where not internal"):
        assert ask(file, f'select count(*) from "{view}"') == [(0,)], view


# -- nulls everywhere --------------------------------------------------------------------------------


def bare(field: pa.Field, text: str) -> Any:
    """The least that a column which must be filled may hold; null where it may be empty."""
    if field.nullable:
        return None
    kind = field.type
    if pa.types.is_fixed_size_list(kind):
        return [0] * kind.list_size
    if pa.types.is_list(kind):
        return []
    return text if pa.types.is_string(kind) else False if pa.types.is_boolean(kind) else 1


def test_rows_with_null_wherever_a_column_may_be_empty_land(tmp_path):
    lake = Lake.open(tmp_path / "lake", "hand-made")
    own = {
        "catalog/snapshots": {"taken_at": "2026-10-01T03:00:00+00:00"},
        "predictions/departments": {"attribute": "department"},
        "predictions/styles": {"attribute": "style"},
        "predictions/genres": {"attribute": "genre"},
        "predictions/artists": {"attribute": "artist"},
        "predictions/outliers": {"attribute": "style"},
        "duplicates/similar": {"set_size": 2},
        "images/originals": {"path": "original/a/a"},
    }
    for key, schema in INPUTS.items():
        row = {field.name: bare(field, "a") for field in schema} | own.get(key, {})
        small_lake.write(lake, key, schema, [row])
    build_all(lake)
    assert broken_contracts(lake) == {}
    file = published(lake)
    assert ask(file, "select artwork_id, title, artist_key from fact_artwork") == [("a", None, -1)]
    for table in STAR:
        if table.name.startswith(("fact_", "bridge_")):
            assert ask(file, f"select count(*) from {table.name}") == [
                (4,) if table.name == "fact_prediction" else (1,)
            ], table.name


# -- ids twice ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "name", "table"), [
    ("catalog/artworks", "artwork_id", "fact_artwork"), ("images/originals", "image_id", "fact_image"),
])  # fmt: skip
def test_an_id_that_comes_twice_blocks_publishing_and_yesterdays_file_stays(
    tmp_path, key, name, table
):
    lake = small_lake.make(tmp_path / "lake")
    build_all(lake)
    before = published(lake).read_bytes()
    rows = lake.read(key)
    lake.write(key, pa.concat_tables([rows, rows.slice(0, 1)]), [name])
    build_all(lake)
    assert table in broken_contracts(lake)
    with pytest.raises(PublishError):
        published(lake)
    assert lake.file("published/artlake.duckdb").read_bytes() == before


def test_an_artist_whose_record_comes_twice_makes_no_second_row_anywhere(tmp_path):
    lake = small_lake.make(tmp_path / "lake")
    again = [
        {"artist_id": "met:1", "name": "Somebody else", "ulan": "77"},
        {"artist_id": "met:6", "name": "Somebody else", "begin_year": 1500, "end_year": 1550},
    ]
    people = [{"source": "met", "source_id": "1", "source_row": "x#1"} | one for one in again]
    known = lake.read("catalog/artists").to_pylist()
    small_lake.write(lake, "catalog/artists", schemas.ARTISTS, known + people)
    build_all(lake)
    assert broken_contracts(lake) == {}
    facts = lake.read("star/fact_artwork").to_pylist()
    bridge = lake.read("star/bridge_artwork_artist").to_pylist()
    assert len(facts) == len(small_lake.ARTWORKS)
    first_named = {row["artwork_key"]: row["artist_key"] for row in bridge if row["position"] == 1}
    assert {row["artwork_key"]: row["artist_key"] for row in facts} == first_named


# -- years and lives ---------------------------------------------------------------------------------


def test_impossible_years_and_lives_are_flagged_and_counted_nowhere_else(tmp_path):
    years = [(1700, 1650), (-2_000_000, 5), (2_000_000_000, None), (0, 0), (-(2**31), 2**31 - 1)]
    works = [
        {"artwork_id": f"x:{i}", "begin_year": begin, "end_year": end,
         "artists": [{"artist_id": "x:a", "role": None, "position": 0}]}
        for i, (begin, end) in enumerate(years)
    ]  # fmt: skip
    life = {"artist_id": "x:a", "name": "A. Backwards", "begin_year": 1700, "end_year": -(2**31)}
    lake = with_works(tmp_path / "lake", works, [life])
    assert broken_contracts(lake) == {}
    rows = ask(
        published(lake),
        "select fact_artwork.begin_year, fact_artwork.end_year, date_doubt, doubt, period from fact_artwork "
        "join dim_artist using (artist_key) join dim_period using (period_key) order by artwork_id",
    )
    assert [(begin, end) for begin, end, *_ in rows] == years
    assert [doubt for *_, doubt, _, _ in rows] == [
        "begins after it ends", "too early to be a year", "too late to be a year", None, "too early to be a year",
    ]  # fmt: skip
    assert {row[3] for row in rows} == {"dies before birth"}
    assert [row[4] == "unknown" for row in rows] == [True, True, True, False, True]


def test_two_museums_that_claim_one_ulan_number_are_one_artist_with_a_doubt(tmp_path):
    claims = [
        {"artist_id": "x:a", "name": "Jan Weenix", "begin_year": 1641, "end_year": 1719, "ulan": "5"},
        {"artist_id": "y:a", "name": "Rosa Bonheur", "begin_year": 1822, "end_year": 1899, "ulan": "5", "source": "y"},
    ]  # fmt: skip
    works = [
        {"artwork_id": f"{source}:1", "source": source, "title": "One of two",
         "artists": [{"artist_id": f"{source}:a", "role": None, "position": 0}]}
        for source in ("x", "y")
    ]  # fmt: skip
    lake = with_works(tmp_path / "lake", works, claims)
    assert broken_contracts(lake) == {}
    rows = ask(
        published(lake), "select name, doubt from fact_artwork join dim_artist using (artist_key)"
    )
    assert rows == [("Jan Weenix", "the records of one ULAN number differ in name and years")] * 2


# -- texts -------------------------------------------------------------------------------------------


def test_texts_of_any_length_and_script_land_in_every_column_and_are_found(tmp_path):
    texts = ["Zitrone " * 5_000, "🏺🎨", "لوحة زيتية", "\u202eabc\u202c", "'; drop table fact_artwork; --",
             "a\tb\r\nc", "e\u0301", "\ufeff", "NULL", "<script>"]  # fmt: skip
    plain = [
        field.name for field in schemas.ARTWORKS if field.nullable and field.type == pa.string()
    ]
    said = set(plain) - {"withdrawn_in", "date_precision", "object_url"}
    works = [
        {"artwork_id": f"x:{i}", "tags": [text], "licence": text} | dict.fromkeys(said, text)
        for i, text in enumerate(texts)
    ]  # fmt: skip
    lake = with_works(tmp_path / "lake", works)
    assert broken_contracts(lake) == {}
    file = published(lake)
    assert ask(file, "select title, notes from fact_artwork order by artwork_id") == [
        (text, text) for text in texts
    ]
    assert ask(file, "select max(length(citation)) < 5000 from fact_artwork") == [(True,)]
    for words, number in (("zitrone", 0), ("زيتية", 2)):
        found = ask(file, f"select artwork_id from search('{words}')")
        assert found == [(f"x:{number}",)], words


# -- types -------------------------------------------------------------------------------------------


def with_texts_for(lake: Lake, key: str, column: str) -> None:
    """Write a table of the lake again with a column of texts where numbers were."""
    rows = lake.read(key)
    texts = rows[column].cast(pa.string())
    place = rows.column_names.index(column)
    lake.write(key, rows.set_column(place, column, texts), rows.column_names[:1])


@pytest.mark.parametrize(
    ("key", "column", "table"),
    [
        ("catalog/artworks", "begin_year", "fact_artwork"),
        ("catalog/artists", "end_year", "dim_artist"),
        ("catalog/artworks", "height_cm", "dim_work"),
    ],
)
def test_a_column_that_changed_type_is_named_and_the_table_stays(tmp_path, key, column, table):
    lake = small_lake.make(tmp_path / "lake")
    build_all(lake)
    before = lake.path(f"star/{table}").read_bytes()
    with_texts_for(lake, key, column)
    with pytest.raises(BuildError, match=f"{key}: {column} is string"):
        build(lake, next(one for one in STAR if one.name == table))
    assert lake.path(f"star/{table}").read_bytes() == before


@pytest.mark.parametrize(
    ("key", "column", "table"),
    [
        ("images/measures", "width", "fact_image"),
        ("predictions/styles", "probability", "fact_prediction"),
    ],
)
def test_a_type_that_the_sql_can_work_with_is_stopped_by_the_contract(tmp_path, key, column, table):
    lake = small_lake.make(tmp_path / "lake")
    build_all(lake)
    with_texts_for(lake, key, column)
    build(lake, next(one for one in STAR if one.name == table))
    (broken,) = check(lake, table)
    assert broken.rule == "columns and types as declared"
    assert column in {row["column"] for row in broken.rows}
    with pytest.raises(PublishError):
        published(lake)
