"""What a site gives for an address, and the pictures derived from a full-size file."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Answer:
    """Body, media type and status of one address."""

    body: bytes
    media_type: str = "text/html; charset=iso-8859-1"
    status: int = 200


class Site(Protocol):
    """One museum under one or several host names."""

    def answer(self, host: str, path: str, query: Mapping[str, str]) -> Answer | None:
        """The answer for a decoded path and query, or None for a plain 404."""

    def change(self, identifier: str, fields: Mapping[str, Any]) -> None:
        """Set fields of a record; KeyError when the site has no such record or column."""

    def withdraw(self, identifier: str) -> None:
        """Take a record out of everything the site lists; KeyError when there is none."""


def as_json(value: Any, status: int = 200) -> Answer:
    """A JSON answer, compact as the API writes it."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(body, "application/json", status)


def smaller(body: bytes, box: tuple[int, int]) -> bytes:
    """The JPEG scaled to fit into `box` pixels; a file that does not decode stays as it is."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(body)) as image:
            if image.width <= box[0] and image.height <= box[1]:
                return body
            image.load()
            image.thumbnail(box, Image.Resampling.LANCZOS)
            out = io.BytesIO()
            image.convert("RGB").save(out, "JPEG", quality=88)
            return out.getvalue()
    except OSError:
        return body


def middle(body: bytes) -> bytes:
    """The middle half of a JPEG, as a museum's detail picture; an unreadable file stays as it is."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(body)) as image:
            w, h = image.size
            out = io.BytesIO()
            image.crop((w // 4, h // 4, w * 3 // 4, h * 3 // 4)).convert("RGB").save(
                out, "JPEG", quality=90
            )
            return out.getvalue()
    except OSError:
        return body
