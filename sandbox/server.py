"""The loopback server: virtual hosts, validators, faults, counting, and the control API.

What belongs here: HTTP. What does not: what a museum says (`sandbox.met`, `.wga`, `.nga`).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
import zlib
from collections import Counter
from email.utils import formatdate, parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web
from multidict import CIMultiDict

from sandbox import met, nga, wga
from sandbox.collection import Collection
from sandbox.faults import Fault, Faults
from sandbox.site import Answer, Site

_EPOCH = 1_767_600_000.0  # Last-Modified of everything that was not changed since the start
_ROBOTS = b"User-agent: *\nDisallow: /_sandbox/\n"
_BLOCK = b"<html><head><title>Blocked</title></head><body>Request unsuccessful. Incapsula incident ID: 0-0</body></html>\n"
_PARAGRAPHS = b"<p>And so it went on.</p>\n" * 2_500
_KEPT = 20_000  # answers kept ready; more distinct addresses start over


class _Ready:
    """An answer with its headers, made once."""

    __slots__ = ("body", "etag", "headers", "modified", "status")

    def __init__(self, answer: Answer, modified: float) -> None:
        self.body, self.status, self.modified = answer.body, answer.status, modified
        self.etag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
        self.headers = CIMultiDict({"Content-Type": answer.media_type})
        if answer.status == 200:
            self.headers["ETag"] = self.etag
            self.headers["Last-Modified"] = formatdate(modified, usegmt=True)


class Server:
    """Answers for one collection. `handle` is the request handler of an aiohttp web.Server."""

    def __init__(self, collection: Collection, *, seed: int = 7, nga_layout: str = "new") -> None:
        self.collection = collection
        self._nga = nga.NgaSite(collection)
        self._nga.use_layout(nga_layout)
        self._museums: dict[str, Site] = {
            "met": met.MetSite(collection), "wga": wga.WgaSite(collection), "nga": self._nga
        }  # fmt: skip
        hosts = {"met": met.HOSTS, "wga": wga.HOSTS, "nga": nga.HOSTS}
        self._sites = {host: self._museums[m] for m, names in hosts.items() for host in names}
        self._faults = Faults(seed, time.monotonic)
        self._ready: dict[tuple[str, str], _Ready] = {}
        self._validators: dict[tuple[str, str], tuple[str, float]] = {}
        self._changed_at: float = _EPOCH
        self._in_flight = 0
        self.reset_stats()

    def reset_stats(self) -> None:
        """Count from zero."""
        self._requests: Counter[tuple[str, int]] = Counter()
        self._bytes = self._peak = 0

    def stats(self) -> dict[str, Any]:
        """Requests by host and status, 304s, body bytes sent, requests at the same time at most."""
        by_host: dict[str, dict[str, int]] = {}
        for (host, status), count in sorted(self._requests.items()):
            by_host.setdefault(host, {})[str(status)] = count
        return {
            "requests": sum(self._requests.values()), "by_host": by_host,
            "not_modified": sum(n for (_, s), n in self._requests.items() if s == 304),
            "bytes": self._bytes, "peak_concurrency": self._peak,
        }  # fmt: skip

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        host = request.headers.get("Host", "").partition(":")[0].lower()
        raw = request.raw_path
        if raw.startswith("/_sandbox/"):
            return await self._control(request, raw.removeprefix("/_sandbox/"))
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        try:
            return await self._serve(request, host, raw)
        finally:
            self._in_flight -= 1

    async def _serve(self, request: web.BaseRequest, host: str, raw: str) -> web.StreamResponse:
        fault = self._faults.pick(host, f"https://{host}{raw}")
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.delay_s)
        elif fault is not None:
            return await self._go_wrong(request, host, raw, fault)
        ready = self._ready.get((host, raw)) or self._make(host, raw)
        if ready.status == 200 and _unchanged(request, ready):
            return self._send(host, 304, b"", ready.headers)
        return self._send(host, ready.status, ready.body, ready.headers)

    def _send(self, host: str, status: int, body: bytes, headers: CIMultiDict[str]) -> web.Response:
        self._requests[host, status] += 1
        self._bytes += len(body)
        return web.Response(status=status, body=body, headers=headers)

    def _make(self, host: str, raw: str) -> _Ready:
        path, _, query = raw.partition("?")
        # GitHub is one host for two museums
        site = self._museums["met"] if path.startswith("/metmuseum/") else self._sites.get(host)
        answer = None
        if path == "/robots.txt" and site:
            answer = Answer(_ROBOTS, "text/plain")
        elif site:
            pairs = dict(parse_qsl(query, keep_blank_values=True))
            answer = site.answer(host, unquote(path), pairs)
        elif path == "/":
            answer = Answer(self._index().encode(), "text/html; charset=utf-8")
        answer = answer or Answer(b"<html><body>Not Found</body></html>", "text/html", 404)
        ready = _Ready(answer, self._changed_at)
        known = self._validators.get((host, raw))
        if known:  # asked for before: if the content is another, it was changed just now
            modified = known[1] if known[0] == ready.etag else time.time()
            ready = _Ready(answer, modified)
        if len(self._ready) >= _KEPT:
            self._ready.clear()
        self._ready[host, raw] = ready
        self._validators[host, raw] = (ready.etag, ready.modified)
        return ready

    def _forget(self) -> None:
        """Something changed: what nobody has asked for yet may be as new as this moment."""
        self._ready.clear()
        self._changed_at = time.time()

    async def _go_wrong(
        self, request: web.BaseRequest, host: str, raw: str, fault: Fault
    ) -> web.StreamResponse:
        html = CIMultiDict({"Content-Type": "text/html"})
        if fault.kind == "429":
            html["Retry-After"] = str(self._faults.retry_after(fault))
            return self._send(host, 429, b"<html><body>Too Many Requests</body></html>", html)
        if fault.kind == "403":
            html.update(
                {
                    "X-Iinfo": "0-0-0 NNNN RT(0 0) q(0 -1 -1 -1) r(0 -1)",
                    "Set-Cookie": "visid_incap_0=sandbox; path=/",
                }
            )
            return self._send(host, 403, _BLOCK, html)
        if fault.kind == "503":
            return self._send(host, 503, b"<html><body>Service Unavailable</body></html>", html)
        if fault.kind == "wrong_type":
            return self._send(host, 200, _BLOCK, html)
        if fault.kind == "redirect_loop":
            html["Location"] = raw
            return self._send(host, 302, b"", html)
        if fault.kind == "gzip_bomb":
            html["Content-Encoding"] = "gzip"
            return self._send(host, 200, _bomb(), html)
        if fault.kind in ("huge", "slow_loris"):
            return await self._go_on_and_on(request, host, raw, fault)
        ready = self._ready.get((host, raw)) or self._make(host, raw)
        half = ready.body[: len(ready.body) // 2]
        self._requests[host, ready.status] += 1
        self._bytes += len(half)
        response = web.StreamResponse(status=ready.status, headers=ready.headers)
        response.content_length = max(len(ready.body), 1)
        response.force_close()
        transport = request.transport
        await response.prepare(request)
        await response.write(half)
        if transport is not None:  # close() lets the half arrive, abort() resets the connection
            transport.close() if fault.kind == "truncated" else transport.abort()
        return response

    async def _go_on_and_on(
        self, request: web.BaseRequest, host: str, raw: str, fault: Fault
    ) -> web.StreamResponse:
        """HTML without end, or the true answer byte by byte, until the client hangs up."""
        ready = self._ready.get((host, raw)) or self._make(host, raw)
        huge = fault.kind == "huge"
        headers = CIMultiDict({"Content-Type": "text/html"}) if huge else ready.headers
        self._requests[host, 200 if huge else ready.status] += 1
        response = web.StreamResponse(status=200 if huge else ready.status, headers=headers)
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            if huge:
                await response.write(b"<!doctype html><html><body>")
                while True:
                    await response.write(_PARAGRAPHS)
                    self._bytes += len(_PARAGRAPHS)
            for position in range(len(ready.body)):
                await response.write(ready.body[position : position + 1])
                self._bytes += 1
                await asyncio.sleep(fault.delay_s)
        return response

    def _index(self) -> str:
        rows = "".join(
            f"<li><b>{host}</b></li>" for host in self._sites
        )  # fmt: skip
        counts = ", ".join(f"{n} {m.upper()}" for m, n in self.collection.counts.items())
        return (
            "<!doctype html><title>Sandbox museum</title><h1>Sandbox museum</h1>"
            f"<p>Collection “{self.collection.name}”: {counts} works.</p>"
            f"<p>Ask with one of these names in the Host header:</p><ul>{rows}</ul>"
            '<p><a href="/_sandbox/stats">what was asked</a>, <a href="/_sandbox/truth">what was planted</a></p>'
        )

    async def _control(self, request: web.BaseRequest, what: str) -> web.Response:
        try:
            given = json.loads(await request.read() or b"{}")
            return web.json_response(self._obey(request.method, what, given))
        except (KeyError, ValueError, TypeError) as error:
            text = error.args[0] if error.args else error
            return web.json_response({"error": str(text)}, status=400)

    def _obey(self, method: str, what: str, given: dict[str, Any]) -> Any:
        match method, what:
            case "GET", "info":
                return {
                    "collection": self.collection.name,
                    "counts": self.collection.counts,
                    "details": self.collection.details,
                }
            case "GET", "truth":
                return self.collection.truth()
            case "GET", "stats":
                return self.stats()
            case "DELETE", "stats":
                self.reset_stats()
            case "POST", "faults":
                self._faults.add(Fault(**given))
            case "DELETE", "faults":
                self._faults.clear()
            case "POST", "change":
                self._museums[given["museum"]].change(str(given["id"]), given["fields"])
                self._forget()
            case "POST", "withdraw":
                self._museums[given["museum"]].withdraw(str(given["id"]))
                self._forget()
            case "POST", "nga_layout":
                self._nga.use_layout(given["layout"])
                self._forget()
            case _:
                raise ValueError(f"the sandbox knows no {method} {what}")
        return {}


@cache
def _bomb() -> bytes:
    """HTML of 256 MB in a quarter of one."""
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(b"<!doctype html><html><body>")
    return head + b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()


def _unchanged(request: web.BaseRequest, ready: _Ready) -> bool:
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        return tags.strip() == "*" or ready.etag in (
            t.strip().removeprefix("W/") for t in tags.split(",")
        )
    since = request.headers.get("If-Modified-Since")
    if since is None:
        return False
    try:
        return int(ready.modified) <= parsedate_to_datetime(since).timestamp()
    except ValueError:  # a date nobody can read is no condition
        return False
