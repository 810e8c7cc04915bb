"""imaging.keepers: the best of a group first, with the reason in words."""

import pyarrow as pa
import pytest

from imaging.keepers import rank_keepers
from storage.schemas import GROUPS, KEEPERS, table

BASE = {"source": "met", "width": 1000, "height": 800, "sharpness": 100.0, "bytes": 50_000}


def ranked(members: dict[str, dict], decisions=(), sources=("met", "nga")) -> list[dict]:
    images = pa.Table.from_pylist(
        [{"image_id": name, **BASE, **it} for name, it in members.items()]
    )
    group = min(members)
    groups = table(
        GROUPS,
        [
            {"image_id": name, "group_id": group, "group_size": len(members)}
            for name in sorted(members)
        ],
    )
    names = ("image_a", "image_b", "verdict")
    told = [dict(zip(names, row, strict=True)) for row in decisions]
    made = rank_keepers(groups, images, sources, pa.Table.from_pylist(told) if told else None)
    assert made.schema.equals(KEEPERS)
    return made.to_pylist()


def test_more_pixels_win_and_the_reason_has_figures():
    first, second = ranked({"a": {}, "b": {"width": 1900, "sharpness": 60.0}})
    assert (first["image_id"], first["is_keeper"], first["rank"]) == ("b", True, 1)
    assert first["reason"] == "1.9× the pixels of the next (1900×800 against 1000×800)"
    assert second["reason"] == "0.53× the pixels of the keeper (1000×800 against 1900×800)"
    assert not second["is_keeper"]


@pytest.mark.parametrize(
    ("better", "words"),
    [
        ({"sharpness": 150.0}, "1.5× the sharpness of the next (150 against 100)"),
        ({"bytes": 90_000}, "1.8× the bytes of the next (90,000 against 50,000 bytes)"),
    ],
)
def test_sharpness_then_bytes_decide(better, words):
    first, _ = ranked({"a": {}, "b": better})
    assert (first["image_id"], first["reason"]) == ("b", words)


def test_small_differences_leave_it_to_the_source_and_then_to_the_name():
    first, second = ranked({"a": {"source": "nga", "width": 1040}, "b": {}})
    assert first["image_id"] == "b"
    assert first["reason"] == "equal in size and sharpness; met ranks before nga"
    assert second["reason"] == "equal in size and sharpness; nga ranks after met"
    first, _ = ranked({"a": {"source": "unnamed"}, "b": {"source": "nga"}})
    assert first["image_id"] == "b"
    first, _ = ranked({"a": {}, "b": {}})
    assert first["image_id"] == "a"
    assert "first by name" in first["reason"]


def test_what_people_decide_wins():
    members = {"a": {"width": 4000}, "b": {}, "c": {}}
    rows = {row["image_id"]: row for row in ranked(members, [("b", "a", "keep_this")])}
    assert rows["b"]["rank"] == 1
    assert rows["b"]["reason"] == "a person chose it"
    assert rows["a"]["reason"] == "a person chose another"
    assert [row["is_keeper"] for row in rows.values()].count(True) == 1
    rows = {row["image_id"]: row for row in ranked(members, [("c", "a", "keep_both")])}
    assert rows["a"]["is_keeper"]
    assert rows["c"]["is_keeper"]
    assert not rows["b"]["is_keeper"]


def test_a_measure_of_nothing_does_not_break_the_ranking():
    first, second = ranked({"a": {"sharpness": 0.0}, "b": {"sharpness": 5.0}})
    assert first["image_id"] == "b"
    assert "sharpness" in first["reason"]
    assert second["rank"] == 2
    assert len(ranked({"a": {"sharpness": 0.0}, "b": {"sharpness": 0.0}})) == 2


def test_pictures_alone_are_not_ranked_and_lost_ones_are_named():
    groups = table(GROUPS, [{"image_id": "a", "group_id": "a", "group_size": 1}])
    images = pa.Table.from_pylist([{"image_id": "a", **BASE}])
    assert rank_keepers(groups, images, [], None).num_rows == 0
    pair = table(GROUPS, [{"image_id": x, "group_id": "a", "group_size": 2} for x in "ab"])
    with pytest.raises(ValueError, match="group a: no facts about picture b"):
        rank_keepers(pair, images, [], None)
