"""Politeness: what an answer means, and how long to wait before the next request to that host.

What belongs here: decisions, for both transports alike, over the host state that the ledger shares
between all processes. No sockets and no sleeping: the clock and the chance are handed in.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from scrapers.answers import Kind, Verdict, largest
from scrapers.ledger import Ledger


@dataclass(frozen=True)
class Policy:
    """How patient and how fast we are with a host; times in seconds.

    The museums publish no cooldown. 60 s doubling is from the block pages met in 2025 (30 s or more
    after about 30 quick requests), an hour the longest we leave a host alone before asking again.

    The rate adapts as TCP's does, because no museum publishes what it really bears: a refusal halves
    the pace of a host, down to `slowest` of the rate, and `streak` good answers in a row add `slowest`
    to it again. `trickle` is the slowest stream we wait for, in bytes a second.
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
    slowest: float = 1 / 16
    streak: int = 50
    trickle: float = 1e6

    def deadline(self, expects: str) -> float:
        """Seconds that a whole request may take: a server that drips its answer gains nothing."""
        return self.timeout + largest(expects) / self.trickle

    @classmethod
    def loopback(cls) -> "Policy":
        """The same behaviour at a pace for a server of our own: no rate, short waits."""
        return cls(
            rate=float("inf"),
            cooldown=0.1,
            longest=1.0,
            backoff=0.02,
            strikes=100,
            timeout=10.0,
            trickle=1e7,
        )


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


class RunCapError(GaveUpError):
    """This run has sent or received all that the settings allow it; the address is nobody's fault."""

    whole_host = True

    def __str__(self) -> str:
        return self.detail


@dataclass(frozen=True)
class Budget:
    """What one run may send and receive at most, all its processes together; None is no bound."""

    run: str
    max_requests: int | None = None
    max_bytes: int | None = None


@dataclass
class Attempt:
    """How one request has fared so far."""

    url: str
    host: str
    failures: int = 0
    refusals: int = 0


@dataclass
class Manners:
    """Decides before and after each request; one object a process, one state for all of them."""

    state: Ledger
    policy: Policy
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    steady: Callable[[], float] = time.monotonic
    budget: Budget | None = None
    cooldowns: int = 0
    _came: int = 0
    _silent: dict[str, int] = field(default_factory=dict)
    _refused: dict[str, set[str]] = field(default_factory=dict)
    _gaps: dict[str, float] = field(default_factory=dict)
    _good: dict[str, int] = field(default_factory=dict)
    _held: dict[str, float] = field(default_factory=dict)

    def before(self, url: str) -> float:
        """Seconds to wait before asking for `url`; 0 means: send now, and it is counted.

        Raises RunCapError when the run may send nothing more.
        """
        host = urlsplit(url).hostname or ""
        wait = self.cooling(host)
        if wait <= 0:
            rate, burst = self.policy.rate, self.policy.burst
            if gap := self._gaps.get(host):
                rate, burst = min(rate, 1 / gap), 1.0
            wait = self.state.reserve(host, rate, burst, self.now())
        if wait <= 0:
            self._spend(url)
        return min(max(wait, 0.0), self.policy.longest)

    def cooling(self, host: str) -> float:
        """Seconds for which the host is still left alone; 0 or less: it may be asked.

        The wall clock, which all processes share, may be set forward meanwhile; the steady one holds.
        """
        now = self.now()
        until, _ = self.state.cooling(host, now)
        if until > now:
            self._hold(host, until - now)
        return self._held.get(host, 0.0) - self.steady()

    def _hold(self, host: str, seconds: float) -> None:
        self._held[host] = self.steady() + min(seconds, self.policy.longest)

    def _spend(self, url: str) -> None:
        budget = self.budget
        if budget is None:
            return
        came = self._came
        spent = self.state.spend(budget.run, budget.max_requests, budget.max_bytes, came)
        if spent is None:
            self._came -= came
            return
        self.settle()
        requests, size = spent[0], spent[1] + came
        if budget.max_requests is not None and requests >= budget.max_requests:
            what = f"{requests:,} requests, all that ARTLAKE_MAX_REQUESTS"
        else:
            what = f"{size / 1e9:,.3f} GB, all that ARTLAKE_MAX_GB"
        raise RunCapError(
            url,
            "run_cap",
            f"This run has sent or received {what} allows one run. All that arrived is kept, and "
            "the next run goes on from here; raise the setting if that was too little.",
        )

    def received(self, size: int) -> None:
        """Count the bytes of an answer: with the next request, which saves a commit."""
        self._came += size

    def settle(self) -> None:
        """Count now what came since the last request."""
        if self.budget is not None and self._came:
            self.state.received(self.budget.run, self._came)
            self._came = 0

    def keep_gap(self, host: str, seconds: float | None) -> None:
        """Leave at least so much time between requests, as the Crawl-delay of robots.txt asks."""
        if seconds:
            self._gaps[host] = max(seconds, self._gaps.get(host, 0.0))

    def after(self, attempt: Attempt, found: Verdict, sent: float) -> float | None:
        """None when the answer stands, else the seconds to wait before the next try.

        `sent` is when the request left, by this object's clock. Raises GaveUpError (the address
        alone), HostRefusesError or UnreachableError (the whole host).
        """
        if found.reason != "unreachable":
            self._silent.pop(attempt.host, None)
        if found.kind in (Kind.OK, Kind.NOT_MODIFIED, Kind.GONE, Kind.MOVED):
            self._answered(attempt.host)
            return None
        if found.kind is Kind.REFUSED:
            raise GaveUpError(attempt.url, found.reason, found.detail)
        if found.kind is Kind.COOL_DOWN:
            return self._cool_down(attempt, found, sent)
        return self._retry(attempt, found)

    def _answered(self, host: str) -> None:
        self.state.forgive(host)
        self._refused.pop(host, None)
        self._good[host] = self._good.get(host, 0) + 1
        if self._good[host] >= self.policy.streak:
            self._good[host] = 0
            self.state.quicken(host, self.policy.slowest)

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
            if attempt.url.endswith("/robots.txt") and found.reason.startswith("http_5"):
                raise HostRefusesError(  # RFC 9309: then everything counts as disallowed
                    attempt.url,
                    found.reason,
                    f"{attempt.host} cannot say what may be fetched ({found.detail}), so nothing is. "
                    "The next run asks again",
                )
            raise GaveUpError(attempt.url, found.reason, found.detail)
        pause = self.policy.backoff * 2 ** (attempt.failures - 1) * (0.5 + self.chance())
        return min(max(pause, found.retry_after or 0.0), self.policy.longest)

    def _cool_down(self, attempt: Attempt, found: Verdict, sent: float) -> float:
        attempt.refusals += 1
        refused = self._refused.setdefault(attempt.host, set())
        refused.add(attempt.url)
        self._good[attempt.host] = 0
        now = self.now()
        until, strikes = self.state.cooling(attempt.host, now)
        if sent >= until:  # else it left before the host was seen to refuse: the cooldown covers it
            pause = self.policy.cooldown * 2**strikes
            if found.retry_after is not None:
                pause = found.retry_after
            pause = min(pause, self.policy.longest)
            strikes = self.state.cool(attempt.host, now, now + pause, self.policy.slowest)
            self._hold(attempt.host, pause)
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
