"""The entity diagram of the star, drawn from its contracts: SVG for pages, Mermaid for Markdown.

What belongs here: which tables stand where, and the lines of their foreign keys. No browser library
lays a star out so that it reads like one, and five lanes do: the dimensions of the hub alone, the hub
(the table with the most foreign keys), the dimensions it shares, the other facts and bridges, and the
dimensions of those alone. Within a lane tables stand in the order of the rows that lead to them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from warehouse.headers import Column, Contract

_WIDTH, _GAP = 196, 76  # of a lane, and between two
_ROW, _HEAD, _APART = 19, 27, 13  # heights: of a row, of a table's name, between two tables
_EDGE = 8
_DIMENSION = "dim_"


@dataclass(frozen=True)
class _Box:
    """A table as drawn: its foreign keys, what stands below them, and where its upper left corner is."""

    name: str
    keys: tuple[Column, ...]
    note: str
    x: float
    y: float

    @property
    def height(self) -> float:
        return _height(len(self.keys))

    def row(self, place: int) -> float:
        """The middle of a row, in pixels from the top of the drawing."""
        return self.y + _HEAD + _ROW * (place + 0.5)


def svg(contracts: Sequence[Contract]) -> str:
    """The diagram as an `<svg>` element; each table is a link to the element of its name (`#name`)."""
    boxes = {box.name: box for lane in _placed(contracts) for box in lane}
    lines = [
        _line(box, place, boxes[key.references])
        for box in boxes.values()
        for place, key in enumerate(box.keys)
        if key.references
    ]
    width = max(box.x + _WIDTH for box in boxes.values()) + _EDGE
    height = max(box.y + box.height for box in boxes.values()) + _EDGE
    return (
        f'<svg class="diagram" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        'role="img" aria-label="Tables and their foreign keys">\n'
        + "\n".join([*lines, *map(_drawn, boxes.values())])
        + "\n</svg>"
    )


def mermaid(contracts: Iterable[Contract]) -> str:
    """The diagram as text of Mermaid's `erDiagram`: each table's keys, and its foreign keys as lines.

    Many rows (`}o`) belong to one of the other table (`||`), or to none (`|o`) where a key may be 0
    without a row or empty.
    """
    lines, tables = ["erDiagram"], []
    for contract in contracts:
        shown = [column for column in contract.columns if column.key or column.references]
        tables.append(f"    {contract.name} {{")
        for column in shown:
            marks = ["PK"] * column.key + ["FK"] * bool(column.references)
            tables.append(
                f"        {column.type.lower().replace('[]', '_list')} {column.name} {', '.join(marks)}"
            )
        tables.append("    }")
        for column in shown:
            if column.references:
                end = "|o" if column.zero_allowed or column.nullable else "||"
                lines.append(f"    {column.references} {end}--o{{ {contract.name} : {column.name}")
    return "\n".join([*lines, *tables])


def _keys(contract: Contract) -> tuple[Column, ...]:
    return tuple(column for column in contract.columns if column.references)


def _placed(contracts: Sequence[Contract]) -> list[list[_Box]]:
    """The boxes of each lane from left to right; every lane stands in the middle of the height."""
    lanes = _lanes(contracts)
    tall = max(_stack(lane) for lane in lanes)
    placed = []
    for number, lane in enumerate(lanes):
        # a lane with room to spare spreads out, so that lines find a way between its tables
        spare = (tall - _stack(lane)) / (len(lane) + 1)
        y, boxes = _EDGE + spare, []
        for contract in lane:
            rest = len(contract.columns) - len(_keys(contract))
            note = f"{rest} further columns" if _keys(contract) else f"{rest} columns"
            boxes.append(
                _Box(contract.name, _keys(contract), note, _EDGE + number * (_WIDTH + _GAP), y)
            )
            y += boxes[-1].height + _APART + spare
        placed.append(boxes)
    return placed


def _height(keys: int) -> float:
    return _HEAD + _ROW * (keys + 1) + 4


def _stack(lane: Sequence[Contract]) -> float:
    return sum(_height(len(_keys(contract))) + _APART for contract in lane) - _APART


def _lanes(contracts: Sequence[Contract]) -> list[list[Contract]]:
    """The tables by lane, each lane in the order in which the keys of its neighbours name its tables."""
    targets = {
        c.name: [k.references for k in _keys(c) if k.references and k.references != c.name]
        for c in contracts
    }
    hub = max(contracts, key=lambda contract: (len(targets[contract.name]), contract.name))
    facts = [c for c in contracts if not c.name.startswith(_DIMENSION) and c is not hub]
    others = {target for fact in facts for target in targets[fact.name]}
    shared = {name for name in targets[hub.name] if name in others}
    # A dimension that refers to a shared one, or to which that refers, stands beside it.
    near = shared | {
        n for n, to in targets.items() if n.startswith(_DIMENSION) and shared & set(to)
    }
    near |= {to for name in near for to in targets[name]}
    lanes: list[list[Contract]] = [[] for _ in range(5)]
    for contract in contracts:
        lanes[_lane(contract.name, hub.name, near, targets[hub.name])].append(contract)
    asked = list(targets[hub.name])
    for lane in lanes[0], lanes[2]:
        lane.sort(key=lambda c: (_place(asked, c.name), c.name))
    order = [contract.name for contract in lanes[2]]
    lanes[3].sort(key=lambda c: (_mean(order, targets[c.name]), c.name))
    rows = [target for contract in lanes[3] for target in targets[contract.name]]
    lanes[4].sort(key=lambda c: (_place(rows, c.name), c.name))
    return [lane for lane in lanes if lane]


def _lane(name: str, hub: str, near: set[str], of_hub: Sequence[str]) -> int:
    if name == hub:
        return 1
    if not name.startswith(_DIMENSION):
        return 3
    if name in near:
        return 2
    return 0 if name in of_hub else 4


def _place(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def _mean(order: Sequence[str], targets: Iterable[str]) -> float:
    places = [order.index(name) for name in targets if name in order]
    return sum(places) / len(places) if places else len(order)


def _line(box: _Box, place: int, target: _Box) -> str:
    """From a row to the name of the table it refers to: to the nearer side, or out and back in one lane."""
    start, end = box.row(place), target.y + _HEAD / 2
    if target.x > box.x:
        x, to, bend = box.x + _WIDTH, target.x, _GAP * 0.6
        path = f"M{x:g} {start:g} C{x + bend:g} {start:g} {to - bend:g} {end:g} {to:g} {end:g}"
    elif target.x < box.x:
        x, to, bend = box.x, target.x + _WIDTH, _GAP * 0.6
        path = f"M{x:g} {start:g} C{x - bend:g} {start:g} {to + bend:g} {end:g} {to:g} {end:g}"
    else:
        x, bend = box.x + _WIDTH, _GAP * 0.5
        path = f"M{x:g} {start:g} C{x + bend:g} {start:g} {x + bend:g} {end:g} {x:g} {end:g}"
    return f'<path class="line" data-from="{box.name}" data-to="{target.name}" d="{path}"/>'


def _drawn(box: _Box) -> str:
    kind = "dimension" if box.name.startswith(_DIMENSION) else "fact"
    left, below = box.x + 10, box.row(len(box.keys)) + 4
    rows = "".join(
        f'<text class="key" x="{left:g}" y="{box.row(place) + 4:g}">{escape(key.name)}</text>'
        for place, key in enumerate(box.keys)
    )
    return (
        f'<a href="#{box.name}"><g class="{kind}">'
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{_WIDTH}" height="{box.height:g}" rx="3"/>'
        f'<text class="name" x="{left:g}" y="{box.y + 18:g}">{escape(box.name)}</text>{rows}'
        f'<text class="note" x="{left:g}" y="{below:g}">{escape(box.note)}</text></g></a>'
    )
