"""The catalogue file of the Web Gallery of Art: a zip with one table of loose text in it."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from scrapers.museum import reject
from scrapers.wga_pages import decode

# The table of 50,000 works has about 12 MB; a zip of some kilobytes can announce, or hide, gigabytes.
_MOST_BYTES = 256 * 2**20
_PIECE = 1 << 20
# A title broken over lines is believed; a quote left open must not swallow the rest of the table.
_MOST_LINES = 4
_OLD_NAMES = {"ARTIST": "AUTHOR", "TIMELINE": "TIMEFRAME"}
_OURS = frozenset({"found", "differs", "encoding", "licence", "source_row"})
_LINE = re.compile(r"\r\n|\n|\r")


def read_catalogue(
    path: Path, limit: int | None, refused: list[dict[str, str]]
) -> list[dict[str, Any]]:
    """The rows of the catalogue, at most `limit`, with `source_row` and the `encoding` they came in.

    Columns that older catalogues call ARTIST and TIMELINE get their newer names. Rows are numbered by
    the line they start on, the header being 1. Lines with a wrong number of fields are added to
    `refused`. Raises ValueError when the file is no catalogue or would unpack to more than 256 MB.
    """
    name, body = _unpacked(path)
    text, encoding = decode(body)
    lines = _LINE.split(text.removeprefix("\ufeff"))
    header = _header(next(csv.reader(lines[:1], delimiter=";"), []))
    if not {"URL", "AUTHOR"} <= set(header):
        raise ValueError(f"{name} has no column URL or AUTHOR; its header is {header}")
    rows: list[dict[str, Any]] = []
    for number, cells in _records(lines, len(header)):
        where = f"{name}#{number}"
        if len(cells) != len(header):
            detail = f"{len(cells)} fields instead of {len(header)}"
            refused.append(reject("raw", "wga", where, "bad_row", detail))
        elif len(rows) == limit:
            break
        else:
            said = dict(zip(header, cells, strict=True))
            rows.append(said | {"source_row": where, "encoding": encoding})
    return rows


def _unpacked(path: Path) -> tuple[str, bytes]:
    """Name and content of the table; read in memory, so that no name in the zip becomes a path."""
    try:
        with zipfile.ZipFile(path) as pack:
            tables = [m for m in pack.infolist() if m.filename.lower().endswith((".csv", ".txt"))]
            tables.sort(key=lambda member: not member.filename.lower().endswith(".csv"))
            if not tables:
                raise ValueError(f"{path.name} holds no .csv; it holds {pack.namelist()}")
            body = bytearray()
            with pack.open(tables[0]) as member:
                while len(body) <= _MOST_BYTES >= tables[0].file_size:
                    piece = member.read(_PIECE)
                    if not piece:
                        return PurePosixPath(tables[0].filename).name, bytes(body)
                    body += piece
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{path} is no whole zip file ({error}); delete it and run again"
        ) from error
    raise ValueError(
        f"{tables[0].filename} in {path.name} would unpack to more than {_MOST_BYTES >> 20} MB; "
        "no catalogue is that large, so it is not read"
    )


def _header(cells: list[str]) -> list[str]:
    """Names of the columns: older ones renewed, none twice, and none of those we add ourselves."""
    names: list[str] = []
    for cell in map(str.strip, cells):
        new = _OLD_NAMES.get(cell, cell)
        name = cell if new in cells or new in names else new
        if not name or name in names or name in _OURS or name.startswith("page_"):
            name = f"{name or 'COLUMN'}_{len(names) + 1}"
        names.append(name)
    return names


def _records(lines: list[str], width: int) -> Iterator[tuple[int, list[str]]]:
    """Number of the line and fields of each row below the header."""
    at = 1
    while at < len(lines):
        taken, cells = 1, _fields(lines[at])
        if len(cells) != width and lines[at].count('"') % 2:
            for more in range(2, _MOST_LINES + 1):
                together = "\n".join(lines[at : at + more])
                if together.count('"') % 2 == 0 and len(joined := _fields(together)) == width:
                    taken, cells = more, joined
                    break
        if lines[at]:
            yield at + 1, cells
        at += taken


def _fields(text: str) -> list[str]:
    """The fields of one row; what is longer than any field can be counts as no row."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    except csv.Error:  # a field above csv's limit of 128 kB: refused like any row of a wrong shape
        return []
    return rows[0] if len(rows) == 1 else []
