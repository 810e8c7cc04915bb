"""imaging.duplicates.similar: what looks alike and is not confirmed is for people to review."""

import numpy as np
import pyarrow as pa
import pytest

from imaging.duplicates.decisions import NOT_DUPLICATE, words
from imaging.duplicates.similar import similar_sets
from storage.schemas import PAIRS, SIMILAR_SETS, table
from tests._pictures import vectors

IMAGES = pa.table(
    {"image_id": ["a1", "a2", "b", "c", "d", "e"], "sha256": ["A", "A", "B", "C", "D", "E"]}
)


def near(cosine: float, away: int) -> np.ndarray:
    """A vector at that cosine from the first axis, leaning towards another."""
    made = np.zeros(8)
    made[0], made[away] = cosine, np.sqrt(1 - cosine**2)
    return made


# B and C lie near A, not near each other; D lies far off, and E has no vector.
VECTORS = vectors({"A": near(1.0, 1), "B": near(0.95, 2), "C": near(0.93, 3), "D": near(0.5, 4)})


def pairs(*rows: tuple[str, str, bool, str]) -> pa.Table:
    return table(
        PAIRS,
        [
            {
                "image_a": a,
                "image_b": b,
                "kind": "same_image" if sure else "different_work",
                "confirmed": sure,
                "proposed_by": "embedding",
                "evidence": why,
            }
            for a, b, sure, why in rows
        ],
    )


def test_near_and_unconfirmed_pictures_form_a_set() -> None:
    found = similar_sets(IMAGES, VECTORS, pairs(("a1", "b", False, "their structure differs")))
    assert found.schema.equals(SIMILAR_SETS)
    rows = found.to_pylist()
    assert [(it["image_id"], it["set_id"], it["set_size"], it["nearest"]) for it in rows] == [
        ("a1", "a1", 3, "b"),
        ("b", "a1", 3, "a1"),
        ("c", "a1", 3, "a1"),
    ]
    assert [it["cosine"] for it in rows] == pytest.approx([0.95, 0.95, 0.93], abs=1e-6)


def test_confirmed_pairs_and_what_people_refused_are_left_out() -> None:
    sure = pairs(("a1", "b", True, "equal"))
    assert similar_sets(IMAGES, VECTORS, sure)["image_id"].to_pylist() == ["a1", "c"]
    # Said of the copy, it holds for the file.
    refused = pairs(("a2", "b", False, words(NOT_DUPLICATE)), ("a1", "c", True, "equal"))
    assert similar_sets(IMAGES, VECTORS, refused).num_rows == 0


def test_pictures_of_one_group_are_not_called_similar_over_a_third() -> None:
    joined = pairs(("a1", "d", True, "equal"), ("b", "d", True, "equal"))
    assert similar_sets(IMAGES, VECTORS, joined)["image_id"].to_pylist() == ["a1", "c"]


def test_the_limit_and_the_order_of_rows() -> None:
    assert similar_sets(IMAGES, VECTORS, pairs(), least=0.94)["image_id"].to_pylist() == ["a1", "b"]
    shuffled = similar_sets(IMAGES.take([5, 2, 0, 3, 1, 4]), VECTORS.take([3, 1, 0, 2]), pairs())
    assert shuffled.equals(similar_sets(IMAGES, VECTORS, pairs()))


def test_without_vectors_there_is_no_set() -> None:
    assert similar_sets(IMAGES, None, pairs()).equals(SIMILAR_SETS.empty_table())
    assert similar_sets(IMAGES, VECTORS.slice(0, 0), pairs()).num_rows == 0
    assert similar_sets(IMAGES.slice(5), VECTORS, pairs()).num_rows == 0
