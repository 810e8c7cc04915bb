"""A loopback museum that makes records up by id, quick enough not to be what a benchmark measures.

It speaks just enough HTTP for a crawl: the MET's id lists and records, the Web Gallery's artist list,
artist pages and catalogue, each with an ETag.
"""

import asyncio
import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

from benchmarks._harness import ROOT

PART = "11"  # the one department of this museum that has anything
WORKS = 8  # works on an artist's page, as in the Web Gallery on average
_PAGE = 50  # artists on a page of the list
_TEXT = "Oil on canvas, with later additions by another hand; the frame is of the period"


def record(number: int) -> bytes:
    """A record of the MET's API: 57 fields, about as many of them filled as in the real ones."""
    from scrapers.museums.met import COLUMNS

    fields: dict[str, object] = dict.fromkeys(COLUMNS, "")
    del fields["source_row"]
    fields |= {"objectID": number, "objectBeginDate": 1650, "objectEndDate": 1660}
    fields |= {"isHighlight": False, "isPublicDomain": number % 2 == 0, "isTimelineWork": False}
    fields |= {"additionalImages": [], "measurements": None, "title": f"River landscape {number}"}
    fields |= {"tags": [{"term": "Rivers", "AAT_URL": "http://vocab.getty.edu/aat/300008707"}]}
    fields |= {"constituents": [{"constituentID": number % 997, "role": "Artist", "name": "Ruys"}]}
    for name in ("medium", "dimensions", "creditLine", "artistDisplayBio", "repository"):
        fields[name] = _TEXT
    fields |= {"department": "European Paintings", "objectDate": "1650s", "culture": "Dutch"}
    fields |= {"metadataDate": "2024-05-01T04:54:19.303Z", "artistDisplayName": "Jan Ruys"}
    if fields["isPublicDomain"]:
        base = "https://images.metmuseum.org/CRDImages/ep"
        fields["primaryImage"] = f"{base}/original/DP{number}.jpg"
        fields["primaryImageSmall"] = f"{base}/web-large/DP{number}.jpg"
    return json.dumps(fields, separators=(",", ":")).encode()


def _artist_list(artists: int, start: int) -> str:
    rows = "\n".join(
        f'<TR><TD CLASS="ARTISTLIST"><A HREF="http://www.wga.hu/html/a/painter{n}/index.html">'
        f"<B>PAINTER{n:05}, Jan</B></A></TD>"
        '<TD CLASS="ARTISTLIST">(b. 1606, Leiden, d. 1669, Amsterdam)</TD>'
        '<TD CLASS="ARTISTLIST">Baroque</TD><TD CLASS="ARTISTLIST">Dutch painter</TD></TR>'
        for n in range(start, min(start + _PAGE, artists))
    )
    return (
        f'<HTML><BODY><DIV CLASS="LIST">Page {start // _PAGE + 1} of {-(-artists // _PAGE)}</DIV>\n'
        f'<DIV CLASS="PAGENUM"><TABLE>\n{rows}\n</TABLE></DIV></BODY></HTML>'
    )


def _artist_page(artist: int) -> str:
    works = "\n".join(
        f'<TR><TD><A HREF="/art/a/painter{artist}/work{n}.jpg">'
        f'<IMG SRC="/preview/a/painter{artist}/work{n}.jpg"></A></TD>'
        f"<TD><B>River landscape {n}</B><BR>c. 16{n:02}<BR>Oil on canvas, 68 x 95 cm"
        "<BR>Rijksmuseum, Amsterdam</TD><TD>True Color<BR>128 Kb</TD>"
        f'<TD><A HREF="/html/a/painter{artist}/work{n}.html">Comment</A></TD></TR>'
        for n in range(WORKS)
    )
    return (
        f'<HTML><BODY><DIV CLASS="INDEX2">PAINTER{artist:05}, Jan</DIV>'
        '<DIV CLASS="INDEX3">(b. 1606, Leiden, d. 1669, Amsterdam)</DIV>'
        f'<A HREF="/bio/a/painter{artist}/biograph.html">Biography</A>\n<TABLE><TR><TD>Preview</TD>'
        f"<TD>Picture Data</TD><TD>File Info</TD><TD>Comment</TD></TR>\n{works}\n</TABLE></BODY></HTML>"
    )


@lru_cache(maxsize=1)
def _catalogue(artists: int) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(
        [
            "AUTHOR",
            "BORN-DIED",
            "TITLE",
            "DATE",
            "TECHNIQUE",
            "LOCATION",
            "URL",
            "FORM",
            "TYPE",
            "SCHOOL",
            "TIMEFRAME",
        ]
    )
    for artist in range(artists):
        for work in range(WORKS):
            name, life = f"PAINTER{artist:05}, Jan", "(b. 1606, Leiden, d. 1669, Amsterdam)"
            title, made = f"River landscape {work}", "Oil on canvas, 68 x 95 cm"
            url = f"https://www.wga.hu/html/a/painter{artist}/work{work}.html"
            place = "Rijksmuseum, Amsterdam"
            row = [name, life, title, f"c. 16{work:02}", made, place, url, "painting", "landscape"]
            writer.writerow([*row, "Dutch", "1651-1700"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("catalog.csv", (2026, 1, 5, 0, 0, 0)), text.getvalue())
    return packed.getvalue()


def _body(target: str, records: int, artists: int) -> tuple[str, bytes] | None:
    """Media type and body of an address; None where there is nothing."""
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    last = parts.path.rsplit("/", 1)[-1]
    if parts.path.startswith("/public/collection/v1/objects/"):
        return "application/json", record(int(last))
    if parts.path == "/public/collection/v1/objects":
        has_any = query.get("departmentIds") == PART and "metadataDate" not in query
        ids = list(range(1, records + 1)) if has_any else []
        return "application/json", json.dumps({"total": len(ids), "objectIDs": ids}).encode()
    if parts.path == "/cgi-bin/artist.cgi":
        return "text/html", _artist_list(artists, int(query["from"])).encode()
    if parts.path.startswith("/html/a/painter") and last == "index.html":
        number = int(parts.path.split("/")[3].removeprefix("painter"))
        return "text/html", _artist_page(number).encode()
    if parts.path == "/database/download/data_txt.zip":
        return "application/zip", _catalogue(artists)
    return None


class _Connection(asyncio.Protocol):
    def __init__(self, records: int, artists: int):
        self._sizes, self._waiting = (records, artists), b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            head, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
            self._transport.write(self._answer(head.decode("latin-1")))

    def _answer(self, head: str) -> bytes:
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        found = _body(target, *self._sizes)
        if found is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        kind, body = found
        tag = sha256(body).hexdigest()[:16]
        if f'"{tag}"' in head:
            return f'HTTP/1.1 304 Not Modified\r\nETag: "{tag}"\r\n\r\n'.encode()
        lines = f'Content-Type: {kind}\r\nETag: "{tag}"\r\nContent-Length: {len(body)}'
        return f"HTTP/1.1 200 OK\r\n{lines}\r\n\r\n".encode() + (body if method == "GET" else b"")


async def _serve(records: int, artists: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(records, artists), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def serve(records: int, artists: int) -> Iterator[str]:
    """Run the museum in a process of its own; give its address."""
    command = [sys.executable, "-m", "benchmarks._museum", str(records), str(artists)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
