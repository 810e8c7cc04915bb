"""Bursts: frames that one camera took in quick succession, and the sharpest of them.

What belongs here: chaining by time of capture. A burst is no duplicate: its frames differ, and a person
chooses; so they are proposed, never joined with groups.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.schemas import table as as_table

GAP = 3.0  # seconds; the culling tools of photographers use 2 to 5

BURSTS = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("burst_id", pa.string(), nullable=False),
        pa.field("burst_size", pa.int32(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("taken_at", pa.string(), nullable=False),
        pa.field("is_best", pa.bool_(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)


def find_bursts(images: pa.Table, gap: float = GAP) -> pa.Table:
    """Frames of one camera, each at most `gap` seconds after the one before, two or more.

    images: image_id, camera, taken_at (MEASURES' form, sub-seconds where there are), sharpness_full. A
    picture without a camera or a time is in no burst. `burst_id` is the first frame's image_id; `position`
    counts from 1 in order of time; `is_best` marks the sharpest at full resolution, the earliest of equals.
    """
    known = images.filter(pc.and_(pc.is_valid(images["camera"]), pc.is_valid(images["taken_at"])))
    columns = ["image_id", "camera", "taken_at", "sharpness_full"]
    frames = known.select(columns).to_pylist()
    for frame in frames:
        frame["time"] = datetime.fromisoformat(frame["taken_at"])
    frames.sort(key=lambda frame: (frame["camera"], frame["time"], frame["image_id"]))
    rows: list[dict[str, Any]] = []
    for _, shot in groupby(frames, key=lambda frame: frame["camera"]):
        for burst in _chained(list(shot), gap):
            rows += _told(burst)
    return as_table(BURSTS, rows)


def _chained(frames: list[dict[str, Any]], gap: float) -> Iterator[list[dict[str, Any]]]:
    """Runs of two and more in which no two neighbours are further apart than `gap` seconds."""
    run = frames[:1]
    for before, frame in pairwise(frames):
        if (frame["time"] - before["time"]).total_seconds() > gap:
            if len(run) > 1:
                yield run
            run = []
        run.append(frame)
    if len(run) > 1:
        yield run


def _told(burst: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    best = max(burst, key=lambda frame: frame["sharpness_full"])  # max gives the first of equals
    last = (burst[-1]["time"] - burst[0]["time"]).total_seconds()
    for position, frame in enumerate(burst, start=1):
        if frame is best:
            reason = f"the sharpest of {len(burst)} frames within {last:.1f} s"
        else:
            share = frame["sharpness_full"] / max(best["sharpness_full"], 1e-9)
            reason = f"{share:.2f}× the sharpness of the best frame"
        yield {
            "image_id": frame["image_id"],
            "burst_id": burst[0]["image_id"],
            "burst_size": len(burst),
            "position": position,
            "taken_at": frame["taken_at"],
            "is_best": frame is best,
            "reason": reason,
        }
