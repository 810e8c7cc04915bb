"""imaging.files.bursts: frames in quick succession, chained within one camera."""

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from imaging.files.bursts import BURSTS, find_bursts

SCHEMA = pa.schema(
    {
        "image_id": pa.string(),
        "camera": pa.string(),
        "taken_at": pa.string(),
        "sharpness_full": pa.float32(),
    }
)


def bursts(*frames: tuple[str, str | None, str | None, float], gap: float = 3.0) -> list[dict]:
    rows = [dict(zip(SCHEMA.names, frame, strict=True)) for frame in frames]
    made = find_bursts(pa.Table.from_pylist(rows, schema=SCHEMA), gap)
    assert made.schema.equals(BURSTS)
    return made.to_pylist()


def at(second: float) -> str:
    return (datetime(2024, 5, 31, 14) + timedelta(seconds=second)).isoformat(
        timespec="milliseconds"
    )


def test_frames_are_chained_and_the_sharpest_is_proposed() -> None:
    # The last is 5 s after the first, but never more than 3 after the one before.
    made = bursts(
        ("a", "X", at(0), 10), ("b", "X", at(2.5), 40), ("c", "X", at(5), 20), ("d", "X", at(9), 9)
    )
    assert [row["image_id"] for row in made] == ["a", "b", "c"]
    assert {row["burst_id"] for row in made} == {"a"}
    assert [row["is_best"] for row in made] == [False, True, False]
    assert made[1]["reason"] == "the sharpest of 3 frames within 5.0 s"
    assert made[0]["reason"] == "0.25× the sharpness of the best frame"


def test_sub_seconds_and_the_gap_decide() -> None:
    frames: list[Any] = [("a", "X", at(0.9), 1), ("b", "X", at(3.95), 1)]
    assert not bursts(*frames)
    assert len(bursts(*frames, gap=5)) == 2
    assert len(bursts(("a", "X", at(0), 1), ("b", "X", at(3), 1))) == 2


def test_other_cameras_and_frames_without_a_date_or_camera_are_never_joined() -> None:
    assert not bursts(("a", "X", at(0), 1), ("b", "Y", at(0), 1))
    assert not bursts(("a", "X", None, 1), ("b", "X", None, 1))
    assert not bursts(("a", None, at(0), 1), ("b", None, at(0), 1))
    assert not bursts()


def test_equally_sharp_frames_leave_it_to_the_first() -> None:
    made = bursts(("b", "X", at(0), 5), ("a", "X", at(1), 5))
    assert [(row["image_id"], row["is_best"]) for row in made] == [("b", True), ("a", False)]


@given(st.lists(st.tuples(st.sampled_from("XY"), st.floats(0, 60)), max_size=20), st.randoms())
def test_bursts_are_whole_whatever_the_order(frames: list[tuple[str, float]], random: Any) -> None:
    rows = [(f"{n:02}", camera, at(second), 1.0) for n, (camera, second) in enumerate(frames)]
    made = bursts(*rows)
    random.shuffle(rows)
    assert bursts(*rows) == made
    inside = {row["image_id"]: row["burst_id"] for row in made}
    for one in rows:
        for other in rows:
            near = abs(
                datetime.fromisoformat(str(one[2])) - datetime.fromisoformat(str(other[2]))
            ) <= timedelta(seconds=3)
            if one != other and one[1] == other[1] and near:
                assert inside[one[0]] == inside[other[0]]
