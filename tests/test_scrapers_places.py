import csv
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.places import joined, parse_keeper, parse_place


@pytest.mark.parametrize(
    ("text", "relation", "places"),
    [
        ("Made in Siena", None, [("Siena", True, "made")]),
        ("Lahore, present-day Pakistan", "Probably made in", [("Lahore, Pakistan", False, "made")]),
        ("said to be from Ziwiye", None, [("Ziwiye", False, "origin")]),
        ("probably Florence (?)", None, [("Florence", False, None)]),
        ("Nimrud (ancient Kalhu)", "Excavated in", [("Nimrud (ancient Kalhu)", True, "found")]),
        (
            "Iraq or Northern Jazira",
            None,
            [("Iraq", False, None), ("Northern Jazira", False, None)],
        ),
        ("Orleans", None, [("Orleans", True, None)]),
        ("", "Made in", []),
        (None, None, []),
    ],
)
def test_places(text, relation, places):
    assert [tuple(place) for place in parse_place(text, relation)] == places


@pytest.mark.parametrize(
    ("parts", "relation", "text"),
    [
        (["Salem", None, "United States"], "Possibly made in", "possibly Salem, United States"),
        (["probably Manises", "Spain"], "Probably made in", "probably Manises, Spain"),
        (["New York", "New York", "United States"], "Made in", "New York, United States"),
        (["Paris"], None, "Paris"),
        ([None, " "], "Probably made in", None),
    ],
)
def test_fields_of_a_place_are_joined_with_their_doubt(parts, relation, text):
    assert joined(parts, relation) == text


@pytest.mark.parametrize(
    ("text", "keeper"),
    [
        (
            "Fogg Art Museum, Harvard University, Cambridge",
            ("Fogg Art Museum, Harvard University", "Cambridge"),
        ),
        ("Metropolitan Museum of Art, New York, NY", ("Metropolitan Museum of Art", "New York")),
        (
            "Galleria (Palazzo Pitti, Sala 1), Florence",
            ("Galleria (Palazzo Pitti, Sala 1)", "Florence"),
        ),
        ("Private collection", ("Private collection", None)),
        ("Formerly Berlin, whereabouts unknown", ("Formerly Berlin, whereabouts unknown", None)),
        (None, (None, None)),
    ],
)
def test_keepers(text, keeper):
    assert tuple(parse_keeper(text)) == keeper


@given(st.text(max_size=50), st.none() | st.sampled_from(["Probably made in", "Found", "?"]))
def test_any_text_gives_places_of_its_own_words(text, relation):
    for place in parse_place(text, relation):
        assert place.name
        assert all(word.strip(",") in text for word in place.name.split())
    parse_keeper(text)


@given(
    st.lists(st.sampled_from(["Paris", "Köln", "Museum", "Sala (1, 2)"]), min_size=2, max_size=4)
)
def test_a_keeper_and_its_city_are_the_whole_text(parts):
    keeper, city = parse_keeper(", ".join(parts))
    assert f"{keeper}, {city}" == ", ".join(parts)


@pytest.mark.samples
@pytest.mark.skipif("ARTLAKE_SAMPLES" not in os.environ, reason="ARTLAKE_SAMPLES is not set")
def test_real_galleries_have_a_city():
    path = Path(os.environ["ARTLAKE_SAMPLES"]) / "wga" / "catalog_derived.csv"
    with path.open(encoding="latin-1", newline="") as handle:
        told = {row["LOCATION"] for row in csv.DictReader(handle, delimiter=";")}
    cities = {text: parse_keeper(text).city for text in told}
    assert len(cities) == 40 and all(cities.values())
    assert cities["Galleria Palatina (Palazzo Pitti), Florence"] == "Florence"
