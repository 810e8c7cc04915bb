"""One work, several museums: which objects are joined, on what evidence, and which never."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import small_lake

from storage import Lake, schemas
from warehouse.star import STAR, build

MET, NGA = "Metropolitan Museum of Art, New York, NY", "National Gallery of Art, Washington"
NAMES = {
    "met": "The Metropolitan Museum of Art",
    "nga": "National Gallery of Art",
    "wga": "Web Gallery of Art",
    "folder": "A folder of pictures",
}


def work(artwork_id: str, title: str | None = "The Merry Company", **more: Any) -> dict[str, Any]:
    """A record of a painting by Hals; its museum keeps it unless told otherwise."""
    source, source_id = artwork_id.split(":")
    return {
        "artwork_id": artwork_id, "source": source, "source_id": source_id,
        "licence": "CC0", "source_row": "x#1", "title": title,
        "artists": [{"artist_id": f"{source}:hals", "role": "artist", "position": 0}],
        "begin_year": 1616, "end_year": 1617, "classification": "Paintings",
        "repository": {"met": MET, "nga": NGA}.get(source),
    } | more  # fmt: skip


def pair(one: str, other: str, kind: str = "same_image", **more: Any) -> dict[str, Any]:
    """A confirmed pair of the first pictures of two objects."""
    a, b = sorted((f"{one}#0", f"{other}#0"))
    return {
        "image_a": a, "image_b": b, "kind": kind, "confirmed": True, "proposed_by": "hash",
        "evidence": "one picture",
    } | more  # fmt: skip


def make(root: Path, records: list[dict], pairs: list[dict]) -> list[dict]:
    """The rows of dim_work of a lake with these records, each with one picture."""
    lake = Lake.open(root, "hand-made")
    small_lake.write(lake, "catalog/artworks", schemas.ARTWORKS, records)
    painters = {link["artist_id"].split(":")[1] for row in records for link in row["artists"] or []}
    artists = [
        {"artist_id": f"{source}:{painter}", "source": source, "source_id": painter, "source_row": "x#1",
         "name": f"Frans {painter}", "begin_year": 1582, "end_year": 1666, "ulan": painter}
        for source in NAMES
        for painter in sorted(painters)
    ]  # fmt: skip
    small_lake.write(lake, "catalog/artists", schemas.ARTISTS, artists)
    sources = [
        {"source": source, "museum": name, "licence": "CC0", "images_may_be_shown": True}
        for source, name in NAMES.items()
    ]
    small_lake.write(lake, "catalog/sources", schemas.SOURCES, sources)
    originals = [
        {"image_id": f"{row['artwork_id']}#0", "artwork_id": row["artwork_id"], "url": "x",
         "source": row["source"], "sha256": row["artwork_id"], "path": "x", "bytes": 1,
         "media_type": "image/jpeg"}
        for row in records
    ]  # fmt: skip
    small_lake.write(lake, "images/originals", schemas.ORIGINALS, originals)
    small_lake.write(lake, "duplicates/pairs", schemas.PAIRS, pairs)
    groups = _groups([row["image_id"] for row in originals], pairs)
    small_lake.write(lake, "duplicates/groups", schemas.GROUPS, groups)
    for table in STAR:
        if table.name in ("dim_artist", "dim_museum", "dim_work"):
            build(lake, table)
    return lake.read("star/dim_work").to_pylist()


def _groups(image_ids: list[str], pairs: list[dict]) -> list[dict]:
    from imaging.duplicates.groups import find_groups

    return find_groups(image_ids, schemas.table(schemas.PAIRS, pairs)).to_pylist()


def joined(rows: list[dict]) -> list[list[str]]:
    return sorted(row["artwork_ids"] for row in rows if len(row["artwork_ids"]) > 1)


def the_work(rows: list[dict]) -> dict:
    (found,) = (row for row in rows if len(row["artwork_ids"]) > 1)
    return found


SIZES: dict[str, Any] = {"height_cm": 131.4, "width_cm": 99.7}
ALIKE: dict[str, Any] = {"height_cm": 131.0, "width_cm": 100.0}
KEPT: dict[str, Any] = {"repository": "Metropolitan Museum of Art, New York"}


def test_pictures_join_what_two_sources_describe_whatever_they_call_it(tmp_path):
    rows = make(
        tmp_path,
        [work("met:1", "Merry Company"), work("folder:a.jpg", None, artists=None)],
        [pair("met:1", "folder:a.jpg")],
    )
    found = the_work(rows)
    assert found["artwork_ids"] == ["folder:a.jpg", "met:1"]
    assert found["museums"] == ["A folder of pictures", "The Metropolitan Museum of Art"]
    assert (found["objects"], found["images"]) == (2, 2)
    assert (found["confidence"], found["evidence"]) == (0.98, "the pictures show the same")
    # the keeper's record speaks for the work
    assert found["title"] == "Merry Company"
    assert (found["begin_year"], found["end_year"]) == (1616, 1617)
    assert found["artist_key"] > 0


def test_artist_and_title_make_pictures_surer(tmp_path):
    found = the_work(
        make(tmp_path, [work("met:1"), work("wga:1", **KEPT)], [pair("met:1", "wga:1")])
    )
    assert found["confidence"] == 0.99
    assert found["evidence"] == (
        "same artist, same title, years that fit, same keeper; "
        "the pictures show the same, same artist, same title"
    )


def test_variants_and_refused_pairs_join_nothing(tmp_path):
    refused: list[dict[str, Any]] = [
        {"kind": "variant", "confirmed": False, "relation": "edition"},
        {"kind": "variant", "confirmed": True, "relation": "pendant"},
        {"kind": "different_work", "confirmed": False},
        {"kind": "same_work", "confirmed": False},
    ]
    records = [
        work(f"{source}:{number}", source)
        for number in range(len(refused))
        for source in ("met", "nga")
    ]
    pairs = [pair(f"met:{number}", f"nga:{number}", **said) for number, said in enumerate(refused)]
    assert joined(make(tmp_path, records, pairs)) == []


def test_impressions_of_two_keepers_are_two_works_and_one_photograph_is_one(tmp_path):
    prints: dict[str, Any] = {"classification": "Prints", "medium": "Etching"}
    records = [work("met:1", **prints), work("nga:1", **prints)]
    assert joined(make(tmp_path / "a", records, [pair("met:1", "nga:1", "same_work")])) == []
    assert joined(make(tmp_path / "b", records, [pair("met:1", "nga:1", "same_image")])) == [
        ["met:1", "nga:1"]
    ]
    kept = [work("met:1", **prints), work("wga:1", **prints, **KEPT)]
    assert joined(make(tmp_path / "c", kept, [pair("met:1", "wga:1", "same_work")])) == [
        ["met:1", "wga:1"]
    ]


JOINED_BY_RECORDS: list[tuple[dict[str, Any], dict[str, Any], float]] = [
    (SIZES, KEPT | ALIKE, 0.95),
    ({}, KEPT, 0.9),
    (SIZES, KEPT | ALIKE | {"title": "Vrolijk gezelschap"}, 0.8),
    (SIZES, ALIKE, 0.85),
    (SIZES, ALIKE | {"repository": "Private collection"}, 0.85),
    ({}, {"title": "A Merry Company"}, 0.7),
    ({}, {"title": "company, MERRY (the)"}, 0.7),
    (SIZES | {"title": "Laughter"}, ALIKE | {"title": "Laughter"}, 0.85),
]


KEPT_APART = [
    (work("met:1"), work("nga:1")),  # what one museum keeps another cannot
    (work("met:1", **SIZES), work("nga:1", **SIZES)),
    (work("met:1"), work("wga:1", repository="Rijksmuseum, Amsterdam")),
    (work("met:1"), work("wga:1", repository="National Gallery of Art, Washington")),
    (work("met:1", "Laughter"), work("wga:1", "Laughter")),  # one word says too little
    (work("met:1", "Laughter"), work("wga:1", "Laughter", **KEPT)),
    (work("met:1", **SIZES), work("wga:1", "Another Title", **ALIKE)),
    (work("met:1"), work("wga:1", begin_year=1630, end_year=1640, **KEPT)),
    (work("met:1"), work("wga:1", begin_year=None, end_year=None, **KEPT)),
    (work("met:1"), work("wga:1", begin_year=1640, end_year=1600, **KEPT)),
    (work("met:1", **SIZES), work("wga:1", height_cm=60.0, width_cm=50.0, **KEPT)),
    (
        work("met:1"),
        work("wga:1", artists=[{"artist_id": "wga:hals", "role": "After", "position": 0}]),
    ),
    (work("met:1"), work("wga:1", artists=None)),
    (work("met:1", artists=None), work("wga:1", artists=None)),
    (work("met:1", medium="Etching"), work("wga:1", medium="etching")),
    (work("met:1"), work("met:2")),  # a museum's objects are different objects
    (work("met:1", None), work("wga:1", None, **KEPT)),
    (work("met:1", "🎨🎨 🎨"), work("wga:1", "🎨🎨 🎨", **KEPT)),
]


def by_painter(number: int, record: dict) -> dict:
    """The same record with an id and an artist of its own, so that cases in one lake do not meet."""
    source, name = record["artwork_id"].split(":")
    links = [link | {"artist_id": f"{source}:painter{number}"} for link in record["artists"] or []]
    return record | {"artwork_id": f"{source}:{number:02}/{name}", "artists": links or None}


def test_records_join_by_title_sizes_and_keeper(tmp_path):
    records = [
        by_painter(number, record)
        for number, (met, wga, _) in enumerate(JOINED_BY_RECORDS)
        for record in (work("met:1", **met), work("wga:1", **wga))
    ]
    found = [row for row in make(tmp_path, records, []) if len(row["artwork_ids"]) > 1]
    assert {tuple(row["artwork_ids"]): row["confidence"] for row in found} == {
        (f"met:{number:02}/1", f"wga:{number:02}/1"): confidence
        for number, (_, _, confidence) in enumerate(JOINED_BY_RECORDS)
    }
    assert all(row["evidence"].startswith("same artist") for row in found)


def test_records_alone_that_do_not_suffice_join_nothing(tmp_path):
    records = [
        by_painter(number, record) for number, case in enumerate(KEPT_APART) for record in case
    ]
    assert joined(make(tmp_path, records, [])) == []


def test_a_title_that_an_artist_gave_to_several_works_needs_sizes(tmp_path):
    title = "Portrait of a Man"
    records = [
        work("met:1", title, height_cm=60.0, width_cm=50.0),
        work("met:2", title, height_cm=80.0, width_cm=70.0),
        work("wga:1", title, height_cm=80.0, width_cm=70.0, **KEPT),
        work("wga:2", title, **KEPT),
    ]
    assert joined(make(tmp_path, records, [])) == [["met:2", "wga:1"]]


def test_sizes_that_several_works_share_decide_nothing(tmp_path):
    records = [
        work("met:1", "One", **SIZES),
        work("met:2", "Two", **SIZES),
        work("wga:1", "Three", **ALIKE, **KEPT),
    ]
    assert joined(make(tmp_path, records, [])) == []


def test_hundreds_of_untitled_works_of_one_size_join_nothing(tmp_path):
    records = [work(f"met:{n:03}", "Untitled", **SIZES) for n in range(300)]
    records += [work(f"wga:{n:03}", "Untitled", **ALIKE, **KEPT) for n in range(300)]
    rows = make(tmp_path, records, [])
    assert joined(rows) == []
    assert len(rows) == 602


def test_within_a_source_pictures_join_only_with_the_title_or_the_number(tmp_path):
    records = [
        work("met:1", "One View"), work("met:2", "ONE view"), work("met:3", "Another View"),
        work("met:4", "Four", accession_number="24.1"), work("met:5", "Five", accession_number="24.1"),
    ]  # fmt: skip
    pairs = [pair("met:1", "met:2"), pair("met:1", "met:3"), pair("met:4", "met:5")]
    rows = make(tmp_path, records, pairs)
    assert joined(rows) == [["met:1", "met:2"], ["met:4", "met:5"]]
    assert {row["confidence"] for row in rows if len(row["artwork_ids"]) > 1} == {0.98}


def test_impressions_in_one_source_share_a_title_and_stay_apart(tmp_path):
    prints: dict[str, Any] = {"classification": "Prints"}
    records = [
        work("met:1", accession_number="24.1", **prints),
        work("met:2", accession_number="24.2", **prints),
    ]
    assert joined(make(tmp_path, records, [pair("met:1", "met:2")])) == []


def test_what_a_source_lists_twice_is_one_work_with_its_counterpart(tmp_path):
    records = [work("met:1"), work("met:2"), work("nga:1", "Company")]
    pairs = [pair("met:1", "met:2"), pair("met:2", "nga:1")]
    found = the_work(make(tmp_path, records, pairs))
    assert found["artwork_ids"] == ["met:1", "met:2", "nga:1"]
    assert found["objects"] == 3


def test_one_object_of_a_source_has_one_counterpart_and_the_strongest(tmp_path):
    records = [
        work("met:1", "One"), work("met:2", "Two Merry Men"), work("wga:1", "Two Merry Men"),
    ]  # fmt: skip
    pairs = [pair("met:1", "wga:1"), pair("met:2", "wga:1")]
    rows = make(tmp_path, records, pairs)
    # the pictures of all three agree; the title too only for the second
    assert joined(rows) == [["met:2", "wga:1"]]


def test_a_chain_that_leads_back_to_its_source_keeps_its_strongest_links(tmp_path):
    records = [
        work("met:1", "First Title"), work("wga:1", "First Title"),
        work("nga:1", "Second Title"), work("met:2", "Second Title"),
    ]  # fmt: skip
    for row in records:
        row["artists"] = None
    pairs = [pair("met:1", "wga:1"), pair("wga:1", "nga:1"), pair("nga:1", "met:2")]
    assert joined(make(tmp_path, records, pairs)) == [["met:1", "wga:1"], ["met:2", "nga:1"]]


def test_three_sources_of_one_work_are_one(tmp_path):
    records = [work("met:1"), work("wga:1", **KEPT), work("folder:a.jpg", None, artists=None)]
    found = the_work(make(tmp_path, records, [pair("met:1", "folder:a.jpg")]))
    assert found["artwork_ids"] == ["folder:a.jpg", "met:1", "wga:1"]
    assert found["confidence"] == 0.9
    assert "same keeper" in found["evidence"] and "the pictures show" in found["evidence"]


def test_an_object_alone_is_a_work_of_its_own(tmp_path):
    rows = make(tmp_path, [work("met:1"), work("met:2", None, withdrawn_in="met-2")], [])
    by_id = {row["identity"]: row for row in rows}
    assert by_id["met:1"]["evidence"] == "a single object"
    assert (by_id["met:1"]["confidence"], by_id["met:1"]["objects"]) == (1.0, 1)
    assert (by_id["met:2"]["artwork_ids"], by_id["met:2"]["objects"]) == (["met:2"], 0)
    assert {row["work_key"] for row in rows} >= {0, -1}
    assert by_id["unknown"]["objects"] == by_id["not applicable"]["objects"] == 0


def test_works_do_not_depend_on_the_order_of_rows(tmp_path):
    records = [work("met:1"), work("wga:1", **KEPT), work("nga:1", "Company"), work("met:2", "X Y")]
    pairs = [pair("met:1", "nga:1"), pair("met:2", "wga:1"), pair("nga:1", "wga:1")]
    found = []
    for number, order in enumerate([(0, 1, 2), (2, 0, 1)]):
        rows = make(
            tmp_path / str(number),
            [records[place] for place in (*order, 3)],
            [pairs[place] for place in order],
        )
        found.append(pa.Table.from_pylist(rows))
    assert all(one.equals(found[0]) for one in found)
