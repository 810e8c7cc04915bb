"""A museum of a few lines for the scrapers' tests: answers by host and path, and faults to order."""

import io
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

from PIL import Image

from scrapers import Catalog, Museum
from storage import schemas

# Children fork from a server that has imported what they need, and has started nothing.
CHILDREN = get_context("forkserver")
CHILDREN.set_forkserver_preload(["scrapers.spider", "scrapers.crawl", "storage.schemas"])


@dataclass
class TinyMuseum:
    """`pages`: "host/path?query" → body. `faults`: the same key → kinds of fault, used up in order."""

    url: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    moments: dict[str, float] = field(default_factory=dict)  # key → when it was asked for last
    not_modified: int = 0
    agents: set[str] = field(default_factory=set)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    museum: TinyMuseum

    def do_GET(self) -> None:
        museum, key = self.museum, f"{self.headers['Host']}{self.path}"
        museum.asked[key] += 1
        museum.moments[key] = time.monotonic()
        museum.agents.add(self.headers["User-Agent"])
        body = museum.pages.get(key)
        waiting = museum.faults.get(key)
        fault = waiting.pop(0) if waiting else ""
        if fault == "close":
            self.close_connection = True
        elif fault == "truncated":
            self._answer(200, (body or b"")[: len(body or b"") // 2], length=len(body or b""))
            self.close_connection = True
        elif fault == "429":
            self._answer(429, b"slow down", {"Retry-After": "0.05"})
        elif fault == "block":
            self._answer(403, b"<html><body>Request unsuccessful. Incapsula</body></html>")
        elif fault == "html":
            self._answer(200, b"<!DOCTYPE html><html>hold on</html>")
        elif fault:
            self._answer(int(fault), b"no")
        elif body is None and "/objects?" in key:  # the MET has nothing of that kind
            self._answer(200, b'{"total": 0, "objectIDs": null}')
        elif body is None:
            self._answer(404, b'{"message": "ObjectID not found"}')
        else:
            etag = f'"{sha256(body).hexdigest()[:16]}"'
            if self.headers["If-None-Match"] == etag:
                museum.not_modified += 1
                self._answer(304, b"", {"ETag": etag})
            else:
                self._answer(200, body, {"ETag": etag})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int = -1
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(length if length >= 0 else len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serve() -> Iterator[TinyMuseum]:
    """Run a museum on loopback."""
    museum = TinyMuseum()
    handler = type("Handler", (_Handler,), {"museum": museum, "wbufsize": -1})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    museum.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield museum
    finally:
        server.shutdown()
        server.server_close()


def picture(colour: str, kind: str = "JPEG") -> bytes:
    """A small picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, kind)
    return out.getvalue()


def assert_contract(made: Catalog) -> None:
    """Every table of a catalog has the columns of its contract."""
    for table, schema in (
        (made.artworks, schemas.ARTWORKS),
        (made.artists, schemas.ARTISTS),
        (made.image_links, schemas.IMAGE_LINKS),
        (made.rejects, schemas.REJECTS),
    ):
        assert table.schema.equals(schema)


def assert_fields_told(museum: Museum, made: Catalog) -> None:
    """Of every column that has a value, and of no other table, `fields` says what it is read from."""
    for noun in ("artworks", "artists", "image_links"):
        table = getattr(made, noun)
        filled = {
            name
            for name in table.column_names
            if any(value not in (None, []) for value in table[name].to_pylist())
        }
        silent = filled - set(museum.fields[noun])
        assert not silent, f"{museum.name}: fields does not say where {noun} has {silent} from"


def in_child(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call in a fresh process, as the assets do: Twisted's reactor starts once a process."""
    with ProcessPoolExecutor(1, mp_context=CHILDREN) as pool:
        return pool.submit(function, *args, **kwargs).result()


def wait_for(condition: Any, seconds: float = 20.0) -> None:
    """Wait for another process to get somewhere."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)
