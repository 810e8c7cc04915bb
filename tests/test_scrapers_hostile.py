"""Hostile input: what a museum, or somebody in its place, may write to make a crawler misbehave."""

import resource
import socket
import threading
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapers_museum import in_child, serve

from scrapers import MUSEUMS, Net, Site, guards
from scrapers.crawl import run_crawl
from scrapers.images import fetch_images, originals
from scrapers.ledger import Ledger
from scrapers.museums.met import BASE, HOSTS, record_url
from scrapers.net import Session, web_address
from scrapers.politeness import GaveUpError
from storage import ImageStore, schemas

API = BASE.removeprefix("https://")
CDN = "images.metmuseum.org/CRDImages/ad/original"
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
    "ff02::1", "::ffff:127.0.0.1", "2002:7f00:1::", "2001:db8::1",
]  # fmt: skip


@pytest.fixture
def museum():
    with serve() as made:
        yield made


def site_at(museum, folder):
    return Site(Net(museum.url), folder / "ledger.sqlite", folder / "downloads")


def refusals(museum, tmp_path, source, *urls):
    rows = [
        {"image_id": f"{source}:{n}#0", "artwork_id": f"{source}:{n}", "source": source, "url": url,
         "position": 0, "may_fetch": True, "licence": "CC0-1.0"}
        for n, url in enumerate(urls)
    ]  # fmt: skip
    table = schemas.table(schemas.IMAGE_LINKS, rows)
    site, store = site_at(museum, tmp_path), ImageStore(tmp_path / "store")
    in_child(fetch_images, table, site=site, store=store)
    kept, refused = originals(table, site.ledger, store)
    assert kept.num_rows == 0
    assert not [path for path in store.root.rglob("*") if path.is_file()]
    return {row["subject"]: row["reason"] for row in refused.to_pylist()}


def test_addresses_that_must_not_be_asked_for(museum, tmp_path):
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"\xff\xd8\xff\xe0 secret \xff\xd9")
    bad = [
        secret.as_uri(),
        f"FILE://{secret}",
        f"file:{secret}",
        f"ftp://{CDN}/a.jpg",
        "data:image/png;base64,AAAA",
        "gopher://images.metmuseum.org/a.jpg",
        "no address",
        "https://images.metmuseum.org:22/a.jpg",
        "https://user:word@images.metmuseum.org/a.jpg",
        "https://images.metmuseum.org@evil.example/a.jpg",
        "https://images.metmuseum.org\r\nX-Evil: 1/a.jpg",
        "https://[::1/a.jpg",
        f"https://{CDN}/{'a' * 9_000}.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.jpg",
    ]
    refused = refusals(museum, tmp_path, "met", *bad)
    assert set(refused) == set(bad)
    assert set(refused.values()) == {"bad_address", "foreign_host"}
    assert not museum.asked


def test_line_breaks_in_an_address_are_no_headers(museum, tmp_path):
    url = f"https://{CDN}/a.jpg HTTP/1.1\r\nX-Evil: 1\r\n\r\n"
    assert refusals(museum, tmp_path, "met", url) == {url: "gone"}
    path = f"{CDN}/a.jpg%20HTTP/1.1%0D%0AX-Evil:%201%0D%0A%0D%0A"
    assert museum.asked[path] == 1


def test_names_that_climb_stay_at_the_museum(museum, tmp_path):
    url = f"https://{CDN}/../../../../etc/passwd"
    assert set(refusals(museum, tmp_path, "met", url).values()) == {"gone"}
    assert not (tmp_path.parent / "etc").exists()


@given(st.text(max_size=60), st.sampled_from(["https://www.wga.hu/", "http://", "file:", ""]))
def test_any_text_is_an_address_or_a_refusal(text, start):
    address = web_address(start + text)
    try:
        guards.check_address(address, frozenset({"www.wga.hu"}))
    except GaveUpError as error:
        assert error.reason in ("bad_address", "foreign_host")
    else:
        assert address.partition("://")[2].startswith("www.wga.hu")
        assert "\n" not in address and "\r" not in address and " " not in address
        assert address.isascii()


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_are_known(address):
    assert not guards.is_public(address)


@pytest.mark.parametrize("address", ["151.101.2.132", "8.8.8.8", "2a04:4e42::644"])
def test_the_open_network_is_known(address):
    assert guards.is_public(address)


def leading_to(address, function, *args, **kwargs):
    """Call where every name leads to `address`; return the result or the refusal, and who was met."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    met: list[str] = []

    def resolve(host, port, *more, **also):
        end = (address, port or 0) + ((0, 0) if family == socket.AF_INET6 else ())
        return [(family, socket.SOCK_STREAM, 6, "", end)]

    def connect(self, end):
        met.append(str(end))
        raise ConnectionRefusedError

    socket.getaddrinfo = resolve
    socket.gethostbyname = lambda host: address
    socket.socket.connect = connect
    try:
        return function(*args, **kwargs), met
    except GaveUpError as error:
        return error.reason, met


def ask(folder):
    with Ledger(folder / "single") as ledger:
        return Session(Net(rate=80), ledger, HOSTS).get(f"{BASE}/departments", "json")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.8", "::1"])
def test_a_name_that_leads_inside_is_not_connected_to(tmp_path, address):
    assert in_child(leading_to, address, ask, tmp_path) == ("private_address", [])


def crawl_pictures(folder, url):
    rows = [
        {"image_id": "met:1#0", "artwork_id": "met:1", "source": "met", "url": url, "position": 0,
         "may_fetch": True, "licence": "CC0-1.0"}
    ]  # fmt: skip
    table = schemas.table(schemas.IMAGE_LINKS, rows)
    site = Site(Net(rate=80), folder / "ledger.sqlite", folder / "downloads")
    store = ImageStore(folder / "store")
    fetch_images(table, site=site, store=store)
    return [row["reason"] for row in originals(table, site.ledger, store)[1].to_pylist()]


def test_nor_by_a_crawl(tmp_path):
    url = f"https://{CDN}/a.jpg"
    reasons, met = in_child(leading_to, "10.0.0.8", crawl_pictures, tmp_path, url)
    assert (reasons, met) == (["private_address"], [])


@contextmanager
def answering(*pieces, forever=b""):
    """A server that answers each connection with these bytes, then goes on with `forever`."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve_one(there):
        try:
            while b"\r\n\r\n" not in there.recv(65536):
                pass
            for piece in pieces:
                there.sendall(piece)
            while forever:
                there.sendall(forever)
        except OSError:
            pass
        finally:
            there.close()

    def accept():
        while True:
            try:
                there, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve_one, args=(there,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()


def test_a_redirect_may_not_lead_to_another_host(tmp_path):
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/x\r\nContent-Length: 0\r\n\r\n"
    with answering(moved) as url, Ledger(tmp_path / "l") as ledger:
        with pytest.raises(GaveUpError) as caught:
            Session(Net(url), ledger, HOSTS).get(f"{BASE}/departments", "json")
        assert (caught.value.reason, caught.value.url) == (
            "foreign_host",
            "http://169.254.169.254/x",
        )


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def single(url, folder):
    """In a child: why one request for a page without end fails, and how the peak of memory grew."""
    with Ledger(folder / "l") as ledger:
        session = Session(Net(url), ledger, frozenset({"www.wga.hu"}))
        session._robots["www.wga.hu"] = _Anything()
        before = peak()
        try:
            session.get("https://www.wga.hu/html/a/index.html", "html")
        except GaveUpError as error:
            return error.reason, peak() - before
    return None


class _Anything:
    """A robots.txt that allows everything."""

    def can_fetch(self, url, agent):
        return True


def test_100_mb_of_html_are_cut_off_and_memory_stays_flat(tmp_path):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html>"
    with answering(head, forever=b"<p>" * 30_000) as url:
        reason, grown = in_child(single, url, tmp_path)
    assert reason == "too_large"
    assert grown < 50e6


@pytest.mark.parametrize(
    "body",
    [b'{"objectID": 1, "title": "\xff\xfe"}', b'{"objectID": "\x00"}', b"[" * 100_000 + b"]",
     b'{"objectID": 1e999, "title": NaN}', b'{"objectID": ' + b"9" * 6_000 + b"}"],
    ids=["utf-8", "nul", "nested", "infinite", "digits"],
)  # fmt: skip
def test_a_record_that_is_no_record_is_one_reject(museum, tmp_path, body):
    museum.pages[f"{API}/objects/1"] = body
    museum.pages[f"{API}/objects/2"] = b'{"objectID": 2, "title": "Sound"}'
    museum.pages[f"{API}/objects?departmentIds=11"] = b'{"objectIDs": [1, 2]}'
    site = site_at(museum, tmp_path)
    in_child(run_crawl, "met", site, "11")
    made, refused = MUSEUMS["met"].tables(site, "11")
    assert made["objects"]["title"].to_pylist() == ["Sound"]
    assert refused["subject"].to_pylist() == [record_url(1)]
