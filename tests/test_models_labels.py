"""Label maps: spellings are one class, and what does not fit is named by file and key."""

from pathlib import Path

import pytest

from models.labels import LabelsError, read, read_all, term

GOOD = "column: genre\nminimum_support: 2\nschemes: [grouped]\n"


def made(folder: Path, text: str) -> Path:
    path = folder / "genre.yaml"
    path.write_text(text)
    return path


def test_the_maps_that_come_with_artlake_are_read():
    maps = read_all()
    assert list(maps) == ["artist", "department", "genre", "style"]
    assert maps["department"].sources == ("met",) and maps["style"].sources == ()
    assert maps["genre"].classes_of(["genre_painting", "genre", "Still-Life", "other"]) == {
        "genre_painting": "genre painting",
        "genre": "genre painting",
        "Still-Life": "Still-Life",
        "other": None,
    }


def test_spellings_are_one_class_named_as_most_write_it():
    labels = read_all()["artist"]
    written = ["édgar_degas", "Edgar Degas", "Edgar Degas", "Anonymous, French, 16th century", "?!"]
    assert labels.classes_of(written) == {
        "édgar_degas": "Edgar Degas",
        "Edgar Degas": "Edgar Degas",
        "Anonymous, French, 16th century": None,
        "?!": None,
    }
    assert labels.drops(written) == {"Anonymous, French, 16th century", "?!"}
    # Of equally many the first in the alphabet, whatever the order of rows.
    for pair in (["b A", "B a"], ["B a", "b A"]):
        assert set(labels.classes_of(pair).values()) == {"B a"}
    assert term("Naïve_Art (Primitivism)") == "naive art primitivism"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("column: colour\nminimum_support: 2\n", "column: artworks have no text column 'colour'"),
        ("column: begin_year\nminimum_support: 2\n", "no text column 'begin_year'"),
        ("minimum_support: 2\n", "no text column None"),
        ("column: genre\nminimum_support: 0\n", "minimum_support is a number from 1, not 0"),
        ("column: genre\nminimum_support: yes\n", "minimum_support is a number from 1, not True"),
        (GOOD + "clases: [a]\n", "there is no key 'clases'"),
        (GOOD + "classes: a\n", "classes is a list of texts, not 'a'"),
        (GOOD + "drop: [1]\n", "drop is a list of texts"),
        (GOOD + "merge: {a: 1}\n", "merge is a list of"),
        (GOOD + "classes: [x]\nmerge: {a: b}\n", "merge: 'a' leads to 'b', which is not in"),
        ("column: genre\nminimum_support: 2\nschemes: [random]\n", "schemes: there is no 'random'"),
        ("- a\n", "holds no label map"),
        ("a: [\n", "cannot be read as a label map"),
    ],
)
def test_a_file_that_cannot_be_is_named_with_its_key(tmp_path, text, said):
    path = made(tmp_path, text)
    with pytest.raises(LabelsError) as caught:
        read(path)
    assert str(path) in str(caught.value) and said in str(caught.value)


def test_a_fixed_list_misses_nothing_that_the_data_has(tmp_path):
    path = made(
        tmp_path, GOOD + "classes: [portrait, landscape]\nmerge: {view: landscape}\ndrop: [x*]\n"
    )
    labels = read(path)
    assert labels.classes_of(["Portrait", "view", "xyz"]) == {
        "Portrait": "portrait",
        "view": "landscape",
        "xyz": None,
    }
    with pytest.raises(
        LabelsError, match=r"genre.yaml: classes: the data has 'marine' \(2 works\)"
    ):
        labels.classes_of(["portrait", "view", "marine", "marine"])
    with pytest.raises(LabelsError, match="classes: no label of the data leads to 'landscape'"):
        labels.classes_of(["portrait"])
