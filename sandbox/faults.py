"""Faults on demand: which request goes wrong, and how. What does not belong here: sending them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

KINDS = (
    *("429", "403", "503", "slow", "slow_loris", "truncated", "wrong_type", "close"),
    *("redirect_loop", "gzip_bomb", "huge"),
)
_RETRY_AFTER_S = 1


@dataclass
class Fault:
    """One fault: where it strikes, how often, and for how long."""

    kind: str
    match: str = ".*"
    rate: float = 1.0
    times: int | None = None
    seconds: float | None = None
    host: str | None = None
    delay_s: float = 2.0  # slow: wait before the answer; slow_loris: wait between two bytes
    until: float | None = None
    struck: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r}: it is one of {', '.join(KINDS)}")
        if not 0 <= self.rate <= 1:
            raise ValueError(f"fault rate {self.rate}: it is between 0 and 1")
        try:
            self._pattern = re.compile(self.match)
        except re.error as error:
            raise ValueError(
                f"fault match {self.match!r} is no regular expression: {error}"
            ) from error

    def strikes(self, host: str, address: str, seed: int, now: float) -> bool:
        """Whether this request for `address` (the museum's own https address) goes wrong.

        At a rate, the answer hangs on the seed, the address and how often it was asked for, so it
        is the same in every run whatever the order of requests, and a retry may succeed.
        """
        if self.host not in (None, host) or (self.until is not None and now >= self.until):
            return False
        if (self.times is not None and self.struck >= self.times) or not self._pattern.search(
            address
        ):
            return False
        if self.rate < 1:
            self.asked[address] += 1
            text = f"{seed}/{self.kind}/{self.match}/{address}/{self.asked[address]}"
            draw = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
            if draw >= self.rate:
                return False
        self.struck += 1
        return True

    def retry_after(self, now: float) -> int:
        """Whole seconds a 429 asks to wait: until the fault ends, or 1."""
        return _RETRY_AFTER_S if self.until is None else max(1, round(self.until - now + 0.5))


class Faults:
    """The faults set at the moment; the first that strikes is taken. `clock` gives seconds."""

    def __init__(self, seed: int, clock: Callable[[], float]) -> None:
        self._seed, self._clock = seed, clock
        self._set: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Set a fault from now on."""
        if fault.seconds is not None:
            fault.until = self._clock() + fault.seconds
        self._set.append(fault)

    def clear(self) -> None:
        """Take all faults back."""
        self._set.clear()

    def pick(self, host: str, address: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        if not self._set:
            return None
        now = self._clock()
        return next((f for f in self._set if f.strikes(host, address, self._seed, now)), None)

    def retry_after(self, fault: Fault) -> int:
        """Whole seconds the fault's 429 asks to wait."""
        return fault.retry_after(self._clock())
