"""Files of records that people bring: CSV, TSV, JSON or JSON lines, plain or gzip, told apart by content.

Records are streamed as texts under the file's own names. What the names mean is `scrapers.described`'s.
"""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from scrapers import csv_tables

Fault = tuple[str, str]  # reason, detail
Refuse = Callable[[int, str, str], None]  # row number, reason, detail

_CHUNK = 1 << 20
_SPACE = re.compile(r"\s*")
_DELIMITERS = (",", ";", "\t")


def read(path: Path, refuse: Refuse) -> Iterator[tuple[int, dict[str, str]]]:
    """Each record with its row number; empty values are left out.

    The header of a table is row 1, an array's first record is 1, JSON lines are counted as lines.
    Lists of plain values are joined by "|", other nested values become JSON text. `refuse` is told
    of each row that is no record. Raises ValueError naming the file when it breaks off or has no rows.
    """
    with opened(path) as text:
        reader = {"[": _array, "{": _lines}.get(_first_sign(text), _table)
        for number, values, fault in reader(text):
            wrong = fault or _unwritable(values)
            if wrong:
                refuse(number, *wrong)
            elif values:
                yield number, values


def names(path: Path) -> list[str]:
    """The names the records have, in the order they come up. Raises ValueError as `read` does."""
    with opened(path) as text:
        if _first_sign(text) not in ("[", "{"):
            return _header(text)[1]
    return list(dict.fromkeys(name for _, row in read(path, lambda *_: None) for name in row))


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file as text; a byte that is not UTF-8 becomes a surrogate, which refuses its row alone."""
    with path.open("rb") as plain:
        zipped = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        raw = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if zipped else plain
        try:
            wide = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")
            raw.seek(0)
            encoding = "utf-16" if wide else "utf-8-sig"
            yield TextIOWrapper(raw, encoding, errors="surrogateescape", newline="")
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path} is a broken gzip file: {error}") from error
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error


def _first_sign(text: TextIO) -> str:
    """The first character that is no white space, with the file back at its start."""
    sign = " "
    while sign and sign.isspace():
        sign = text.read(1)
    text.seek(0)
    return sign


def _unwritable(values: Mapping[str, str]) -> Fault | None:
    for name, value in values.items():
        try:
            f"{name}{value}".encode()
        except UnicodeEncodeError:
            shown = value.encode("utf-8", "backslashreplace").decode()
            return "bad_text", f"{name} is not UTF-8: {shown[:80]}. Save the file as UTF-8"
    return None


Found = Iterator[tuple[int, dict[str, str], Fault | None]]


def _header(text: TextIO) -> tuple[str, list[str]]:
    """The delimiter of a table and the names in its first row, each once and none of them empty.

    `text` is read up to the second row.
    """
    line = text.readline()
    delimiter = max(_DELIMITERS, key=line.count)
    text.seek(0)
    cells = next(csv.reader(text, delimiter=delimiter), [])
    found: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = cell.strip() or f"column {position}"
        found.append(name if name not in found else f"{name} {position}")
    if not found:
        raise ValueError("it is empty")
    return delimiter, found


def _table(text: TextIO) -> Found:
    delimiter, header = _header(text)
    found = csv_tables.records(text, len(header), delimiter)
    for number, (cells, wrong) in enumerate(found, start=2):
        if wrong:
            yield number, {}, ("bad_quotes", wrong)
        elif cells and len(cells) != len(header):
            yield number, {}, ("bad_row", f"{len(cells)} fields instead of {len(header)}")
        else:
            pairs = zip(header, map(str.strip, cells), strict=False)
            yield number, {name: cell for name, cell in pairs if cell}, None


def _lines(text: TextIO) -> Found:
    for number, line in enumerate(text, start=1):
        if line.strip():
            try:
                yield number, *_record(json.loads(line))
            except (ValueError, RecursionError) as error:
                yield number, {}, ("bad_row", f"the line is not JSON: {error}")


def _array(text: TextIO) -> Found:
    """The records of a JSON array, one at a time, however long the array is."""
    decoder = json.JSONDecoder()
    buffer, number = text.read(_CHUNK), 0
    at = buffer.index("[") + 1
    while True:
        at = _SPACE.match(buffer, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if number == 0 and buffer.startswith("]", at):
            return
        try:
            value, end = decoder.raw_decode(buffer, at)
            end = _SPACE.match(buffer, end).end()  # type: ignore[union-attr]
            sign = buffer[end]
        except (ValueError, IndexError) as error:
            more = text.read(max(_CHUNK, len(buffer) - at))
            if not more:
                raise ValueError(f"the array breaks off behind record {number}") from error
            buffer, at = buffer[at:] + more, 0
            continue
        if sign not in ",]":
            raise ValueError(f"no comma follows record {number + 1} of the array")
        number += 1
        yield number, *_record(value)
        if sign == "]":
            return
        at = end + 1


def _record(value: Any) -> tuple[dict[str, str], Fault | None]:
    if not isinstance(value, dict):
        return {}, ("bad_row", f"a {type(value).__name__} stands where a record should be")
    texts = {str(name): _text(cell) for name, cell in value.items()}
    return {name: cell for name, cell in texts.items() if cell}, None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return "|".join(_text(item) for item in value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
