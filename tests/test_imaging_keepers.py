"""imaging.duplicates.keepers: the best of a group first, with the reason in words."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.duplicates.keepers import POLICIES, rank_keepers
from storage.schemas import GROUPS, KEEPERS, table

BASE: dict[str, Any] = {
    "source": "met",
    "sha256": "",
    "width": 1000,
    "height": 800,
    "format": "JPEG",
    "bytes": 50_000,
    "sharpness": 100.0,
    "sharpness_full": 900.0,
    "clipped_dark": 0.0,
    "clipped_bright": 0.0,
    "border_left": 0.0,
    "border_top": 0.0,
    "border_right": 0.0,
    "border_bottom": 0.0,
    "has_chart": False,
    "jpeg_quality": 90,
    "taken_at": None,
    "edited_at": None,
    "rating": None,
    "modified_at": None,
}
TYPES = {
    **dict.fromkeys(("jpeg_quality", "rating"), pa.int16()),
    **dict.fromkeys(("taken_at", "edited_at", "modified_at"), pa.string()),
}


def ranked(
    members: dict[str, dict[str, Any]],
    decisions: Sequence[tuple[str, str, str]] = (),
    **how: Any,
) -> list[dict[str, Any]]:
    rows = [{**BASE, "image_id": name, "sha256": name, **it} for name, it in members.items()]
    names = ["image_id", *BASE]
    images = pa.table(
        {name: pa.array([row[name] for row in rows], TYPES.get(name)) for name in names}
    )
    group = min(members)
    of_one = [{"group_id": group, "group_size": len(members), "image_id": it} for it in members]
    groups = table(GROUPS, sorted(of_one, key=lambda row: row["image_id"]))
    columns = ("image_a", "image_b", "verdict")
    told = [dict(zip(columns, row, strict=True)) for row in decisions]
    made = rank_keepers(groups, images, pa.Table.from_pylist(told) if told else None, **how)
    assert made.schema.equals(KEEPERS)
    return made.to_pylist()


def test_more_pixels_win_and_the_reason_has_figures() -> None:
    first, second = ranked({"a": {}, "b": {"width": 1900}})
    assert (first["image_id"], first["is_keeper"], first["rank"]) == ("b", True, 1)
    assert "1.9× the pixels (1900×800 against 1000×800)" in first["reason"]
    assert first["reason"].startswith("better than the next by 0.9 points: ")
    assert "0.53× the pixels (1000×800 against 1900×800)" in second["reason"]
    assert not second["is_keeper"]


@pytest.mark.parametrize(
    ("worse", "words"),
    [
        ({"sharpness_full": 90.0}, "10.0× the sharpness (900 against 90)"),
        ({"jpeg_quality": 40}, "JPEG quality 90 against JPEG quality 40"),
        ({"clipped_bright": 0.3}, "0% clipped against 30%"),
        ({"border_left": 0.05}, "1.05× the pixels inside the border"),
        ({"border_left": 0.05}, "neither border nor chart against a border"),
        ({"has_chart": True}, "neither border nor chart against a colour chart"),
        ({"rating": -1}, "rated 0 against -1"),
    ],
)
def test_every_criterion_decides_where_the_rest_is_equal(worse: dict, words: str) -> None:
    first, second = ranked({"a": worse, "b": {}})
    assert first["image_id"] == "b"
    assert words in first["reason"]
    assert second["reason"].startswith("worse than the keeper by ")


def test_bytes_speak_where_a_file_does_not_tell_its_quality() -> None:
    webp = {"format": "WEBP", "jpeg_quality": None}
    first = ranked({"a": {**webp, "bytes": 5_000}, "b": webp})[0]
    assert first["image_id"] == "b"
    assert "0.06 bytes a pixel against 0.01" in first["reason"]
    assert ranked({"a": {"bytes": 5_000}, "b": {}})[0]["image_id"] == "a"


def test_a_copy_sharpened_beyond_nature_does_not_win() -> None:
    members = {"a": {"sharpness_full": 23_500.0}, "b": {}, "c": {"sharpness_full": 90.0}}
    rows = ranked({**members, "d": {}})
    assert [row["image_id"] for row in rows] == ["b", "d", "a", "c"]
    assert "sharpened (23,500 against 900)" in rows[2]["reason"]


def test_sharpness_that_photographs_have_counts_however_far_above_the_group() -> None:
    # Nine of ten photographs stay below 13,600: what lies under it is no sign of sharpening.
    group = {"b": {}, "c": {}, "d": {}}
    assert ranked({"a": {"sharpness_full": 12_000.0}, **group})[0]["image_id"] == "a"
    assert ranked({"a": {"sharpness_full": 15_000.0}, **group})[0]["image_id"] == "b"


def test_the_newest_edit_and_a_person_s_stars_count() -> None:
    times = {"a": {"edited_at": "2020-01-01T00:00:00"}, "b": {"edited_at": "2021-01-01T00:00:00"}}
    first = ranked(times)[0]
    assert first["image_id"] == "b"
    assert "edited 2021-01-01T00:00:00 against 2020-01-01T00:00:00" in first["reason"]
    assert ranked({"a": {}, "b": {"rating": 5, "width": 500}})[0]["image_id"] == "b"


def test_sharpness_is_not_compared_between_sizes() -> None:
    # A smaller copy is sharper a pixel: that must not make it the keeper.
    first, second = ranked({"a": {"sharpness_full": 200.0}, "b": {"width": 500, "height": 400}})
    assert first["image_id"] == "a"
    assert "sharpness" not in first["reason"] + second["reason"]


def test_an_advantage_and_a_drawback_are_both_told() -> None:
    first = ranked({"a": {"width": 4000, "clipped_bright": 0.1}, "b": {}})[0]
    assert "4.0× the pixels" in first["reason"]
    assert "; although 10% clipped against 0%" in first["reason"]


def test_equals_are_told_by_source_and_then_by_the_shorter_name() -> None:
    members = {"a": {"source": "nga"}, "b": {}}
    first, second = ranked(members, sources_order=("met", "nga"))
    assert first["image_id"] == "b"
    assert first["reason"] == "better than the next by 0.2 points: from met against nga"
    assert second["reason"] == "worse than the keeper by 0.2 points: from nga against met"
    first, second = ranked({"x/a%20(1).jpg": {}, "x/a.jpg": {}})
    assert first["image_id"] == "x/a.jpg"
    assert first["reason"] == "as good as the next; its name comes first"
    assert second["reason"] == "as good as the keeper; its name comes later"
    assert "the same bytes" in ranked({"a": {"sha256": "s"}, "b": {"sha256": "s"}})[0]["reason"]


def test_what_people_decide_wins() -> None:
    members: dict[str, dict] = {"a": {"width": 4000}, "b": {}, "c": {}}
    rows = {row["image_id"]: row for row in ranked(members, [("b", "a", "keep_this")])}
    assert rows["b"]["rank"] == 1
    assert rows["b"]["reason"] == "a person chose it"
    assert rows["a"]["reason"] == "a person chose another"
    assert [row["is_keeper"] for row in rows.values()].count(True) == 1
    rows = {row["image_id"]: row for row in ranked(members, [("c", "a", "keep_both")])}
    assert rows["a"]["is_keeper"]
    assert rows["c"]["is_keeper"]
    assert not rows["b"]["is_keeper"]
    # The later word about a picture counts, and in a ring the last chooses.
    said = [("a", "b", "keep_both"), ("c", "b", "keep_this")]
    rows = {row["image_id"]: row for row in ranked(members, said)}
    assert not rows["b"]["is_keeper"]
    assert rows["b"]["reason"] == "a person chose another"
    rows = {row["image_id"]: row for row in ranked(members, said[::-1])}
    assert rows["b"]["is_keeper"]
    ring = [("a", "b", "keep_this"), ("b", "c", "keep_this"), ("c", "a", "keep_this")]
    assert ranked(members, ring)[0] == {**ranked(members, ring)[0], "image_id": "c", "rank": 1}
    assert ranked(members, ring)[0]["reason"] == "a person chose it"
    # A decision about a picture of another group says nothing here.
    assert ranked({"a": {}, "b": {"width": 4000}}, [("a", "z", "keep_this")])[0]["image_id"] == "b"


def test_references_all_stay_and_the_rest_goes_however_good() -> None:
    members: dict[str, dict] = {"a": {"width": 4000}, "b": {}, "c": {}}
    rows = {row["image_id"]: row for row in ranked(members, references=frozenset("bc"))}
    assert rows["b"]["is_keeper"]
    assert rows["c"]["is_keeper"]
    assert not rows["a"]["is_keeper"]
    assert rows["a"]["reason"].startswith(
        "a reference of the group stays; better than the keeper by "
    )
    assert rows["b"]["reason"] == "a reference, which always stays"
    decided = [("a", "b", "keep_this")]
    rows = {it["image_id"]: it for it in ranked(members, decided, references=frozenset("b"))}
    assert rows["a"]["is_keeper"]
    assert rows["b"]["is_keeper"]
    assert not rows["c"]["is_keeper"]


@pytest.mark.parametrize(
    ("policy", "keeper"),
    [
        ("quality", "good"),
        ("largest", "large"),
        ("newest", "new"),
        ("oldest", "old"),
        ("sharpest", "sharp"),
        ("first_source", "first"),
        ("smallest_name", "a"),
    ],
)
def test_policies(policy: str, keeper: str) -> None:
    day = "2020-01-0{}T00:00:00"
    plain = {"taken_at": day.format(5), "source": "z", "clipped_dark": 0.3}
    members = {
        "good": {**plain, "clipped_dark": 0.0, "jpeg_quality": 100},
        "large": {**plain, "width": 1100, "jpeg_quality": 20},
        "new": {**plain, "edited_at": day.format(9)},
        "old": {**plain, "taken_at": day.format(1)},
        "sharp": {**plain, "sharpness": 200.0, "sharpness_full": 1000.0},
        "first": {**plain, "source": "m"},
        "a": plain,
    }
    first = ranked(members, policy=policy, sources_order=("m",))[0]
    assert first["image_id"] == keeper
    assert first["reason"].startswith("" if policy == "quality" else POLICIES[policy].words)


def test_dates_are_compared_only_where_all_have_them() -> None:
    # One picture lost its EXIF date: the files' own dates decide, undated files come last.
    files = {
        "a": {"taken_at": "2024-01-01T00:00:00", "modified_at": "2020-01-01T00:00:00.000"},
        "b": {"modified_at": "2021-01-01T00:00:00.000"},
        "c": {},
    }
    assert [row["image_id"] for row in ranked(files, policy="newest")] == ["b", "a", "c"]
    assert [row["image_id"] for row in ranked(files, policy="oldest")] == ["a", "b", "c"]


def test_a_measure_of_nothing_does_not_break_the_ranking() -> None:
    first, second = ranked({"a": {"sharpness_full": 0.0}, "b": {"sharpness_full": 5.0}})
    assert first["image_id"] == "b"
    assert "sharpness" in first["reason"]
    assert second["rank"] == 2
    assert len(ranked({"a": {"sharpness_full": 0.0}, "b": {"sharpness_full": 0.0}})) == 2


def test_pictures_alone_are_not_ranked_and_lost_ones_and_policies_are_named() -> None:
    groups = table(GROUPS, [{"image_id": "a", "group_id": "a", "group_size": 1}])
    images = pa.Table.from_pylist([{"image_id": "a", **BASE}])
    assert rank_keepers(groups, images, None).num_rows == 0
    pair = table(GROUPS, [{"image_id": x, "group_id": "a", "group_size": 2} for x in "ab"])
    with pytest.raises(ValueError, match="group a: no facts about picture b"):
        rank_keepers(pair, images, None)
    with pytest.raises(ValueError, match="policy 'best' is none of quality, largest"):
        rank_keepers(pair, images, None, policy="best")


@given(
    st.permutations(["a", "b", "c", "d"]),
    st.lists(st.sampled_from([300, 1000, 1040]), min_size=4, max_size=4),
    st.lists(st.sampled_from([0.0, 10.0, 900.0]), min_size=4, max_size=4),
    st.sampled_from(sorted(POLICIES)),
)
def test_the_order_of_files_changes_nothing(
    names: list[str], widths: list[int], sharp: list[float], policy: str
) -> None:
    facts = {
        name: {"width": width, "sharpness_full": it}
        for name, width, it in zip("abcd", widths, sharp, strict=True)
    }
    made = ranked({name: facts[name] for name in names}, policy=policy)
    assert made == ranked(facts, policy=policy)
    assert sum(row["is_keeper"] for row in made) == 1
    assert [row["rank"] for row in made] == [1, 2, 3, 4]
