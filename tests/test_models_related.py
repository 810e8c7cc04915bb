"""What stays together: duplicates, objects, albums, and makers under several names."""

import numpy as np
import pyarrow as pa

from models.related import groups, makers
from storage.schemas import ARTISTS, ARTWORKS, table


def artworks(works: list[dict]) -> pa.Table:
    base = {"source": "met", "licence": "CC0", "source_row": "#"}
    rows = [
        base | {"artwork_id": f"{work.get('source', 'met')}:{n:02d}", "source_id": str(n)} | work
        for n, work in enumerate(works)
    ]
    return table(ARTWORKS, rows)


def pictures(*sets: tuple[str, ...]) -> pa.Table:
    rows = [(image, str(number)) for number, images in enumerate(sets) for image in images]
    return pa.table(
        {
            "image_id": pa.array([image for image, _ in rows], pa.string()),
            "set_id": pa.array([name for _, name in rows], pa.string()),
        }
    )


def of(
    works: pa.Table, sets: pa.Table | None = None, by: dict[str, str] | None = None
) -> list[str]:
    made, _ = groups(works, pictures() if sets is None else sets, by or {})
    return made["group_id"].to_pylist()


def test_any_picture_of_a_work_joins_it_and_joins_are_passed_on():
    works = artworks([{}, {}, {}, {}])
    sets = pictures(("met:00#0", "met:01#3"), ("met:01#0", "met:03#0"), ("gone:1#0", "met:02#0"))
    assert of(works, sets) == ["met:00", "met:00", "met:02", "met:00"]
    shuffled = works.take([2, 0, 3, 1])
    made, links = groups(shuffled, sets.take(np.arange(6)[::-1]), {})
    assert made["group_id"].to_pylist() == ["met:00", "met:00", "met:02", "met:00"]
    assert links == {"duplicates": 2, "object": 0, "album": 0}


def test_parts_and_sides_are_one_object_of_one_museum():
    numbers = ["49.7.25a", "49.7.25 verso", "49.7.2", "X 1.2", None, "N04111"]
    works = artworks([{"accession_number": number} for number in numbers])
    assert of(works) == ["met:00", "met:00", "met:02", "met:03", "met:04", "met:05"]
    other = artworks([{"accession_number": "49.7.25", "source": name} for name in ("met", "nga")])
    assert of(other) == ["met:00", "nga:01"]
    whole = artworks([{}, {"misc": '{"part_of": [{"artwork_id": "met:00"}]}'}])
    assert of(whole) == ["met:00", "met:00"]


def test_an_album_is_a_number_and_a_title_a_mark_or_a_maker_with_date_and_medium():
    leaf = {"medium": "Graphite", "date_text": "1834"}
    works = artworks(
        [
            leaf | {"accession_number": "30.138.1"},
            leaf | {"accession_number": "30.138.2"},
            leaf | {"accession_number": "30.138.3", "medium": "Oil on canvas"},
            leaf | {"accession_number": "30.138.4"},
            leaf | {"accession_number": "30.139.1"},
        ]
    )
    by = {f"met:0{n}": "ranger" for n in (0, 1, 2, 4)}
    assert of(works, by=by) == ["met:00", "met:00", "met:02", "met:03", "met:04"]
    titled = artworks(
        [
            {"accession_number": "1.2.3", "title": "Trees (from Sketchbook)"},
            {"accession_number": "1.2.4", "title": "A Shore (from  sketchbook)"},
            {"accession_number": "1.2.5", "title": "Clock"},
            {"accession_number": "1.2.6", "title": "clock"},
            {"accession_number": "1.3", "title": "Clock"},
            {"accession_number": "1.4", "title": "Clock"},
        ]
    )
    assert of(titled) == ["met:00", "met:00", "met:02", "met:02", "met:04", "met:05"]


def test_one_maker_has_one_key_in_all_sources():
    base = {"source": "x", "source_id": "y", "source_row": "#"}
    people = table(
        ARTISTS,
        [
            base | {"artist_id": "met:1", "name": "Édgar Degas"},
            base | {"artist_id": "nga:1", "name": "edgar-degas", "ulan": "5"},
            base | {"artist_id": "wga:1", "name": "Hilaire Degas", "ulan": "5"},
            base | {"artist_id": "met:2", "name": "Anonymous"},
        ],
    )
    named = ["wga:1", "met:1", "met:2", "gone:9"]
    works = artworks(
        [{"artists": [{"artist_id": name, "role": None, "position": 0}]} for name in named]
        + [{"artists": []}]
    )
    assert makers(works, people, {"Anonymous"}) == {
        "met:00": "edgar degas",
        "met:01": "edgar degas",
    }
