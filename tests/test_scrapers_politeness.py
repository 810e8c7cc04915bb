from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.ledger import Ledger
from scrapers.politeness import (
    Attempt,
    GaveUpError,
    HostRefusesError,
    Kind,
    Manners,
    Policy,
    UnreachableError,
    Verdict,
    retry_after,
    verdict,
)

HOST = "museum.example"


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def manners(tmp_path, clock):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield Manners(ledger, Policy(rate=2.0, burst=2.0), clock, chance=lambda: 0.5)


def refuse(manners, attempt, clock, seconds=None):
    found = Verdict(Kind.COOL_DOWN, "blocked", "HTTP 403", seconds)
    return manners.after(attempt, found, clock())


@pytest.mark.parametrize(
    ("status", "body", "expects", "kind"),
    [
        (200, b'{"a": 1}', "json", Kind.OK),
        (200, b'{"a": ', "json", Kind.RETRY),
        (200, b"<html>hold on</html>", "json", Kind.COOL_DOWN),
        (200, b"plain", "json", Kind.RETRY),
        (200, b"", "json", Kind.RETRY),
        (200, b"\xff\xd8\xff\xe0 data \xff\xd9", "image", Kind.OK),
        (200, b"\xff\xd8\xff\xe0 data", "image", Kind.RETRY),
        (200, b"<!DOCTYPE html>", "image", Kind.COOL_DOWN),
        (200, b"version https://git-lfs.github.com/spec/v1", "csv", Kind.REFUSED),
        (304, b"", "json", Kind.NOT_MODIFIED),
        (404, b"", "json", Kind.GONE),
        (403, b"", "json", Kind.COOL_DOWN),
        (429, b"", "json", Kind.COOL_DOWN),
        (503, b"", "json", Kind.RETRY),
        (400, b"", "json", Kind.REFUSED),
    ],
)
def test_verdicts(status, body, expects, kind):
    assert verdict(status, {}, body, expects).kind is kind


def test_retry_after_as_seconds_and_as_date():
    now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC).timestamp()
    assert retry_after("7") == 7
    assert retry_after("Thu, 01 Jan 2026 12:00:30 GMT", now) == 30
    assert retry_after("Thu, 01 Jan 2026 11:00:00 GMT", now) == 0
    assert retry_after("soon") is None
    assert verdict(429, {"Retry-After": "7"}, b"", "json").retry_after == 7


def test_the_bucket_paces_a_host(manners, clock):
    assert [manners.before(HOST) for _ in range(2)] == [0.0, 0.0]
    assert manners.before(HOST) == pytest.approx(0.5)
    clock.now += 0.5
    assert manners.before(HOST) == 0.0
    assert manners.before("other.example") == 0.0


def test_two_processes_share_one_bucket(tmp_path, clock):
    policy = Policy(rate=1.0, burst=1.0)
    with Ledger(tmp_path / "l") as one, Ledger(tmp_path / "l") as two:
        assert Manners(one, policy, clock).before(HOST) == 0.0
        assert Manners(two, policy, clock).before(HOST) == pytest.approx(1.0)


@given(st.lists(st.floats(0, 3), max_size=40))
def test_never_faster_than_the_rate(tmp_path_factory, pauses):
    clock = Clock()
    with Ledger(tmp_path_factory.mktemp("bucket") / "l") as ledger:
        manners = Manners(ledger, Policy(rate=2.0, burst=2.0), clock)
        start, sent = clock.now, 0
        for pause in pauses:
            clock.now += pause
            sent += manners.before(HOST) == 0.0
            assert sent <= 2.0 + 2.0 * (clock.now - start) + 1e-3


def test_a_refusal_cools_the_whole_host_and_doubles(manners, clock):
    first = Attempt("u1", HOST)
    for number, expected in enumerate((60, 120, 240)):
        refuse(manners, Attempt(f"u{number}", HOST), clock)
        assert manners.before("other.example") == 0.0
        assert manners.before(HOST) == pytest.approx(expected)
        clock.now += expected
    manners.after(first, Verdict(Kind.OK), clock())
    refuse(manners, first, clock)
    assert manners.before(HOST) == pytest.approx(60)


def test_retry_after_is_honoured_and_late_refusals_do_not_double(manners, clock):
    sent = clock()
    refuse(manners, Attempt("u1", HOST), clock, seconds=7)
    assert manners.before(HOST) == pytest.approx(7)
    late = Verdict(Kind.COOL_DOWN, "blocked", "HTTP 403")
    assert manners.after(Attempt("u2", HOST), late, sent) == 0.0
    assert manners.before(HOST) == pytest.approx(7)


def test_a_host_that_never_stops_refusing_ends_the_crawl(manners, clock):
    attempts = [Attempt("u1", HOST), Attempt("u2", HOST)]
    with pytest.raises(HostRefusesError, match="museum.example has refused 9 times in a row"):
        for number in range(20):
            refuse(manners, attempts[number % 2], clock)
            clock.now += 4000


def test_one_refused_address_does_not_hold_up_the_rest(manners, clock):
    attempt = Attempt("u", HOST)
    with pytest.raises(GaveUpError, match="blocked") as caught:
        for _ in range(20):
            refuse(manners, attempt, clock)
            clock.now += 4000
            manners.after(Attempt("good", HOST), Verdict(Kind.OK), clock())
    assert not caught.value.whole_host


def test_pages_in_place_of_the_last_pictures_do_not_hold_up_the_end(manners, clock):
    attempts = [Attempt(f"u{number}", HOST) for number in range(3)]
    found = Verdict(Kind.COOL_DOWN, "html_page", "an HTML page stands where image should be")
    given_up, rounds = set(), 0
    while len(given_up) < 3:
        rounds += 1
        for attempt in attempts:
            try:
                manners.after(attempt, found, clock())
            except GaveUpError as error:
                assert not error.whole_host
                given_up.add(error.url)
        clock.now += 4000
    assert rounds == 4


def test_failures_back_off_exponentially_and_end(manners, clock):
    attempt = Attempt("u", HOST)
    found = Verdict(Kind.RETRY, "http_503", "HTTP 503")
    assert [manners.after(attempt, found, clock()) for _ in range(4)] == [1, 2, 4, 8]
    with pytest.raises(GaveUpError, match="http_503"):
        manners.after(attempt, found, clock())


def test_an_unreachable_host_is_named_once(manners, clock):
    found = Verdict(Kind.RETRY, "unreachable")
    with pytest.raises(UnreachableError, match="museum.example does not answer"):
        for number in range(10):
            manners.after(Attempt(f"u{number}", HOST), found, clock())


def test_a_clock_set_back_does_not_stall(manners, clock):
    refuse(manners, Attempt("u", HOST), clock)
    clock.now -= 1_000_000
    assert manners.before(HOST) <= manners.policy.longest
