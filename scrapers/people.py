"""People as sources write of them: lives, attributions, and one artist out of several mentions.

What is not understood gives nothing; the words stay with the record in any case.
"""

import re
from typing import Any, NamedTuple

from scrapers.dates import LONGEST, plain, readings, remembered


class Life(NamedTuple):
    """What a life in words says. Years before Christ are negative; "ca." and "after" are not widened.

    `kind`: "life" (birth and death, or founding), "activity", or "unknown" where no year is said.
    `begin_year`: birth, founding or first activity. `end_year`: death or last activity.
    """

    begin_year: int | None = None
    end_year: int | None = None
    kind: str = "unknown"
    birth_place: str | None = None
    death_place: str | None = None
    nationality: str | None = None


class Attribution(NamedTuple):
    """An artist line taken apart: who is named, and how the work hangs together with them.

    `name`: the words without the qualifier, None where nobody is named.
    `qualifier`: one of the values of QUALIFIERS, or "in a named role" where the words say what was done
    ("Engraved by"); None for a plain name.
    """

    name: str | None
    qualifier: str | None


# Words of an artist line → the relation they mean (Getty CDWA, "Attribution Qualifier").
QUALIFIERS = {
    "formerly attributed to": "formerly attributed to", "formerly": "formerly attributed to",
    "attributed to": "attributed to", "attributed": "attributed to", "att.": "attributed to",
    "probably by": "probably", "probably": "probably", "possibly by": "possibly",
    "possibly": "possibly", "perhaps": "possibly", "?": "possibly", "(?)": "possibly",
    "workshop of": "workshop of", "workshop": "workshop of", "atelier of": "workshop of",
    "studio of": "workshop of", "studio": "workshop of", "assistant of": "workshop of",
    "workshop assistant": "workshop of", "collaborator": "with others", "with": "with others",
    "circle of": "circle of", "circle": "circle of", "school of": "school of",
    "follower of": "follower of", "follower": "follower of", "followers of": "follower of",
    "imitator of": "imitator of", "forger of": "imitator of", "style of": "manner of",
    "in the style of": "manner of", "manner of": "manner of", "in the manner of": "manner of",
    "copy after": "after", "copies after": "after", "after a design by": "after",
    "after a model by": "after", "after a composition by": "after", "after an original by": "after",
    "after a painting by": "after", "after a print by": "after", "based on": "after",
    "after": "after",
}  # fmt: skip
_QUALIFIER = "|".join(sorted(map(re.escape, QUALIFIERS), key=len, reverse=True))
_LEADING = re.compile(
    rf"(?:(?:and|or)\s+)?(?P<said>{_QUALIFIER})(?!\w)[\s:]*(?:the(?=\s*$))?", re.I
)
_TRAILING = re.compile(
    rf"[\s,(]*(?:\b(?:and|or)\s+)?(?:(?:his|her|a|their)\s+)?(?<!\w)(?P<said>{_QUALIFIER})\s*\)*$",
    re.I,
)
_ALONE = {"and": "with others", "or": "possibly", "by": "in a named role"}
# What was done, without a name: "Engraved by", "Tapestry woven at", "Gilder:", "(editor)".
_ROLE = re.compile(
    r"[^\W\d_][^()|]* (?:by|at|under|for)(?: an?| the)?|[A-Z][\w ]*:|\([a-z][a-z /-]+\)"
)

# Demonyms by their endings, with those that end otherwise; a place never opens a life that way.
_DEMONYM = re.compile(
    r"(?:[\w-]+(?:ish|ese|ian|ean|ine|ic|lander|chois|ani|aeli|raqi)|(?:African |Native |Meso|Latin |North |South )?American"
    r"|French|Dutch|Greek|Swiss|Czech|German|Roman|Mexican|Moroccan|Cuban|Tuscan|Pisan|Lombard|Thai"
    r"|Welsh|Scots?|English|Central Italian|Franco-Flemish|Tibetan|Korean|Bohemian|Afghan|Filipino|Kazakh)"
    r"(?:[/-][A-Z][\w]+)?",
)
_NATION = re.compile(
    rf"(?P<nation>{_DEMONYM.pattern}(?:,\s*{_DEMONYM.pattern})?)(?:\s*\(?\?\)?)?"
    r"(?=\s*(?:,|\(|$|;))[,;\s]*"
)
_BORN_IN = re.compile(
    r"\(?\bborn(?: in)?\s+(?P<place>[^\d,;()]*[^\d,;()\s.~])\s*(?:\)|,|;|$)", re.I
)
# A birth, a dash, a death: the dash stands behind a year and what may follow one.
_SPLIT = re.compile(
    r"(?<=\d)(?:'?s)?\s*(?:\(?\?\)?)?(?:\s*(?:B\.?C\.?(?:E\.?)?|A\.?D\.?|C\.?E\.?|or (?:later|after|before)"
    r"|century))?\s*-\s*(?=\D*\d|present|ongoing|\s*$)",
    re.I,
)
_ACTIVE = re.compile(
    r"\b(?:active|activ|actve|fl\.?|flourished|work(?:ed|ing)|record(?:ed|s)|doc(?:umented|\.)|master|"
    r"mentioned|retired|registered|apprenticed|dated|attested|known)\b",
    re.I,
)
_FOUNDED = re.compile(r"\b(?:founded|established|est\.|incorporated|opened)(?!\w)", re.I)
_BORN = re.compile(r"\b(?:b\.|born|baptised|baptized|bapt\.)(?!\w)", re.I)
_DIED = re.compile(r"(?:\b(?:d\.|died|dies|buried)(?!\w)|†)", re.I)
_TIME_WORD = (
    r"(?:s?he:|active|in|at|by|before|after|or|and|later|ca?\.|circa|about|probably|possibly|until|from|"
    r"no later than|at least|born|b\.|baptised|died|d\.|present|early|mid|late|recorded)(?!\w)"
)
_EDGES = re.compile(rf"^(?:\W*{_TIME_WORD})+|(?:(?<!\w){_TIME_WORD}\W*)+$", re.I)
_DATE = re.compile(
    r"(?:\b\d\d?\s+[A-Z]\w+\s+(?=\d{4}))?(?:\bca?\.?\s*)?\d[\d/?.]*(?:\s*(?:st|nd|rd|th|'?s)\b)?"
    r"(?:\s*(?:B\.?C\.?E?|A\.?D|C\.?E)\b\.?)?|\(\?\)|\?"
)
_CHRISTIAN_ERA = re.compile(r"(?:B\.?\s?C|A\.?\s?D|C\.?\s?E)\b", re.I)


@remembered
def parse_life(text: str | None) -> Life:
    """Birth, death, activity and places of a life in words. Never raises."""
    words = re.sub(r"[–—−‒‐‑]", "-", " ".join((text or "")[:LONGEST].split())).strip()
    words = words[1:-1] if re.fullmatch(r"\([^()]*\)", words) else words
    nation = _NATION.match(words)
    words = words[nation.end() :] if nation else words
    nationality = nation["nation"] if nation else None
    birthplace = _BORN_IN.search(words)
    country = birthplace["place"] if birthplace else None
    if birthplace:
        words = f"{words[: birthplace.start()]}born {words[birthplace.end() :]}"
    begin, end, kind, born_in, died_in = _dated(words)
    if begin is not None and end is not None and begin > end:
        end = None  # "1884 - 1848" is somebody's slip
    where = ", ".join(place for place in (born_in, country) if place) or None
    return Life(begin, end, kind, where, died_in, nationality)


def _dated(words: str) -> tuple[int | None, int | None, str, str | None, str | None]:
    """First and last year, kind, place of birth and of death of a life without its nationality."""
    split, born, died = _SPLIT.search(words), _BORN.search(words), _DIED.search(words)
    if split:
        left, right = words[: split.end()], words[split.end() :]
    elif died:  # "b. 1552, Köln, d. 1615, Praha", "died 1988"
        left, right = words[: died.start()], words[died.start() :]
    else:
        left, right = words, ""
    if _CHRISTIAN_ERA.search(right) and re.search(r"\d", left) and not _CHRISTIAN_ERA.search(left):
        left = left.rstrip("- ?") + " " + _CHRISTIAN_ERA.search(right)[0]  # type: ignore[index]
    before, after = _years(left), _years(right)
    if before is None and after is None:
        return None, None, "unknown", None, None
    begin, end = before[0] if before else None, after[1] if after else None
    active = bool(_ACTIVE.search(left)) and not born
    if not split and not born and not died:  # one date alone: of activity, or of founding
        if _FOUNDED.search(words):
            return begin, None, "life", None, None
        return begin, before[1] if before else None, "activity", None, None
    short = re.match(r"\s*(\d\d?)(?![\d\w])", right)
    if short and begin is not None and begin > 99:  # "1837-72"
        tens = 10 ** len(short[1])
        end = begin // tens * tens + int(short[1])
    if active:
        return begin, end, "activity", None, _place(right) if died else None
    return begin, end, "life", _place(left), _place(right)


def _years(words: str) -> tuple[int, int] | None:
    """The years said in a part of a life, without widening."""
    found = readings(plain(words))
    return (min(r.begin_year for r in found), max(r.end_year for r in found)) if found else None


def _place(words: str) -> str | None:
    """What is left of one side of a life when dates are taken away; None for anything but a name."""
    rest = " ".join(_DATE.sub(" ", words).split()).strip(" ,;-~†")
    rest = _EDGES.sub("", rest).strip(" ,;-~")
    rest = rest if re.search(r"\b[A-Z]\.$", rest) else rest.rstrip(". ")
    known = re.match(r"[^\W\d_]{2}", rest) and not _ACTIVE.search(rest) and ":" not in rest
    return rest if known and not rest.startswith(tuple("abcdefghijklmnopqrstuvwxyz")) else None


@remembered
def parse_attribution(text: str | None) -> Attribution:
    """An artist line as a name and a qualifier: "Workshop of Rembrandt", "Raphael (?)".

    Words without a name ("and", "Engraved by", as prefixes are) give their relation alone. "School of
    Fontainebleau" stays a name: it is mostly one, and nobody is called Fontainebleau.
    """
    words = " ".join((text or "").split()).strip(" ,")
    if len(words) > LONGEST:
        return Attribution(words, None)  # no line of an artist; nothing of it may be lost
    if alone := _ALONE.get(words.casefold()):
        return Attribution(None, alone)
    qualifier = None
    leading = _LEADING.match(words)
    if leading and (leading["said"].casefold() != "school of" or leading.end() == len(words)):
        qualifier, words = QUALIFIERS[leading["said"].casefold()], words[leading.end() :].strip()
    elif trailing := _TRAILING.search(words):
        qualifier = QUALIFIERS[trailing["said"].casefold()]
        words = words[: trailing.start()].strip(" ,(")
    elif _ROLE.fullmatch(words):
        return Attribution(None, "in a named role")
    return Attribution(words or None, qualifier)


def merge(artists: dict[str, dict[str, Any]], artist: dict[str, Any]) -> None:
    """Take an artist in; what an earlier record left open is filled, other spellings are aliases."""
    known = artists.setdefault(artist["artist_id"], artist)
    for name, value in artist.items():
        if known.get(name) in (None, []):
            known[name] = value
    if artist["name"] not in (known["name"], *known["aliases"]):
        known["aliases"] = sorted([*known["aliases"], artist["name"]])
