"""What the network is to a crawl: which hosts, how fast, who we say we are, and the single-request client.

What belongs here: the settings of a crawl (`Net`), the mapping of museum hosts to the sandbox, and
`Session`, the polite client for single conditional requests and bulk downloads. Crawls of many pages
are `scrapers.spider`'s; what an answer means for us is decided in `scrapers.politeness`.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from scrapers import guards
from scrapers.answers import Kind, Verdict, largest, verdict
from scrapers.ledger import Ledger
from scrapers.politeness import Attempt, Budget, GaveUpError, Manners, Policy
from storage.files import replacing

if TYPE_CHECKING:
    import requests

VERSION = "0.1.0"
AGENT = "artlake"  # the name that robots.txt knows us by
_HEAD_BYTES = 4096
_MOST_HOPS = 5


@dataclass(frozen=True)
class Net:
    """The settings of a crawl; plain values only, so that it travels to a child as JSON.

    `museum_url` is the sandbox to which every museum host is mapped (None: the live hosts),
    `rate` is requests a second and host, `limit` bounds the records taken from one source.
    `max_requests` and `max_bytes` end everything that goes by the same `run` when it has sent or
    received so much; None is no bound.
    """

    museum_url: str | None = None
    contact: str = ""
    rate: float = 1.0
    concurrency: int = 4
    limit: int | None = None
    max_requests: int | None = None
    max_bytes: int | None = None
    run: str = ""

    @property
    def user_agent(self) -> str:
        """Who we say we are, with an address to complain to."""
        return f"{AGENT}/{VERSION}" + (f" (+{self.contact})" if self.contact else "")

    @property
    def on_loopback(self) -> bool:
        """Whether every request stays on this machine, so that no rate is owed to anybody."""
        return urlsplit(self.museum_url or "").hostname in ("127.0.0.1", "localhost", "::1")

    @property
    def policy(self) -> Policy:
        """The politeness that goes with it."""
        return Policy.loopback() if self.on_loopback else Policy(rate=self.rate)

    @property
    def budget(self) -> Budget | None:
        """The caps of the run, where there are any."""
        if self.max_requests is None and self.max_bytes is None:
            return None
        return Budget(self.run, self.max_requests, self.max_bytes)

    def address(self, url: str) -> tuple[str, dict[str, str]]:
        """Return where to connect for `url`, and the headers that keep its real host."""
        if self.museum_url is None:
            return url, {}
        real, museum = urlsplit(url), urlsplit(self.museum_url)
        mapped = urlunsplit((museum.scheme, museum.netloc, real.path, real.query, ""))
        return mapped, {"Host": real.netloc}


def web_address(url: str) -> str:
    """Percent-encode what a source left bare in an address (blanks, accents, line breaks), once."""
    where, mark, query = url.partition("#")[0].partition("?")
    scheme, slashes, rest = where.partition("://")
    host, slash, path = rest.partition("/")
    path, query = (quote(text, safe="/%:@!$&'()*+,;=~-._?[]") for text in (path, query))
    return f"{scheme}{slashes}{host}{slash}{path}{mark}{query}"


@dataclass(frozen=True)
class Answer:
    """What a single request brought; `changed` is False when the stored body still holds."""

    status: int
    body: bytes
    changed: bool


class Session:
    """Single polite requests over `requests`: conditional where the ledger knows the address.

    Raises GaveUpError when an answer could not be had, and its subclasses HostRefusesError and
    UnreachableError when that is the whole host's doing.
    """

    def __init__(
        self,
        net: Net,
        ledger: Ledger,
        hosts: frozenset[str],
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ):
        import requests

        self._net, self._ledger, self._hosts = net, ledger, hosts
        self._manners = Manners(ledger, net.policy, clock, budget=net.budget)
        self._sleep = sleep
        self._http = requests.Session()
        self._http.headers["User-Agent"] = net.user_agent
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.trust_env = net.museum_url is None
        for scheme in ("http://", "https://"):
            self._http.mount(
                scheme, guards.adapter(net.policy.timeout, public_only=net.museum_url is None)
            )
        self._robots: dict[str, Any] = {}

    def get(self, url: str, expects: str, generation: str = "") -> Answer:
        """Fetch a page into the ledger, or learn that the stored one still holds."""
        known = self._ledger.response(url)
        headers = known.validators() if known and known.status == 200 else {}
        response, found = self._request("GET", url, expects, headers)
        if found.kind is Kind.NOT_MODIFIED:
            self._ledger.touch(url, generation)
            return Answer(200, self._ledger.body(url) or b"", changed=False)
        body = response.content if found.kind is Kind.OK else b""
        changed = not (known and known.status == response.status_code) or (
            (self._ledger.body(url) or b"") != body
        )
        self._ledger.store(url, response.status_code, response.headers, body, generation)
        return Answer(response.status_code, body, changed)

    def fingerprint(self, url: str, expects: str) -> str:
        """Return a short text that changes when the file behind `url` does, without fetching it.

        ETag, else Last-Modified, else (when the server gives neither) the sha256 of the body; "404"
        where there is nothing.
        """
        try:
            response, found = self._request("HEAD", url, "", {})
        except GaveUpError as error:
            if error.reason not in ("http_405", "http_501"):  # the server knows no HEAD
                raise
        else:
            if found.kind is Kind.GONE:
                return "404"
            tag = response.headers.get("ETag") or response.headers.get("Last-Modified")
            if tag:
                return tag
        # Not kept: what the ledger knows of the address is of the file that `download` has kept.
        response, found = self._request("GET", url, expects, {})
        return "404" if found.kind is Kind.GONE else hashlib.sha256(response.content).hexdigest()

    def download(self, url: str, path: Path, expects: str) -> int:
        """Stream the file behind `url` to `path`, whole or not at all; return its HTTP status.

        An unchanged file (304) stays as it is. The length is checked against what was announced.
        """
        known = self._ledger.response(url)
        headers = known.validators() if known and known.status == 200 and path.exists() else {}
        response, found = self._request("GET", url, expects, headers, into=path)
        if found.kind is Kind.NOT_MODIFIED:
            return 304
        self._ledger.store(url, response.status_code, response.headers, b"", "")
        return response.status_code

    def _request(
        self,
        method: str,
        url: str,
        expects: str,
        headers: dict[str, str],
        into: Path | None = None,
        hops: int = 0,
    ) -> tuple["requests.Response", Verdict]:
        url = web_address(url)
        guards.check_address(url, self._hosts)
        host = urlsplit(url).hostname or ""
        if expects != "robots" and not self._allowed(url):
            raise GaveUpError(url, "robots", f"{host}/robots.txt asks not to fetch {url}")
        attempt = Attempt(url, host)
        while True:
            while (wait := self._manners.before(url)) > 0:
                self._sleep(wait)
            sent = self._manners.now()
            response, found = self._once(method, url, expects, headers, into)
            pause = self._manners.after(attempt, found, sent)
            if pause is not None:
                self._sleep(pause)
            elif found.kind is Kind.MOVED:
                if hops == _MOST_HOPS:
                    raise GaveUpError(url, "redirect_loop", f"more than {_MOST_HOPS} redirects")
                onward = urljoin(url, found.detail)
                return self._request(method, onward, expects, headers, into, hops + 1)
            else:
                assert response is not None
                return response, found

    def _once(
        self, method: str, url: str, expects: str, headers: dict[str, str], into: Path | None
    ) -> tuple["requests.Response | None", Verdict]:
        import requests
        from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

        mapped, host_header = self._net.address(url)
        began = time.monotonic()
        try:
            with self._http.request(
                method,
                mapped,
                headers=headers | host_header,
                timeout=self._net.policy.timeout,
                stream=True,
                allow_redirects=False,  # each hop is a request of its own: checked, paced, counted
            ) as response:
                if method == "HEAD":
                    return response, verdict(response.status_code, response.headers, b"", "")
                pieces = self._pieces(response, expects, began)
                if into is not None and response.status_code == 200:
                    return response, _to_file(response, pieces, into, expects)
                response._content = body = b"".join(pieces)
                return response, verdict(response.status_code, response.headers, body, expects)
        except _TooLargeError as error:
            return None, Verdict(Kind.REFUSED, "too_large", str(error))
        except (ReadTimeoutError, requests.exceptions.ReadTimeout, TimeoutError) as error:
            return None, Verdict(Kind.RETRY, "slow", str(error))
        except ProtocolError as error:
            return None, Verdict(Kind.RETRY, "truncated", str(error))
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ConnectionError) as error:
            refused = "NewConnection" in repr(error) or "NameResolution" in repr(error)
            reason = "unreachable" if refused else "closed"
            return None, Verdict(Kind.RETRY, reason, str(error))
        except (requests.exceptions.RequestException, HTTPError) as error:
            return None, Verdict(Kind.RETRY, "closed", str(error))

    def _pieces(self, response: "requests.Response", expects: str, began: float) -> Iterator[bytes]:
        """The unpacked body as it comes, counted; ends a body that is too large or drips."""
        most, patience = largest(expects), self._net.policy.deadline(expects)
        size = 0
        try:
            while piece := response.raw.read1(1 << 18, decode_content=True):
                size += len(piece)
                if size > most:
                    raise _TooLargeError(f"more than {most:,} bytes of {expects or 'text'}")
                if time.monotonic() - began > patience:
                    raise TimeoutError(f"not whole within {patience:.0f} seconds")
                yield piece
        finally:
            self._manners.received(response.raw.tell())
            self._manners.settle()

    def _allowed(self, url: str) -> bool:
        from protego import Protego

        parts = urlsplit(url)
        if parts.netloc not in self._robots:
            try:
                page, _ = self._request("GET", f"https://{parts.netloc}/robots.txt", "robots", {})
                text = page.text if page.status_code == 200 else ""
            except GaveUpError as error:
                if error.whole_host:
                    raise
                text = ""
            rules = self._robots[parts.netloc] = Protego.parse(text)
            gap = rules.crawl_delay(AGENT)
            self._manners.keep_gap(parts.hostname or "", gap)
        return bool(self._robots[parts.netloc].can_fetch(url, AGENT))


class _TooLargeError(Exception):
    """The body is larger than anything of its kind."""


class _SpoiledError(Exception):
    """Leaves `replacing` without moving a bad file into place."""


def _to_file(
    response: "requests.Response", pieces: Iterator[bytes], path: Path, expects: str
) -> Verdict:
    """Write the body to `path`, but only when it is whole and of the expected kind."""
    try:
        with replacing(path) as part:
            size, head = 0, b""
            with part.open("wb") as out:
                for piece in pieces:
                    head = head or piece[:_HEAD_BYTES]
                    size += len(piece)
                    out.write(piece)
            found = verdict(200, response.headers, head, expects, whole=False)
            announced = response.headers.get("Content-Length")
            if announced and "Content-Encoding" not in response.headers and size < int(announced):
                found = Verdict(Kind.RETRY, "truncated", f"{size} of {announced} bytes came")
            if found.kind is not Kind.OK:
                raise _SpoiledError
    except _SpoiledError:
        pass
    return found
