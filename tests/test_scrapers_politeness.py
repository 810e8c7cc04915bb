import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapers_museum import in_child, serve

from scrapers import MUSEUMS, Net, Site
from scrapers.answers import Kind, Verdict, retry_after, verdict
from scrapers.crawl import run_crawl
from scrapers.ledger import Ledger, Picture
from scrapers.museums.met import BASE, record_url
from scrapers.net import Session
from scrapers.pages import Fetch, Pages
from scrapers.politeness import (
    Attempt,
    Budget,
    GaveUpError,
    HostRefusesError,
    Manners,
    Policy,
    RunCapError,
    UnreachableError,
)
from scrapers.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
API = BASE.removeprefix("https://")
HOSTNAME = API.partition("/")[0]
HOST = "museum.example"
URL = f"https://{HOST}/a"


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
        yield Manners(ledger, Policy(rate=2.0, burst=2.0), clock, lambda: 0.5, steady=clock)


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
    assert [manners.before(URL) for _ in range(2)] == [0.0, 0.0]
    assert manners.before(URL) == pytest.approx(0.5)
    clock.now += 0.5
    assert manners.before(URL) == 0.0
    assert manners.before("https://other.example/b") == 0.0


def test_two_processes_share_one_bucket(tmp_path, clock):
    policy = Policy(rate=1.0, burst=1.0)
    with Ledger(tmp_path / "l") as one, Ledger(tmp_path / "l") as two:
        assert Manners(one, policy, clock, steady=clock).before(URL) == 0.0
        assert Manners(two, policy, clock, steady=clock).before(URL) == pytest.approx(1.0)


@given(st.lists(st.floats(0, 3), max_size=40))
def test_never_faster_than_the_rate(tmp_path_factory, pauses):
    clock = Clock()
    with Ledger(tmp_path_factory.mktemp("bucket") / "l") as ledger:
        manners = Manners(ledger, Policy(rate=2.0, burst=2.0), clock, steady=clock)
        start, sent = clock.now, 0
        for pause in pauses:
            clock.now += pause
            sent += manners.before(URL) == 0.0
            assert sent <= 2.0 + 2.0 * (clock.now - start) + 1e-3


def test_a_refusal_cools_the_whole_host_and_doubles(manners, clock):
    first = Attempt("u1", HOST)
    for number, expected in enumerate((60, 120, 240)):
        refuse(manners, Attempt(f"u{number}", HOST), clock)
        assert manners.before("https://other.example/b") == 0.0
        assert manners.before(URL) == pytest.approx(expected)
        clock.now += expected
    manners.after(first, Verdict(Kind.OK), clock())
    refuse(manners, first, clock)
    assert manners.before(URL) == pytest.approx(60)


def test_retry_after_is_honoured_and_late_refusals_do_not_double(manners, clock):
    sent = clock()
    refuse(manners, Attempt("u1", HOST), clock, seconds=7)
    assert manners.before(URL) == pytest.approx(7)
    late = Verdict(Kind.COOL_DOWN, "blocked", "HTTP 403")
    assert manners.after(Attempt("u2", HOST), late, sent) == 0.0
    assert manners.before(URL) == pytest.approx(7)


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


@pytest.mark.parametrize("text", ["Thu, 01 Jan 2026 12:00:30 -0000", "Thu, 01 Jan 2026 12:00:30"])
def test_a_date_without_a_zone_is_utc(text):
    assert retry_after(text, datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC).timestamp()) == 30


@given(st.text(max_size=40) | st.from_regex(r"\w{3}, \d+ Jan \d{1,12} \d+:\d+:\d+ [+-]\d{1,9}"))
def test_any_retry_after_is_seconds_or_nothing(text):
    found = retry_after(text, 1e9)
    assert found is None or found >= 0


def test_a_refusal_halves_the_pace_and_good_answers_bring_it_back_by_steps(manners, clock):
    paces = []
    for number in range(6):
        refuse(manners, Attempt(f"u{number}", HOST), clock)
        clock.now += 4000
        paces.append(pace(manners, clock))
    assert paces == pytest.approx([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16])
    good = Attempt("u", HOST)
    for answers in range(1, 15 * 50 + 51):
        manners.after(good, Verdict(Kind.OK), clock())
        if answers % 50 == 0:
            step = min(16, 1 + answers // 50)
            assert pace(manners, clock) == pytest.approx(step / 16)


def pace(manners, clock):
    """The share of the rate at which the host is asked now, from a full bucket."""
    clock.now += 1000
    assert [manners.before(URL) for _ in range(2)] == [0.0, 0.0]
    return 1 / (manners.before(URL) * manners.policy.rate)


def test_all_processes_slow_down_together(tmp_path, clock):
    policy = Policy(rate=1.0, burst=1.0)
    with Ledger(tmp_path / "l") as one, Ledger(tmp_path / "l") as two:
        refuse(Manners(one, policy, clock, steady=clock), Attempt("u", HOST), clock)
        clock.now += 60
        other = Manners(two, policy, clock, steady=clock)
        assert other.before(URL) == pytest.approx(2)


def test_a_crawl_delay_is_a_floor_for_the_gap(manners, clock):
    manners.keep_gap(HOST, 10.0)
    assert manners.before(URL) == 0.0
    assert manners.before(URL) == pytest.approx(10)
    manners.keep_gap(HOST, 0.1)  # shorter than what the rate asks
    clock.now += 10
    assert manners.before(URL) == 0.0
    assert manners.before(URL) == pytest.approx(10)


def test_both_transports_obey_a_crawl_delay(tmp_path):
    with serve() as museum:
        museum.pages |= {f"{API}/objects?departmentIds=11": b'{"objectIDs": [1, 2]}'}
        museum.pages |= {f"{API}/objects/{n}": b'{"objectID": %d}' % n for n in (1, 2)}
        museum.pages[f"{HOSTNAME}/robots.txt"] = b"User-agent: *\nCrawl-delay: 0.4\n"
        site = Site(Net(museum.url), tmp_path / "l", tmp_path / "downloads")
        in_child(run_crawl, "met", site, "11")
        moments = sorted(museum.moments[key] for key in museum.asked if "/objects" in key)
    gaps = [after - before for before, after in pairwise(moments)]
    assert len(gaps) == 2 and min(gaps) >= 0.35


def test_a_clock_set_back_neither_freezes_a_host_nor_frees_it(tmp_path, clock):
    steady = Clock()
    with Ledger(tmp_path / "l") as ledger:
        manners = Manners(ledger, Policy(), clock, steady=steady)
        refuse(manners, Attempt("u", HOST), clock)
        for moment in (clock, steady):
            moment.now += 30
        clock.now -= 30 * 86_400
        assert 30 <= manners.before(URL) <= 60
        for moment in (clock, steady):
            moment.now += 60
        assert manners.before(URL) <= 2.0  # the bucket, at half the pace
        for moment in (clock, steady):
            moment.now += 2
        assert manners.before(URL) == 0.0


def test_another_process_after_the_clock_was_set_back_waits_once(tmp_path, clock):
    with Ledger(tmp_path / "l") as one, Ledger(tmp_path / "l") as two:
        policy = Policy()
        refuse(Manners(one, policy, clock, steady=clock), Attempt("u", HOST), clock)
        clock.now -= 30 * 86_400
        other = Manners(two, policy, clock, steady=clock)
        assert other.before(URL) == pytest.approx(60)
        clock.now += 61
        while (wait := other.before(URL)) > 0:
            assert wait <= 2.0  # the bucket, at half the pace
            clock.now += wait


def test_a_clock_set_forward_does_not_end_a_cooldown(tmp_path, clock):
    steady = Clock()
    with Ledger(tmp_path / "l") as ledger:
        manners = Manners(ledger, Policy(), clock, steady=steady)
        refuse(manners, Attempt("u", HOST), clock)
        clock.now += 30 * 86_400
        assert manners.before(URL) == pytest.approx(60)
        steady.now += 60
        assert manners.before(URL) == 0.0


def test_a_run_is_capped_over_all_its_processes(tmp_path, clock):
    policy, budget = Policy(rate=float("inf")), Budget("r", max_requests=5)
    with Ledger(tmp_path / "l") as one, Ledger(tmp_path / "l") as two:
        both = [
            Manners(ledger, policy, clock, steady=clock, budget=budget) for ledger in (one, two)
        ]
        for number in range(5):
            assert both[number % 2].before(URL) == 0.0
        for manners in both:
            with pytest.raises(RunCapError, match=r"5 requests.*ARTLAKE_MAX_REQUESTS.*is kept"):
                manners.before(URL)
        assert Manners(one, policy, clock, budget=Budget("next", 5)).before(URL) == 0.0
        many = Budget("bytes", max_bytes=100)
        manners = Manners(one, policy, clock, budget=many)
        manners.before(URL)
        manners.received(100)
        assert one.spent("bytes") == (1, 0)
        with pytest.raises(RunCapError, match="ARTLAKE_MAX_GB"):
            manners.before(URL)
        assert one.spent("bytes") == (1, 100)


def test_robots_that_cannot_be_had_close_the_host(manners, clock):
    found = Verdict(Kind.RETRY, "http_503", "HTTP 503")
    attempt = Attempt(f"https://{HOST}/robots.txt", HOST)
    with pytest.raises(HostRefusesError, match="cannot say what may be fetched"):
        for _ in range(5):
            manners.after(attempt, found, clock())


def test_a_record_that_is_never_sound_is_asked_for_four_times(tmp_path):
    with Ledger(tmp_path / "l") as ledger:
        for _ in range(4):
            assert not ledger.has("u", "one")
            ledger.miss("u", "wrong_type", "", "one", doubtful=True)
        ledger.miss("v", "blocked", "", "one")
        assert ledger.has("u", "one") and not ledger.has("v", "one")
        assert not ledger.has("u", "two")


def test_a_ledger_of_before_is_taken_over(tmp_path):
    with closing(sqlite3.connect(tmp_path / "l")) as old:
        old.executescript(
            "create table hosts (host text primary key, tokens real not null, updated real not null,"
            " cool_until real not null default 0, strikes integer not null default 0) without rowid;"
            "create table images (url text primary key, sha256 text, bytes integer, media_type text,"
            " reason text, detail text, validator text, fetched_at real not null) without rowid;"
            "create table responses (url text primary key, status integer not null, reason text,"
            " detail text, etag text, last_modified text, fetched_at real not null,"
            " generation text not null, size integer not null, body blob) without rowid;"
            "insert into responses values ('u', 200, null, null, 'e', null, 1, 'g', 1, null);"
        )
    for _ in range(2):
        with Ledger(tmp_path / "l") as ledger:
            assert ledger.has("u", "g")
            ledger.keep_image(Picture("p", None, None, None, "truncated", "", None, 2))
            assert ledger.image("p").tries == 2


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("User-agent: artlake\nDisallow: /\n", False),
        ("User-agent: *\nDisallow: /public\n", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: artlake\nAllow: /\n", True),
        ("User-agent: example\nDisallow: /\n", True),  # the contact's host is not our name
    ],
)
def test_robots_are_obeyed_by_both_transports(tmp_path, rules, allowed):
    with serve() as museum:
        museum.pages[f"{HOSTNAME}/robots.txt"] = rules.encode()
        museum.pages[f"{API}/objects/1"] = b'{"objectID": 1}'
        net = Net(museum.url, contact="curator@example.org")
        with Ledger(tmp_path / "one") as ledger:
            session = Session(net, ledger, frozenset({HOSTNAME}))
            if allowed:
                assert session.get(record_url(1), "json").status == 200
            else:
                with pytest.raises(GaveUpError, match="robots"):
                    session.get(record_url(1), "json")
        errors = in_child(fetch_records, net, tmp_path / "two", [record_url(1)])
        assert errors == ({} if allowed else {"robots": 1})


def fetch_records(net, ledger, urls):
    from scrapers import spider

    with Ledger(ledger) as book, Progress("", lambda counts: None) as progress:
        pages = Pages(book, "one", [Fetch(url, "json") for url in urls], progress)
        spider.run(net, book, frozenset({HOSTNAME}), pages, progress)
    return dict(progress.errors)


def test_the_page_for_museums_names_every_host():
    text = (ROOT / "docs" / "politeness.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    said: dict[str, set[str]] = {}
    for row in rows:
        said.setdefault(row[1].strip(), set()).update(re.findall(r"`([\w.-]+\.\w+)`", row[2]))
    assert {name: said.get(name) for name in MUSEUMS} == {
        name: set(museum.hosts) for name, museum in MUSEUMS.items()
    }
