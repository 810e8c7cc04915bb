"""What may be asked at all: addresses that may be sent, and networks that may be connected to.

What belongs here: refusing an address before anything leaves this machine. A museum's record is a
stranger's text: it may name a file of this machine, a host of the network behind it, or a line break.
"""

import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapers.politeness import GaveUpError

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

# Servers refuse longer request lines (8,190 bytes is Apache's LimitRequestLine, before its method).
_LONGEST = 8_000
_PORTS = {"http": (None, 80), "https": (None, 443)}


def check_address(url: str, hosts: frozenset[str]) -> None:
    """Refuse what must not be asked for; raises GaveUpError with the reason.

    Only http and https, only `hosts` (at another port than the usual one when they name it, as in
    "museum.example:8080"), no user names, no control characters, no IP address of a private network.
    """
    if len(url) > _LONGEST:
        shown = f"{url[:80]}…"
        raise GaveUpError(shown, "bad_address", f"it has {len(url):,} characters")
    if any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise GaveUpError(url, "bad_address", "it holds blanks or control characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise GaveUpError(url, "bad_address", str(error)) from error
    if parts.scheme not in _PORTS:
        raise GaveUpError(url, "bad_address", f"{parts.scheme or 'no scheme'}: is not fetched")
    if host not in hosts:
        raise GaveUpError(url, "foreign_host", f"{host} is not a host of this museum")
    if port not in _PORTS[parts.scheme] and f"{host}:{port}" not in hosts:
        raise GaveUpError(url, "bad_address", f"port {port} is not the usual one")
    if parts.username or parts.password:
        raise GaveUpError(url, "bad_address", "it holds a user name")
    with suppress(ValueError):  # a name, no literal address
        ip_address(host)
        require_public(host, [host])


def hosts_of(urls: Iterable[str]) -> frozenset[str]:
    """The hosts of addresses that the user wrote, with their ports; what is no address names none."""
    hosts = set()
    for url in urls:
        with suppress(ValueError):
            parts = urlsplit(url)
            hosts |= {parts.hostname or "", f"{parts.hostname}:{parts.port}"}
    return frozenset(hosts)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open network: not private, loopback, link-local, multicast…"""
    found = ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    return bool(found.is_global and inner.is_global and not found.is_multicast)


def require_public(host: str, addresses: list[str]) -> None:
    """Refuse a host that leads into a private network; raises GaveUpError."""
    inner = [address for address in addresses if not is_public(address)]
    if inner:
        raise GaveUpError(
            f"//{host}", "private_address", f"{host} resolves to {inner[0]}, no address of the web"
        )


def adapter(patience: float, *, public_only: bool) -> "HTTPAdapter":
    """A `requests` adapter whose connections wait `patience` seconds for an answer's headers.

    With `public_only` it resolves a host itself and connects to the very addresses it has checked,
    so that no second answer of the name server can lead elsewhere. A proxy of the user's own is trusted.
    """
    import requests.adapters
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Guarded(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            if not public_only:
                return super()._new_conn()
            name = self._dns_host
            try:
                found = socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)
            except OSError:
                return super()._new_conn()  # it fails there too, with the error people know
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            require_public(name, addresses)
            try:
                for address in addresses[:-1]:
                    self._dns_host = address
                    try:
                        return super()._new_conn()
                    except OSError:
                        continue
                self._dns_host = addresses[-1]
                return super()._new_conn()
            finally:
                self._dns_host = name

        def getresponse(self) -> Any:
            late = threading.Event()
            sock = self.sock

            def end() -> None:
                late.set()
                sock.shutdown(socket.SHUT_RDWR)

            timer = threading.Timer(patience, end)
            timer.start()
            try:
                return super().getresponse()
            finally:
                timer.cancel()
                if late.is_set():
                    raise TimeoutError(f"no whole header within {patience:.0f} seconds")

    class GuardedTLS(Guarded, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Guarded

    class PoolTLS(HTTPSConnectionPool):
        ConnectionCls = GuardedTLS

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": PoolTLS}

    return Adapter()
