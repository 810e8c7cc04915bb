"""The Web Gallery of Art: artist list, artist and work pages, catalogue, pictures; loose old HTML."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

from sandbox.collection import Collection, Row, WgaArtist
from sandbox.site import Answer, middle, smaller

HOSTS = ("www.wga.hu",)
_CATALOGUE = "/database/download/data_txt.zip"
_COLUMNS = ("AUTHOR", "BORN-DIED", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "URL", "FORM", "TYPE", "SCHOOL", "TIMEFRAME")  # fmt: skip
_PARTS = {"1early": "Works before the middle years", "2late": "Late works"}
_MOVED = "<HTML><HEAD><TITLE>Web Gallery of Art</TITLE></HEAD><BODY><H2>The address has changed!</H2></BODY></HTML>"


class WgaSite:
    """Pages are written from the catalogue's rows; an unknown page is a soft 404 of status 200."""

    def __init__(self, collection: Collection) -> None:
        self._data = collection

    def answer(self, host: str, path: str, query: Mapping[str, str]) -> Answer | None:
        """A page, the catalogue's zip or a picture."""
        if path == _CATALOGUE:
            return Answer(self._catalogue(), "application/zip")
        if path == "/cgi-bin/artist.cgi":
            return _page(self._list(query))
        if path == "/frames-e.html":
            target = next(iter(query), "/html/index.html")
            return _page(
                f'<HTML><FRAMESET COLS="150,*"><FRAME NAME="INDEX" SRC="/index_l.html"><FRAME NAME="MAIN" SRC="{escape(target)}"></FRAMESET></HTML>'
            )
        kind, _, rest = path.removeprefix("/").partition("/")
        if kind in ("art", "detail", "preview"):
            return self._picture(kind, rest)
        if kind == "bio":
            return _page(self._biography(rest))
        if kind in ("html", "html_m"):
            return _page(self._html(rest))
        return None

    def change(self, identifier: str, fields: Mapping[str, Any]) -> None:
        """Set columns of the catalogue row whose URL is `identifier`."""
        row = self._row(identifier)
        for column, value in fields.items():
            name = column.upper().replace("_", "-")
            if name not in _COLUMNS:
                raise KeyError(f"the WGA's catalogue has no column {name!r}")
            row[name] = str(value)

    def withdraw(self, identifier: str) -> None:
        """Remove the row from the catalogue and the artist's page."""
        self._data.wga_rows.remove(self._row(identifier))

    def _row(self, identifier: str) -> Row:
        for row in self._data.wga_rows:
            if identifier == row["URL"]:
                return row
        raise KeyError(f"the WGA's catalogue has no URL {identifier}")

    def _catalogue(self) -> bytes:
        body = self._data.wga_catalogue()
        if body is None:
            text = io.StringIO(newline="")
            writer = csv.DictWriter(text, _COLUMNS, delimiter=";", lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(self._data.wga_rows)
            body = text.getvalue().encode("cp1252")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            # a fixed date: equal rows, equal bytes
            archive.writestr(
                zipfile.ZipInfo("catalog.csv", (2026, 1, 5, 0, 0, 0)), body, zipfile.ZIP_DEFLATED
            )
        return out.getvalue()

    def _list(self, query: Mapping[str, str]) -> str:
        letter = query.get("letter", "-").lower()
        rows = []
        for artist in self._data.wga_artists:
            link = f"http://www.wga.hu/html/{artist.folder}/index.html"
            if artist.framed:
                link = f"http://www.wga.hu/frames-e.html?/html/{artist.folder}/index.html"
            rest = "".join(
                f'<TD CLASS="ARTISTLIST">{escape(text)}</TD>'
                for text in (artist.life, artist.period, artist.profession)
            )
            for name in (artist.name, *artist.aliases):
                see = f" (see {escape(artist.name)})" if name != artist.name else ""
                rows.append(
                    (
                        name,
                        f'<TR><TD CLASS="ARTISTLIST"><A HREF="{link}"><B>{escape(name)}</B></A>{see}</TD>{rest}</TR>',
                    )
                )
        shown = [html for name, html in sorted(rows) if letter == "-" or name[0].lower() == letter]
        start, most = _number(query.get("from"), 0), max(1, _number(query.get("max"), 50))
        pages = max(1, -(-len(shown) // most))
        table = "\n".join(shown[start : start + most])
        return (
            f'<HTML><BODY><DIV CLASS="LIST">Page {start // most + 1} of {pages}</DIV>\n'
            f'<DIV CLASS="PAGENUM"><TABLE>\n{table}\n</TABLE></DIV></BODY></HTML>'
        )

    def _html(self, rest: str) -> str:
        folder = "/".join(rest.split("/")[:2])
        artist = next((a for a in self._data.wga_artists if a.folder == folder), None)
        if artist is None or artist.moved:
            return _MOVED
        own = {
            _path(row): row for row in self._data.wga_rows if _path(row).startswith(folder + "/")
        }
        if rest.endswith("/index.html"):
            return self._index(artist, rest.removesuffix("/index.html"), own)
        row = own.get(rest.removesuffix(".html"))
        if row is None:
            return _MOVED
        stem = _path(row)
        return (
            f'<HTML><BODY><DIV CLASS="INDEX2">{escape(row["AUTHOR"])}</DIV><H3>{escape(row["TITLE"])}</H3>'
            f'<A HREF="/art/{stem}.jpg"><IMG SRC="/preview/{stem}.jpg"></A> <A HREF="/detail/{stem}.jpg">detail</A>'
            f"<P>{escape(row['DATE'])}<BR>{escape(row['TECHNIQUE'])}<BR>{escape(row['LOCATION'])}</BODY></HTML>"
        )

    def _index(self, artist: WgaArtist, folder: str, own: dict[str, Row]) -> str:
        inside = {stem: row for stem, row in own.items() if stem.rpartition("/")[0] == folder}
        parts = sorted({stem.split("/")[2] for stem in own if stem.count("/") == 3})
        links = ""
        if folder == artist.folder and parts:
            items = "".join(f'<LI><A HREF="{p}/index.html">{_PARTS.get(p, p)}</A>' for p in parts)
            links = f"<UL>{items}</UL>\n"
        table = ""
        if inside:
            rows = "\n".join(self._work(stem, row) for stem, row in inside.items())
            table = f"<TABLE><TR><TD>Preview</TD><TD>Picture Data</TD><TD>File Info</TD><TD>Comment</TD></TR>\n{rows}\n</TABLE>"
        return (
            f'<HTML><BODY><DIV CLASS="INDEX2">{escape(artist.name)}</DIV>'
            f'<DIV CLASS="INDEX3">{escape(artist.life)}</DIV>'
            f'<A HREF="/bio/{artist.folder}/biograph.html">Biography</A>\n{links}{table}</BODY></HTML>'
        )

    def _work(self, stem: str, row: Row) -> str:
        body = self._data.picture(f"https://www.wga.hu/art/{stem}.jpg") or b""
        return (
            f'<TR><TD><A HREF="/art/{stem}.jpg"><IMG SRC="/preview/{stem}.jpg"></A></TD>'
            f"<TD><B>{escape(row['TITLE'])}</B><BR>{escape(row['DATE'])}<BR>{escape(row['TECHNIQUE'])}<BR>{escape(row['LOCATION'])}</TD>"
            f'<TD>True Color<BR>{len(body) // 1024} Kb</TD><TD><A HREF="/html/{stem}.html">Comment</A></TD></TR>'
        )

    def _biography(self, rest: str) -> str:
        artist = next((a for a in self._data.wga_artists if rest.startswith(a.folder + "/")), None)
        if artist is None:
            return _MOVED
        return f"<HTML><BODY><H3>{escape(artist.name)}</H3><P>{escape(artist.profession)}, {escape(artist.life)}. An invented life.</BODY></HTML>"

    def _picture(self, kind: str, rest: str) -> Answer | None:
        body = self._data.picture(f"https://www.wga.hu/art/{rest}")
        if body is None:
            return None
        if kind == "preview":
            body = smaller(body, (120, 120))
        elif kind == "detail":
            body = middle(body)
        return Answer(body, "image/jpeg")


def _path(row: Row) -> str:
    """`<letter>/<artist>/<work>` out of a row's URL."""
    return urlsplit(row["URL"]).path.removeprefix("/html/").removesuffix(".html")


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _page(html: str) -> Answer:
    return Answer(html.encode("cp1252", "xmlcharrefreplace"))
