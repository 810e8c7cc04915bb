"""What a cull found, for people and for programs: groups.csv, groups.json, bursts.csv, flaws.csv, index.html.

What belongs here: writing. A name stands twice in a table: as it can be printed, and percent-encoded, exact.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pyarrow as pa

from imaging.files.cull import Culled
from imaging.files.folder import Folder, exact
from imaging.files.tables import write_csv
from storage.files import printable, write_text

_TEMPLATES = Path(__file__).parent / "templates"
PAGE = 300  # pictures on a page of the sheet: what a browser lays out at once
SHOWN = 24  # pictures of one set that are shown; the tables hold them all
_LINES = 500  # flaws listed on the sheet
_COLUMNS = [
    "group",
    "group_size",
    "rank",
    "action",
    "file",
    "path",
    "moves_to",
    "with",
    "bytes",
    "width",
    "height",
    "format",
    "sha256",
    "reason",
]
_SHOWN_FACTS = ["image_id", "sha256", "bytes", "width", "height", "format", "derivative"]


@dataclass
class _Set:
    """Pictures shown side by side."""

    title: str
    pictures: list[dict[str, str]]
    evidence: list[str] = field(default_factory=list)
    more: str = ""


@dataclass
class _Part:
    """A chapter of the sheet."""

    title: str
    note: str
    sets: list[_Set]
    lines: list[tuple[str, str, str]] = field(default_factory=list)


class _Names:
    """How a picture is shown: its name, its file and its thumbnail, seen from where the sheet lies."""

    def __init__(self, culled: Culled, folder: Folder, root: Path, out: Path, cache: Path):
        self.entries, self.root, self.out, self.cache = folder.entries, root, out, cache
        shown = folder.images.select(_SHOWN_FACTS)
        self.facts = {row["image_id"]: row for row in shown.to_pylist()}
        # Written after the plan was applied, the sheet leads to where the pictures are then.
        targets = {image: root / moves[0].target for image, moves in culled.moves.items()}
        self.moved = {
            image: target
            for image, target in targets.items()
            if target.exists() and not self.entries[image].path.exists()
        }

    def printed(self, image: str) -> str:
        return printable(os.fsdecode(unquote_to_bytes(image)))

    def picture(self, image: str, state: str, mark: str, why: str) -> dict[str, str]:
        row = self.facts[image]
        size = f"{row['width']}×{row['height']} {row['format']}, {readable(row['bytes'])}"
        others = [printable(it.name) for it in self.entries[image].others]
        return {
            "name": self.printed(image),
            "facts": size + (f", with {', '.join(others)}" if others else ""),
            "href": self._link(self.moved.get(image, self.entries[image].path)),
            "thumb": self._link(self.cache / row["derivative"]),
            "state": state,
            "mark": mark,
            "why": why,
        }

    def _link(self, path: Path) -> str:
        return quote(os.fsencode(os.path.relpath(path, self.out)), safe="/")


def write(culled: Culled, folder: Folder, root: Path, out: Path, cache: Path) -> list[Path]:
    """Write all files of a cull below `out` and return them, the sheet's first page first.

    Written again once the plan is applied, its links lead to where the pictures are then.
    """
    names = _Names(culled, folder, root, out, cache)
    groups = _groups(culled, names)
    write_csv(out / "groups.csv", _COLUMNS, _group_rows(groups))
    write_text(out / "groups.json", json.dumps({"groups": groups}, indent=1, sort_keys=True) + "\n")
    _plain(out / "bursts.csv", culled.bursts, names)
    _plain(out / "flaws.csv", culled.flaws, names)
    tables = [out / name for name in ("groups.csv", "groups.json", "bursts.csv", "flaws.csv")]
    if culled.similar.num_rows:
        _plain(out / "similar.csv", culled.similar, names)
        tables.append(out / "similar.csv")
    return [*_sheet(culled, groups, names, folder, out), *tables]


def readable(count: int) -> str:
    """Bytes as people write them: 2.4 MB."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"


def plural(count: int, noun: str) -> str:
    """The noun for so many: 1 picture, 2 pictures."""
    return noun if count == 1 else f"{noun}s"


def _groups(culled: Culled, names: _Names) -> list[dict[str, Any]]:
    """Every group of two or more with its members, the keeper first, and what joined them."""
    evidence: dict[str, list[dict[str, Any]]] = {}
    group_of = dict(
        zip(*(culled.groups[name].to_pylist() for name in ("image_id", "group_id")), strict=True)
    )
    for pair in culled.pairs.filter(culled.pairs["confirmed"]).to_pylist():
        told = {key: value for key, value in pair.items() if value is not None}
        evidence.setdefault(group_of[pair["image_a"]], []).append(told)
    order = [("group_id", "ascending"), ("rank", "ascending")]
    rows = culled.keepers.sort_by(order).to_pylist()
    return [
        {
            "group_id": group,
            "members": [_member(row, culled, names) for row in members],
            "pairs": evidence.get(group, []),
        }
        for group, members in groupby(rows, key=lambda row: row["group_id"])
    ]


def _member(row: Mapping[str, Any], culled: Culled, names: _Names) -> dict[str, Any]:
    image = row["image_id"]
    entry, facts = names.entries[image], names.facts[image]
    moves = culled.moves.get(image, [])
    action = "move" if moves else "reference" if entry.is_reference else "keep"
    return {
        "rank": row["rank"],
        "action": action,
        "file": names.printed(image),
        "path": image,
        "moves_to": quote(os.fsencode(moves[0].target), safe="/") if moves else "",
        "with": [_exact_name(it) for it in entry.others],
        **{key: facts[key] for key in ("bytes", "width", "height", "format", "sha256")},
        "reason": row["reason"],
    }


def _exact_name(path: Path) -> str:
    return exact(path, path.parent)


def _group_rows(groups: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for group in groups:
        for member in group["members"]:
            yield {
                "group": group["group_id"],
                "group_size": len(group["members"]),
                **member,
                "with": " ".join(member["with"]),
            }


def _plain(path: Path, table: pa.Table, names: _Names) -> None:
    """Write a table as CSV, with the printed name beside the exact one."""
    rows = (
        {"file": names.printed(row["image_id"]), "path": row.pop("image_id"), **row}
        for row in table.to_pylist()
    )
    rest = [name for name in table.column_names if name != "image_id"]
    write_csv(path, ["file", "path", *rest], rows)


def _sheet(
    culled: Culled, groups: list[dict[str, Any]], names: _Names, folder: Folder, out: Path
) -> list[Path]:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("cull.html")
    parts = [
        _duplicates(groups, names),
        _similar(culled.similar, names),
        _bursts(culled, names),
        _flaws(culled.flaws, names),
    ]
    pages = _paged([part for part in parts if part.sets or part.lines])
    moving = [move for moves in culled.moves.values() for move in moves]
    totals = [
        (len(folder.entries), "picture", " looked at"),
        (len(groups), "group", " of duplicates"),
        (len(culled.moves), "picture", " that would move"),
        (len(moving), "file", " with their companions"),
        (len(set(culled.bursts["burst_id"].to_pylist())), "burst", ""),
        (culled.flaws.num_rows, "flaw", ""),
    ]
    figures = [(f"{count:,}", plural(count, noun) + rest) for count, noun, rest in totals]
    kept = list(_written_pages(template, pages, figures, names, out))
    number = len(pages) + 1
    while (old := out / f"page-{number}.html").exists():
        old.unlink()  # of an earlier, longer sheet in this folder, which is ours (`workplace`)
        number += 1
    return kept


def _written_pages(
    template: Any,
    pages: list[list[_Part]],
    totals: Sequence[tuple[str, str]],
    names: _Names,
    out: Path,
) -> Iterator[Path]:
    for number, parts in enumerate(pages, start=1):
        path = out / ("index.html" if number == 1 else f"page-{number}.html")
        text = template.render(
            name=printable(names.root.name),
            page=number,
            pages=len(pages),
            totals=totals,
            parts=parts,
        )
        write_text(path, text)
        yield path


def _duplicates(groups: list[dict[str, Any]], names: _Names) -> _Part:
    sets = []
    for group in groups:
        shown = [_shown(member, names) for member in group["members"][:SHOWN]]
        kinds = sorted({pair["kind"].replace("_", " ") for pair in group["pairs"]})
        evidence = [
            f"{names.printed(pair['image_a'])} and {names.printed(pair['image_b'])}: "
            f"{pair['kind'].replace('_', ' ')}; {pair['evidence']}"
            for pair in group["pairs"][:SHOWN]
        ]
        size = len(group["members"])
        title = f"{size} pictures: {', '.join(kinds)}"
        sets.append(_Set(title, shown, evidence, _more(size)))
    note = (
        "The one to keep comes first; the others go to _review_dupes. "
        "A point is worth as much as twice the pixels."
    )
    return _Part("Duplicates", note, sets)


def _shown(member: Mapping[str, Any], names: _Names) -> dict[str, str]:
    state, mark = {
        "keep": ("keep", "keep"),
        "reference": ("keep", "reference"),
        "move": ("go", "would move"),
    }[member["action"]]
    if member["path"] in names.moved:
        mark = "moved"
    return names.picture(member["path"], state, mark, member["reason"])


def _similar(similar: pa.Table, names: _Names) -> _Part:
    sets = []
    order = [("set_id", "ascending"), ("image_id", "ascending")]
    rows = similar.sort_by(order).to_pylist()
    for _, members in groupby(rows, key=lambda row: row["set_id"]):
        alike = list(members)
        pictures = [
            names.picture(
                row["image_id"],
                "",
                f"{row['cosine']:.3f}",
                f"most like {names.printed(row['nearest'])}",
            )
            for row in alike[:SHOWN]
        ]
        sets.append(_Set(f"{len(alike)} pictures", pictures, more=_more(len(alike))))
    return _Part(
        "Similar, for review", "They look alike, but nothing confirms it. None moves.", sets
    )


def _bursts(culled: Culled, names: _Names) -> _Part:
    sets = []
    rows = culled.bursts.to_pylist()
    for _, frames in groupby(rows, key=lambda row: row["burst_id"]):
        burst = sorted(frames, key=lambda row: (not row["is_best"], row["position"]))
        pictures = []
        for row in burst[:SHOWN]:
            image = row["image_id"]
            goes = image in culled.moves
            state = "keep" if row["is_best"] else "go" if goes else ""
            mark = "best" if row["is_best"] else "would move" if goes else f"{row['position']}"
            pictures.append(
                names.picture(image, state, mark, f"{row['taken_at']}; {row['reason']}")
            )
        sets.append(_Set(f"{len(burst)} frames", pictures, more=_more(len(burst))))
    note = "Frames that one camera took in quick succession, the sharpest first."
    return _Part("Bursts", note, sets)


def _flaws(flaws: pa.Table, names: _Names) -> _Part:
    rows = flaws.to_pylist()
    sets = []
    for flaw, several in groupby(rows, key=lambda row: row["flaw"]):
        seen = [row for row in several if row["image_id"] in names.facts]
        pictures = [names.picture(row["image_id"], "", flaw, row["detail"]) for row in seen[:SHOWN]]
        if pictures:
            sets.append(_Set(f"{len(seen)} {flaw}", pictures, more=_more(len(seen))))
    unseen = [row for row in rows if row["image_id"] not in names.facts]
    lines = [
        (row["flaw"].replace("_", " "), names.printed(row["image_id"]), row["detail"])
        for row in unseen[:_LINES]
    ]
    note = "Reported only: none of them moves. All are in flaws.csv."
    return _Part("Flaws", note, sets, lines)


def _more(count: int) -> str:
    return f"{count - SHOWN:,} more are in the tables." if count > SHOWN else ""


def _paged(parts: list[_Part]) -> list[list[_Part]]:
    """The chapters cut into pages of about PAGE pictures; a set stays whole, a chapter goes on."""
    pages: list[list[_Part]] = [[]]
    room = PAGE
    for part in parts:
        pages[-1].append(_Part(part.title, part.note, []))
        for shown in part.sets:
            if room < len(shown.pictures) and room < PAGE:
                pages.append([_Part(part.title, "", [])])
                room = PAGE
            pages[-1][-1].sets.append(shown)
            room -= len(shown.pictures)
        pages[-1][-1].lines = part.lines
    return pages
