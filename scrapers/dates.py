"""One reader of dates in words: making ("ca. 3500–3300 B.C.") and life ("b. 1552, Köln, d. 1615").

A date gives a first and a last possible year (before Christ negative) and how exact the words are.
What is not understood gives no years; the words stay with the record in any case.
"""

import re

Years = tuple[int | None, int | None, str]
NOTHING: Years = (None, None, "unknown")

# Conventions of catalogues, not of a source: "about" within ten years either way, "after" and
# "before" within fifty, and the thirds of a century that "early", "mid" and "late" name.
_ABOUT, _OPEN = 10, 50
_PARTS = {
    "early": (0, 33), "mid": (33, 67), "late": (67, 100), "beginning": (0, 20), "end": (80, 100),
    "first half": (0, 50), "1st half": (0, 50), "second half": (50, 100), "2nd half": (50, 100),
    "first quarter": (0, 25), "1st quarter": (0, 25), "second quarter": (25, 50),
    "2nd quarter": (25, 50), "third quarter": (50, 75), "3rd quarter": (50, 75),
    "fourth quarter": (75, 100), "4th quarter": (75, 100), "last quarter": (75, 100),
    "first third": (0, 33), "last third": (67, 100), "middle": (33, 67),
}  # fmt: skip
_ERA = r"(?P<era>b\.?\s*c\.?(?:\s*e\.?)?|a\.?\s*d\.?|c\.?\s*e\.?)?"
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
_CENTURY = re.compile(
    rf"(?:(?P<part>{_PART})[\s\-]*(?:of\s+)?(?:the\s+)?)?"
    r"(?P<first>\d{1,2})(?:st|nd|rd|th)?"
    rf"(?:\s*(?:-|to|or)\s*(?:(?P<part2>{_PART})[\s\-]*)?(?P<last>\d{{1,2}})(?:st|nd|rd|th))?"
    rf"\s*(?P<unit>centur(?:y|ies)|cent\.?|c\.|millenni(?:um|a))\s*{_ERA}"
)
_DECADE = re.compile(rf"(?:(?P<part>early|mid|late)[\s\-]*)?(?P<year>\d{{2,3}}0)'?s\b\s*{_ERA}")
_SPAN = re.compile(
    rf"(?P<first>\d{{1,4}})\s*(?P<era1>b\.?\s*c\.?(?:\s*e\.?)?|a\.?\s*d\.?)?\s*"
    rf"(?:-|to|or|and|/)\s*(?P<about2>c\.?a?\.?\s*)?(?P<last>\d{{1,4}})\b\s*{_ERA}"
)
_YEAR = re.compile(rf"(?P<year>\d{{1,4}})\b\s*{_ERA}")
_ABOUT_WORD = re.compile(
    r"\b(?:c\s*[.,]?\s*a?\.?|circa|about|around|probably|approximately)\s*(?=\d)|\?"
)
_AFTER = re.compile(r"\b(?:after|post|from|since)\b")
_BEFORE = re.compile(r"\b(?:before|by|until|prior to|ante)\b")
_DAY = re.compile(
    r"\b(?:\d{1,2}\s+)?(?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december|spring|summer|autumn|fall|winter)\b(?:\s+\d{1,2}\s*,)?"
)


def parse_years(text: str | None) -> Years:
    """First and last possible year of a date in words, and its precision.

    Precision is year, range, decade, century, about, open or unknown.
    """
    words = _plain(text)
    if not words:
        return NOTHING
    about = bool(_ABOUT_WORD.search(words))
    after, before = _AFTER.search(words), _BEFORE.search(words)
    words = _DAY.sub(" ", _ABOUT_WORD.sub(" ", words))
    readings = [
        (found.start(), rank, years, precision)
        for rank, (pattern, read, precision) in enumerate(_READERS)
        for found in pattern.finditer(words)
        if (years := read(found)) is not None
    ]
    if not readings:
        return NOTHING
    # The first date counts; the more special reading of the same words goes before the plain year.
    _, _, (begin, end), precision = min(readings)
    if precision == "century":  # "2nd century B.C.–1st century A.D."
        spans = [years for _, _, years, kind in readings if kind == "century"]
        begin, end = min(s[0] for s in spans), max(s[1] for s in spans)
    return _widened(begin, end, precision, about=about, after=bool(after), before=bool(before))


def parse_life(text: str | None) -> Years:
    """First and last year of a life in words: birth and death, or the years of activity."""
    words = _plain(text)
    born = re.search(r"\b(?:b\.?|born)\s[^;,\d]*(\d{3,4})", words)
    died = re.search(r"\b(?:d\.?|died)\s[^;\d]*(\d{3,4})", words)
    if born or died:
        begin, end = (int(m[1]) if m else None for m in (born, died))
        if begin is None or end is None or begin <= end:
            return begin, end, "year"
    span = re.search(r"\d{3,4}.*", words)
    return parse_years(words if "centur" in words else span[0]) if span else parse_years(words)


def _plain(text: str | None) -> str:
    lowered = (text or "").casefold()
    for dash in "–—−‒‐‑":
        lowered = lowered.replace(dash, "-")
    return re.sub(r"\s+", " ", re.sub(r"[\[\]]", "", lowered).strip(" ()"))


def _widened(
    begin: int, end: int, precision: str, *, about: bool, after: bool, before: bool
) -> Years:
    if after and not before and precision in ("year", "decade"):
        return begin, end + _OPEN, "open"
    if before and not after and precision in ("year", "decade"):
        return begin - _OPEN, end, "open"
    if about and precision in ("year", "range"):
        return begin - _ABOUT, end + _ABOUT, "about"
    return begin, end, precision


def _is_before_christ(era: str | None) -> bool:
    return bool(era) and str(era).replace(".", "").replace(" ", "").startswith("bc")


def _century(found: re.Match[str]) -> tuple[int, int] | None:
    ends = [(int(found["first"]), found["part"])]
    if found["last"]:
        ends.append((int(found["last"]), found["part2"]))
    if not all(0 < number <= 40 for number, _ in ends):
        return None
    bc = _is_before_christ(found["era"])
    length = 1000 if found["unit"].startswith("mill") else 100
    spans = [_share(number, length, _PARTS.get(part or "", (0, 100)), bc) for number, part in ends]
    return min(s[0] for s in spans), max(s[1] for s in spans)


def _share(number: int, length: int, part: tuple[int, int], bc: bool) -> tuple[int, int]:
    """The years of a part of a century or millennium; time runs forward, before Christ too."""
    start = -number * length if bc else (number - 1) * length
    first, last = (percent * length // 100 for percent in part)
    return start + first + (not bc), start + last - bc


def _decade(found: re.Match[str]) -> tuple[int, int]:
    year = int(found["year"])
    if year < 1000 and year % 100 == 0:
        return year, year + 99  # "700s": nobody means the ten years
    if _is_before_christ(found["era"]):
        return -year - 9, -year
    begin, end = {"early": (0, 3), "mid": (3, 6), "late": (6, 9)}.get(found["part"] or "", (0, 9))
    return year + begin, year + end


def _span(found: re.Match[str]) -> tuple[int, int] | None:
    first, last = found["first"], found["last"]
    last_bc = _is_before_christ(found["era"])
    first_bc = _is_before_christ(found["era1"]) or (last_bc and not found["era1"])
    if first_bc or last_bc:
        begin = -int(first) if first_bc else int(first)
        end = -int(last) if last_bc else int(last)
    else:
        if len(last) < len(first):
            last = first[: len(first) - len(last)] + last  # "1574-88" inherits the century
        begin, end = int(first), int(last)
    return (begin, end) if begin <= end else None


def _year(found: re.Match[str]) -> tuple[int, int] | None:
    value = int(found["year"])
    bc = _is_before_christ(found["era"])
    if not bc and not found["era"] and len(found["year"]) < 3:
        return None  # "2 plates" is no date
    return (-value, -value) if bc else (value, value)


_READERS = (
    (_CENTURY, _century, "century"),
    (_DECADE, _decade, "decade"),
    (_SPAN, _span, "range"),
    (_YEAR, _year, "year"),
)
