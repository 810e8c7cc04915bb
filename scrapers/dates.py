"""One reader of dates in words: "ca. 3500–3300 B.C.", "late 15th century", "A.H. 987/A.D. 1579".

A date gives a first and a last possible year (before Christ negative) and how exact the words are.
What is not understood gives no years; the words stay with the record in any case. How lives are
written is the business of `people`.
"""

import re
from functools import lru_cache
from typing import NamedTuple

# Collections say the same dates, lives and names again and again, and reading words is slow.
remembered = lru_cache(maxsize=1 << 16)

Years = tuple[int | None, int | None, str]
NOTHING: Years = (None, None, "unknown")

# Conventions of catalogues, not of a source: "about" within ten years either way, "after" and
# "before" within fifty, and the thirds of a century that "early", "mid" and "late" name.
_ABOUT, _OPEN = 10, 50
_LAST_YEAR = 2100  # a larger number is no year: an accession number, 9999 for "still living"
LONGEST = 300  # characters read of a text, against hostile ones; real dates and lives are shorter
_PARTS = {
    "early": (0, 33), "mid": (33, 67), "middle": (33, 67), "late": (67, 100),
    "beginning": (0, 20), "end": (80, 100), "1st decade": (0, 10), "last decade": (90, 100),
    "1st half": (0, 50), "2nd half": (50, 100), "last half": (50, 100),
    "1st quarter": (0, 25), "2nd quarter": (25, 50), "3rd quarter": (50, 75),
    "4th quarter": (75, 100), "last quarter": (75, 100),
    "1st third": (0, 33), "2nd third": (33, 67), "last third": (67, 100),
}  # fmt: skip
_PRECISIONS = ("year", "range", "decade", "about", "open", "century")  # finest first

_ERA = r"(?:b\.?\s*c\b\.?(?:\s*e\b\.?)?|bce\b|a\.?\s*d\b\.?|c\.?\s*e\b\.?)"
_TO = r"\s*(?:-|/|\bto\b|\bor\b|\band\b)\s*"
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))


def _partly(number: int) -> str:
    """A part of a century or two ("early to mid-")."""
    return (
        rf"(?:(?:(?P<from{number}>{_PART})(?:{_TO}|\s)\s*)?(?P<part{number}>{_PART})[\s\-]*)?"
        r"(?:of\s+)?(?:the\s+)?"
    )


_CENTURY = re.compile(
    rf"(?:\b{_partly(1)})?(?<!\d)(?P<first>\d{{1,2}})(?:st|nd|rd|th)?\s*(?P<era1>{_ERA})?"
    rf"(?:{_TO}{_partly(2)}(?P<last>\d{{1,2}})(?:st|nd|rd|th)?)?"
    rf"[\s\-]*(?P<unit>centur(?:y|ies)|cent\b\.?|c\.(?!\s*\d)|millenni(?:um|a))\s*(?P<era2>{_ERA})?"
)
_DECADE = re.compile(
    rf"~?(?:\b(?P<part>early|mid|late)[\s\-]*(?:the\s+)?)?(?<!\d)(?P<year>\d{{2,3}}0)'?s\b\s*"
    rf"(?P<era>{_ERA})?"
)
_YEAR = re.compile(
    rf"(?P<about1>~)?(?<![\d.])(?P<first>\d{{1,6}})(?![\d\w]|[.,]\d)\s*(?P<era1>{_ERA})?"
    rf"(?:{_TO}(?P<about2>~)?(?P<last>\d{{1,6}})(?![\d\w]|[.,]\d)\s*(?P<era2>{_ERA})?)?"
)
_AFTER = re.compile(r"\b(?:after|post|from|since|no earlier than)\W*$")
_BEFORE = re.compile(r"\b(?:before|by|until|prior to|ante|no later than)\W*$")
_OR_AFTER = re.compile(r"\W*(?:or|and) (?:shortly |slightly |soon )?(?:after|later)\b")
_OR_BEFORE = re.compile(r"\W*(?:or|and) (?:shortly |slightly )?(?:before|earlier)\b")
# The date of a model is not the object's: "19th century, after a model of ca. 1877".
_OF_ANOTHER = re.compile(r"\b(?:after (?:an?|the) |in imitation of|after \S+ original).*")

_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
]
_ORDINAL = re.compile(rf"\b(?:{'|'.join(reversed(_ORDINALS))})\b")
_ROMAN = re.compile(r"\b(x{0,2}(?:ix|iv|v?i{0,3}))(?:th|e|ème)?\s+(?=century)")
_HIJRI = re.compile(r"\ba\.?\s*h\b\.?\s*(\d{1,4})(?!\d)")
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "spring|summer|autumn|fall|winter"
)
# Spellings, other calendars and other languages, in the English of the patterns above, in this order.
_PLAIN = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"[–—−‒‐‑]", "-"),
        (r"(?<=\d),(?=\d{3}\b)", ""),  # 11,000
        (r"(?<=\d)[\[(](?=\d)|[\[\]]", ""),  # 186[3?]
        (r"(?<!\d)(\d{4})-\d\d-\d\d(?!\d)", r"\1"),
        (r"(?<![\d.])\d\d?[/.]\d\d?[/.](\d{4})(?!\d)", r"\1"),
        # Islamic, Indian and Japanese years beside the Christian one, which alone is read.
        (r"[\w.\-]+[. ]\d+(?:-\d+)?\s*/\s*(?=a\.?\s*d\b)", ""),
        (r"\ba\.?\s*d\b\.?\s*(\d{1,4}(?:-\d{1,4})?)(?![\w-])", r"\1 a.d."),
        (r"\bce(?:nut|ntur|nturt)ry\b|\bcentruy\b", "century"),
        (r"\b(?:jahrhunderts?|jhs?\.|si[eè]cles?|secol[oi]|siglos?|sec\.)(?!\w)", "century"),
        (r"\bcentury\s+([ivx]+)\b", r"\1 century"),
        (r"(?<=\d)\.(?=\s+(?:century|hälfte|viertel|drittel))|(?<=\d)(?:e|er|ème|re)\b", "th"),
        (r"\b1th\b", "1st"), (r"\b2th\b", "2nd"), (r"\b3th\b", "3rd"),
        (r"\b(?:hälfte|moitié|metà|mitad)\b(?: des| du| del| de)?", "half"),
        (r"\b(?:prima|première|primera|erste[nrs]?)(?= half| quarter| third| viertel| drittel| tiers)", "1st"),
        (r"\b(?:seconda|seconde|segunda|zweite[nrs]?)(?= half| quarter| third| viertel| drittel| tiers)", "2nd"),
        (r"\bviertel\b(?: des)?", "quarter"),
        (r"\b(?:drittel|tiers)\b(?: des| du)?", "third"),
        (r"\b(?:anfang|début|inizio|principios)\b(?: des| du| del| de)?", "early"),
        (r"\b(?:ende|fin|fine|finales)\b(?: des| du| del| de)?(?=\s+[\divx])", "late"),
        (r"\b(?:mitte|milieu|mediados)\b(?: des| du| del| de)?", "mid"),
        (r"\b(?:nach|après|dopo(?: il)?|después de)(?=\s*\d)", "after"),
        (r"\b(?:vor|avant|prima del|antes de)(?=\s*\d)", "before"),
        (r"\b(?:und|et|bis|oder|ou)(?=\s+\d)", "or"),
        (r"\b(?:c\s*[.,]?\s*a?\.?|circa|about|around|approximately|probably|possibly|perhaps|um|gegen|vers"
         r"|verso|hacia)\s*(?=\d{3}|\d+\s*(?:b\.?c|-))", "~"),
        (r"\b(?:ca?\.|circa|about|around|probably|possibly|perhaps)\s*"
         r"(?=early|mid|late|before|after|by|[1-4l][snrta]|\d)", ""),
        (r"\b(\d{3,4})\s*(?:\?|\((?:\?|probably)\))", r"~\1"),  # 1640?, 1640 (?)
        (r"~+", "~"),
        (rf"(?:\b\d\d?(?:-\d\d?)?(?:st|nd|rd|th)?\s+)?\b(?:{_MONTHS})\b(?:\s+\d\d?\s*,)?(?=[\W\d])", " "),
        (r"\b(half|quarter|third)(?: of)?(?: the)?\s+(?=\d|[ivx]+\b)", r"\1 "),
        (r"\s+", " "),
    )
)  # fmt: skip


class Reading(NamedTuple):
    """One date in a plain text: where it stands, the years it says, and how exact they are."""

    start: int
    end: int
    begin_year: int
    end_year: int
    precision: str


@remembered
def parse_years(text: str | None) -> Years:
    """First and last possible year of a date in words, and its precision. Never raises.

    Several dates ("modeled 1832, cast 1847") give the years from the first to the last. Precision is
    year, range, decade, century, about, open ("after 1500") or unknown.
    """
    words = plain(text)
    own = _OF_ANOTHER.sub("", words)
    found = readings(own)
    if not found:
        return NOTHING
    wide = [_widened(own, one, found) for one in found]
    if len(wide) == 2 and wide[0].precision == wide[1].precision == "open":
        first, last = found[0].begin_year, found[1].end_year
        if wide[0].begin_year == first <= last == wide[1].end_year:
            return first, last, "range"  # "after 1500, before 1520"
    begin, end = min(one.begin_year for one in wide), max(one.end_year for one in wide)
    precision = max((one.precision for one in wide), key=_PRECISIONS.index)
    return begin, end, "range" if precision == "year" and begin < end else precision


def plain(text: str | None) -> str:
    """A text as the readers take it: case folded, dashes equal, in English, "about" as a ~."""
    words = re.sub(r"\s+", " ", (text or "")[:LONGEST].casefold())
    words = _ORDINAL.sub(lambda found: _ordinal(_ORDINALS.index(found[0]) + 1), words)
    for pattern, replacement in _PLAIN:
        words = pattern.sub(replacement, words)
    words = _HIJRI.sub(_christian, words)
    words = _ROMAN.sub(lambda found: f"{_roman(found[1])} " if found[1] else found[0], words)
    return words.strip()


def readings(words: str) -> list[Reading]:
    """The dates of a plain text in their order, as said: "about", "after" and "before" not applied."""
    every = sorted(
        (found.start(), rank, found.end(), *years)
        for rank, (pattern, read) in enumerate(_READERS)
        for found in pattern.finditer(words)
        if (years := read(found)) is not None
    )
    kept: list[Reading] = []
    for start, _, end, begin, last, precision in every:
        # The more special reading of the same words goes before the plain year.
        if not kept or start >= kept[-1].end:
            kept.append(Reading(start, end, begin, last, precision))
    if any(one.end_year >= 1000 for one in kept):  # beside it a bare 345 is a size or a page
        kept = [r for r in kept if not re.fullmatch(r"~?\d{3}\s*", words[r.start : r.end])]
    return kept


def _widened(words: str, one: Reading, found: list[Reading]) -> Reading:
    """A reading with what stands before and behind it: "about", "after", "or later"."""
    lead = words[max((r.end for r in found if r.end <= one.start), default=0) : one.start]
    tail = words[one.end :]
    after = bool(_AFTER.search(lead) or _OR_AFTER.match(tail))
    before = bool(_BEFORE.search(lead) or _OR_BEFORE.match(tail))
    begin, end, precision = one.begin_year, one.end_year, one.precision
    if precision == "about":
        begin, end = begin - _ABOUT, end + _ABOUT
    if after and precision != "range":  # "from 1500 to 1510" is closed
        end, precision = end + _OPEN, "open"
    if before:
        begin, precision = begin - _OPEN, "open"
    return one._replace(begin_year=begin, end_year=end, precision=precision)


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd", 21: "st"}.get(number, "th")
    return f"{number}{ending}"


def _roman(text: str) -> str:
    values = ["ivx".index(letter) for letter in text]
    sizes = [(1, 5, 10)[value] for value in values]
    later = [*sizes[1:], 0]
    return _ordinal(sum(-s if s < n else s for s, n in zip(sizes, later, strict=True)))


def _christian(found: re.Match[str]) -> str:
    """The two Christian years that an Islamic lunar year (354.367 days, from July 622) lies in."""
    first = int(622.539 + 0.970224 * (int(found[1]) - 1))
    return f"{first}-{first + 1} a.d."


def _is_before_christ(era: str | None) -> bool:
    return bool(era) and str(era).startswith("b")


def _century(found: re.Match[str]) -> tuple[int, int, str] | None:
    last_bc = _is_before_christ(found["era2"])
    ends = [(int(found["first"]), 1, _is_before_christ(found["era1"]) or last_bc)]
    if found["era1"]:
        ends = [(int(found["first"]), 1, _is_before_christ(found["era1"]))]
    if found["last"]:
        ends.append((int(found["last"]), 2, last_bc))
    if not all(0 < number <= 40 for number, *_ in ends):
        return None
    length = 1000 if found["unit"].startswith("mill") else 100
    spans = []
    for number, side, bc in ends:
        parts = [_PARTS[p] for p in (found[f"from{side}"], found[f"part{side}"]) if p]
        share = (min(p[0] for p in parts), max(p[1] for p in parts)) if parts else (0, 100)
        spans.append(_share(number, length, share, bc))
    return min(s[0] for s in spans), max(s[1] for s in spans), "century"


def _share(number: int, length: int, part: tuple[int, int], bc: bool) -> tuple[int, int]:
    """The years of a part of a century or millennium; time runs forward, before Christ too."""
    start = -number * length if bc else (number - 1) * length
    first, last = (percent * length // 100 for percent in part)
    return start + first + (not bc), start + last - bc


def _decade(found: re.Match[str]) -> tuple[int, int, str] | None:
    year = int(found["year"])
    if year > _LAST_YEAR:
        return None
    if year < 1000 and year % 100 == 0:
        return year, year + 99, "decade"  # "700s": nobody means the ten years
    if _is_before_christ(found["era"]):
        return -year - 9, -year, "decade"
    begin, end = {"early": (0, 3), "mid": (3, 6), "late": (6, 9)}.get(found["part"] or "", (0, 9))
    return year + begin, year + end, "decade"


def _years(found: re.Match[str]) -> tuple[int, int, str] | None:
    """A year, or a span of two: "1574-88" inherits the century, "50-25 B.C." the era."""
    first, last = found["first"], found["last"]
    last_bc = _is_before_christ(found["era2"])
    first_bc = _is_before_christ(found["era1"] or found["era2"])
    if not (found["era1"] or found["era2"]) and max(len(first), len(last or "")) < 3:
        return None  # "2 plates", "12-15 sheets"
    begin = end = -int(first) if first_bc else int(first)
    if last:
        bc = last_bc or (first_bc and not found["era2"] and int(last) <= int(first))
        end = -int(last) if bc else int(last)
        if not bc and not first_bc and len(last) < len(first):
            end = int(first[: len(first) - len(last)] + last)
            if end < begin <= end + 100 and len(last) == 2:
                end += 100  # "1898-05"
    if begin > end and first_bc == _is_before_christ(found["era2"]):
        end = begin
    if begin > end or end > _LAST_YEAR or (not first_bc and begin == 0):
        return None
    about = found["about1"] or (last and found["about2"])
    return begin, end, "about" if about else "range" if begin < end else "year"


_READERS = ((_CENTURY, _century), (_DECADE, _decade), (_YEAR, _years))
