"""The facts: their grain, their keys, what is flagged, the citation, and rows that no museum should send."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import small_lake

from storage import Lake, schemas
from storage.errors import MendableError
from warehouse.star import STAR, build


def build_all(lake: Lake) -> dict[str, pa.Table]:
    for table in STAR:
        build(lake, table)
    return {table.name: lake.read(table.key) for table in STAR}


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    return build_all(small_lake.make(tmp_path_factory.mktemp("lake")))


def by(table: pa.Table, key: str) -> dict[Any, dict]:
    return {row[key]: row for row in table.to_pylist()}


def key_of(star: dict[str, pa.Table], artwork_id: str) -> int:
    return by(star["fact_artwork"], "artwork_id")[artwork_id]["artwork_key"]


def test_facts_have_as_many_rows_as_their_sources(star):
    assert star["fact_artwork"].num_rows == len(small_lake.ARTWORKS)
    assert star["fact_image"].num_rows == len(small_lake.PICTURES)
    assert star["fact_similar"].num_rows == 5
    # ten guesses, of which two are about an object that the catalogue has no more
    assert star["fact_prediction"].num_rows == 8


def test_rows_about_objects_that_are_gone_are_left_out_on_either_side(tmp_path):
    lake = small_lake.make(tmp_path / "lake")
    rows = lake.read("similarity/neighbours").to_pylist()
    gone = [
        {"artwork_id": "gone:1", "rank": 1, "neighbour_id": "met:10", "cosine": 0.5},
        {"artwork_id": "nga:20", "rank": 2, "neighbour_id": "gone:1", "cosine": 0.5},
    ]
    small_lake.write(lake, "similarity/neighbours", schemas.NEIGHBOURS, rows + gone)
    star = build_all(lake)
    assert star["fact_similar"].num_rows == len(rows)
    keys = set(star["fact_artwork"]["artwork_key"].to_pylist())
    for name in ("artwork_key", "neighbour_key"):
        assert set(star["fact_similar"][name].to_pylist()) <= keys
    assert lake.read("similarity/neighbours").num_rows == len(rows) + 2


def test_no_key_of_a_fact_is_empty_and_each_leads_somewhere(star):
    for name in (name for name in star if name.startswith("fact_")):
        for column in (column for column in star[name].column_names if column.endswith("_key")):
            assert star[name][column].null_count == 0, (name, column)
    artworks = star["fact_artwork"]
    dimensions = {
        "first_seen_key": "snapshot",
        "changed_key": "snapshot",
        "withdrawn_key": "snapshot",
    }
    for column in (name for name in artworks.column_names if name.endswith("_key")):
        if column == "artwork_key":
            continue
        dimension = dimensions.get(column, column.removesuffix("_key"))
        known = set(star[f"dim_{dimension}"][f"{dimension}_key"].to_pylist())
        assert set(artworks[column].to_pylist()) <= known, column


def test_what_the_source_does_not_say_is_unknown_or_not_applicable(star):
    works = by(star["fact_artwork"], "artwork_id")
    empty = works["met:13"]
    said_by_no_record_of_it = {"technique_key", "genre_key", "place_key"}
    assert {
        name for name in said_by_no_record_of_it if empty[name] == -1
    } == said_by_no_record_of_it
    for name in ("artist_key", "department_key", "classification_key", "medium_key", "style_key",
                 "school_key", "culture_key", "period_key"):  # fmt: skip
        assert empty[name] == 0, name
    cat = works["folder:cat.jpg"]
    assert cat["artist_key"] == cat["department_key"] == cat["period_key"] == -1
    assert cat["licence_key"] == 0  # its text says only "unknown"
    assert works["met:15"]["artist_key"] == 0  # an artist whom no record describes


def test_spellings_of_a_term_are_one(star):
    works = by(star["fact_artwork"], "artwork_id")
    assert works["met:10"]["medium_key"] == works["met:12"]["medium_key"] > 0
    assert works["met:10"]["department_key"] == works["met:12"]["department_key"]
    assert works["met:10"]["department_key"] != works["nga:20"]["department_key"]
    assert works["met:10"]["style_key"] == works["met:14"]["style_key"]


def test_when_an_object_was_seen_first_and_changed_last(star):
    snapshots = {row["snapshot_key"]: row["snapshot"] for row in star["dim_snapshot"].to_pylist()}
    works = by(star["fact_artwork"], "artwork_id")

    def seen(artwork_id: str) -> list[str]:
        row = works[artwork_id]
        return [snapshots[row[f"{what}_key"]] for what in ("first_seen", "changed", "withdrawn")]

    assert seen("met:10") == ["met-1", "met-2", "not applicable"]
    assert seen("met:11") == ["met-1", "not applicable", "not applicable"]
    assert seen("met:13") == ["unknown", "unknown", "not applicable"]


def test_a_work_that_two_museums_describe_is_counted_once(star):
    works = by(star["fact_artwork"], "artwork_id")
    three = {
        works[artwork_id]["work_key"] for artwork_id in ("met:10", "nga:20", "wga:a/rembrandt/1")
    }
    assert len(three) == 1
    found = by(star["dim_work"], "work_key")[three.pop()]
    assert found["artwork_ids"] == ["met:10", "nga:20", "wga:a/rembrandt/1"]
    assert works["met:11"]["work_key"] == works["met:11"]["artwork_key"]


def test_how_exact_a_date_is_comes_with_it(star):
    works = by(star["fact_artwork"], "artwork_id")
    precision = {name: works[name]["date_precision"] for name in ("met:10", "met:11", "met:13")}
    assert precision == {"met:10": "year", "met:11": "about", "met:13": None}


def test_impossible_years_are_flagged_and_kept(star):
    works = by(star["fact_artwork"], "artwork_id")
    assert works["met:12"]["date_doubt"] == "begins after it ends"
    assert works["met:14"]["date_doubt"] == "too late to be a year"
    assert (works["met:14"]["begin_year"], works["met:14"]["period_key"]) == (99999, 0)
    assert works["met:10"]["date_doubt"] is works["met:13"]["date_doubt"] is None


def test_a_title_of_40000_characters_is_whole_and_its_citation_short(star):
    row = by(star["fact_artwork"], "artwork_id")["met:12"]
    assert row["title"] == small_lake.LONG_TITLE and len(row["title"]) > 40_000
    assert len(row["citation"]) < 500
    assert by(star["dim_work"], "identity")["met:12"]["title"] == small_lake.LONG_TITLE


def test_images_without_object_measures_or_duplicates_land(star):
    images = by(star["fact_image"], "image_id")
    assert images["gone:1#0"]["artwork_key"] == 0 and images["gone:1#0"]["museum_key"] == 0
    assert images["gone:1#0"]["may_be_shown"] is False
    assert images[small_lake.BROKEN]["width"] is None
    assert [images[image]["is_keeper"] for image in small_lake.GROUP] == [True, False, False]
    assert images["met:12#1"]["is_primary"] is False
    assert images["met:11#0"]["group_size"] == 1


def test_an_image_comes_with_its_measures(star):
    image = by(star["fact_image"], "image_id")["met:10#0"]
    assert (image["main_colour"], round(image["main_colour_share"], 3)) == ("#e6d2aa", 0.6)
    assert (image["border"], image["has_chart"], image["sharpness_full"]) == (0.0, False, 90.0)
    assert image["taken_at"] is image["similar_set"] is image["similar_size"] is None
    assert image["may_be_shown"] is True
    assert by(star["fact_image"], "image_id")["wga:a/rembrandt/1#0"]["may_be_shown"] is False


def test_the_time_a_picture_was_taken_is_read_or_left_out(tmp_path):
    lake = small_lake.make(tmp_path / "lake")
    rows = lake.read("images/measures").to_pylist()
    rows[0]["taken_at"] = "2024-05-31T14:03:22.510"
    rows[1]["taken_at"] = "0000-00-00T00:00:00"
    rows[0]["border_top"] = 0.25
    small_lake.write(lake, "images/measures", schemas.MEASURES, rows)
    images = by(build_all(lake)["fact_image"], "sha256")
    assert images[rows[0]["sha256"]]["taken_at"].isoformat() == "2024-05-31T14:03:22.510000"
    assert images[rows[0]["sha256"]]["border"] == 0.25
    assert images[rows[1]["sha256"]]["taken_at"] is None


def test_predictions_are_compared_with_the_source(star):
    names = {row["artwork_key"]: row["artwork_id"] for row in star["fact_artwork"].to_pylist()}
    first = {
        (names[row["artwork_key"]], row["attribute"]): (row["own_label"], row["agrees"])
        for row in star["fact_prediction"].to_pylist()
        if row["rank"] == 1
    }
    assert first == {
        ("met:10", "department"): ("European Paintings", True),
        ("met:11", "department"): ("Ancient Near Eastern Art", False),
        ("nga:21", "department"): (None, None),
        ("met:10", "style"): ("Baroque", True),
    }


def test_a_label_map_and_the_order_of_a_name_are_no_disagreement(tmp_path: Path):
    lake = small_lake.make(tmp_path / "lake")

    def guessed(attribute: str, artwork_id: str, label: str) -> dict[str, Any]:
        return {
            "artwork_id": artwork_id,
            "attribute": attribute,
            "rank": 1,
            "label": label,
            "probability": 0.9,
            "model": "x",
        }

    artists = [
        guessed("artist", "nga:20", "RIJN, Rembrandt van"),
        guessed("artist", "nga:21", "Rembrandt"),
    ]
    small_lake.write(lake, "predictions/artists", schemas.PREDICTIONS, artists)
    styles = [guessed("style", name, "Barock") for name in ("nga:20", "met:14")]
    small_lake.write(lake, "predictions/styles", schemas.PREDICTIONS, styles)
    example = {"attribute": "style", "label": "Barock", "sha256": "a", "group_id": "a"}
    examples = [
        example | {"artwork_id": "nga:20", "as_written": "Baroque", "provenance": "style of nga"},
        example
        | {
            "artwork_id": "met:14",
            "as_written": "baroque",
            "provenance": "correction of 2026-01-01",
        },
    ]
    small_lake.write(lake, "training/examples", schemas.EXAMPLES, examples)
    star = build_all(lake)
    names = {row["artwork_key"]: row["artwork_id"] for row in star["fact_artwork"].to_pylist()}
    found = {
        (row["attribute"], names[row["artwork_key"]]): (row["own_label"], row["agrees"])
        for row in star["fact_prediction"].to_pylist()
        if row["attribute"] != "department"
    }
    assert found == {
        ("artist", "nga:20"): ("Rembrandt van Rijn", True),
        ("artist", "nga:21"): ("Jan Smit", False),
        ("style", "nga:20"): ("Baroque", True),
        ("style", "met:14"): ("baroque", False),
    }


def test_empty_predictions_and_no_pictures(tmp_path: Path):
    star = build_all(small_lake.make(tmp_path / "lake", predictions=False, pictures=False))
    assert star["fact_prediction"].num_rows == star["fact_image"].num_rows == 0
    assert star["fact_artwork"].num_rows == len(small_lake.ARTWORKS)
    # without pictures the records still make one work of the two self-portraits of 1660
    works = [row["artwork_ids"] for row in star["dim_work"].to_pylist()]
    assert [ids for ids in works if len(ids) > 1] == [["met:10", "wga:a/rembrandt/1"]]


REMBRANDT = {"artists": [{"artist_id": "met:1", "role": "Artist", "position": 0}]}
FULL = REMBRANDT | {
    "title": "Self-Portrait", "artist_text": "Rembrandt, Dutch, 1606–1669", "date_text": "1660",
    "medium": "oil on canvas", "height_cm": 80.3, "width_cm": 67.3, "accession_number": "14.40.618",
    "repository": "Metropolitan Museum of Art, New York, NY", "object_url": "https://museum.example/1",
}  # fmt: skip
CITED: list[tuple[dict[str, Any], str]] = [
    (
        FULL,
        "Rembrandt (Rembrandt van Rijn), Self-Portrait, 1660. Oil on canvas, 80.3 × 67.3 cm. "
        "Metropolitan Museum of Art, New York, NY, 14.40.618. https://museum.example/1",
    ),
    ({}, "The Metropolitan Museum of Art."),
    ({"title": " ", "artist_text": "Unknown", "date_text": ""}, "The Metropolitan Museum of Art."),
    ({"title": "Bowl.", "medium": "Ceramic;"}, "Bowl. Ceramic. The Metropolitan Museum of Art."),
    ({"title": "Two\r\nLines", "height_cm": 5.0}, "Two Lines. The Metropolitan Museum of Art."),
    (
        {"artist_text": "Workshop of Rembrandt", "title": "Head, left", "object_url": "https://m.example/2"}
        | {"artists": [{"artist_id": "met:1", "role": "Workshop of", "position": 0}]},
        "Workshop of Rembrandt, Head, left. The Metropolitan Museum of Art. https://m.example/2",
    ),
    ({"title": "لوحة 🎨", "medium": "Ink"}, "لوحة 🎨. Ink. The Metropolitan Museum of Art."),
]  # fmt: skip


def test_a_citation_has_what_is_known_and_nothing_else(tmp_path):
    lake = small_lake.make(tmp_path / "lake")
    records = [
        {"artwork_id": f"met:{number}", "source": "met", "source_id": str(number), "licence": "CC0",
         "source_row": "x#1"} | said
        for number, (said, _) in enumerate(CITED)
    ]  # fmt: skip
    small_lake.write(lake, "catalog/artworks", schemas.ARTWORKS, records)
    star = build_all(lake)
    rows = by(star["fact_artwork"], "artwork_id")
    cited = [rows[f"met:{number}"]["citation"] for number in range(len(CITED))]
    assert cited == [text for _, text in CITED]
    assert rows["met:1"]["rights"] == "public domain not stated; record: CC0"


def test_records_with_nothing_but_an_id_land(tmp_path):
    lake = small_lake.make(tmp_path / "lake")
    records = [
        {"artwork_id": f"bare:{number}", "source": "bare", "source_id": str(number), "licence": "CC0",
         "source_row": "x#1"}
        for number in range(3)
    ]  # fmt: skip
    small_lake.write(lake, "catalog/artworks", schemas.ARTWORKS, records)
    star = build_all(lake)
    assert star["fact_artwork"].num_rows == 3
    assert {row["artist_key"] for row in star["fact_artwork"].to_pylist()} == {-1}
    assert star["fact_image"].num_rows == len(small_lake.PICTURES)
    assert set(star["fact_image"]["artwork_key"].to_pylist()) == {0}


def test_a_column_that_changed_type_is_told_and_the_table_stays(tmp_path):
    lake = small_lake.make(tmp_path / "lake")
    before = build_all(lake)["fact_artwork"]
    table = lake.read("catalog/artworks")
    place = table.column_names.index("begin_year")
    years = table["begin_year"].cast(pa.string())
    lake.write("catalog/artworks", table.set_column(place, "begin_year", years), ["artwork_id"])
    fact = next(table for table in STAR if table.name == "fact_artwork")
    with pytest.raises(MendableError, match=r"star/fact_artwork was not built") as caught:
        build(lake, fact)
    assert "catalog/artworks: begin_year is string, and should be int32." in str(caught.value)
    assert lake.read("star/fact_artwork").equals(before)
