"""A report as a list of blocks, so that its page and its PDF tell the same: headings, text, tables, figures.

What belongs here: the blocks, and figures as people write them. What does not: what a report says
(`reports.model`), and how it is set (`reports.model_pdf`, the templates).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

NOT_MEASURED = "Not measured."


@dataclass(frozen=True)
class Heading:
    """level 1 is a chapter, 2 a section of it, 3 a part of that."""

    text: str
    level: int = 1
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Text:
    """A paragraph; a note is set apart, because it says what the reader must not miss."""

    text: str
    kind: Literal["text", "note"] = "text"


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    items: Sequence[str]
    kind: Literal["points"] = "points"


@dataclass(frozen=True)
class Headlines:
    """The few figures to remember, each (value, name, note)."""

    figures: Sequence[tuple[str, str, str]]
    kind: Literal["headlines"] = "headlines"


@dataclass(frozen=True)
class Table:
    """Rows of text below a caption. numbers: places of the columns that are set to the right."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Figure:
    """A drawing as PNG bytes; alt says in words what it shows, for those who do not see it."""

    caption: str
    png: bytes
    alt: str
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True)
class Gallery:
    """Small pictures with a caption each: (JPEG bytes, or None where it may not be shown; caption)."""

    caption: str
    pictures: Sequence[tuple[bytes | None, str]]
    kind: Literal["gallery"] = "gallery"


Block = Heading | Text | Points | Headlines | Table | Figure | Gallery


@dataclass(frozen=True)
class Document:
    """A title, a sentence below it, and the blocks in order."""

    title: str
    lead: str
    blocks: Sequence[Block]


def figure(value: float | None, digits: int = 3) -> str:
    """A number with that many digits after the point; a dash where there is none, or not a number."""
    return "–" if value is None or isnan(value) else f"{value:.{digits}f}"


def interval(measured: Mapping[str, Any] | None) -> str:
    """`low to high` of a measured figure; a dash where no interval was measured."""
    if not measured or measured.get("low") is None or measured.get("high") is None:
        return "–"
    # Not broken between the two: an interval is read at one glance.
    return f"{measured['low']:.3f}\u00a0to\u00a0{measured['high']:.3f}"


def with_interval(measured: Mapping[str, Any] | float | None) -> str:
    """`0.913 (0.892 to 0.934)`; the number alone where it has no interval, a dash for none."""
    if measured is None:
        return "–"
    if not isinstance(measured, Mapping):
        return figure(measured)
    value = figure(measured.get("value"))
    bounds = interval(measured)
    return value if bounds == "–" else f"{value} ({bounds})"


def duration(seconds: float) -> str:
    """Seconds as people say them: 48 s, 13 min, 2 h 5 min."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
