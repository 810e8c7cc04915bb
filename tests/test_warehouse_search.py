"""Search in the published file: what is found, in which order, and that the order is BM25's."""

import math
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse import search

# (title, artist's keys, terms' keys, culture, classification, notes, withdrawn_in)
OBJECTS = [
    ("Self-Portrait", [1], [1, 2], 0, 1, None, None),
    ("Portrait of a Young Woman", [1], [], 0, 1, "Formerly a portrait by Rembrandt", None),
    ("Landscape with a Mill", [2], [3], 0, 1, None, None),
    ("Die Mühle bei Köln", [2], [3], 1, 0, "view of a mill", None),
    ("l'Étang d'Auvers, œuvre", [], [], 0, 0, None, None),
    ("Straße 🏺 لوحة 東京", [3], [], 1, 0, None, None),
    (None, [], [], 0, 0, None, None),
    ("mill " * 4000, [3], [], 0, 0, None, None),
    ("Rembrandt's mill", [1], [], 0, 0, None, "met-2"),
]
ARTISTS = {
    1: ("Rembrandt van Rijn", ["Rembrandt Harmensz. van Rijn"]),
    2: ("Jan Smit", []),
    3: ("Købke", []),
}
TERMS = {1: "Portraits", 2: "Men", 3: "Mills"}
CULTURES = {1: "Dutch"}
CLASSIFICATIONS = {1: "Paintings"}


def built(
    objects: list[tuple] = OBJECTS, path: str | Path = ":memory:", threads: int = 2
) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path, config={"threads": threads})
    connection.execute(
        "create table dim_museum as select 9::bigint as museum_key, 'The Museum' as museum"
    )
    connection.execute(
        "create table fact_artwork (artwork_key bigint, artwork_id varchar, museum_key bigint, title varchar, "
        "artist_key bigint, artist_text varchar, culture_key bigint, classification_key bigint, notes varchar, "
        "withdrawn_in varchar)"
    )
    connection.execute(
        "create table dim_artist (artist_key bigint, name varchar, aliases varchar[])"
    )
    connection.execute("create table dim_term (term_key bigint, term varchar)")
    connection.execute("create table dim_culture (culture_key bigint, culture varchar)")
    connection.execute(
        "create table dim_classification (classification_key bigint, classification varchar)"
    )
    connection.execute("create table bridge_artwork_artist (artwork_key bigint, artist_key bigint)")
    connection.execute("create table bridge_artwork_term (artwork_key bigint, term_key bigint)")
    artists = [
        (0, "unknown", []),
        (-1, "not applicable", []),
        *((k, *v) for k, v in ARTISTS.items()),
    ]
    connection.executemany("insert into dim_artist values (?, ?, ?)", artists)
    for dim, values in (
        ("term", TERMS),
        ("culture", CULTURES),
        ("classification", CLASSIFICATIONS),
    ):
        rows = [(0, "unknown"), (-1, "not applicable"), *values.items()]
        connection.executemany(f"insert into dim_{dim} values (?, ?)", rows)
    for number, (title, makers, terms, culture, kind, notes, gone) in enumerate(objects):
        key = 100 + number
        row = (key, f"met:{number}", 9, title, (makers or [0])[0], None, culture, kind, notes, gone)
        connection.execute("insert into fact_artwork values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        for maker in makers or [0]:
            connection.execute("insert into bridge_artwork_artist values (?, ?)", [key, maker])
        for term in terms or [0]:
            connection.execute("insert into bridge_artwork_term values (?, ?)", [key, term])
    search.build(connection)
    return connection


@pytest.fixture(scope="module")
def file():
    with built() as connection:
        yield connection


def found(file: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [row[0] for row in file.execute("select artwork_id from search(?)", [query]).fetchall()]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("koln", {"met:3"}),
        ("KÖLN", {"met:3"}),
        ("Ko\u0308ln", {"met:3"}),
        ("kobke", {"met:5", "met:7"}),
        ("strasse", {"met:5"}),
        ("etang", {"met:4"}),
        ("oeuvre", {"met:4"}),
        ("لوحة", {"met:5"}),
        ("東京", {"met:5"}),
        ("harmensz", {"met:0", "met:1"}),
        ("mills", {"met:2", "met:3"}),
        ("dutch", {"met:3", "met:5"}),
        ("formerly", {"met:1"}),
        ("unknown", set()),
        ("applicable", set()),
        ("portr*", {"met:0", "met:1"}),
        ("portr", set()),
        ("%", set()),
        ("", set()),
        ("*", set()),
        ("' or 1 = 1 --", set()),
    ],
)
def test_what_a_word_finds(file, query, wanted):
    assert set(found(file, query)) == wanted


def test_what_is_withdrawn_is_not_found(file):
    assert "met:8" not in found(file, "rembrandt mill")


def test_an_answer_has_names_and_falls_from_the_best(file):
    answer = file.sql("from search('rembrandt portrait')")
    assert answer.columns == ["artwork_id", "title", "artist", "museum", "score"]
    rows = answer.fetchall()
    assert rows[0][:4] == ("met:1", "Portrait of a Young Woman", "Rembrandt van Rijn", "The Museum")
    scores = [row[4] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert file.sql("from search('rembrandt portrait', most := 1)").fetchall() == rows[:1]


def documents(objects: list[tuple]) -> dict[str, list[str]]:
    """Every object as one text in which a field stands as often as it weighs, as the index should see it."""

    def words(text: str | None) -> list[str]:
        return re.findall(r"\w+", (text or "").lower())

    said = {}
    for number, (title, makers, terms, culture, kind, notes, gone) in enumerate(objects):
        if gone:
            continue
        text = words(title) * 3
        for maker in makers:
            name, aliases = ARTISTS[maker]
            text += list(dict.fromkeys(words(" ".join([name, *aliases])))) * 2
        for more in (
            *map(TERMS.get, terms),
            CULTURES.get(culture),
            CLASSIFICATIONS.get(kind),
            notes,
        ):
            text += words(more)
        said[f"met:{number}"] = text
    return said


def bm25(said: dict[str, list[str]], query: list[str]) -> dict[str, float]:
    """The formula as DuckDB's own extension fts has it in match_bm25: k 1.2, b 0.75, idf with 1 inside the logarithm."""
    spoken = {key: Counter(words) for key, words in said.items()}
    average = sum(map(len, said.values())) / len(said)
    scores: dict[str, float] = {}
    for word in query:
        holding = [key for key in said if word in spoken[key]]
        idf = math.log((len(said) - len(holding) + 0.5) / (len(holding) + 0.5) + 1)
        for key in holding:
            times, length = spoken[key][word], len(said[key])
            part = times * (1.2 + 1) / (times + 1.2 * (1 - 0.75 + 0.75 * length / average))
            scores[key] = scores.get(key, 0) + idf * part
    return scores


PLAIN = ["mill", "night", "watch", "portrait", "young", "woman", "rembrandt", "sea"]
TITLES = st.lists(st.sampled_from(PLAIN), max_size=6).map(" ".join)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            TITLES,
            st.lists(st.sampled_from([1, 2]), max_size=2, unique=True),
            st.lists(st.sampled_from([1, 2, 3]), max_size=3, unique=True),
            st.sampled_from([0, 1]),
            st.sampled_from([0, 1]),
            TITLES,
            st.none(),
        ),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.sampled_from(PLAIN), min_size=1, max_size=3, unique=True),
)
def test_scores_are_those_of_bm25_over_fields_repeated_by_weight(objects, query):
    with built(objects) as connection:
        rows = connection.execute("select artwork_id, score from search(?)", [" ".join(query)])
        answer = dict(rows.fetchall())
    wanted = bm25(documents(objects), query)
    assert answer.keys() == wanted.keys()
    for key, score in wanted.items():
        assert abs(answer[key] - score) <= 0.0005 * len(query) + 1e-9


def test_a_hundred_are_answered_unless_more_are_asked_for():
    many = [(f"mill {number}", [], [], 0, 0, None, None) for number in range(150)]
    with built(many) as connection:
        assert len(found(connection, "mill")) == 100
        assert connection.sql("select count(*) from search('mill', most := 1000)").fetchall() == [
            (150,)
        ]


def test_the_same_objects_give_the_same_index_whatever_order_and_threads():
    dumps = []
    for threads in (1, 4):
        with built(OBJECTS * 30, threads=threads) as connection:
            dumps.append([connection.sql(f"from {table}").fetchall() for table in search.TABLES])
    assert dumps[0] == dumps[1]


def test_it_is_asked_without_python_by_whoever_opens_the_file(tmp_path):
    built(path=tmp_path / "file.duckdb").close()
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute(
            f"attach '{tmp_path}/file.duckdb' as warehouse (read_only); use warehouse"
        )
        connection.execute("set enable_external_access = false")
        assert found(connection, "mühle") == ["met:3"]
    with duckdb.connect(tmp_path / "file.duckdb", read_only=True) as connection:
        assert found(connection, "mühle") == ["met:3"]


def test_a_file_without_anything_to_find_answers_with_nothing():
    with built([]) as connection:
        assert found(connection, "mill") == []
