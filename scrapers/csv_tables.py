"""CSV files of others as tables of text, row by row: one odd row never costs another.

What belongs here: reading any delimited UTF-8 file by its header, and telling its records apart where
quotes went wrong (`records`). What does not: what its columns mean.

A file that keeps the rules of RFC 4180 goes through pyarrow block by block. Whatever does not (a quote
out of place, a row with too many fields, a byte that is no UTF-8) is read once more, record by record,
by Python's csv in its strict mode, and each oddity becomes a reject of its own.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from scrapers import signatures
from scrapers.museum import reject

if TYPE_CHECKING:
    import pyarrow as pa

# What no text holds: NUL, and the bytes that "surrogateescape" lets through as U+DC80 to U+DCFF.
_NO_TEXT = re.compile("[\0\udc80-\udcff]")
_BLOCK = 8 << 20  # bytes parsed at a time
_BATCH = 20_000  # rows gathered at a time in the careful reading
_SHOWN = 120  # characters of a refused line that its reject repeats


def read(
    path: Path,
    known: Sequence[str],
    key: str,
    source: str,
    refused: list[dict[str, str]],
    delimiter: str = ",",
) -> "pa.Table":
    """Read a CSV by header name, every value as text, with the address of each row.

    `known` columns that are missing are null, new ones are kept; an empty header becomes `column_<n>`.
    `source_row` is `<file name>#<n>`, where n counts records from the header, which is 1; blank lines do
    not count, a record over several lines counts once, a refused line counts too. A column of the file
    that is itself called `source_row` becomes `source_row_of_file`.

    To `refused` (stage "raw", of `source`) go: `bad_row`, a wrong number of fields; `bad_quotes`, a
    quote that is not closed, is closed in the middle, or holds more than the 131,072 characters that
    Python's csv allows (that line alone: those behind it are read again by themselves); `no_id`, an
    empty `key`; and `not_text`, bytes that are not UTF-8, or NUL: that row is kept with U+FFFD in their
    place, unless they stand in its key.

    Raises ValueError naming the file when it is empty, an HTML page or a Git LFS pointer, or when its
    header cannot be read, names a column twice, or does not name `key`.
    """
    import pyarrow.compute as pc

    header = _header(path, key, delimiter)
    table = _quick(path, header, delimiter)
    if table is None:
        table = _careful(path, header, key, source, refused, delimiter)
    for name in known:
        if name not in table.column_names:
            table = table.append_column(name, _nothing(table.num_rows))
    has_key = pc.not_equal(table[key], "")
    for row in table.filter(pc.invert(has_key))["source_row"].to_pylist():
        refused.append(reject("raw", source, row, "no_id", f"{key} is empty"))
    return table.filter(has_key)


def _nothing(rows: int) -> "pa.Array":
    import pyarrow as pa

    return pa.nulls(rows, pa.string())


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _header(path: Path, key: str, delimiter: str) -> list[str]:
    """The names of the columns, in order."""
    with path.open("rb") as start:
        wrong = signatures.fault(start.read(4096), "csv", whole=False)
    if wrong:
        raise ValueError(f"{path.name} is no table: {wrong.detail}")
    with _open(path) as handle:
        try:
            said = next(csv.reader(handle, delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise ValueError(f"The header of {path.name} cannot be read: {error}") from error
    names = [_NO_TEXT.sub("\ufffd", name).strip() for name in said]
    names = [name or f"column_{number}" for number, name in enumerate(names, start=1)]
    names = ["source_row_of_file" if name == "source_row" else name for name in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path.name} has two columns called {twice[0]!r}; its header is {names}")
    if key not in names:
        raise ValueError(f"{path.name} has no column {key!r}; its header is {names}")
    return names


def _quick(path: Path, header: list[str], delimiter: str) -> "pa.Table | None":
    """The whole file by pyarrow; None when something in it is odd."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow

    if not _well_quoted(path, delimiter):
        return None
    try:
        with arrow.open_csv(
            path,
            read_options=arrow.ReadOptions(
                column_names=header, skip_rows_after_names=1, block_size=_BLOCK
            ),
            parse_options=arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        ) as batches:
            table = pa.Table.from_batches(batches, batches.schema)
    except pa.ArrowInvalid:
        return None
    numbers = pa.array(range(2, table.num_rows + 2), pa.int64()).cast(pa.string())
    addresses = pc.binary_join_element_wise(f"{path.name}#", numbers, "")
    return table.append_column("source_row", addresses)


def _well_quoted(path: Path, delimiter: str) -> bool:
    """Whether every quote of the file opens a field, closes one, or is one of a pair; and no NUL.

    Counted from the start, quotes of such a file open and close in turn (a doubled quote closes and
    opens again), so each can be judged by its neighbour alone.
    """
    import numpy as np

    data = np.memmap(path, np.uint8, "r")
    found = []
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        if not block.all():
            return False
        found.append(np.flatnonzero(block == ord('"')) + start)
    quotes = np.concatenate(found)
    opening, closing = quotes[0::2], quotes[1::2]
    start = 3 if bytes(data[:3]) == b"\xef\xbb\xbf" else 0
    around = np.frombuffer(f'{delimiter}"\r\n'.encode(), np.uint8)
    before = data[opening[opening > start] - 1]
    after = data[closing[closing < len(data) - 1] + 1]
    return bool(
        len(opening) == len(closing)
        and np.isin(before, around).all()
        and np.isin(after, around).all()
    )


def _careful(
    path: Path,
    header: list[str],
    key: str,
    source: str,
    refused: list[dict[str, str]],
    delimiter: str,
) -> "pa.Table":
    """The rows that fit, one by one; the others go to `refused`."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in [*header, "source_row"]])
    batches: list[pa.RecordBatch] = []
    rows: list[list[str]] = []

    def gather() -> None:
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        arrays = [pa.array(column, pa.string()) for column in columns]
        batches.append(pa.record_batch(arrays, schema=schema))
        rows.clear()

    with _open(path) as handle:
        next(csv.reader(handle, delimiter=delimiter))
        found = filter(any, records(handle, len(header), delimiter))
        for number, (fields, wrong) in enumerate(found, start=2):
            address = f"{path.name}#{number}"
            if wrong:
                refused.append(reject("raw", source, address, "bad_quotes", wrong))
            elif len(fields) != len(header):
                detail = f"{len(fields)} fields instead of {len(header)}"
                refused.append(reject("raw", source, address, "bad_row", detail))
            else:
                odd = [n for n, text in zip(header, fields, strict=True) if _NO_TEXT.search(text)]
                if odd:
                    detail = f"{' and '.join(odd)} hold bytes that are no UTF-8 text"
                    detail += "; the row is left out" if key in odd else "; U+FFFD stands for them"
                    refused.append(reject("raw", source, address, "not_text", detail))
                if key not in odd:
                    rows.append([*(_NO_TEXT.sub("\ufffd", text) for text in fields), address])
                if len(rows) == _BATCH:
                    gather()
    gather()
    return pa.Table.from_batches(batches, schema)


def records(handle: Iterator[str], columns: int, delimiter: str) -> Iterator[tuple[list[str], str]]:
    """Yield (fields, what is wrong with its quotes) of each record behind the header; both empty at a blank line.

    A stray quote takes the lines behind it into its field, up to the next quote. It is told by what
    comes after that quote, or by a wrong number of fields where one of the swallowed lines has the
    right one. Then only the first line is given up, and the others are read again.
    """
    again: deque[str] = deque()
    taken: list[str] = []

    def lines() -> Iterator[str]:
        while (line := again.popleft() if again else next(handle, None)) is not None:
            taken.append(line)
            yield line

    def give_up(why: str) -> str:
        again.extendleft(reversed(taken[1:]))
        beginning = _NO_TEXT.sub("\ufffd", taken[0].strip())[:_SHOWN]
        return f"{why}; the line begins {beginning!r}"

    more = True
    while more:
        try:
            for fields in csv.reader(lines(), delimiter=delimiter, strict=True):
                if len(fields) != columns and any(
                    _fields(line, delimiter) == columns for line in taken[1:]
                ):
                    yield [], give_up("a quote is opened and not closed")
                else:
                    yield fields, ""
                taken.clear()
            more = False
        except csv.Error as error:
            yield [], give_up(str(error))
            taken.clear()


def _fields(line: str, delimiter: str) -> int:
    """How many fields a line has by itself; 0 when it is no record by itself, or a quote is left over."""
    if line.count('"') % 2:
        return 0
    try:
        return len(next(csv.reader([line], delimiter=delimiter, strict=True)))
    except csv.Error:
        return 0
