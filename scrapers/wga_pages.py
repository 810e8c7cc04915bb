"""How pages of the Web Gallery of Art are read: artist lists, artist pages, sub-indexes, wrappers.

Selectors stand in one table at the top, so that a redesign is met in one place. `read` makes one pass
over a page and returns plain values, which the ledger keeps beside the body.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urljoin, urlsplit

from storage.files import write_bytes

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

SITE = "https://www.wga.hu"
LIST_PATH = "/cgi-bin/artist.cgi"
EVERYBODY = "-"  # the letter of the list that has them all


class Selector(NamedTuple):
    """Elements of a kind, by what one attribute of theirs says."""

    tag: str
    attribute: str
    says: re.Pattern[str]

    def __str__(self) -> str:
        return f"<{self.tag} {self.attribute}={self.says.pattern!r}>"


def _says(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# "list" is a page of the artist list, "artist" an artist's page or one of its sub-indexes. Not CSS:
# asked once for every element of a page, selectors cost as much as parsing it, patterns a tenth. Which
# of them a page must have is said by `missing`.
SELECTORS = {
    "list.count": Selector("div", "class", _says(r"\bLIST\b")),  # Page 1 of 9
    "list.cell": Selector("td", "class", _says(r"\bARTISTLIST\b")),  # four to a row
    "list.link": Selector("a", "href", _says(r".")),
    "artist.name": Selector("div", "class", _says(r"\bINDEX2\b")),
    "artist.life": Selector("div", "class", _says(r"\bINDEX3\b")),
    "artist.biography": Selector("a", "href", _says(r"/bio/")),
    "artist.frame": Selector("frame", "name", _says(r"^MAIN$")),
    "artist.refresh": Selector("meta", "http-equiv", _says(r"^refresh$")),
    "artist.index": Selector("ul", "", _says("")),  # the first holds the sub-indexes
    "artist.link": Selector("a", "href", _says(r".")),
    "artist.picture": Selector("a", "href", _says(r"/art/")),
}
WORKS_HEADINGS = ("preview", "picture data", "file info", "comment")
SOFT_404 = "The address has changed!"
# four digits: half a million artists; a list that says more is none we would follow
_COUNT = re.compile(r"Page\s+\d+\s+of\s+(\d{1,4})\b", re.IGNORECASE)
_SEE = re.compile(r"^(?P<alias>.*?)\s*\(see\s+(?P<name>.+?)\)\s*$", re.IGNORECASE)
_FRAMES = re.compile(r"^/frames-e\.html\?(?P<path>/.+)$")
_REFRESH = re.compile(r"url\s*=\s*['\"]?([^'\";]+)", re.IGNORECASE)
_KIND = re.compile(r"^/(?:html_m|html|art|detail|preview)/")
# Nearly every address, read without taking it apart
_USUAL = re.compile(
    r"(?:https?://www\.wga\.hu)?/(?:html_m|html|art|detail|preview)/"
    r"(?P<key>[\w%~-]+(?:/[\w%~-]+)*)\.(?:html?|jpe?g|gif)\Z"
)
_ENDING = re.compile(r"\.(?:html?|jpe?g|gif)$", re.IGNORECASE)
_ASCII = bytes(range(128))


@dataclass(frozen=True)
class ListedArtist:
    """A row of the artist list; `alias_of` is the name of the artist it points to."""

    name: str
    url: str
    life: str
    period: str
    school: str
    alias_of: str | None


@dataclass
class ListPage:
    """What one page of the artist list holds; `pages` of the whole list, 0 where it does not say."""

    artists: list[ListedArtist] = field(default_factory=list)
    pages: int = 0
    encoding: str = ""


@dataclass
class ArtistPage:
    """What one page of an artist holds."""

    works: list[dict[str, str]] = field(default_factory=list)
    biography: str | None = None
    name: str | None = None
    life: str | None = None
    links: list[str] = field(default_factory=list)
    gone: bool = False
    encoding: str = ""


Page = ListPage | ArtistPage


class UnrecognisedPageError(ValueError):
    """A page that must have rows has none: the site was redesigned."""


def read(url: str, body: bytes) -> Page:
    """Everything we take from the page at `url`; no bytes make it fail."""
    text, encoding = decode(body)
    parsed = _parsed(text)
    if not is_list(url):
        made = artist_page(parsed, url)
        made.encoding = encoding
        return made
    return ListPage(list(listed_artists(parsed)), list_pages(parsed), encoding)


def to_json(page: Page) -> str:
    """The page as text, for the ledger."""
    return json.dumps(page, default=vars, ensure_ascii=False, separators=(",", ":"))


def from_json(url: str, text: str) -> Page:
    """The page that `to_json` wrote."""
    known = json.loads(text)
    if not is_list(url):
        return ArtistPage(**known)
    return ListPage(**known | {"artists": [ListedArtist(**row) for row in known["artists"]]})


@cache
def parser_version() -> str:
    """Changes with this file, so that pages read by another version of it are read again."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]


def is_list(url: str) -> bool:
    """Whether the address is one of the artist list."""
    return urlsplit(url).path == LIST_PATH


def missing(url: str, page: Page) -> str | None:
    """The name of the selector without which the page is none of its kind; None for a good page.

    The list of everybody, and a list of several pages, must list artists on each; the list of one
    letter may be empty. An artist's page must lead to pictures or to further pages, unless it is gone.
    """
    if isinstance(page, ArtistPage):
        return None if page.works or page.links or page.gone else "artist.picture"
    if not page.pages:
        return "list.count"
    everybody = parse_qs(urlsplit(url).query).get("letter") == [EVERYBODY]
    return None if page.artists or not (everybody or page.pages > 1) else "list.cell"


def unrecognised(url: str, body: bytes, name: str, kept: Path) -> UnrecognisedPageError:
    """Keep the page at `kept`; the error that says what `missing` found, and shows it."""
    write_bytes(kept, body)
    words = " ".join(soup(body).get_text(" ").split())[:200]
    return UnrecognisedPageError(
        f"{url} has no {SELECTORS[name]} ({name}), which such a page must have. Has the Web Gallery of "
        f"Art changed its pages? It says: {words!r}. The page is kept in {kept}. Mend SELECTORS in "
        "scrapers/wga_pages.py and run again; nothing that was there before has been changed"
    )


def soup(body: bytes) -> "BeautifulSoup":
    """Parse loose HTML; UTF-8 when it is, else the site's single-byte text."""
    return _parsed(decode(body)[0])


def _parsed(text: str) -> "BeautifulSoup":
    from bs4 import BeautifulSoup

    return BeautifulSoup(text, "lxml")


def decode(body: bytes) -> tuple[str, str]:
    """Text and the name of its encoding: strict UTF-8, cp1252, then latin-1, which never fails.

    Copies of the catalogue went through DOS: where cp1252 does not fit, cp850 is taken if it makes
    more of the bytes beyond ASCII letters than latin-1 does.
    """
    for encoding in ("utf-8", "cp1252"):
        try:
            return body.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    high = body.translate(None, _ASCII)
    letters = {name: sum(map(str.isalpha, high.decode(name))) for name in ("latin-1", "cp850")}
    best = "cp850" if letters["cp850"] > letters["latin-1"] else "latin-1"
    return body.decode(best), best


def canonical(url: str, base: str = SITE) -> str:
    """One spelling for an address: absolute, https, out of its frame, without fragment.

    Empty for what no browser could read as an address.
    """
    try:
        parts = urlsplit(urljoin(base, url.strip()))
    except ValueError:  # "http://[": rows with it are refused for having no address
        return ""
    full = parts.path + (f"?{parts.query}" if parts.query else "")
    framed = _FRAMES.match(full)
    host = "www.wga.hu" if parts.netloc in ("wga.hu", "www.wga.hu") else parts.netloc
    return f"https://{host}{framed['path'] if framed else full}"


def address_key(url: str) -> str:
    """What the page, the picture and the thumbnail of one work have in common: `a/aachen/adonis`."""
    if usual := _USUAL.match(url):
        return usual["key"]
    path = canonical(url).removeprefix(SITE)
    if path.startswith("https:"):  # of another host
        path = urlsplit(path).path
    return _ENDING.sub("", _KIND.sub("", path.partition("?")[0]).lstrip("/"))


def list_pages(page: "BeautifulSoup") -> int:
    """How many pages the list has; 0 when the page does not bear the mark of a list."""
    counts = (_COUNT.search(_text(tag)) for tag in _select(page, "list.count")["list.count"])
    return next((int(found[1]) for found in counts if found), 0)


def listed_artists(page: "BeautifulSoup") -> Iterator[ListedArtist]:
    """The rows of an artist list."""
    rows: dict[int, list[Tag]] = {}
    for cell in _select(page, "list.cell")["list.cell"]:
        rows.setdefault(id(cell.parent), []).append(cell)
    for cells in rows.values():
        links = _select(cells[0], "list.link")["list.link"] if len(cells) == 4 else []
        if not links:
            continue
        name, life, period, school = map(_text, cells)
        see = _SEE.match(name)
        alias, of = (see["alias"], see["name"]) if see else (name, None)
        yield ListedArtist(alias, canonical(str(links[0]["href"])), life, period, school, of)


def artist_page(page: "BeautifulSoup", url: str) -> ArtistPage:
    """The works of an artist's page, and the sub-indexes or frames it leads to."""
    found = _select(page, *(name for name in SELECTORS if name.startswith("artist.")))
    made = ArtistPage(works=list(_works(found["artist.picture"], url)))
    wrapped = [str(frame.get("src", "")) for frame in found["artist.frame"]]
    for meta in found["artist.refresh"]:
        wrapped += _REFRESH.findall(str(meta.get("content", "")))
    inside = _select(found["artist.index"][0], "artist.link") if found["artist.index"] else {}
    frames = [canonical(link, url) for link in wrapped if link]
    below = [canonical(str(a["href"]), url) for a in inside.get("artist.link", [])]
    folder = url.rsplit("/", 1)[0] + "/"
    for target in (*frames, *(link for link in below if link.startswith(folder))):
        page_like = target.endswith((".html", ".htm", "/"))
        if page_like and target != url and target not in made.links:
            made.links.append(target)
    for biography in found["artist.biography"][:1]:
        made.biography = canonical(str(biography["href"]), url)
    made.name, made.life = (
        _text(tags[0]) if (tags := found[name]) else None for name in ("artist.name", "artist.life")
    )
    # a page with works is there, whatever it says; only the others are searched for the words
    made.gone = not (made.works or made.links) and SOFT_404 in _text(page)
    return made


def _works(pictures: "list[Tag]", url: str) -> Iterator[dict[str, str]]:
    """The rows of works tables, each found by the link to its picture."""
    is_works: dict[int, bool] = {}
    seen: set[int] = set()
    for link in pictures:
        row = link.find_parent("tr")
        table = row.find_parent("table") if row else None
        if row is None or table is None or id(row) in seen:
            continue
        seen.add(id(row))
        if id(table) not in is_works:
            first = table.find("tr")
            heading = _text(first).lower() if first else ""
            is_works[id(table)] = all(word in heading for word in WORKS_HEADINGS)
        if is_works[id(table)] and (work := _work(row, canonical(str(link["href"]), url))):
            yield work


def _work(row: "Tag", art: str) -> dict[str, str] | None:
    """One row of a works table: address, title, date, technique, location, file info, comment."""
    cells = row.find_all("td", recursive=False)
    if len(cells) < 2 or not art:
        return None
    lines = list(cells[1].stripped_strings)
    bold = cells[1].find("b")
    title = _text(bold) if bold else (lines[0] if lines else "")
    rest = lines[1:]
    names = ("date", "technique", "location")
    # A page that leaves a line out leaves the location last, and a technique is never a number.
    values = dict(zip(names, rest, strict=False)) if len(rest) >= 3 else _placed(rest)
    values |= {"title": title, "art": art}
    values |= {n: _text(c) for n, c in zip(("file_info", "comment"), cells[2:], strict=False)}
    return {name: value for name, value in values.items() if value}


def _placed(lines: list[str]) -> dict[str, str]:
    placed: dict[str, str] = {}
    for line in lines:
        if "date" not in placed and re.search(r"\d{3,4}|century", line) and " cm" not in line:
            placed["date"] = line
        elif "technique" not in placed and re.search(
            r" cm\b|canvas|panel|fresco|oil|wood", line.lower()
        ):
            placed["technique"] = line
        else:
            placed["location"] = line
    return placed


def _select(within: "Tag", *names: str) -> "dict[str, list[Tag]]":
    """The elements of each of the selectors, in the order of the page, in one walk."""
    from bs4 import Tag

    wanted: dict[str, list[str]] = {}
    for name in names:
        wanted.setdefault(SELECTORS[name].tag, []).append(name)
    found: dict[str, list[Tag]] = {name: [] for name in names}
    for element in within.descendants:
        if not isinstance(element, Tag):
            continue
        for name in wanted.get(element.name, ()):
            _, attribute, says = SELECTORS[name]
            value = element.get(attribute, "")
            if says.search(" ".join(value) if isinstance(value, list) else value or ""):
                found[name].append(element)
    return found


def _text(tag: "Tag") -> str:
    return " ".join(tag.get_text(" ").split())
