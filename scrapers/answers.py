"""Answers: what one means, how large it may be, and whether asking again may help.

What belongs here: judging one answer by itself. What follows from it for the host is `politeness`'s.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from scrapers import signatures

# Bytes that a body may have at most, unpacked, by what is expected. The MET's list of 490,000 ids is
# some 4 MB of JSON, its MetObjects.csv 318 MB; an original picture may reach some hundred megabytes.
# RFC 9309 has crawlers read at least 500 KiB of a robots.txt.
_LARGEST = {
    "json": 8_000_000,
    "html": 8_000_000,
    "robots": 512 * 2**10,
    "csv": 2 * 2**30,
    "zip": 512 * 2**20,
    "image": 512 * 2**20,
}


def largest(expects: str) -> int:
    """Bytes that a body of that kind may have at most, unpacked."""
    return _LARGEST.get(expects, _LARGEST["html"])


# Refusals that say nothing lasting about an address: later runs ask again, however often.
_PASSING = frozenset({"closed", "slow", "unreachable", "blocked", "too_many_requests"})
# Refusals that may be the address's own fault or a bad day's: later runs ask again a few times.
_DOUBTFUL = frozenset({"html_page", "truncated", "empty", "wrong_type", "message"})


def may_pass(reason: str | None) -> bool:
    """Whether a refusal for that reason says nothing lasting, so that a later run tries again."""
    return reason in _PASSING or str(reason).startswith("http_5")


def doubtful(reason: str | None) -> bool:
    """Whether a refusal for that reason may be the address's own, so that tries are counted."""
    return reason in _DOUBTFUL


class Kind(Enum):
    """What to do with an answer."""

    OK = "ok"
    MOVED = "moved"
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
    if status in (301, 302, 303, 307, 308) and headers.get("Location"):
        return Verdict(Kind.MOVED, "moved", headers["Location"])
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
    if fault.reason in ("lfs_pointer", "message"):
        return Verdict(Kind.REFUSED, fault.reason, fault.detail)
    return Verdict(Kind.RETRY, fault.reason, fault.detail)


def retry_after(text: str | None, now: float | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or as a date; None when it says nothing."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        return None if math.isnan(seconds) else max(0.0, seconds)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = time.time() if now is None else now
    then = then if then.tzinfo else then.replace(tzinfo=UTC)  # "-0000" says: UTC, zone unknown
    return max(0.0, (then - datetime.fromtimestamp(moment, UTC)).total_seconds())
