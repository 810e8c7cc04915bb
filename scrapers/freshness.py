"""Freshness: when each source was last looked at, and whether it answered; kept in the ledger.

What belongs here: noting a look and judging it. Who looks, and when, is for those who run this.
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from scrapers.ledger import Ledger

_DAY = 86_400.0


@dataclass(frozen=True)
class Look:
    """Looks at one source so far, in Unix seconds; `error` is None when the last one was answered."""

    looked_at: float
    answered_at: float | None = None
    failing_since: float | None = None
    error: str | None = None


def last_look(ledger: Ledger, museum: str) -> Look | None:
    """What is known of the looks at a source; None when there was none."""
    state = ledger.state(_name(museum))
    return Look(**state) if state else None


def note_look(ledger: Ledger, museum: str, now: float, error: str | None = None) -> Look:
    """Keep that the source was looked at `now`, and answered or gave that error."""
    before = last_look(ledger, museum) or Look(now)
    if error is None:
        look = Look(looked_at=now, answered_at=now)
    else:
        since = now if before.error is None else before.failing_since
        look = replace(before, looked_at=now, failing_since=since, error=error)
    ledger.remember(_name(museum), asdict(look))
    return look


def judge(look: Look | None, allowed_days: float, now: float) -> tuple[bool, str]:
    """Whether the source answered its last look, not longer ago than allowed; and the sentence."""
    if look is None:
        return True, "It has not been looked at yet."
    kept = "What was taken in before stays as it is."
    last = (
        "It has never answered."
        if look.answered_at is None
        else f"Last answer: {when(look.answered_at)}."
    )
    if look.error is not None:
        since = when(look.failing_since or look.looked_at)
        return False, f"It has not answered since {since}. {last} {kept} {look.error}"
    age = (now - look.looked_at) / _DAY
    if age > allowed_days:
        return False, (
            f"It was last looked at {age:.1f} days ago ({when(look.looked_at)}); {allowed_days:g} are "
            f"allowed. {kept} Switch its schedule on, or start `artlake run`."
        )
    return True, f"It answered at {when(look.looked_at)}."


def when(moment: float) -> str:
    """A moment for people, in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"


def _name(museum: str) -> str:
    return f"look/{museum}"
