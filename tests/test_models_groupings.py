"""Groups of labels: probabilities are added up, and a grouping that does not fit is refused by name."""

import numpy as np
import pytest

from models.groupings import GROUPINGS, Grouping, GroupingError, read

LABELS = ("Armour", "Paintings", "Prints")
DEPARTMENTS = (
    "Arms and Armor", "Asian Art", "Drawings and Prints", "European Paintings",
    "European Sculpture and Decorative Arts", "Musical Instruments", "Robert Lehman Collection",
    "The American Wing",
)  # fmt: skip


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_probabilities_are_added_up(tmp_path):
    text = "attribute: department\ngroups:\n  flat: [Prints, Paintings]\n  things: [Armour]\n"
    grouping = read(written(tmp_path, text))
    assert grouping.groups == ("flat", "things") and grouping.name == "mine"
    assert grouping.members("flat") == ["Paintings", "Prints"]
    likely = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    assert grouping.sums(likely, LABELS) == pytest.approx(np.array([[0.8, 0.2], [0.6, 0.4]]))
    # The likeliest group need not hold the likeliest label.
    assert likely[1].argmax() == 0 and grouping.sums(likely, LABELS)[1].argmax() == 0
    shuffled = grouping.sums(likely[:, [2, 0, 1]], ("Prints", "Armour", "Paintings"))
    assert shuffled == pytest.approx(grouping.sums(likely, LABELS))


def test_the_example_takes_in_every_department_once():
    grouping = read(GROUPINGS / "small_museum.yaml")
    assert len(grouping.groups) == 4 and grouping.attribute == "department"
    likely = np.random.default_rng(0).dirichlet(np.ones(8), size=5)
    assert grouping.sums(likely, DEPARTMENTS).sum(axis=1) == pytest.approx(np.ones(5))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("attribute: department\ngroups:\n  a: [Armour, Armour]\n", "'Armour' is named twice"),
        ("attribute: department\ngroups:\n  a: [X]\n  b: [X]\n", "'X' is named twice"),
        ("attribute: department\ngroups:\n  a: []\n", "group 'a' is no list of labels"),
        ("attribute: department\ngroups:\n  a: Armour\n", "group 'a' is no list of labels"),
        ("attribute: department\ngroups:\n  a: [1900]\n", "group 'a' is no list of labels"),
        ("attribute: department\ngroups: {a: [X]}\nsum: yes\n", "no field 'sum'"),
        ("groups: {a: [X]}\n", "is no grouping"),
        ("attribute: department\n", "is no grouping"),
        ("- Armour\n", "is no grouping"),
        ("", "is no grouping"),
        ("a: [\n", "cannot be read as a grouping"),
    ],
)
def test_a_file_that_is_no_grouping_is_named(tmp_path, text, said):
    with pytest.raises(GroupingError, match=said) as told:
        read(written(tmp_path, text))
    assert "mine.yaml" in str(told.value)


def test_missing_files_and_other_bytes_are_named(tmp_path):
    with pytest.raises(GroupingError, match=r"none\.yaml cannot be read"):
        read(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GroupingError, match=r"bytes\.yaml cannot be read"):
        read(tmp_path / "bytes.yaml")


def test_labels_that_do_not_fit_are_named():
    lacking = Grouping("mine", "department", {"Armour": "a", "Prints": "b"})
    with pytest.raises(GroupingError, match="'Paintings' is in no group"):
        lacking.sums(np.ones((1, 3)), LABELS)
    strange = Grouping("mine", "department", {**dict.fromkeys(LABELS, "a"), "Vases": "b"})
    with pytest.raises(GroupingError, match="knows no department 'Vases'"):
        strange.places(LABELS)
