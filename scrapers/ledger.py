"""The ledger: what was asked of whom, when, and what came back. A killed crawl resumes from it exactly.

One SQLite file in WAL mode, shared by all processes of a lake. Every answer is committed at once.
Fetch times live here and nowhere else: rows of tables never change because a page was asked again.
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
create table if not exists responses (
    url text primary key, status integer not null, reason text, detail text,
    etag text, last_modified text, fetched_at real not null, generation text not null,
    size integer not null, body blob,
    tries integer not null default 0, tried text not null default ''
) without rowid;
create table if not exists parsed (
    url text primary key, version text not null, page text not null
) without rowid;
create table if not exists sources (name text primary key, state text not null) without rowid;
create table if not exists hosts (
    host text primary key, tokens real not null, updated real not null,
    cool_until real not null default 0, strikes integer not null default 0,
    cooled_at real not null default 0, pace real not null default 1
) without rowid;
create table if not exists images (
    url text primary key, sha256 text, bytes integer, media_type text,
    reason text, detail text, validator text, fetched_at real not null,
    tries integer not null default 0
) without rowid;
create table if not exists runs (
    run text primary key, requests integer not null default 0, bytes integer not null default 0
) without rowid;
"""
# Columns that ledgers of before have not: table, column, what it is.
_ADDED = (
    ("responses", "tries", "integer not null default 0"),
    ("responses", "tried", "text not null default ''"),
    ("hosts", "cooled_at", "real not null default 0"),
    ("hosts", "pace", "real not null default 1"),
    ("images", "tries", "integer not null default 0"),
)
# An address that answered so often with something it cannot be is not asked again.
MOST_TRIES = 4


@dataclass(frozen=True)
class Response:
    """What the ledger knows of an address; `status` 0 means it never came, `reason` says why."""

    url: str
    status: int
    reason: str | None
    detail: str | None
    etag: str | None
    last_modified: str | None
    generation: str

    def validators(self) -> dict[str, str]:
        """Headers that let the server answer 304."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True)
class Picture:
    """What became of an image address: its content, or the reason it was refused."""

    url: str
    sha256: str | None
    bytes: int | None
    media_type: str | None
    reason: str | None
    detail: str | None
    validator: str | None
    tries: int = 0


class Ledger:
    """One connection to the ledger; open one a process (and thread)."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_SCHEMA)
        self._upgrade()

    def _upgrade(self) -> None:
        """Add the columns that a ledger written by an earlier version lacks."""
        for table, column, kind in _ADDED:
            if column not in self._columns(table):
                try:
                    self._db.execute(f"alter table {table} add column {column} {kind}")
                except sqlite3.OperationalError:  # another process did, at this very moment
                    if column not in self._columns(table):
                        raise

    def _columns(self, table: str) -> set[str]:
        return {row[1] for row in self._db.execute(f"pragma table_info({table})")}

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- records and pages ---------------------------------------------------------------------

    def response(self, url: str) -> Response | None:
        """What is known of `url`, without its body."""
        row = self._db.execute(
            "select url, status, reason, detail, etag, last_modified, generation "
            "from responses where url = ?",
            (url,),
        ).fetchone()
        return Response(*row) if row else None

    def body(self, url: str) -> bytes | None:
        """The stored body of `url`."""
        row = self._db.execute("select body from responses where url = ?", (url,)).fetchone()
        return zlib.decompress(row[0]) if row and row[0] is not None else None

    def has(self, url: str, generation: str) -> bool:
        """Whether `url` need not be asked again in that generation.

        Its answer is stored, or it was given up for good there (see `miss`).
        """
        row = self._db.execute(
            "select 1 from responses where url = ?1 and (generation = ?2 and status > 0 "
            "or tried = ?2 and tries >= ?3)",
            (url, generation, MOST_TRIES),
        ).fetchone()
        return row is not None

    def held(self, urls: Iterable[str], generation: str) -> set[str]:
        """Those of `urls` that need not be asked again in that generation, as `has` says it."""
        rows = self._db.execute(
            "select url from responses where url in (select value from json_each(?1)) "
            "and (generation = ?2 and status > 0 or tried = ?2 and tries >= ?3)",
            (json.dumps(list(urls)), generation, MOST_TRIES),
        )
        return {row[0] for row in rows}

    def store(
        self, url: str, status: int, headers: Mapping[str, Any], body: bytes, generation: str
    ) -> None:
        """Keep an answer, committed at once."""
        packed = zlib.compress(body, 1) if status == 200 else None
        self._db.execute(
            "insert or replace into responses values (?, ?, null, null, ?, ?, ?, ?, ?, ?, 0, '')",
            (
                url,
                status,
                headers.get("ETag"),
                headers.get("Last-Modified"),
                time.time(),
                generation,
                len(body),
                packed,
            ),
        )

    def touch(self, url: str, generation: str) -> None:
        """The stored answer still holds (304): take it into this generation."""
        self._db.execute(
            "update responses set fetched_at = ?, generation = ?, reason = null, detail = null, "
            "tries = 0, tried = '' where url = ?",
            (time.time(), generation, url),
        )

    def miss(
        self, url: str, reason: str, detail: str, generation: str = "", *, doubtful: bool = False
    ) -> None:
        """An address could not be had; an older answer, if there is one, stays.

        A `doubtful` miss, one that need not pass by itself, counts as a try of that generation;
        after MOST_TRIES the address is left alone until the next generation.
        """
        self._db.execute(
            "insert into responses values (?1, 0, ?2, ?3, null, null, ?4, '', 0, null, ?5, ?6) "
            "on conflict (url) do update set reason = excluded.reason, detail = excluded.detail, "
            "tries = case when tried = excluded.tried then tries else 0 end + excluded.tries, "
            "tried = excluded.tried",
            (url, reason, detail, time.time(), int(doubtful), generation),
        )

    def bodies(self, urls: Iterable[str]) -> Iterator[tuple[Response, bytes | None]]:
        """What is stored for each of `urls`, in their order; addresses never asked are left out."""
        for url in urls:
            row = self._db.execute(
                "select url, status, reason, detail, etag, last_modified, generation, body "
                "from responses where url = ?",
                (url,),
            ).fetchone()
            if row is not None:
                *known, packed = row
                yield Response(*known), None if packed is None else zlib.decompress(packed)

    def parsed(self, url: str, version: str) -> str | None:
        """What the page at `url` says, as it was kept under that version of its body and parser."""
        row = self._db.execute(
            "select page from parsed where url = ? and version = ?", (url, version)
        ).fetchone()
        return row[0] if row else None

    def keep_parsed(self, url: str, version: str, page: str) -> None:
        """Keep what the page at `url` says, so that its body need not be parsed again."""
        self._db.execute("insert or replace into parsed values (?, ?, ?)", (url, version, page))

    def forget(self, url: str) -> None:
        """Drop the answer of `url`, so that the next crawl asks again."""
        self._db.execute("delete from responses where url = ?", (url,))

    # -- sources -------------------------------------------------------------------------------

    def state(self, name: str) -> dict[str, Any]:
        """What a source remembers between runs; empty at first."""
        row = self._db.execute("select state from sources where name = ?", (name,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def remember(self, name: str, state: Mapping[str, Any]) -> None:
        """Replace what a source remembers."""
        self._db.execute("insert or replace into sources values (?, ?)", (name, json.dumps(state)))

    # -- hosts: one token bucket and one cooldown for all processes -----------------------------

    def reserve(self, host: str, rate: float, burst: float, now: float) -> float:
        """Take a token of the host's bucket: 0 when one was there, else the seconds to wait.

        `rate` is slowed by what the host's refusals have taught (see `cool`).
        """
        if rate == float("inf"):
            return 0.0
        self._db.execute("begin immediate")
        try:
            row = self._db.execute(
                "select tokens, updated, pace from hosts where host = ?", (host,)
            ).fetchone()
            tokens, updated, pace = row or (burst, now, 1.0)
            rate *= pace
            tokens = min(burst, tokens + max(0.0, now - updated) * rate)
            taken = tokens >= 1.0
            self._db.execute(
                "insert into hosts (host, tokens, updated) values (?, ?, ?) on conflict (host) "
                "do update set tokens = excluded.tokens, updated = excluded.updated",
                (host, tokens - taken, now),
            )
        finally:
            self._db.execute("commit")
        return 0.0 if taken else (1.0 - tokens) / rate

    def cooling(self, host: str, now: float) -> tuple[float, int]:
        """Until when the host is left alone, and how often in a row it has refused.

        A cooldown that began after `now` was noted before the clock was set back: it begins anew.
        """
        row = self._db.execute(
            "select cool_until, strikes, cooled_at from hosts where host = ?", (host,)
        ).fetchone()
        until, strikes, since = row or (0.0, 0, 0.0)
        if now < since:
            until = now + (until - since)
            self._db.execute(
                "update hosts set cool_until = ?, cooled_at = ? where host = ?", (until, now, host)
            )
        return until, strikes

    def cool(self, host: str, now: float, until: float, slowest: float) -> int:
        """Leave the host alone until then, and ask it half as often from then on.

        Its pace does not fall below the share `slowest`. Returns how often in a row it has refused.
        """
        row = self._db.execute(
            "insert into hosts (host, tokens, updated, cool_until, strikes, cooled_at, pace) "
            "values (?1, 0, ?3, ?3, 1, ?2, max(0.5, ?4)) on conflict (host) do update set "
            "tokens = 0, updated = excluded.updated, cool_until = excluded.cool_until, "
            "cooled_at = excluded.cooled_at, strikes = strikes + 1, pace = max(pace / 2, ?4) "
            "returning strikes",
            (host, now, until, slowest),
        ).fetchone()
        return int(row[0])

    def forgive(self, host: str) -> None:
        """The host answers again."""
        row = self._db.execute("select strikes from hosts where host = ?", (host,)).fetchone()
        if row and row[0]:
            self._db.execute("update hosts set strikes = 0 where host = ?", (host,))

    def quicken(self, host: str, step: float) -> None:
        """The host has answered well for long: raise its pace by `step`, to the full rate at most."""
        self._db.execute(
            "update hosts set pace = min(1.0, pace + ?) where host = ? and pace < 1.0", (step, host)
        )

    # -- runs: what all processes of one run have sent and received -------------------------------

    def spend(
        self, run: str, max_requests: int | None, max_bytes: int | None, received: int = 0
    ) -> tuple[int, int] | None:
        """Count one request of the run; None, or the counts when they forbid another one.

        `received` bytes, which came since the last time, are counted first.
        """
        most = [float("inf") if cap is None else cap for cap in (max_requests, max_bytes)]
        taken = self._db.execute(
            "insert into runs (run, requests) select ?1, 1 where ?2 >= 1 and ?3 > 0 "
            "on conflict (run) do update set requests = requests + 1, bytes = bytes + ?4 "
            "where requests < ?2 and bytes + ?4 < ?3 returning requests",
            (run, *most, received),
        ).fetchone()
        return None if taken else self.spent(run)

    def received(self, run: str, size: int) -> None:
        """Count bytes that came for the run."""
        self._db.execute("update runs set bytes = bytes + ? where run = ?", (size, run))

    def spent(self, run: str) -> tuple[int, int]:
        """Requests sent and bytes received by the run so far."""
        row = self._db.execute("select requests, bytes from runs where run = ?", (run,)).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    # -- images --------------------------------------------------------------------------------

    def image(self, url: str) -> Picture | None:
        """What became of an image address."""
        row = self._db.execute(
            "select url, sha256, bytes, media_type, reason, detail, validator, tries "
            "from images where url = ?",
            (url,),
        ).fetchone()
        return Picture(*row) if row else None

    def keep_image(self, picture: Picture) -> None:
        """Note what became of an image address, committed at once."""
        self._db.execute(
            "insert or replace into images values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                picture.url,
                picture.sha256,
                picture.bytes,
                picture.media_type,
                picture.reason,
                picture.detail,
                picture.validator,
                time.time(),
                picture.tries,
            ),
        )
