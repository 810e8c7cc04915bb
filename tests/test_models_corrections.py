"""Corrections: kept for ever, the last word counts, and damage is named by its line."""

import json

import pytest

from models.corrections import Correction, CorrectionError, add, read
from storage.schemas import CORRECTIONS

ONE = Correction("met:1", "department", "Asian Art", "ada", "2026-10-01")


def test_the_last_word_counts_and_every_word_is_kept(tmp_path):
    file = tmp_path / "lake" / "corrections.jsonl"
    assert read(file).num_rows == 0
    add(file, [ONE, Correction("met:1", "style", "Baroque", "ada", "2026-10-01")])
    add(file, [Correction("met:1", "department", "Arms and Armor", "bob", "2026-09-01")])
    found = read(file)
    assert found.schema.equals(CORRECTIONS)
    assert [(row["attribute"], row["label"]) for row in found.to_pylist()] == [
        ("department", "Arms and Armor"),
        ("style", "Baroque"),
    ]
    assert len(file.read_text().splitlines()) == 3


def test_a_line_that_a_killed_process_left_spoils_no_other(tmp_path):
    file = tmp_path / "corrections.jsonl"
    add(file, [ONE])
    with file.open("a") as kept:
        kept.write('{"artwork_id": "met:2", "attri')
    add(file, [Correction("met:3", "style", "Baroque", "ada", "2026-10-02")])
    with pytest.raises(CorrectionError, match=r"line 2 is no correction.*others are kept"):
        read(file)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], lines[2]]) + "\n")
    assert read(file).num_rows == 2


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("label", " ", "label is empty"),
        ("accepted_on", "yesterday", "no day"),
        ("label", 3, "label is empty"),
    ],
)
def test_a_correction_that_says_nothing_is_refused(tmp_path, field, value, told):
    file = tmp_path / "corrections.jsonl"
    bad = Correction(**{**ONE.__dict__, field: value})
    with pytest.raises(CorrectionError, match=told):
        add(file, [ONE, bad])
    assert not file.exists()
    file.write_text(json.dumps(bad.__dict__) + "\n")
    with pytest.raises(CorrectionError, match=f"line 1 .*{told}"):
        read(file)


def test_letters_of_every_script_come_back(tmp_path):
    file = tmp_path / "corrections.jsonl"
    add(file, [Correction("folder:Ünï.jpg", "artist", "لوحة\u2028 ö", "ada", "2026-10-01")])
    assert read(file)["label"].to_pylist() == ["لوحة\u2028 ö"]
