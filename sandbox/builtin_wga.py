"""How the Web Gallery of Art would write a planned work, and its list of artists."""

from __future__ import annotations

import re
import unicodedata

from sandbox.collection import Row, WgaArtist
from sandbox.people import KINDS, Person
from sandbox.works import Work

_SCHOOLS = {"Dutch", "Flemish", "French", "Italian", "German", "British", "Russian", "American"}
_PERIODS = {
    "river": "Baroque", "still_life": "Baroque", "portrait": "Northern Renaissance",
    "gold_panel": "Medieval", "garden": "Impressionism", "engraving": "Baroque",
}  # fmt: skip


def path(work: Work) -> str:
    """`<letter>/<artist>/[<part>/]<work>` of the work's addresses."""
    person = work.makers[0][0]
    part = ("1early/", "2late/")[work.number % 2] if person.number % 7 == 1 else ""
    return f"{_folder(person)}/{part}{_slug(work.title)[:8]}{work.number}"


def row(work: Work) -> Row:
    """A row of the catalogue."""
    person = work.makers[0][0]
    text, begin, end = work.date
    if begin != end and text.startswith("ca."):
        text = f"c{'.,'[work.number % 5 == 0]} {begin + 5}"
    elif begin != end:
        text = f"{begin}-{end % 100 if begin // 100 == end // 100 else end}"
    height, width = work.size_cm
    start = (person.birth + 25) // 50 * 50 + 1
    return {
        "AUTHOR": _wga_name(person),
        "BORN-DIED": f"(b. {person.birth}, {person.born_in}, d. {person.death}, {person.died_in})",
        # a curly apostrophe has a byte in cp1252 and none in latin-1
        "TITLE": f"{work.title} (the artist’s second version)" if work.number % 13 == 0 else work.title,
        "DATE": text,
        # mistyped now and then, as the gallery's own rows are
        "TECHNIQUE": f"{KINDS[work.kind].medium}{',,' if work.number % 9 == 0 else ','} {height:g} x {width:g} cm",
        "LOCATION": "Private collection" if work.number % 6 == 0 else f"Museum of {person.died_in}",
        "URL": f"https://www.wga.hu/html/{path(work)}.html",
        "FORM": KINDS[work.kind].form,
        "TYPE": KINDS[work.kind].genre,
        "SCHOOL": person.nationality if person.nationality in _SCHOOLS else "Other",
        "TIMEFRAME": f"{start}-{start + 49}",
    }  # fmt: skip


def artists(works: list[Work]) -> list[WgaArtist]:
    """The artist list: aliases, one behind frames, one moved away, two names at one address."""
    people = sorted({w.makers[0][0] for w in works if w.museum == "wga"}, key=lambda p: p.family)
    living = [
        WgaArtist(
            _wga_name(p),
            f"(b. {p.birth}, {p.born_in}, d. {p.death}, {p.died_in})",
            _PERIODS[p.kinds[0]],
            f"{p.nationality} painter ({p.died_in})",
            _folder(p),
            aliases=(f"{p.family.upper()[:-1]}US, {p.given}",) if index % 5 == 2 else (),
            framed=index == 3,
        )
        for index, p in enumerate(people)
    ]
    double = living[0]  # two names, one address
    return [
        *living,
        WgaArtist(double.name.split(",")[0] + ", the Younger", double.life, double.period, double.profession, double.folder),
        WgaArtist("ZWISCHENAU, Benno von", "(b. 1501, Wien, d. 1560, Wien)", "Mannerism", "German painter (Wien)", "z/zwischen", moved=True),
    ]  # fmt: skip


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", plain)


def _folder(person: Person) -> str:
    name = _slug(person.family)
    return f"{name[0]}/{name[:8]}"


def _wga_name(person: Person) -> str:
    particle, _, rest = person.family.rpartition(" ")
    return f"{rest.upper()}, {person.given}" + (f" {particle}" if particle else "")
