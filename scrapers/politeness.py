"""Politeness: what an answer means, and how long to wait before the next request to that host.

What belongs here: decisions, for both transports alike, over the host state that the ledger shares
between all processes. No sockets and no sleeping: the clock and the chance are handed in.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Protocol

from scrapers import signatures


@dataclass(frozen=True)
class Policy:
    """How patient and how fast we are with a host; times in seconds.

    The museums publish no cooldown. 60 s doubling is from the block pages met in 2025 (30 s or more
    after about 30 quick requests), an hour the longest we leave a host alone before asking again.
    """

    rate: float = 1.0
    burst: float = 2.0
    cooldown: float = 60.0
    longest: float = 3600.0
    backoff: float = 1.0
    retries: int = 4
    refusals: int = 3
    strikes: int = 8
    timeout: float = 30.0

    @classmethod
    def loopback(cls) -> "Policy":
        """The same behaviour at a pace for a server of our own: no rate, short waits."""
        return cls(
            rate=float("inf"), cooldown=0.1, longest=1.0, backoff=0.02, strikes=100, timeout=10.0
        )


class Kind(Enum):
    """What to do with an answer."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"
    GONE = "gone"
    RETRY = "retry"
    COOL_DOWN = "cool_down"
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """The decision, a short reason, and the pause the server asked for."""

    kind: Kind
    reason: str = ""
    detail: str = ""
    retry_after: float | None = None


def verdict(
    status: int, headers: Mapping[str, str], body: bytes, expects: str, *, whole: bool = True
) -> Verdict:
    """Judge an answer to a request that expects "json", "html", "image", "zip", "csv" or anything ("").

    `body` may be the beginning only, when `whole` is False.
    """
    if status == 304:
        return Verdict(Kind.NOT_MODIFIED)
    if status in (404, 410):
        return Verdict(Kind.GONE, "gone", f"HTTP {status}")
    pause = retry_after(headers.get("Retry-After"))
    if status in (403, 429):
        reason = "too_many_requests" if status == 429 else "blocked"
        return Verdict(Kind.COOL_DOWN, reason, f"HTTP {status}", pause)
    if status >= 500 or status == 408:
        return Verdict(Kind.RETRY, f"http_{status}", f"HTTP {status}", pause)
    if status != 200:
        return Verdict(Kind.REFUSED, f"http_{status}", f"HTTP {status}")
    if expects == "robots":
        return Verdict(Kind.OK)
    fault = signatures.fault(body, expects, whole=whole) if expects else None
    if fault is None:
        return Verdict(Kind.OK)
    if fault.reason == "html_page":
        return Verdict(Kind.COOL_DOWN, fault.reason, fault.detail, pause)
    if fault.reason == "lfs_pointer":
        return Verdict(Kind.REFUSED, fault.reason, fault.detail)
    return Verdict(Kind.RETRY, fault.reason, fault.detail)


def retry_after(text: str | None, now: float | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or as a date; None when it says nothing."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = time.time() if now is None else now
    return max(0.0, (then - datetime.fromtimestamp(moment, UTC)).total_seconds())


class GaveUpError(Exception):
    """One address could not be had; `reason` is a short code."""

    whole_host = False

    def __init__(self, url: str, reason: str, detail: str = ""):
        super().__init__(f"{url}: {reason}" + (f" ({detail})" if detail else ""))
        self.url, self.reason, self.detail = url, reason, detail

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.url, self.reason, self.detail)


class HostRefusesError(GaveUpError):
    """The host keeps turning us away; going on would be rude."""

    whole_host = True


class UnreachableError(GaveUpError):
    """Nothing answers at that host."""

    whole_host = True


@dataclass
class Attempt:
    """How one request has fared so far."""

    url: str
    host: str
    failures: int = 0
    refusals: int = 0


class HostState(Protocol):
    """What politeness needs of the ledger."""

    def reserve(self, host: str, rate: float, burst: float, now: float) -> float: ...  # noqa: D102
    def cool(self, host: str, until: float) -> int: ...  # noqa: D102
    def cooling(self, host: str) -> tuple[float, int]: ...  # noqa: D102
    def forgive(self, host: str) -> None: ...  # noqa: D102


@dataclass
class Manners:
    """Decides before and after each request; one object a process, one state for all of them."""

    state: HostState
    policy: Policy
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    cooldowns: int = 0
    _silent: dict[str, int] = field(default_factory=dict)
    _refused: dict[str, set[str]] = field(default_factory=dict)

    def before(self, host: str) -> float:
        """Seconds to wait before asking again; 0 means: send now."""
        wait = self.state.reserve(host, self.policy.rate, self.policy.burst, self.now())
        return min(wait, self.policy.longest)

    def after(self, attempt: Attempt, found: Verdict, sent: float) -> float | None:
        """None when the answer stands, else the seconds to wait before the next try.

        `sent` is when the request left, by this object's clock. Raises GaveUpError (the address
        alone), HostRefusesError or UnreachableError (the whole host).
        """
        if found.reason != "unreachable":
            self._silent.pop(attempt.host, None)
        if found.kind in (Kind.OK, Kind.NOT_MODIFIED, Kind.GONE):
            self.state.forgive(attempt.host)
            self._refused.pop(attempt.host, None)
            return None
        if found.kind is Kind.REFUSED:
            raise GaveUpError(attempt.url, found.reason, found.detail)
        if found.kind is Kind.COOL_DOWN:
            return self._cool_down(attempt, found, sent)
        return self._retry(attempt, found)

    def _retry(self, attempt: Attempt, found: Verdict) -> float:
        attempt.failures += 1
        if found.reason == "unreachable":
            silent = self._silent[attempt.host] = self._silent.get(attempt.host, 0) + 1
            if silent > self.policy.retries:
                raise UnreachableError(
                    attempt.url,
                    "unreachable",
                    f"{attempt.host} does not answer. Check the network and the host's name, or "
                    "run against the sandbox museum; what was fetched so far is kept",
                )
        if attempt.failures > self.policy.retries:
            raise GaveUpError(attempt.url, found.reason, found.detail)
        pause = self.policy.backoff * 2 ** (attempt.failures - 1) * (0.5 + self.chance())
        return min(max(pause, found.retry_after or 0.0), self.policy.longest)

    def _cool_down(self, attempt: Attempt, found: Verdict, sent: float) -> float:
        attempt.refusals += 1
        refused = self._refused.setdefault(attempt.host, set())
        refused.add(attempt.url)
        until, strikes = self.state.cooling(attempt.host)
        if sent >= until:  # else it left before the host was seen to refuse: the cooldown covers it
            pause = self.policy.cooldown * 2**strikes
            if found.retry_after is not None:
                pause = found.retry_after
            strikes = self.state.cool(attempt.host, self.now() + min(pause, self.policy.longest))
            self.cooldowns += 1
        # When this address alone is refused, or says so in a page of status 200 again and again,
        # it is the address; when others are refused with it, it is the host.
        alone = len(refused) == 1 or found.reason == "html_page"
        if alone and attempt.refusals > self.policy.refusals:
            raise GaveUpError(attempt.url, found.reason, found.detail)
        if strikes > self.policy.strikes:
            raise HostRefusesError(
                attempt.url,
                found.reason,
                f"{attempt.host} has refused {strikes} times in a row ({found.detail}). Leave it "
                "alone for some hours, lower ARTLAKE_RATE, and set ARTLAKE_CONTACT",
            )
        return 0.0
