"""`artlake query` and `artlake similar`: answers from a lake, printed for people or for other programs."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from assets.published import WAREHOUSE
from assets.similarity import INDEX
from storage import Lake
from storage.files import write_bytes

_CELL = 80
_COLUMN = 12  # characters that a column needs to be read


def answer(
    lake: Lake, sql: str | None, *, limit: int, timeout_s: float, form: str, console: Console
) -> None:
    """Print the answer to `sql`, or to the question of that name; without one, list the questions.

    Raises AskError with the reason when the question is refused.
    """
    from warehouse.ask import AskError, ask
    from warehouse.questions import answer as answer_question
    from warehouse.questions import questions

    file = lake.file(WAREHOUSE)
    named = {question.name: question for question in questions()}
    if sql is None:
        listing = Table("name", "question", title="Questions that come with artlake")
        for question in named.values():
            listing.add_row(question.name, question.sentence)
        console.print(listing)
        return
    if sql in named:
        found = answer_question(file, sql, limit, timeout_s)
    elif len(sql.split()) == 1:
        raise AskError(f"There is no question {sql!r}. `query` without one lists them.")
    else:
        found = ask(file, sql, limit, timeout_s)
    if form == "csv":
        pa_csv.write_csv(found, sys.stdout.buffer)
    elif form == "json":
        console.print_json(data=found.to_pylist(), default=str)
    else:
        title = named[sql].sentence if sql in named else None
        wide = found.num_columns * _COLUMN > console.width
        console.print(_blocks(found, title) if wide else _table(found, title))
        if b"truncated" in (found.schema.metadata or {}):
            console.print(f"[dim]The first {found.num_rows:,} rows; --limit shows more.[/dim]")


def _table(found: pa.Table, title: str | None) -> Table:
    table = Table(title=title, title_justify="left")
    for field in found.schema:
        numeric = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        table.add_column(field.name, justify="right" if numeric else "left", overflow="fold")
    for row in found.to_pylist():
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _blocks(found: pa.Table, title: str | None) -> Table:
    """A row under the other, for tables wider than the terminal; empty values are left out."""
    table = Table(title=title, title_justify="left", show_header=False, box=SIMPLE)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for row in found.to_pylist():
        for name, value in row.items():
            if value is not None:
                table.add_row(name, _cell(value))
        table.add_section()
    return table


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:,.3f}" if isinstance(value, float) else str(value)
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


def similar(lake: Lake, picture: Path, *, k: int, sheet: Path | None, console: Console) -> None:
    """Print the works that look most like the file `picture`, and draw them where asked.

    Raises NotAPictureError, MissingVersionError or FingerprintError, as models.similarity.search does.
    """
    from models.similarity import search

    found = search(lake.file(INDEX), picture, k)
    keys = ["images/originals", "images/derivatives", "catalog/artworks"]
    with lake.connect(keys) as connection:
        works = {
            row[0]: row[1:]
            for row in connection.execute(
                """
                select sha256, artwork_id, title, artist_text, object_url, derivative.path
                from images_originals
                join images_derivatives derivative using (sha256)
                join catalog_artworks using (artwork_id)
                where list_contains($1, sha256)
                qualify row_number() over (partition by sha256 order by artwork_id) = 1
                """,
                [[sha256 for sha256, _ in found]],
            ).fetchall()
        }
    table = Table(title=f"Looks like {picture.name}", title_justify="left")
    for name in ("cosine", "artwork", "title", "artist", "page"):
        table.add_column(name, overflow="fold")
    items = []
    for sha256, cosine in found:
        artwork_id, title, artist, page, path = works[sha256]
        table.add_row(f"{cosine:.3f}", artwork_id, _cell(title), _cell(artist), page)
        items.append((lake.images.root / path, f"{cosine:.3f} {title or artwork_id}"))
    console.print(table)
    if sheet is not None:
        from imaging.sheets import contact_sheet

        drawn = contact_sheet([(picture, "asked about"), *items])
        write_bytes(sheet, drawn.data)
        console.print(f"Contact sheet: {sheet}")
