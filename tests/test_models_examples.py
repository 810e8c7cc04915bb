"""Which artworks teach: maps, corrections and support; nothing is lost without a number."""

from dataclasses import replace

import pyarrow as pa
import pytest

from models.examples import ExamplesReport, TooFewExamplesError, examples
from models.labels import LabelMap, LabelsError, read_all
from storage.schemas import ARTISTS, ARTWORKS, CORRECTIONS, EXAMPLES, table

LABELS = replace(read_all()["department"], minimum_support=1, sources=())


def labels(minimum: int) -> LabelMap:
    return replace(LABELS, minimum_support=minimum)


def artworks(departments: list[str | None], source: str = "met") -> pa.Table:
    rows = [
        {
            "artwork_id": f"{source}:{number:02d}",
            "source": source,
            "source_id": f"{number:02d}",
            "department": label,
            "licence": "CC0",
            "source_row": f"#{number}",
        }
        for number, label in enumerate(departments)
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


def correction(artwork_id: str, label: str, day: str) -> dict[str, str]:
    return {
        "artwork_id": artwork_id,
        "attribute": "department",
        "label": label,
        "accepted_by": "ada",
        "accepted_on": day,
    }


def test_labels_without_support_pictures_or_text_are_counted():
    works = artworks(["A"] * 4 + ["B"] * 3 + ["C"] + [None, "A"])
    images, groups = maps(works)
    made, report = examples(works, images.slice(0, 9), groups, labels(3))
    assert made.schema.equals(EXAMPLES)
    assert made["label"].to_pylist() == ["A"] * 4 + ["B"] * 3
    assert report == ExamplesReport(1, 1, dropped_labels={"C": 1})
    assert set(made["provenance"].to_pylist()) == {"department of met"}


def test_support_counts_groups_and_conflicts_inside_them():
    works = artworks(["A", "A", "A", "B", "B", "B"])
    # Three pictures of A are one group: one observation; 02 and 03 disagree inside another.
    images, groups = maps(works, {"met:01": "met:00", "met:03": "met:02"})
    made, report = examples(works, images, groups, labels(2))
    assert report.conflicts == 1 and len(made) == 6
    with pytest.raises(TooFewExamplesError, match=r"at least two labels with 3 .* A 2, B 3"):
        examples(works, images, groups, labels(3))


def test_a_class_with_one_example_is_left_out_by_name():
    works = artworks(["A"] * 3 + ["B"] * 3 + ["Lonely"])
    made, report = examples(works, *maps(works), labels(2))
    assert report.dropped_labels == {"Lonely": 1} and "Lonely" not in made["label"].to_pylist()


def test_one_source_alone():
    works = pa.concat_tables([artworks(["A", "B"]), artworks(["A", "Z"], source="nga")])
    made, _ = examples(works, *maps(works), replace(LABELS, sources=("met",)))
    assert made["artwork_id"].to_pylist() == ["met:00", "met:01"]


def test_the_map_says_what_is_learned_and_the_written_label_is_kept():
    works = artworks(["Paintings", "paintings", "Pictures", "Arms", "Other"])
    said = replace(LABELS, merge={"Pictures": "Paintings"}, drop=("other",))
    made, report = examples(works, *maps(works), said)
    assert made["label"].to_pylist() == ["Paintings"] * 3 + ["Arms"]
    assert made["as_written"].to_pylist() == ["Paintings", "paintings", "Pictures", "Arms"]
    assert report.dropped_by_map == {"Other": 1}
    with pytest.raises(LabelsError, match=r"department.yaml: classes: the data has 'Arms'"):
        examples(works, *maps(works), replace(said, classes=("Paintings",)))


def test_a_correction_wins_and_the_last_one_counts():
    works = pa.concat_tables([artworks(["A", "B", None]), artworks(["Z", "Z"], source="nga")])
    rows = [
        correction("met:01", "A", "2026-03-01"),
        correction("met:01", "B", "2026-01-01"),
        correction("met:02", "B", "2026-02-01"),
        correction("nga:00", "B", "2026-02-01"),
        correction("gone:1", "B", "2026-02-01"),
        correction("met:00", "B", "2026-02-01") | {"attribute": "style"},
    ]
    asked = replace(LABELS, sources=("met",))
    made, report = examples(works, *maps(works), asked, corrections=table(CORRECTIONS, rows))
    found = {row["artwork_id"]: row for row in made.to_pylist()}
    assert {name: row["label"] for name, row in found.items()} == {
        "met:00": "A",
        "met:01": "A",
        "met:02": "B",
        "nga:00": "B",
    }
    assert found["met:01"]["provenance"] == "correction of 2026-03-01 by ada"
    assert found["met:01"]["as_written"] == "B" and found["met:02"]["as_written"] is None
    assert report.corrected == 3


def test_artists_are_learned_from_their_own_hand_alone():
    works = artworks([None] * 5)
    links = [("1", None), ("2", "Artist"), ("1", "Follower of painter"), ("3", None), None]
    works = works.set_column(
        works.schema.get_field_index("artists"),
        ARTWORKS.field("artists"),
        pa.array(
            [
                [{"artist_id": f"met:{link[0]}", "role": link[1], "position": 0}] if link else []
                for link in links
            ],
            ARTWORKS.field("artists").type,
        ),
    )
    base = {"source": "met", "source_id": "", "source_row": "#"}
    names = {"1": "Edgar Degas", "2": "Titian", "3": "Unidentified artist"}
    artists = table(
        ARTISTS, [base | {"artist_id": f"met:{key}", "name": name} for key, name in names.items()]
    )
    asked = replace(read_all()["artist"], minimum_support=1)
    made, report = examples(
        works, *maps(works), asked, artists=artists, makers={"met:00": "edgar degas"}
    )
    assert made["label"].to_pylist() == ["Edgar Degas", "Titian"]
    assert made["artist"].to_pylist() == ["edgar degas", None]
    assert (report.without_label, report.dropped_by_map) == (2, {"Unidentified artist": 1})


def test_the_order_of_rows_does_not_matter():
    works = artworks(["A", "a", "B", "b", "B"])
    images, groups = maps(works)
    order = [3, 0, 4, 2, 1]
    turned = examples(works.take(order), images.take(order), groups.take(order[::-1]), LABELS)
    assert turned == examples(works, images, groups, LABELS)


def test_a_pictured_artwork_without_a_group_is_named():
    works = artworks(["A", "B"])
    images, groups = maps(works)
    with pytest.raises(ValueError, match="met:01 has a picture but no group"):
        examples(works, images, groups.slice(0, 1), LABELS)
