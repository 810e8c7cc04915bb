"""Accession numbers in file names: read by a pattern, matched to the records of artworks.

What belongs here: what a name says. Nothing is renamed; what cannot be told for certain is told as such.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from storage.errors import MendableError

FOUND = pa.schema([("file", pa.string()), ("read", pa.string())])
MATCHED = pa.schema(
    [
        ("file", pa.string()),  # as it was given
        ("read", pa.string()),  # what the pattern took for the number; null where it does not fit
        ("accession_number", pa.string()),  # the record's own spelling
        ("artwork_id", pa.string()),
        ("matched", pa.string()),  # exact, normalised, shortened, ambiguous or none
        ("candidates", pa.list_(pa.string())),  # artwork_ids between which an ambiguous one lies
    ]
)
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")  # not the ".1" of "24.116.1"
_FIELD = re.compile(r"\{(\w*)\}")
_TOKEN = re.compile(r"[a-z]+|[0-9]+|[^\W\d_]+|\d+")
_LETTERS = re.compile(r"(.*\d)([a-z](?:\s*[-,&]\s*[a-z]\b)+|[a-z]{1,3})$")  # 14ab, 14a-d, 14a, b
_RANGE = re.compile(r"(.*?)(\d+)\s*-\s*\.?(\d+)$")
_SIDES = re.compile(r"[\s.,(_-]+(?:recto|verso|obverse|reverse|r|v)\)?$")
_LONGEST_RANGE = 100  # of numbers in one record; a longer one is a slip of the pen


class PatternError(MendableError):
    """The pattern cannot be used; the message says why and shows one that can."""


def read(names: Iterable[str], pattern: str) -> pa.Table:
    """Read an accession number out of each file name; FOUND, one row a name in the order given.

    pattern: "{accession}_{view}", whose {accession} takes as much as it can and every other field as
    little, over the whole name without its suffix; or a regular expression with a group
    (?P<accession>…), searched for in it. A name may be a path: its last part counts.
    Raises PatternError.
    """
    wanted = _compiled(pattern)
    rows = []
    for name in names:
        found = wanted.search(_SUFFIX.sub("", name.rpartition("/")[2]))
        said = (found["accession"] or "").strip() if found else ""
        rows.append({"file": name, "read": said or None})
    return pa.Table.from_pylist(rows, schema=FOUND)


def match(found: pa.Table, artworks: pa.Table) -> pa.Table:
    """Match what was `read` to the records; MATCHED, one row a file in the order of `found`.

    artworks: artwork_id and accession_number, a row each. What is tried, in this order; where the first
    that finds anything finds several artworks, the file is ambiguous:

    - exact: the number as the record spells it;
    - normalised: spaces, dots, underscores, dashes, case and leading zeros set aside; then as a part
      or a side of a record: "1975.1.2b" and "1975-1-2" of "1975.1.2a–d", "69.242.17" of
      "69.242.16–.21", "1998.381.5" of "1998.381.5 recto";
    - shortened: without its last parts, as "14_76_31_01" of "14.76.31". To be looked at: it may be a
      number whose own record is not there.
    """
    records: dict[str, str] = {}
    exact: dict[str, set[str]] = {}
    spelled: dict[str, set[str]] = {}
    parts: dict[str, set[str]] = {}
    columns = (artworks[name].to_pylist() for name in ("artwork_id", "accession_number"))
    for artwork, number in zip(*columns, strict=True):
        if number and _key(number):
            records[artwork] = number
            exact.setdefault(number.strip(), set()).add(artwork)
            spelled.setdefault(_key(number), set()).add(artwork)
            for part in _parts(number):
                parts.setdefault(_key(part), set()).add(artwork)
    rows = []
    for row in found.to_pylist():
        said = row["read"] or ""
        steps = [("exact", exact, said), ("normalised", spelled, _key(said))]
        steps += [("normalised", parts, _key(said))]
        for shorter in _shortened(said):
            steps += [("shortened", spelled, shorter), ("shortened", parts, shorter)]
        fits = ((how, index[key]) for how, index, key in steps if said and key in index)
        how, found_ones = next(fits, ("none", set()))
        rows.append(row | _verdict(how, sorted(found_ones), records))
    return pa.Table.from_pylist(rows, schema=MATCHED)


def _verdict(how: str, artworks: Sequence[str], records: dict[str, str]) -> dict[str, object]:
    if len(artworks) == 1:
        return {
            "artwork_id": artworks[0],
            "accession_number": records[artworks[0]],
            "matched": how,
            "candidates": [],
        }
    return {"matched": "ambiguous" if artworks else "none", "candidates": list(artworks)}


def _compiled(pattern: str) -> re.Pattern[str]:
    hint = 'Try --pattern "{accession}_{view}".'
    if "(?P<accession>" in pattern:
        try:
            return re.compile(pattern)
        except re.error as error:
            raise PatternError(f"{pattern!r} is no regular expression: {error}. {hint}") from error
    fields = _FIELD.findall(pattern)
    if fields.count("accession") != 1 or "{" in _FIELD.sub("", pattern) or not all(fields):
        raise PatternError(f"{pattern!r} does not say once where {{accession}} stands. {hint}")
    pieces = _FIELD.split(pattern)  # literal, field, literal, …
    regex = "".join(
        re.escape(piece)
        if not number % 2
        else ("(?P<accession>.+)" if piece == "accession" else ".+?")
        for number, piece in enumerate(pieces)
    )
    return re.compile(f"^{regex}$", re.DOTALL)


def _plain(number: str) -> str:
    """Lower case, one kind of dash."""
    text = unicodedata.normalize("NFKC", number).casefold().strip()
    return re.sub(r"[‐‑‒–—−]", "-", text)


def _key(number: str) -> str:
    """The number's runs of letters and of digits, whatever stands between them.

    Digits keep their borders ("1.23" is not "12.3"); zeros before a digit are set aside.
    """
    return ".".join(token.lstrip("0") or "0" for token in _TOKEN.findall(_plain(number)))


def _shortened(number: str) -> Iterator[str]:
    """Keys of the number without its last parts, the longest first, with two parts left at least."""
    pieces = re.split(r"([\W_]+)", _plain(number))  # part, separator, part, …: "2e" stays whole
    return (_key("".join(pieces[:count])) for count in range(len(pieces) - 2, 2, -2))


def _parts(number: str) -> Iterator[str]:
    """Other numbers that a record covers: its sides, letters and ranges, and the number above them."""
    text = _plain(number)
    below = _SIDES.sub("", text)
    if below != text:
        yield below
    if lettered := _LETTERS.match(below):
        yield from _lettered(*lettered.groups())
    elif several := _RANGE.match(below):
        first, last = int(several[2]), int(several[3])
        if first < last <= first + _LONGEST_RANGE:
            yield from (f"{several[1]}{one}" for one in range(first, last + 1))


def _lettered(stem: str, said: str) -> Iterator[str]:
    """ "1975.1.2" and "a-d" → the stem, it with each of a–d, with "abcd" and with "ad"."""
    runs = re.findall(r"[a-z](?:\s*-\s*[a-z])?", said)
    letters = [chr(code) for run in runs for code in range(ord(run[0]), ord(run[-1]) + 1)]
    yield stem
    if len(letters) > 1:
        yield from (stem + letter for letter in letters)
        yield from (stem + "".join(letters), stem + letters[0] + letters[-1])
