"""Places as sources write of them: parts of a place with how sure they are, and who keeps an object.

There is no gazetteer here: words are taken apart, never looked up or put right.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from scrapers.dates import LONGEST, remembered


class Place(NamedTuple):
    """One place of a text.

    `name`: the place without the words around it. `is_certain`: False after "probably", "possibly",
    "attributed to", "said to be from", with a question mark, or as one of several ("or").
    `relation`: made, found, origin, depicted, published or None where no word says it.
    """

    name: str
    is_certain: bool
    relation: str | None = None


class Keeper(NamedTuple):
    """Who keeps an object and where: ("Fogg Art Museum, Harvard University", "Cambridge")."""

    keeper: str | None
    city: str | None


_RELATIONS = (
    ("made", r"(?:made|executed|produced|woven|cast|printed|built|painted)(?: in| at)?"),
    ("found", r"(?:found|excavated|discovered|unearthed)(?: in| at| near)?"),
    ("published", r"published(?: in)?"),
    ("depicted", r"depict(?:ed|ing)"),
    ("origin", r"country of origin|place of origin|from|attributed to"),
)
_DOUBT = re.compile(
    r"\b(?:probably|possibly|perhaps|presumably|attributed to|said to be)(?!\w)|\(?\?\)?", re.I
)
_LEAD = re.compile(
    r"\W*(?:" + "|".join(rf"(?P<{name}>{words})" for name, words in _RELATIONS) + "|"
    rf"{_DOUBT.pattern})(?!\w)[\s:]*",
    re.I,
)
_TODAY = re.compile(r"\b(?:present[- ]day|modern|now)\s+", re.I)
_ASIDE = re.compile(r"\((?:[^()]*)\)")
# A region after the city: a state of the USA, or a country; after it the city stands one part before.
_REGION = re.compile(r"[A-Z]{2}|[A-Z]{3}|USA|U\.S\.A\.|D\.?C\.?|United States|England|UK")
_NO_CITY = re.compile(r"(?:private|whereabouts|location|lost|destroyed|art market).*", re.I)


@remembered
def parse_place(text: str | None, relation: str | None = None) -> tuple[Place, ...]:
    """The places of a text, in its order; `relation` is a word beside it ("Probably made in")."""
    if not text or not text.strip():
        return ()
    rest = " ".join(f"{relation or ''} {text[:LONGEST]}".split())
    said, is_doubted = None, False
    while lead := _LEAD.match(rest):  # "Probably made in", "possibly from": in any order
        said = said or lead.lastgroup
        is_doubted |= bool(_DOUBT.search(lead[0]))
        rest = rest[lead.end() :]
    choices = re.split(r"\s+or\s+|;", rest)
    names = [_name(one) for one in choices]
    return tuple(
        Place(name, not (is_doubted or len(choices) > 1 or _DOUBT.search(one)), said)
        for name, one in zip(names, choices, strict=True)
        if name
    )


def _name(words: str) -> str:
    plain = " ".join(_TODAY.sub("", _DOUBT.sub(" ", words)).split())
    return plain.replace(" ,", ",").strip(" ,;:-")


def joined(parts: Sequence[str | None], relation: str | None = None) -> str | None:
    """The fields of one place, the smallest first, as one text; in doubt it opens with "possibly".

    A field that only repeats another is left out. "Found" and the like are not told: they stay in
    the source's own column.
    """
    said = [" ".join(part.split()) for part in parts if part and part.strip()]
    kept = [one for i, one in enumerate(said) if one.casefold() not in map(str.casefold, said[:i])]
    text = ", ".join(kept)
    doubt = any(not one.is_certain for one in parse_place("x", relation)) if relation else False
    if doubt and text and not _DOUBT.search(text):
        return f"possibly {text}"
    return text or None


@remembered
def parse_keeper(text: str | None) -> Keeper:
    """The keeper and the city of a location as galleries write it, the city last.

    A text without a comma names the keeper alone; of a private collection the city is often told.
    """
    parts = [part.strip() for part in _without_inner_commas((text or "")[:LONGEST]).split(",")]
    parts = [part.replace("\0", ",") for part in parts if part]
    while len(parts) > 2 and _REGION.fullmatch(parts[-1]):
        parts.pop()
    if len(parts) < 2:
        return Keeper(parts[0] if parts else None, None)
    if _NO_CITY.fullmatch(parts[-1]):
        return Keeper(", ".join(parts), None)
    return Keeper(", ".join(parts[:-1]), parts[-1])


def _without_inner_commas(text: str) -> str:
    """A text whose commas in parentheses do not divide."""
    return _ASIDE.sub(lambda found: found[0].replace(",", "\0"), text)
