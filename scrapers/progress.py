"""Progress of a crawl: counts, rate, time left and their course, for a terminal and whoever asked to be told."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

Report = Callable[[dict[str, Any]], None]

# What a sample of the timeline holds: seconds since the start, counts since then, and whether a host
# was being left alone.
TIMELINE = (
    "elapsed", "requests", "bytes", "not_modified", "retries", "cooldowns", "errors", "cooling",
)  # fmt: skip
_SAMPLES = 301  # more than a plot has room for; odd, so that thinning keeps the first and the last
_FIRST_STEP = 0.25  # seconds between samples, until there are too many of them


class Progress:
    """Counts what happens; reports once a second at most, and shows a bar on a terminal.

    `cooling` is set while a host has asked to be left alone.
    """

    def __init__(
        self, title: str, report: Report, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._report, self._clock = report, clock
        self._start = self._told = clock()
        self._title, self._bar = title, None
        self.requests = self.items = self.bytes = 0
        self.not_modified = self.retries = self.cooldowns = self.total = 0
        self.cooling = False
        self.errors: Counter[str] = Counter()
        self._samples: list[tuple[float | int, ...]] = []
        self._step, self._next = _FIRST_STEP, 0.0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(desc=self._title, unit=" items", file=sys.stderr)
        return self

    def __exit__(self, *error: object) -> None:
        self._sample(self._clock() - self._start)
        self.tell(now=True)
        if self._bar is not None:
            self._bar.close()

    def expect(self, items: int) -> None:
        """More items are to come."""
        self.total += items

    def item(self, size: int = 0) -> None:
        """An item was brought in."""
        self.items += 1
        self.bytes += size
        if self._bar is not None:
            self._bar.total = self.total or None
            self._bar.update()
        self.tell()

    def error(self, reason: str) -> None:
        """An item was given up."""
        self.errors[reason] += 1
        self.tell()

    def tell(self, *, now: bool = False) -> None:
        """Report, when a second has passed since the last time."""
        moment = self._clock()
        if moment - self._start >= self._next:
            self._sample(moment - self._start)
        if now or moment - self._told >= 1.0:
            self._told = moment
            self._report(self.summary())

    def _sample(self, elapsed: float) -> None:
        if len(self._samples) == _SAMPLES:
            del self._samples[1::2]
            self._step = 2 * elapsed / _SAMPLES
        self._next = elapsed + self._step
        counts = (self.requests, self.bytes, self.not_modified, self.retries, self.cooldowns)
        self._samples.append((round(elapsed, 3), *counts, self.errors.total(), int(self.cooling)))

    def summary(self) -> dict[str, Any]:
        """The counts so far; `eta` in seconds is None until a rate is known; `timeline`: TIMELINE rows."""
        elapsed = self._clock() - self._start
        done = self.items + self.errors.total()
        left = max(0, self.total - done)
        return {
            "requests": self.requests,
            "items": self.items,
            "errors": dict(sorted(self.errors.items())),
            "bytes": self.bytes,
            "not_modified": self.not_modified,
            "retries": self.retries,
            "cooldowns": self.cooldowns,
            "total": self.total,
            "elapsed": round(elapsed, 3),
            "rate": round(done / elapsed, 1) if elapsed > 0 else None,
            "eta": round(left * elapsed / done, 1) if done else None,
            "timeline": list(self._samples),
        }
