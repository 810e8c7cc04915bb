"""The data dictionary: the published file described on pages, as HTML and as Markdown.

What the pages say is `warehouse.description`'s business, how they look that of `templates/`.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from warehouse import diagram
from warehouse.contracts import HERE
from warehouse.description import Dictionary

if TYPE_CHECKING:
    from jinja2 import Environment

_CODE = re.compile(r"`([^`]+)`")


def markdown(book: Dictionary) -> str:
    """A described file as Markdown."""
    return _render("dictionary.md", book)


def html(book: Dictionary) -> str:
    """A described file as one HTML page that needs no network."""
    return _render("dictionary.html", book)


def _share(share: float | None) -> str:
    if share is None:
        return "no rows"
    return "<0.1%" if 0 < share < 0.001 else f"{share:.1%}"


def _render(template: str, book: Dictionary) -> str:
    return _environment().get_template(template).render(book=book, diagram=diagram)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=lambda name: (name or "").endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Any] = {
        "share": _share,
        "sentence": lambda text: text[:1].upper() + text[1:],
        "cell": lambda text: str(text).replace("\\", "\\\\").replace("|", "\\|"),
        "code": lambda text: Markup(_CODE.sub(r"<code>\1</code>", str(escape(text)))),
    }
    environment.filters |= filters
    return environment
