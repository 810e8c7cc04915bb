"""The way through the Web Gallery of Art: from the artist list to the last sub-index.

What belongs here: which address leads to which, what was read there, and when to stop because the
pages are not those we know. `scrapers.wga_pages` reads a single page.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scrapers.ledger import Ledger
from scrapers.pages import Fetch
from scrapers.wga_pages import (
    EVERYBODY,
    LIST_PATH,
    SITE,
    ArtistPage,
    ListedArtist,
    ListPage,
    Page,
    UnrecognisedPageError,
    address_key,
    from_json,
    missing,
    parser_version,
    read,
    to_json,
    unrecognised,
)

_PAGE = 50
_DEPTH = 3  # sub-indexes of sub-indexes; deeper ones were never met
# One artist's page without works is that artist's (a page of text, a wrapper of a new kind): a reject.
# So many, and more than were good, is no chance but a new design, found before it costs the gallery
# more requests.
_ODD_PAGES = 5


def list_url(letter: str = EVERYBODY, start: int = 0) -> str:
    """The address of a page of the artist list; the letter EVERYBODY lists all."""
    return (
        f"{SITE}{LIST_PATH}?Profession=any&School=any&Period=any&Time-line=any"
        f"&from={start}&max={_PAGE}&Sort=Name&letter={letter}"
    )


def page_of(ledger: Ledger, url: str, body: bytes) -> Page:
    """What the page says: as it was read before, unless body or parser have changed since."""
    version = f"{parser_version()} {hashlib.sha256(body).hexdigest()}"
    kept = ledger.parsed(url, version)
    if kept is not None:
        return from_json(url, kept)
    page = read(url, body)
    ledger.keep_parsed(url, version, to_json(page))
    return page


class Walk:
    """Which pages lead to which: list → its further pages → artists → their sub-indexes.

    `only`: rows of the catalogue whose artists alone are wanted. `kept`: where a page that is not
    recognised is put for people to look at.
    """

    def __init__(self, ledger: Ledger, kept: Path, only: Sequence[Mapping[str, Any]] | None):
        self._ledger, self._kept = ledger, kept
        self._letters, self._folders = {EVERYBODY}, None if only is None else set[str]()
        self._good, self._odd = 0, list[str]()
        self.stopped: UnrecognisedPageError | None = None
        if only is not None:
            self._letters = {(row["AUTHOR"] or EVERYBODY)[0].lower() for row in only}
            self._folders = {_folder(row["URL"]) for row in only}

    def first(self) -> list[Fetch]:
        """The first pages of the lists."""
        return [Fetch(list_url(letter), "html") for letter in sorted(self._letters)]

    def follow(self, fetch: Fetch, body: bytes) -> Iterator[Fetch]:
        """The pages that a page leads to."""
        page = page_of(self._ledger, fetch.url, body)
        self.check(fetch.url, page, body)
        if isinstance(page, ArtistPage):
            # https://www.wga.hu/html/a/aachen/index.html has six slashes
            if fetch.url.count("/") < 6 + _DEPTH:
                yield from (Fetch(link, "html") for link in page.links)
            return
        yield from further(fetch.url, page)
        yield from (Fetch(artist.url, "html") for artist in page.artists if self.wants(artist))

    def wants(self, artist: ListedArtist) -> bool:
        """Whether the artist's page is to be fetched; an alias has none of its own."""
        if artist.alias_of is not None or not artist.url:
            return False
        return self._folders is None or _folder(artist.url) in self._folders

    def check(self, url: str, page: Page, body: bytes) -> None:
        """Raises UnrecognisedPageError at a list without rows, and at too many pages without works.

        A page that says it has moved is one of these. They are forgotten, so that the next crawl asks for
        them again.
        """
        name = missing(url, page)
        if isinstance(page, ArtistPage):
            name = name or ("artist.picture" if page.gone else None)
            self._good += name is None
        if name is None:
            return
        self._odd.append(url)
        if isinstance(page, ArtistPage) and len(self._odd) < max(_ODD_PAGES, self._good + 1):
            return
        self.stopped = unrecognised(url, body, name, self._kept)
        for odd in self._odd:
            self._ledger.forget(odd)
        raise self.stopped

    def check_announced(self, url: str) -> None:
        """Raises UnrecognisedPageError when a further page of a list, which its first told of, is gone."""
        found = self._ledger.response(url)
        if found is not None and found.status == 404:
            self._ledger.forget(url)
            raise UnrecognisedPageError(
                f"{url} answers HTTP 404, though the first page of that list tells of it. Run again "
                "later; nothing that was there before has been changed"
            )


def further(url: str, page: ListPage) -> Iterator[Fetch]:
    """The further pages of a list, told by its first."""
    query = parse_qs(urlsplit(url).query)
    if query["from"] == ["0"]:
        for number in range(1, page.pages):
            yield Fetch(list_url(query["letter"][0], number * _PAGE), "html")


def _folder(url: str) -> str:
    """Letter and artist of an address: `a/aachen`."""
    return "/".join(address_key(url).split("/")[:2])
