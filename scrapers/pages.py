"""What a crawl has to fetch, told without any network library: addresses, answers, what follows.

`Pages` is the errand of records and pages: everything reachable from a museum's first addresses goes
into the ledger, and what is there already is not asked again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from scrapers.answers import Kind, Verdict, may_pass
from scrapers.ledger import Ledger
from scrapers.progress import Progress


@dataclass(frozen=True)
class Fetch:
    """An address, and the kind of body it must bring ("json", "html", "image")."""

    url: str
    expects: str


class Errand(Protocol):
    """What the transport is sent out for.

    `many_hosts`: whether there are others to ask when a host refuses; else that ends the crawl.
    """

    many_hosts: bool

    def start(self) -> Iterable[Fetch]:
        """The first addresses; read lazily."""
        ...

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """Headers of the request, beyond who we are."""
        ...

    def done(
        self, fetch: Fetch, found: Verdict, headers: Mapping[str, str], body: bytes
    ) -> Iterable[Fetch]:
        """Keep an answer (OK, NOT_MODIFIED or GONE); return what follows from it."""
        ...

    def failed(self, fetch: Fetch, reason: str, detail: str) -> None:
        """The address was given up."""
        ...


Follow = Callable[[Fetch, bytes], Iterable[Fetch]]


class Pages:
    """Fetches what the ledger does not hold in `generation` yet, and follows what pages lead to.

    Without `follow`, `first` are addresses that lack, each once, and the caller tells the progress how
    many: half a million of them need not be remembered here.
    """

    many_hosts = False

    def __init__(
        self,
        ledger: Ledger,
        generation: str,
        first: Iterable[Fetch],
        progress: Progress,
        follow: Follow | None = None,
    ):
        self._ledger, self._generation, self._progress = ledger, generation, progress
        self._first, self._follow = first, follow
        self._seen: set[str] = set()

    def start(self) -> Iterator[Fetch]:
        """The first addresses that are not stored."""
        return iter(self._first) if self._follow is None else self._missing(self._first)

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """Validators of an older answer, so that an unchanged page costs a 304."""
        known = self._ledger.response(fetch.url)
        return known.validators() if known and known.status == 200 else {}

    def done(
        self, fetch: Fetch, found: Verdict, headers: Mapping[str, str], body: bytes
    ) -> Iterator[Fetch]:
        """Store the answer at once; go on with what the page leads to."""
        if found.kind is Kind.NOT_MODIFIED:
            self._ledger.touch(fetch.url, self._generation)
            self._progress.not_modified += 1
            body = self._ledger.body(fetch.url) or b""
        else:
            status = 200 if found.kind is Kind.OK else 404
            self._ledger.store(fetch.url, status, headers, body, self._generation)
        self._progress.item(len(body))
        if self._follow is None or found.kind is Kind.GONE:
            return iter(())
        return self._missing(self._follow(fetch, body))

    def failed(self, fetch: Fetch, reason: str, detail: str) -> None:
        """Note it; an older answer stays."""
        tried = not may_pass(reason)
        self._ledger.miss(fetch.url, reason, detail, self._generation, doubtful=tried)
        self._progress.error(reason)

    def _missing(self, fetches: Iterable[Fetch]) -> Iterator[Fetch]:
        """Those not stored yet, going through stored pages to what they lead to."""
        waiting = [iter(fetches)]
        while waiting:
            fetch = next(waiting[-1], None)
            if fetch is None:
                waiting.pop()
            elif fetch.url not in self._seen:
                self._seen.add(fetch.url)
                if not self._ledger.has(fetch.url, self._generation):
                    self._progress.expect(1)
                    yield fetch
                elif self._follow and (body := self._ledger.body(fetch.url)):
                    waiting.append(iter(self._follow(fetch, body)))
