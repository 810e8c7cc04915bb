"""Progress: what it reports, and a timeline that keeps its ends and never grows beyond bounds."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.progress import TIMELINE, Progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_reports_once_a_second_and_at_the_end() -> None:
    clock, told = Clock(), list[dict[str, Any]]()
    with Progress("a crawl", told.append, clock) as progress:
        progress.expect(40)
        for _ in range(8):
            clock.now += 0.25
            progress.item(100)
        progress.error("slow")
    assert len(told) == 3
    assert told[-1]["items"] == 8 and told[-1]["bytes"] == 800 and told[-1]["total"] == 40
    assert told[-1]["errors"] == {"slow": 1}
    assert told[-1]["rate"] == pytest.approx(9 / 2)
    assert told[-1]["eta"] == pytest.approx(31 * 2 / 9, abs=0.1)


@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=3000))
def test_a_timeline_keeps_its_ends_and_its_bounds(steps: list[float]) -> None:
    clock = Clock()
    with Progress("a crawl", lambda counts: None, clock) as progress:
        for step in steps:
            clock.now += step
            progress.requests += 1
            progress.item(10)
    samples = progress.summary()["timeline"]
    assert 1 <= len(samples) <= 302
    assert all(len(sample) == len(TIMELINE) for sample in samples)
    assert all(
        a <= b for before, after in pairwise(samples) for a, b in zip(before, after, strict=True)
    )
    assert samples[-1][:3] == (round(clock.now, 3), len(steps), 10 * len(steps))


def test_a_long_crawl_is_sampled_evenly() -> None:
    clock = Clock()
    with Progress("a crawl", lambda counts: None, clock) as progress:
        for _ in range(20_000):
            clock.now += 1.0
            progress.tell()
    times = [sample[0] for sample in progress.summary()["timeline"]]
    gaps = [after - before for before, after in pairwise(times)]
    assert len(times) > 100
    assert max(gaps) <= 2.5 * sorted(gaps)[len(gaps) // 2]
