"""What a chart shows: a line in a question's header, read, and an answer's rows made ready for it.

`chart: KIND x=COLUMN y=COLUMN …`, KIND being columns (upright bars, in the rows' order), bars (lying, a
category each), points, or heat (coloured cells). Besides: `colour=` splits by a column; `columns=a,b,c`
draws the values of these columns, named by the colour (in a heat map: by x); `share=yes` stacks to the
whole; `paint=yes` when the colours are colours; `format=percent` for shares; `x_title=`, `y_title=` and
`value_title=` where a column's name is no title. `none, REASON` draws nothing.
"""

import math
import re
import shlex
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Row = dict[str, Any]

KINDS = ("columns", "bars", "points", "heat")
CATEGORIES = 25  # rows of a chart that are read at a glance
_STEPS = 60  # of an axis that counts
COLOURS = 9  # more are not told apart; the others are summed up
OTHER = "other"
UNSAID = "not told"  # a name that is null


@dataclass(frozen=True)
class Chart:
    """How an answer is drawn: which columns of the table are what, see the module."""

    kind: str
    title: str
    note: str = ""
    x: str | None = None
    y: str | None = None
    colour: str | None = None
    columns: tuple[str, ...] = ()
    share: bool = False
    paint: bool = False
    percent: bool = False
    x_title: str | None = None
    y_title: str | None = None
    value_title: str | None = None


def parse(line: str, title: str, note: str) -> Chart | None:
    """Read what stands behind `chart:` in a question's header; None for `none, REASON`.

    Raises ValueError when it is not understood.
    """
    kind, _, rest = line.partition(" ")
    if kind == "none," and rest:
        return None
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of chart; there are {', '.join(KINDS)}")
    known: dict[str, Any] = {"columns": ()}
    for fact in shlex.split(rest):
        name, _, value = fact.partition("=")
        if name == "columns":
            known[name] = tuple(value.split(","))
        elif fact in ("share=yes", "paint=yes"):
            known[name] = True
        elif fact == "format=percent":
            known["percent"] = True
        elif value and name in ("x", "y", "colour", "x_title", "y_title", "value_title"):
            known[name] = value
        else:
            raise ValueError(f"{fact!r} is no known fact of a chart")
    if not (known.get("x") or known["columns"]) or not (known.get("y") or known["columns"]):
        raise ValueError(f"the chart needs x and y, or columns: {line}")
    return Chart(kind, title, note, **known)


def title_of(column: str) -> str:
    """A column's name in words, centimetres in brackets."""
    words = column.removesuffix("_cm").replace("_", " ")
    return f"{words} (cm)" if column.endswith("_cm") else words


def channels(table: pa.Table, spec: Chart) -> tuple[list[Row], dict[str, str]]:
    """Rows with their values under x, y and colour, and the title of each of these.

    Other columns stay for the tooltips, but for surrogate keys: they are too long for JSON numbers.
    """
    named = {"x": spec.x, "y": spec.y, "colour": spec.colour}
    drawn = {channel: name for channel, name in named.items() if name}
    extra = [
        name
        for name in table.column_names
        if name not in (*drawn.values(), *spec.columns) and not name.endswith("_key")
    ]
    rows = []
    for row in table.to_pylist():
        said = {channel: _plain(row[name]) for channel, name in drawn.items()}
        others = {title_of(name): _plain(row[name]) for name in extra}
        if not spec.columns:
            rows.append(said | others)
        for name in spec.columns:
            rows.append(said | {names_at(spec): title_of(name), values_at(spec): row[name]})
    titles = {channel: title_of(name) for channel, name in drawn.items()}
    if spec.columns:
        titles |= {names_at(spec): "", values_at(spec): spec.value_title or ""}
    return rows, titles | {
        channel: title for channel, title in (("x", spec.x_title), ("y", spec.y_title)) if title
    }


def names_at(spec: Chart) -> str:
    """The channel that names which of `columns` a value is of."""
    return "x" if spec.kind == "heat" else "colour"


def values_at(spec: Chart) -> str:
    """The channel that the values of `columns` are drawn as."""
    return "colour" if spec.kind == "heat" else "x" if spec.y else "y"


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if value is None or isinstance(value, int | float | str) else str(value)


def categories_of(rows: list[Row], spec: Chart) -> set[str]:
    """The channels whose values are names, and those that are drawn as if they were."""
    named = {
        channel
        for channel in ("x", "y", "colour")
        if any(isinstance(row.get(channel), str) for row in rows)
    }
    return named | {"columns": {"x"}, "bars": {"y"}, "heat": {"x", "y"}}.get(spec.kind, set())


def first(rows: list[Row], channel: str, title: str, *, more: bool) -> tuple[list[Row], list[str]]:
    """The rows of the first CATEGORIES names, and the sentence that says so where there are more.

    more: the rows are not the whole answer, so that nobody knows how many names there are.
    """
    found = list(dict.fromkeys(row[channel] for row in rows))
    if len(found) <= CATEGORIES:
        return rows, []
    kept = set(found[:CATEGORIES])
    said = f"Drawn are the first {CATEGORIES} of {len(found):,}{' or more' * more}"
    said += f" by {title}." if title else "."
    return [row for row in rows if row[channel] in kept], [said]


def few_colours(rows: list[Row], spec: Chart) -> list[Row]:
    """Bars: one part a colour, the largest first, small ones summed up as "other"."""
    if spec.kind not in ("columns", "bars"):
        return rows
    value, axis = ("y", "x") if spec.kind == "columns" else ("x", "y")
    sums: dict[str, float] = {}
    for row in rows:
        sums[row["colour"]] = sums.get(row["colour"], 0) + (row[value] or 0)
    largest = list(sums) if spec.columns else sorted(sums, key=lambda name: (-sums[name], name))
    kept = largest if spec.paint or len(largest) <= COLOURS else largest[:COLOURS]
    ranks = {name: rank for rank, name in enumerate(kept)}
    parts: dict[tuple[Any, str], Row] = {}
    for row in rows:
        name = row["colour"] if row["colour"] in ranks else OTHER
        empty = {axis: row[axis], "colour": name, value: 0, "rank": ranks.get(name, COLOURS)}
        parts.setdefault((row[axis], name), empty)[value] += row[value] or 0
    return list(parts.values())


def in_order(rows: list[Row], channel: str) -> list[Any]:
    """The channel's values, each once, as they first come."""
    return list(dict.fromkeys(row[channel] for row in rows))


def without_gaps(names: list[Any]) -> list[Any]:
    """Names with those that are missing between them, where they count on in equal steps.

    1501–1550 and 1601–1650 get 1551–1600 between them if half-centuries are what the others are too;
    names that do not count, as "before 1001", stay where they are.
    """
    spans = {name: re.fullmatch(r"(\d+)(?:–(\d+))?", str(name)) for name in names}
    begins = {int(span[1]): name for name, span in spans.items() if span}
    step = math.gcd(*(begin - min(begins) for begin in begins)) if begins else 0
    counted = list(range(min(begins), max(begins) + 1, step)) if step else []
    if len(counted) <= len(begins) or len(counted) > _STEPS or list(begins) != sorted(begins):
        return names
    start = names.index(begins[min(begins)])
    if [name for name, span in spans.items() if span] != names[start : start + len(begins)]:
        return names  # one begins like another, or something else stands between them
    last = spans[begins[min(begins)]]
    width = int(last[2]) - int(last[1]) if last and last[2] else None
    filled = [
        begins.get(begin, begin if width is None else f"{begin}–{begin + width}")
        for begin in counted
    ]
    return names[:start] + filled + names[start + len(begins) :]
