"""imaging.duplicates.verdict and records: what kind of pair it is, and why, in words."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from imaging.duplicates.compare import MEASURED, compare
from imaging.duplicates.records import RECORDS, relation, two_objects
from imaging.duplicates.verdict import LIMITS, Limits, agree, judge
from storage.schemas import PAIRS
from tests._paintings import Easel, candidates, painting

GOOD: dict[str, Any] = {
    "likeness": 0.95,
    "weakest": 0.9,
    "residual": 2.0,
    "inliers": None,
    "covered_a": 1.0,
    "covered_b": 1.0,
    "outline": 1.0,
    "angle": 0.0,
    "colour_a": 8.0,
    "colour_b": 8.0,
    "flat": False,
}
OTHER_PRINT = {**GOOD, "likeness": 0.72, "weakest": 0.3, "residual": 12.0, "inliers": 60}
UNLIKE = {**GOOD, "likeness": 0.2, "weakest": -0.2, "residual": 30.0, "inliers": 5}


def judged(
    measured: dict[str, Any], a: dict | None = None, b: dict | None = None, form: int = 0
) -> dict[str, Any]:
    """The row that `judge` makes of one pair so measured, with these records."""
    row = {**candidates(("a", "b", form)).to_pylist()[0], **measured}
    schema = [*candidates(("a", "b", 0)).schema, *MEASURED]
    compared = pa.Table.from_pylist([row], schema=pa.schema(schema))
    images = pa.table({name: ["a", "b"] for name in ("image_id", "sha256", "content")})
    records = None
    if a is not None and b is not None:
        records = pa.Table.from_pylist([record("a", **a), record("b", **b)], schema=RECORDS)
    pairs = judge(compared, images, records)
    assert pairs.schema == PAIRS
    return pairs.to_pylist()[0]


def record(image_id: str, **said: Any) -> dict[str, Any]:
    empty = dict.fromkeys(RECORDS.names)
    return {**empty, "image_id": image_id, "artwork_id": f"met:{image_id}", "source": "met", **said}


def test_kinds_by_pixels() -> None:
    assert judged(GOOD)["kind"] == "same_image"
    assert judged(OTHER_PRINT)["kind"] == "same_work"
    assert judged(UNLIKE)["kind"] == "different_work"
    assert judged({**GOOD, "flat": True})["kind"] == "different_work"
    assert judged({**GOOD, "covered_a": 0.3})["kind"] == "variant"
    assert judged({**GOOD, "covered_a": 0.3}, form=4)["kind"] == "variant"


@pytest.mark.parametrize(
    ("change", "form", "expected"),
    [
        ({}, 4, "mirrored"),
        ({}, 1, "turned"),
        ({"angle": -90.0}, 0, "turned"),
        ({"angle": 3.0}, 0, None),
        ({"colour_b": 0.2}, 0, "grey_of_colour"),
        ({"covered_a": 0.7, "outline": 3.0}, 0, "framed"),
        ({"covered_a": 0.7, "outline": 1.0}, 0, None),
        ({"covered_b": 0.4, "outline": 1.0}, 0, "detail"),
        ({"covered_b": 0.4, "outline": 3.0}, 0, "framed"),
    ],
)
def test_relations_by_pixels(change, form, expected) -> None:
    row = judged({**GOOD, **change}, form=form)
    assert row["relation"] == expected
    assert row["confirmed"] == (expected != "detail")


def test_a_border_that_proposed_the_pair_is_told_however_faint_its_edge() -> None:
    part = {**GOOD, "covered_b": 0.8, "outline": 1.0}
    assert judged(part)["relation"] is None
    assert judged({**part, "frame": "whole/trimmed"})["relation"] == "framed"


def test_refused_pairs_have_no_relation_and_say_what_was_wanted() -> None:
    row = judged({**UNLIKE, "colour_b": 0.0})
    assert row["relation"] is None
    assert "wanted correlation 0.65 and 20 matched points" in row["evidence"]
    assert "pHash 4 of 64" in row["evidence"]


@given(
    likeness=st.floats(-1, 1, width=32),
    weakest=st.floats(-1, 1, width=32),
    inliers=st.none() | st.integers(0, 400),
    share=st.floats(0.0625, 1, width=32),
    outline=st.floats(0, 9, width=32),
    flat=st.booleans(),
)
def test_only_what_agrees_is_confirmed(likeness, weakest, inliers, share, outline, flat) -> None:
    measured = {**GOOD, "likeness": likeness, "weakest": weakest, "inliers": inliers, "flat": flat}
    row = judged({**measured, "covered_a": share, "outline": outline})
    assert row["confirmed"] == (row["kind"] in ("same_file", "same_image", "same_work"))
    if row["confirmed"]:
        assert likeness >= LIMITS.likeness
        assert not flat
    assert row["evidence"]


def test_limits_are_those_asked_for() -> None:
    compared = pa.table({name: [OTHER_PRINT[name]] for name in MEASURED.names})
    assert agree(compared).tolist() == [True]
    assert agree(compared, Limits(0.65, 80, 0.8, 0.6)).tolist() == [False]
    assert agree(compared, Limits(0.65, 80, 0.7, 0.2)).tolist() == [True]


def test_a_museum_that_numbers_two_objects_is_believed_unless_it_is_one_photograph() -> None:
    a, b = {"accession_number": "04.3.1"}, {"accession_number": "04.3.2"}
    assert judged(OTHER_PRINT, a, b)["kind"] == "different_work"
    assert "04.3.1, 04.3.2" in judged(OTHER_PRINT, a, b)["evidence"]
    assert judged(GOOD, a, b)["kind"] == "same_image"
    assert judged(OTHER_PRINT, a, {**b, "source": "nga"})["kind"] == "same_work"
    assert judged(OTHER_PRINT, a, {"accession_number": None})["kind"] == "same_work"


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (
            {"title": "Study (recto)", "accession_number": "1975.1.3"},
            {"title": "Sketches (verso)", "accession_number": "1975.1.3"},
            "recto_verso",
        ),
        ({"accession_number": "49.1 recto"}, {"accession_number": "49.1 verso"}, "recto_verso"),
        (
            {"title": "The Hare (recto)", "accession_number": "49.1"},
            {"title": "The Owl (verso)", "accession_number": "50.7"},
            None,
        ),
        ({"artwork_id": "met:7"}, {"artwork_id": "met:7", "position": 3}, "other_photograph"),
        (
            {"title": "Melencolia I", "artist_text": "Dürer", "classification": "Prints"},
            {"title": "melencolia  I", "artist_text": "dürer", "classification": "Prints"},
            "edition",
        ),
        (
            {"title": "The Three Trees (first state)", "artist_text": "R", "medium": "Etching"},
            {"title": "The Three Trees", "artist_text": "R", "medium": "Etching"},
            "edition",
        ),
        (
            {"title": "Landscape", "artist_text": "Corot", "classification": "Paintings"},
            {"title": "Landscape", "artist_text": "Corot", "classification": "Paintings"},
            None,
        ),
        ({"accession_number": "07.225.4a"}, {"accession_number": "07.225.4b"}, "pendant"),
        ({"accession_number": "07.225.4a"}, {"accession_number": "07.225.5a"}, None),
        (
            {"title": "Vase (one of a pair)", "artist_text": "Sèvres"},
            {"title": "Vase (One of a Pair)", "artist_text": "Sèvres"},
            "pendant",
        ),
        ({"title": None}, {"title": None}, None),
    ],
)
def test_relations_by_records(a, b, expected) -> None:
    one, other = record("a", **a), record("b", **b)
    found, turned = relation(one, other), relation(other, one)
    assert (found and found[0]) == expected
    assert (turned and turned[0]) == expected
    row = judged(UNLIKE, a, b)
    assert row["kind"] == ("variant" if expected else "different_work")
    assert row["relation"] == expected
    assert not row["confirmed"]


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=8), st.text(max_size=8))
def test_records_read_the_same_both_ways(title, other_title, number, other_number) -> None:
    a = record("a", title=title, accession_number=number)
    b = record("b", title=other_title, accession_number=other_number)
    one, other = relation(a, b), relation(b, a)
    assert (one and one[0]) == (other and other[0])
    assert two_objects(a, b) == two_objects(b, a)
    assert not two_objects(a, a)


@pytest.mark.parametrize(
    ("change", "kind", "expected"),
    [
        (lambda it: it.resize((160, 128)), "same_image", None),
        (lambda it: ImageEnhance.Brightness(it).enhance(0.7), "same_image", None),
        (lambda it: it.rotate(2, Image.Resampling.BICUBIC, fillcolor="white"), "same_image", None),
        (lambda it: it.crop((16, 12, 304, 244)), "same_image", None),
        (lambda it: it.convert("L").convert("RGB"), "same_image", "grey_of_colour"),
        (lambda it: ImageOps.expand(it, 25, "white"), "same_image", "framed"),
        (lambda it: it.crop((60, 50, 240, 190)), "variant", "detail"),
    ],
    ids=["resized", "darker", "askew", "cropped", "grey", "bordered", "detail"],
)
def test_real_pictures_from_pixels_to_verdict(tmp_path: Path, change, kind, expected) -> None:
    easel = Easel(tmp_path)
    easel.add("a", painting(4))
    easel.add("b", change(painting(4)))
    easel.add("c", painting(5))
    proposed = candidates(("a", "b", 0), ("a", "c", 0), ("b", "c", 0))
    compared = compare(proposed, easel.images, easel.root, None)
    same, *others = judge(compared, easel.images, None).to_pylist()
    assert (same["kind"], same["relation"]) == (kind, expected)
    assert [row["kind"] for row in others] == ["different_work"] * 2


def test_equal_derivatives_and_equal_files(tmp_path: Path) -> None:
    easel = Easel(tmp_path)
    easel.add("a", painting(4))
    easel.add("b", painting(4))
    compared = compare(candidates(("a", "b", 0)), easel.images, easel.root, None)
    [twin] = judge(compared, easel.images, None).to_pylist()
    assert (twin["kind"], twin["evidence"]) == (
        "same_image",
        "their reduced pictures are equal byte for byte",
    )
    shas = easel.images.set_column(1, "sha256", pa.array(["x"] * 2))
    assert judge(compared, shas, None)["kind"].to_pylist() == ["same_file"]
