"""What bytes are, by their first and last bytes: is it the kind of file that was asked for, and whole?

Pixels are `imaging`'s: here nothing is decoded.
"""

import re
from dataclasses import dataclass

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/tiff": ".tif",
    "image/webp": ".webp",
}
# Cameras and editors append padding or metadata behind the closing marker.
_TAIL = 4096
_HTML = (b"<!doctype", b"<html", b"<head", b"<script", b"<?xml")
# The MET has answered 200 with a message alone; it must not take the place of a good record.
_MESSAGE = re.compile(rb'\s*\{\s*"(?:message|error)"\s*:\s*"[^"]*"\s*\}\s*')
_BLOCK_PAGE = (b"_Incapsula_", b"Request unsuccessful. Incapsula")


@dataclass(frozen=True)
class Fault:
    """Why bytes are not what was asked for; `reason` is a short code."""

    reason: str
    detail: str


def media_type(data: bytes) -> str | None:
    """The media type of a picture by its first bytes; None when it is no picture we know."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def fault(data: bytes, expects: str, *, whole: bool = True) -> Fault | None:
    """Why `data` cannot be the `expects` ("json", "html", "image", "zip", "csv") that was asked for.

    With `whole` False only the beginning is at hand, and the end is not judged.
    """
    head = data[:_TAIL].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        return Fault("empty", "no bytes")
    if head.startswith(b"version https://git-lfs"):
        return Fault("lfs_pointer", "a Git LFS pointer stands where the file should be")
    if expects == "html":
        blocked = any(mark in data[:_TAIL] for mark in _BLOCK_PAGE)
        return Fault("html_page", "a block page") if blocked else _not_html(head)
    if head[:64].lower().startswith(_HTML):
        return Fault("html_page", f"an HTML page stands where {expects} should be")
    if expects == "json" and _MESSAGE.fullmatch(data[: _TAIL + 1]):
        return Fault("message", f"a message stands where the record should be: {data[:80]!r}")
    if expects == "json":
        if head[:1] not in b"{[":
            return Fault("wrong_type", f"not JSON: it begins with {head[:16]!r}")
        closed = data.rstrip()[-1:] == (b"}" if head[:1] == b"{" else b"]")
        return None if closed or not whole else Fault("truncated", "the JSON has no end")
    if expects == "zip":
        return None if head.startswith(b"PK") else Fault("wrong_type", "not a zip file")
    return _picture_fault(data, whole) if expects == "image" else None


def _not_html(head: bytes) -> Fault | None:
    if head.startswith(b"<"):
        return None
    return Fault("wrong_type", f"not an HTML page: it begins with {head[:16]!r}")


def _picture_fault(data: bytes, whole: bool) -> Fault | None:
    kind = media_type(data)
    if kind is None:
        return Fault("not_an_image", f"unknown first bytes {data[:8].hex(' ')}")
    tail = data[-_TAIL:]
    closed = {
        "image/jpeg": b"\xff\xd9" in tail and len(data) > 4,
        "image/png": b"IEND\xaeB`\x82" in tail,
        "image/gif": b"\x3b" in tail[-64:],
        "image/webp": len(data) >= 8 + int.from_bytes(data[4:8], "little"),
        "image/tiff": True,
    }[kind]
    if whole and not closed:
        return Fault("truncated", f"the {kind} of {len(data)} bytes has no end")
    return None
