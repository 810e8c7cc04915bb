"""How pages of the Web Gallery of Art are read: artist lists, artist pages, sub-indexes, wrappers.

Selectors stand at the top, so that a redesign is met in one place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

SITE = "https://www.wga.hu"
LIST_CELL = "ARTISTLIST"
LIST_COUNT = re.compile(r"Page\s+\d+\s+of\s+(\d+)", re.IGNORECASE)
WORKS_HEADINGS = ("preview", "picture data", "file info", "comment")
SOFT_404 = "The address has changed!"
_SEE = re.compile(r"^(?P<alias>.*?)\s*\(see\s+(?P<name>.+?)\)\s*$", re.IGNORECASE)
_FRAMES = re.compile(r"^/frames-e\.html\?(?P<path>/.+)$")
_REFRESH = re.compile(r"url\s*=\s*['\"]?([^'\";]+)", re.IGNORECASE)


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
class ArtistPage:
    """What one page of an artist holds."""

    works: list[dict[str, str]] = field(default_factory=list)
    biography: str | None = None
    name: str | None = None
    life: str | None = None
    links: list[str] = field(default_factory=list)
    gone: bool = False


def soup(body: bytes) -> "BeautifulSoup":
    """Parse loose HTML; UTF-8 when it is, else the site's single-byte text."""
    from bs4 import BeautifulSoup

    return BeautifulSoup(decode(body)[0], "lxml")


def decode(body: bytes) -> tuple[str, str]:
    """Text and the name of its encoding: strict UTF-8, then cp1252, then latin-1 (which never fails)."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return body.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1"), "latin-1"


def canonical(url: str, base: str = SITE) -> str:
    """One spelling for an address: absolute, https, out of its frame, without fragment."""
    parts = urlsplit(urljoin(base, url.strip()))
    full = parts.path + (f"?{parts.query}" if parts.query else "")
    framed = _FRAMES.match(full)
    host = "www.wga.hu" if parts.netloc in ("wga.hu", "www.wga.hu") else parts.netloc
    return f"https://{host}{framed['path'] if framed else full}"


def address_key(url: str) -> str:
    """What the page, the picture and the thumbnail of one work have in common: `a/aachen/adonis`."""
    path = urlsplit(canonical(url)).path
    stripped = re.sub(r"^/(?:html_m|html|art|detail|preview)/", "", path)
    return re.sub(r"\.(?:html?|jpe?g|gif)$", "", stripped.lstrip("/"), flags=re.IGNORECASE)


def list_pages(page: "BeautifulSoup") -> int:
    """How many pages the list has."""
    found = LIST_COUNT.search(page.get_text(" "))
    return int(found[1]) if found else 1


def is_list(page: "BeautifulSoup") -> bool:
    """Whether the page bears the mark of an artist list, with or without artists on it."""
    return LIST_COUNT.search(page.get_text(" ")) is not None


def listed_artists(page: "BeautifulSoup") -> Iterator[ListedArtist]:
    """The rows of an artist list."""
    for row in page.find_all("tr"):
        cells = row.find_all("td", class_=LIST_CELL, recursive=False)
        link = cells[0].find("a", href=True) if len(cells) == 4 else None
        if link is None:
            continue
        name, life, period, school = (_text(cell) for cell in cells)
        see = _SEE.match(name)
        yield ListedArtist(
            see["alias"] if see else name,
            canonical(str(link["href"])),
            life,
            period,
            school,
            see["name"] if see else None,
        )


def artist_page(page: "BeautifulSoup", url: str) -> ArtistPage:
    """The works of an artist's page, and the sub-indexes or frames it leads to."""
    read = ArtistPage(gone=SOFT_404 in page.get_text(" "))
    folder = url.rsplit("/", 1)[0] + "/"
    wrapped = [str(f["src"]) for f in page.find_all("frame", src=True) if _is_main(f)]
    for meta in page.find_all("meta", content=True):
        if str(meta.get("http-equiv", "")).lower() == "refresh":
            wrapped += _REFRESH.findall(str(meta["content"]))
    index = page.find("ul")
    inside = [str(a["href"]) for a in index.find_all("a", href=True)] if index else []
    frames = [canonical(link, url) for link in wrapped]
    for target in (*frames, *(canonical(link, url) for link in inside)):
        page_like = target.endswith((".html", ".htm", "/"))
        below = target in frames or target.startswith(folder)
        if page_like and below and target != url and target not in read.links:
            read.links.append(target)
    biography = page.select_one('a[href^="/bio/"]')
    read.biography = canonical(str(biography["href"])) if biography else None
    name, life = page.select_one("div.INDEX2"), page.select_one("div.INDEX3")
    read.name, read.life = (_text(tag) if tag else None for tag in (name, life))
    for table in page.find_all("table"):
        first = table.find("tr")
        heading = _text(first).lower() if first else ""
        if all(word in heading for word in WORKS_HEADINGS):
            read.works += [w for row in table.find_all("tr")[1:] if (w := _work(row))]
    return read


def _is_main(frame: "Tag") -> bool:
    return str(frame.get("name", "")).upper() == "MAIN"


def _work(row: "Tag") -> dict[str, str] | None:
    """One row of a works table: address, title, date, technique, location, file info, comment."""
    link = row.select_one('a[href^="/art/"]')
    cells = row.find_all("td", recursive=False)
    if link is None or len(cells) < 2:
        return None
    lines = [text for text in cells[1].stripped_strings if text]
    title = _text(bold) if (bold := cells[1].find("b")) else (lines[0] if lines else "")
    rest = lines[1:] if lines else []
    names = ("date", "technique", "location")
    # A page that leaves a line out leaves the location last, and a technique is never a number.
    values = dict(zip(names, rest, strict=False)) if len(rest) >= 3 else _placed(rest)
    values |= {"title": title, "art": str(link["href"])}
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


def _text(tag: "Tag") -> str:
    return " ".join(tag.get_text(" ").split())
