"""Freshness of a source: what its looks so far say about it, from a real ledger."""

from pathlib import Path

import pytest

from scrapers.freshness import Look, judge, last_look, note_look
from scrapers.ledger import Ledger

DAY = 86_400.0
NOON = 1_770_033_600.0  # 2026-02-02 12:00 UTC


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def test_a_source_never_looked_at_alarms_nobody(ledger: Ledger) -> None:
    assert last_look(ledger, "met") is None
    assert judge(None, 8, NOON) == (True, "It has not been looked at yet.")


def test_an_answer_is_fresh_until_it_is_too_old(ledger: Ledger) -> None:
    look = note_look(ledger, "met", NOON)
    assert last_look(ledger, "met") == look == Look(NOON, NOON)
    assert judge(look, 8, NOON + 7.9 * DAY) == (True, "It answered at 2026-02-02 12:00 UTC.")
    fresh, says = judge(look, 8, NOON + 8.1 * DAY)
    assert not fresh and "8.1 days ago" in says and "8 are allowed" in says


def test_a_dead_source_tells_since_when_and_what_was_said(ledger: Ledger) -> None:
    note_look(ledger, "wga", NOON)
    note_look(ledger, "wga", NOON + DAY, "it refuses")
    look = note_look(ledger, "wga", NOON + 2 * DAY, "nothing answers there")
    fresh, says = judge(look, 8, NOON + 2 * DAY)
    assert not fresh
    assert "not answered since 2026-02-03 12:00 UTC" in says
    assert "Last answer: 2026-02-02 12:00 UTC" in says and says.endswith("nothing answers there")
    assert judge(note_look(ledger, "wga", NOON + 3 * DAY), 8, NOON + 3 * DAY)[0]
    again = note_look(ledger, "wga", NOON + 4 * DAY, "it refuses")
    assert again.failing_since == NOON + 4 * DAY


def test_a_source_that_never_answered_says_so(ledger: Ledger) -> None:
    fresh, says = judge(note_look(ledger, "nga", NOON, "no route"), 2, NOON)
    assert not fresh and "It has never answered." in says


def test_a_clock_set_back_makes_nothing_stale(ledger: Ledger) -> None:
    assert judge(note_look(ledger, "met", NOON), 8, NOON - 30 * DAY)[0]
