"""The questions that come with artlake: each held against figures worked out by hand, or against sums."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import small_lake

from storage.sql import literal
from warehouse import star
from warehouse.ask import AskError, ask
from warehouse.chartspec import Chart
from warehouse.publish import publish
from warehouse.questions import TOPICS, answer, named, questions
from warehouse.star import STAR, build

# Besides the small lake's: a cast after the artist's death, a work before his birth, one with terms, and
# one after Rembrandt, and one that its museum no longer lists, which no question may count.
MORE: list[dict[str, Any]] = [
    {"artwork_id": "nga:22", "title": "A Late Cast", "artists": [("nga:3", "artist")], "begin_year": 1900, "end_year": 1900, "acquired_year": 1937, "place": "Amsterdam"},
    {"artwork_id": "nga:23", "title": "Too Early", "artists": [("nga:3", "artist")], "begin_year": 1590, "end_year": 1590, "acquired_year": 1937, "place": "amsterdam "},
    {"artwork_id": "met:17", "title": "Boats", "acquired_year": 1913, "place": "Delft", "tags": ["Men", "Boats"], "classification": "paintings", "height_cm": 20.3, "width_cm": 7.3},
    {"artwork_id": "met:18", "title": "A Man in a Turban", "artists": [("met:1", "After")]},
    {"artwork_id": "met:16", "title": "Withdrawn", "artists": [("met:1", "Artist")], "begin_year": 1660, "end_year": 1660, "acquired_year": 1913, "place": "Delft", "tags": ["Men", "Boats"], "classification": "Paintings", "style": "Baroque", "medium": "Oil on canvas", "school": "Dutch", "department": "European Paintings", "height_cm": 9000.0, "width_cm": 9000.0, "withdrawn_in": "met-2"},
]  # fmt: skip
LISTED = len(small_lake.ARTWORKS) + len(MORE) - 1
MET, NGA, WGA = (small_lake.MUSEUMS[source] for source in ("met", "nga", "wga"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_lake, "ARTWORKS", small_lake.ARTWORKS + MORE)
        lake = small_lake.make(tmp_path_factory.mktemp("lake"))
    for table in STAR:
        build(lake, table)
    target = tmp_path_factory.mktemp("published") / "artlake.duckdb"
    publish(lake, target, {})
    yield target


@pytest.fixture(scope="module")
def rows(file: Path) -> Any:
    """The answer to a question as a list of rows."""
    return lambda name: answer(file, name).to_pylist()


def only(found: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in found]


def total(found: list[dict[str, Any]], column: str = "objects") -> float:
    return sum(row[column] for row in found)


def counted(file: Path, what: str) -> Any:
    return ask(file, f"select {what}")[0][0].as_py()


@pytest.fixture(scope="module")
def reversed_file(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tables with their rows the other way round."""
    target = tmp_path_factory.mktemp("reversed") / "artlake.duckdb"
    with duckdb.connect(target) as connection:
        connection.execute(f"attach {literal(str(file))} as published (read_only)")
        for table in STAR:
            connection.execute(
                f"create table {table.name} as from published.{table.name} order by rowid desc"
            )
    return target


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
def test_a_question_is_a_sentence_whose_answer_hangs_on_no_order_of_rows(
    file, reversed_file, question
):
    assert question.sentence.endswith("?") and question.note.endswith(".")
    asked = answer(file, question.name)
    assert asked.num_rows > 0
    assert asked.equals(answer(reversed_file, question.name))


def test_there_are_twenty_questions_and_more_and_most_are_drawn():
    asked = questions()
    assert len(asked) >= 20
    assert sum(isinstance(question.chart, Chart) for question in asked) >= 17
    assert {question.topic for question in asked} == set(TOPICS)


def test_a_question_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(AskError, match="no question 'nosuch'.*works-by-artist"):
        named("nosuch")


def test_half_centuries_add_up_to_the_objects_with_usable_years(file, rows):
    found = rows("works-by-half-century")
    assert only(found, "period", "objects", "paintings") == [
        ("before 1001", 2, 0),
        ("1551–1600", 1, 0),
        ("1601–1650", 1, 0),
        ("1651–1700", 3, 2),
        ("1851–1900", 1, 0),
    ]


def test_schools_are_counted_by_half_century(rows):
    found = rows("works-by-school-and-half-century")
    assert only(found, "period", "school", "objects") == [
        ("1601–1650", "Dutch", 1),
        ("1651–1700", "Dutch", 3),
    ]


def test_a_style_in_two_spellings_is_one(rows):
    assert only(rows("works-by-style"), "objects", "share", "museums") == [(3, 1.0, 2)]


def test_three_records_of_one_self_portrait_are_one_work_by_rembrandt(rows):
    first = rows("works-by-artist")[0] | {}
    smit = next(row for row in rows("works-by-artist") if row["objects"] == 3 and row["works"] == 3)
    rembrandt = next(row for row in rows("works-by-artist") if "Rembrandt" in row["artist"])
    assert only([rembrandt], "works", "objects", "around", "museums") == [(1, 3, 2, 3)]
    assert smit["artist"] == first["artist"] == "Jan Smit"
    assert "Anonymous" not in [row["artist"] for row in rows("works-by-artist")]


def example() -> str:
    """The query that the comment of the view `works` gives."""
    text = (Path(star.__file__).parent / "views" / "works.sql").read_text(encoding="utf-8")
    return text.partition("How many Rembrandts are there: ")[2].partition("\n")[0]


def test_rembrandts_are_counted_without_what_was_made_after_him(file):
    assert ask(file, example()).to_pydict() == {"count_star()": [1]}
    named_first = """
        select attribution, own_hand from works join artists using (artist_key)
        where ulan = '500011051' order by attribution
    """
    assert ask(file, named_first).to_pylist() == [
        {"attribution": "after", "own_hand": False},
        {"attribution": "artist", "own_hand": True},
    ]


def test_the_hand_is_that_of_the_artist_named_first(file):
    hands = ask(file, "select artwork_id, attribution, own_hand from artworks").to_pylist()
    told = {row["artwork_id"]: (row["attribution"], row["own_hand"]) for row in hands}
    assert told["met:10"] == told["met:12"] == ("artist", True)
    assert told["met:18"] == ("after", False)
    assert told["met:13"] == (None, False)
    assert len(hands) == LISTED


def test_works_by_artist_counts_the_hands_that_the_views_have(file, rows):
    by_question = {row["artist_key"]: row["works"] for row in rows("works-by-artist")}
    views = ask(file, "select artist_key, own_works from artists").to_pydict()
    by_artists = dict(zip(views["artist_key"], views["own_works"], strict=True))
    assert by_question == {key: by_artists[key] for key in by_question}
    # Nobody's own work in the small lake names somebody else first.
    own = ask(file, "select artist_key from works where own_hand")["artist_key"].to_pylist()
    assert by_question == {key: own.count(key) for key in by_question}


def test_nations_count_an_object_by_the_shares_of_its_makers(rows):
    # Three self-portraits, what was made after Rembrandt, and a third of the print after him.
    assert only(rows("works-by-nation"), "nationality", "objects", "artists") == [
        ("Dutch", 4.33, 1)
    ]


def test_gender_adds_up_to_the_dated_objects_whose_artist_is_known(file, rows):
    found = rows("gender-of-makers")
    assert {row["gender"] for row in found} == {"not stated"}
    known = """(
        select sum(weight) from bridge_artwork_artist join fact_artwork using (artwork_key)
        where bridge_artwork_artist.artist_key > 0 and period_key > 0 and withdrawn_in is null
    )"""
    assert total(found) == pytest.approx(counted(file, known))


def test_ages_are_told_and_what_lies_outside_a_life(rows):
    # Smit: half of a landscape at 25, a work before his birth, one after his death; Rembrandt: at 53, 54, 54.
    assert only(rows("age-at-making"), "age", "objects") == [
        ("before birth", 1.0),
        ("20–29", 0.5),
        ("50–59", 3.0),
        ("after death", 1.0),
    ]
    found = rows("dated-outside-life")
    assert only(found, "dated", "years_off", "artwork_id") == [
        ("after death", 250, "nga:22"),
        ("before birth", 10, "nga:23"),
    ]


def test_acquisitions_are_counted_by_decade_and_museum(rows):
    found = rows("acquisitions")
    assert only(found, "decade", "museum", "objects") == [(1910, MET, 1), (1930, NGA, 2)]


def test_materials_by_shares_add_up_to_the_objects_that_have_any(file, rows):
    found = rows("materials")
    having = """(
        select count(distinct artwork_key) from bridge_artwork_material
        join fact_artwork using (artwork_key) where material_key > 0 and withdrawn_in is null
    )"""
    assert total(found, "weighted") == pytest.approx(counted(file, having)) == 4
    assert {row["material"]: row["objects"] for row in found} == {
        "canvas": 3,
        "oil": 3,
        "ceramic": 1,
    }


def test_sizes_are_medians_of_what_is_listed(rows):
    assert only(rows("sizes"), "objects", "median_height_cm", "median_width_cm", "tallest_cm") == [
        (2, 50.3, 37.3, 80.3)
    ]


def test_colours_add_up_to_the_dated_objects_with_a_measured_picture(file, rows):
    # The small lake's pictures are all #e6d2aa: a pale orange by its hue of 40 degrees.
    found = rows("colours-by-century")
    assert only(found, "century", "colour", "objects") == [
        ("before 1001", "orange", 1),
        ("1601–1700", "orange", 4),
    ]


def test_image_sizes_count_every_image_in_the_class_its_megapixels_say(rows):
    found = rows("image-sizes")
    assert total(found, "images") == len(small_lake.PICTURES)
    sizes = {row["megapixels"] for row in found}
    assert sizes == {"4 to 16", "not decoded"}  # 2560 × 3200 pixels, and the broken one


def test_image_quality_counts_every_image_and_what_could_be_decoded(rows):
    found = rows("image-quality-by-museum")
    assert total(found, "images") == len(small_lake.PICTURES)
    assert total(found, "decoded") == len(small_lake.PICTURES) - 1
    assert {row["median_megapixels"] for row in found} == {8.19}


def test_a_picture_that_three_museums_have_is_said_of_every_two(rows):
    pairs = {
        (row["museum"], row["also_in"]): row["pictures"]
        for row in rows("duplicates-across-museums")
    }
    assert pairs == {(a, b): 1 for a in (MET, NGA, WGA) for b in (MET, NGA, WGA) if a != b}


def test_works_of_several_museums_are_those_with_the_evidence(rows):
    (work,) = rows("works-in-several-museums")
    assert (work["title"], work["objects"], len(work["museums"])) == ("Self-Portrait", 3, 3)
    assert work["evidence"] and 0 < work["confidence"] <= 1


def test_the_model_disagrees_about_one_vessel_alone(rows):
    found = rows("prediction-disagreement")
    assert only(found, "says_the_museum", "says_the_model", "objects", "surest") == [
        ("Ancient Near Eastern Art", "European Paintings", 1, "met:11")
    ]
    assert only(rows("oddest-objects"), "artwork_id", "rank") == [("met:11", 1)]


def test_the_nearest_look_alikes_are_counted_once_an_object(rows):
    found = rows("look-alikes-across-museums")
    assert only(found, "museum", "nearest_in", "objects", "example") == [
        (NGA, MET, 2, "nga:21"),  # of two that are equally alike, that of the smaller key
        (MET, MET, 1, "met:10"),
    ]


@pytest.mark.parametrize(
    "name", ["completeness-by-museum", "completeness-by-department", "date-precision", "licences"]
)
def test_questions_about_all_objects_add_up_to_them(rows, name):
    assert total(rows(name)) == LISTED


def test_completeness_is_the_share_of_a_museum_s_own_objects(rows):
    met = next(row for row in rows("completeness-by-museum") if row["museum"] == MET)
    # Eight listed: one without title; four name a known artist, two have usable years, two places…
    assert only([met], "objects", "title", "artist", "height", "place", "licence") == [
        (8, 0.875, 0.5, 0.25, 0.125, 1.0)
    ]
    departments = {row["department"]: row["objects"] for row in rows("completeness-by-department")}
    assert departments["met · European Paintings"] == 2


def test_open_licences_are_told_from_closed_ones(rows):
    is_open = {(row["museum"], row["is_open"]) for row in rows("licences")}
    assert (MET, True) in is_open and (WGA, False) in is_open


def test_the_last_crawl_of_each_source_is_told(rows):
    found = rows("changes-since-last-crawl")
    assert only(found, "snapshot", "works", "added", "changed", "withdrawn") == [
        ("nga-1", 2, 2, 0, 0),
        ("met-2", 6, 1, 1, 0),
    ]


def test_subjects_by_shares_add_up_to_the_objects_that_have_any(rows):
    found = rows("subjects")
    assert only(found, "term", "objects") == [("Men", 2), ("Boats", 1), ("Portraits", 1)]
    assert total(found, "weighted") == 2


def test_subjects_that_go_together_are_a_pair_both_ways(rows):
    pairs = {
        (row["term"], row["other"]): (row["objects"], row["lift"])
        for row in rows("subjects-together")
    }
    # Two objects have subjects: Men on both of them, so it goes with each no more than by chance.
    assert pairs == {
        ("Men", "Portraits"): (1, 1.0), ("Portraits", "Men"): (1, 1.0),
        ("Men", "Boats"): (1, 1.0), ("Boats", "Men"): (1, 1.0),
    }  # fmt: skip


def test_a_place_in_two_spellings_is_one(rows):
    found = rows("places")
    assert [row["objects"] for row in found] == [2, 1]
    assert found[1]["place"] == "Delft"
