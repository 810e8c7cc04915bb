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
    size integer not null, body blob
) without rowid;
create table if not exists sources (name text primary key, state text not null) without rowid;
create table if not exists hosts (
    host text primary key, tokens real not null, updated real not null,
    cool_until real not null default 0, strikes integer not null default 0
) without rowid;
create table if not exists images (
    url text primary key, sha256 text, bytes integer, media_type text,
    reason text, detail text, validator text, fetched_at real not null
) without rowid;
"""
NOT_FETCHED = 0


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


class Ledger:
    """One connection to the ledger; open one a process (and thread)."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_SCHEMA)

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
        """Whether an answer of that generation is stored, so that it need not be asked again."""
        row = self._db.execute(
            "select 1 from responses where url = ? and generation = ? and status > 0",
            (url, generation),
        ).fetchone()
        return row is not None

    def store(
        self, url: str, status: int, headers: Mapping[str, Any], body: bytes, generation: str
    ) -> None:
        """Keep an answer, committed at once."""
        packed = zlib.compress(body, 1) if status == 200 else None
        self._db.execute(
            "insert or replace into responses values (?, ?, null, null, ?, ?, ?, ?, ?, ?)",
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
            "update responses set fetched_at = ?, generation = ?, reason = null, detail = null "
            "where url = ?",
            (time.time(), generation, url),
        )

    def miss(self, url: str, reason: str, detail: str) -> None:
        """An address could not be had; an older answer, if there is one, stays."""
        self._db.execute(
            "insert into responses values (?, 0, ?, ?, null, null, ?, '', 0, null) "
            "on conflict (url) do update set reason = excluded.reason, detail = excluded.detail",
            (url, reason, detail, time.time()),
        )

    def bodies(self, urls: Iterable[str]) -> Iterator[tuple[Response, bytes | None]]:
        """What is stored for each of `urls`, in their order; addresses never asked are left out."""
        for url in urls:
            found = self.response(url)
            if found is not None:
                yield found, self.body(url)

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
        """Take a token of the host's bucket: 0 when one was there, else the seconds to wait."""
        until, _ = self.cooling(host)
        if until > now or rate == float("inf"):
            return max(0.0, until - now)
        self._db.execute("begin immediate")
        try:
            row = self._db.execute(
                "select tokens, updated from hosts where host = ?", (host,)
            ).fetchone()
            tokens, updated = row or (burst, now)
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

    def cooling(self, host: str) -> tuple[float, int]:
        """Until when the host is left alone, and how often in a row it has refused."""
        row = self._db.execute(
            "select cool_until, strikes from hosts where host = ?", (host,)
        ).fetchone()
        return row or (0.0, 0)

    def cool(self, host: str, until: float) -> int:
        """Leave the host alone until then; return how often in a row it has refused."""
        row = self._db.execute(
            "insert into hosts (host, tokens, updated, cool_until, strikes) values (?, 0, ?, ?, 1) "
            "on conflict (host) do update set cool_until = excluded.cool_until, "
            "strikes = strikes + 1 returning strikes",
            (host, until, until),
        ).fetchone()
        return int(row[0])

    def forgive(self, host: str) -> None:
        """The host answers again."""
        if self.cooling(host)[1]:
            self._db.execute("update hosts set strikes = 0 where host = ?", (host,))

    # -- images --------------------------------------------------------------------------------

    def image(self, url: str) -> Picture | None:
        """What became of an image address."""
        row = self._db.execute(
            "select url, sha256, bytes, media_type, reason, detail, validator "
            "from images where url = ?",
            (url,),
        ).fetchone()
        return Picture(*row) if row else None

    def keep_image(self, picture: Picture) -> None:
        """Note what became of an image address, committed at once."""
        self._db.execute(
            "insert or replace into images values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                picture.url,
                picture.sha256,
                picture.bytes,
                picture.media_type,
                picture.reason,
                picture.detail,
                picture.validator,
                time.time(),
            ),
        )
