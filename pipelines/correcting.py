"""`artlake correct`: people look at labels that are likely wrong, and say which label is right."""

import datetime
import difflib
import getpass
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from storage import Lake
from storage.errors import MendableError

_NEAR = 5


class CorrectingError(MendableError):
    """There is no such artwork, attribute or label, or nothing to correct yet; the message says what there is."""


def show(lake: Lake, console: Console, *, command: str, limit: int) -> None:
    """List the suggestions that nobody has answered yet, the likeliest errors first."""
    found = open_suggestions(lake)
    if not found:
        console.print("No label is likely wrong that nobody has answered yet.")
        return
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ("artwork", "attribute", "filed under", "the model says", "at"):
        table.add_column(name, overflow="fold", justify="right" if name == "at" else "left")
    for row in found[:limit]:
        names = [row[key] for key in ("artwork_id", "attribute", "label", "suggested_label")]
        table.add_row(*map(escape, names), f"{row['probability']:.0%}")
    console.print(table)
    one = found[0]
    said = f'{command} correct "{one["artwork_id"]}" {one["attribute"]}'
    shown = f"{min(limit, len(found))} of {len(found)} shown. " if len(found) > limit else ""
    console.print(
        f"{shown}Their pictures are in reports/outliers.html of the lake. To take a suggestion:\n"
        f'  {escape(said)} "{escape(one["suggested_label"])}"\n'
        f"To refuse it, confirm the label it has:\n"
        f'  {escape(said)} "{escape(one["label"])}"',
        highlight=False,
        soft_wrap=True,
    )


def correct(
    lake: Lake,
    artwork: str,
    attribute: str,
    label: str,
    console: Console,
    *,
    command: str,
    by: str | None = None,
    today: datetime.date | None = None,
) -> None:
    """Note which label is right; the next run learns from it.

    Raises CorrectingError with near names when there is no such artwork, attribute or label.
    """
    from assets.corrections import FILE
    from models.corrections import Correction, add

    check(lake, artwork, attribute, label)
    day = (today or datetime.datetime.now(datetime.UTC).date()).isoformat()
    add(lake.file(FILE), [Correction(artwork, attribute, label, by or getpass.getuser(), day)])
    console.print(
        f"Noted: the {escape(attribute)} of {escape(artwork)} is {escape(label)}. "
        f"`{command} run` learns from it.",
        highlight=False,
        soft_wrap=True,
    )


def open_suggestions(lake: Lake) -> list[dict[str, Any]]:
    """Rows of predictions/label_issues without a correction, by rank and attribute.

    Raises CorrectingError when labels were not looked at yet.
    """
    from assets.corrections import FILE
    from models.corrections import read

    if not lake.path("predictions/label_issues").exists():
        raise CorrectingError(
            f"Nobody has looked for wrong labels in {lake.root} yet. `artlake run` does."
        )
    said = read(lake.file(FILE))
    answered = set(zip(said["artwork_id"].to_pylist(), said["attribute"].to_pylist(), strict=True))
    rows = lake.read("predictions/label_issues").to_pylist()
    left = [row for row in rows if (row["artwork_id"], row["attribute"]) not in answered]
    return sorted(left, key=lambda row: (row["rank"], row["attribute"], row["artwork_id"]))


def check(lake: Lake, artwork: str, attribute: str, label: str) -> None:
    """Raise CorrectingError unless all three are known; a label is if any work or class bears it."""
    from models.labels import ARTISTS, read_all

    maps = read_all()
    _known("attribute", attribute, set(maps), lake)
    artworks = lake.read("catalog/artworks")
    _known("artwork", artwork, set(artworks["artwork_id"].to_pylist()), lake)
    column = maps[attribute].column
    if column == ARTISTS:
        labels = set(lake.read("catalog/artists", ["name"])["name"].to_pylist())
    else:
        labels = set(artworks[column].to_pylist())
    examples = lake.read("training/examples", ["attribute", "label"]).to_pylist()
    labels |= {row["label"] for row in examples if row["attribute"] == attribute}
    _known(f"{attribute} label", label, labels - {None}, lake)


def _known(what: str, asked: str, names: set[str], lake: Lake) -> None:
    if asked in names:
        return
    folded = {name.casefold(): name for name in sorted(names)}
    near = difflib.get_close_matches(asked.casefold(), list(folded), n=_NEAR, cutoff=0.5)
    told = [folded[name] for name in near] or sorted(names)[:_NEAR]
    hint = f" Near it: {', '.join(told)}." if near else f" There are: {', '.join(told)}…"
    raise CorrectingError(f"There is no {what} {asked!r} in {lake.root}.{hint if told else ''}")
