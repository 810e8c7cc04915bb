"""What every page shares: templates, embedded pictures, numbers as people write them."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage import Lake

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """Fill a template of `templates/`; text is escaped, a missing value is an error."""
    return _environment().get_template(template).render(**values)


def embedded(lake: Lake, picture: Mapping[str, Any]) -> str | None:
    """The small JPEG of a picture as a data URI; None where `thumbnail` gives none."""
    data = thumbnail(lake, picture)
    return None if data is None else data_uri(data, "image/jpeg")


def thumbnail(lake: Lake, picture: Mapping[str, Any]) -> bytes | None:
    """The small JPEG of a picture (a row with may_show and path).

    None where it may not be shown, has no derivative, or its derivative is gone from the store.
    """
    if not picture["may_show"] or picture["path"] is None:
        return None
    file = lake.images.root / picture["path"]
    return file.read_bytes() if file.is_file() else None


def data_uri(data: bytes, media_type: str) -> str:
    """Bytes as an address that needs no network."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def inline_svg(drawing: bytes) -> str:
    """An SVG drawing as an element of a page: without the XML declaration, and scalable."""
    text = drawing.decode()
    return text[text.index("<svg") :]


def size(count: int) -> str:
    """Bytes as people write them: 2.4 GB."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage; a dash where there is none."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def cut(text: str, length: int = 90) -> str:
    """A text of `length` characters at most; an ellipsis says that there is more."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": lambda value: "–" if value is None else f"{value:,}",
        "percent": percent,
        "size": size,
        "cut": cut,
    }
    return environment
