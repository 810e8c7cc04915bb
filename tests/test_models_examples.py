"""Which artworks teach: labels with support, conflicts counted, nothing lost without a number."""

import pyarrow as pa
import pytest

from models.examples import ExamplesReport, examples
from storage.schemas import ARTWORKS, EXAMPLES, table


def artworks(labels: list[str | None], source: str = "met") -> pa.Table:
    rows = [
        {
            "artwork_id": f"{source}:{number:02d}",
            "source": source,
            "source_id": f"{number:02d}",
            "department": label,
            "licence": "CC0",
            "source_row": f"#{number}",
        }
        for number, label in enumerate(labels)
    ]
    return table(ARTWORKS, rows)


def maps(works: pa.Table, groups: dict[str, str] | None = None) -> tuple[pa.Table, pa.Table]:
    names = works["artwork_id"].to_pylist()
    return (
        pa.table({"artwork_id": names, "sha256": [f"sha-{name}" for name in names]}),
        pa.table(
            {"artwork_id": names, "group_id": [(groups or {}).get(name, name) for name in names]}
        ),
    )


def test_labels_without_support_pictures_or_text_are_counted():
    works = artworks(["A"] * 4 + ["B"] * 3 + ["C"] + [None, "A"])
    images, groups = maps(works)
    made, report = examples(works, images.slice(0, 9), groups, "department", min_support=3)
    assert made.schema.equals(EXAMPLES)
    assert made["label"].to_pylist() == ["A"] * 4 + ["B"] * 3
    assert report == ExamplesReport(1, 1, {"C": 1}, 0)


def test_support_counts_duplicate_groups_and_conflicts_inside_them():
    works = artworks(["A", "A", "A", "B", "B", "B"])
    # Three pictures of A are one group: one observation; 02 and 03 disagree inside another.
    images, groups = maps(works, {"met:01": "met:00", "met:03": "met:02"})
    made, report = examples(works, images, groups, "department", min_support=2)
    assert report.conflicts == 1 and len(made) == 6
    with pytest.raises(ValueError, match=r"at least two labels with 3 .* A 2, B 3"):
        examples(works, images, groups, "department", min_support=3)


def test_one_source_alone():
    works = pa.concat_tables([artworks(["A", "B"]), artworks(["A", "Z"], source="nga")])
    made, _ = examples(works, *maps(works), "department", min_support=1, source="met")
    assert made["artwork_id"].to_pylist() == ["met:00", "met:01"]


def test_a_column_that_is_no_text_is_refused():
    works = artworks(["A", "B"])
    for column in ("begin_year", "nonsense"):
        with pytest.raises(ValueError, match=f"no text column '{column}'"):
            examples(works, *maps(works), column)


def test_a_pictured_artwork_without_a_group_is_named():
    works = artworks(["A", "B"])
    images, groups = maps(works)
    with pytest.raises(ValueError, match="met:01 has a picture but no duplicate group"):
        examples(works, images, groups.slice(0, 1), "department", min_support=1)
