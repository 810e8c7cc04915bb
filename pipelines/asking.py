"""`artlake query` and `artlake similar`: answers from a lake, for people and for other programs."""

import io
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from assets.published import WAREHOUSE
from assets.similarity import INDEX
from pipelines.forms import Form
from storage import Lake
from storage.files import write_bytes

if TYPE_CHECKING:
    from warehouse.chartspec import Chart
    from warehouse.questions import Question

_CELL = 80
_COLUMN = 12  # characters that a column needs to be read
_ROWS = 100  # that are printed unless more are asked for
_DRAWN = 5_000  # that a chart is drawn of; where there are more, it says so
_FORMS = tuple(form.value for form in Form)
_PICTURES = ("png", "svg", "html")
_BINARY = ("parquet", "arrow")


def answer(
    lake: Lake,
    sql: str | None,
    *,
    limit: int | None,
    timeout_s: float,
    form: str | None,
    out: Path | None,
    as_of: str | None,
    plot: bool,
    console: Console,
    remarks: Console,
) -> None:
    """Answer `sql`, or the question of that name, in print or in the file `out`; without one, list the questions.

    form: one of table, csv, json, parquet, arrow; None is what `out` ends in, or a table. as_of: a day or
    a publication to ask instead of today's file. plot: draw the chart of the question instead.

    Raises AskError with the reason when the question is refused, ChartError when there is nothing to draw.
    """
    from warehouse.ask import TRUNCATED
    from warehouse.questions import named, questions

    if sql is None:
        _list(questions(), console)
        return
    question = named(sql) if len(sql.split()) == 1 else None  # no query is one word
    form = _form(form, out, plot=plot)
    spec = _chart(question) if plot else None
    limit = limit or (_DRAWN if plot else _ROWS)
    found = _ask(lake, question.sql if question else sql, as_of, limit, timeout_s)
    more = TRUNCATED in (found.schema.metadata or {})
    if spec:
        out = out or Path(f"{sql}.png")
        _draw(found, spec, out, form)
        console.print(f"Chart: {out}")
    elif form == "table":
        title = question.sentence if question else None
        wide = found.num_columns * _COLUMN > console.width
        console.print(_blocks(found, title) if wide else _table(found, title))
        if question:
            console.print(f"[dim]{question.note}[/dim]", highlight=False)
    elif out is None:
        sys.stdout.buffer.write(_written(found, form))
        sys.stdout.flush()
    else:
        write_bytes(out, _written(found, form))
        console.print(f"{found.num_rows:,} rows in {out}", highlight=False)
    if more:
        remarks.print(f"There are more rows than these {found.num_rows:,}; --limit takes more.")


def _list(known: "tuple[Question, ...]", console: Console) -> None:
    listing = Table("about", "name", "question", title="Questions that come with artlake")
    for number, question in enumerate(known):
        again = number and known[number - 1].topic == question.topic
        listing.add_row("" if again else question.topic, question.name, question.sentence)
    console.print(listing)
    console.print("[dim]Each but those that are lists to be read has a chart: --plot.[/dim]")


def _form(form: str | None, out: Path | None, *, plot: bool) -> str:
    from warehouse.ask import AskError

    named = out.suffix.removeprefix(".").lower() if out else None
    known: tuple[str, ...] = _PICTURES
    if plot:
        if form is not None:
            raise AskError("--plot draws; --format prints rows. Ask for one of them.")
        form = named or "png"
    else:
        known = _FORMS if out is None else _FORMS[1:]  # a table is for reading, not for a file
        form = form or named or "table"
    if form not in known:
        raise AskError(f"{out or form}: the file may end in {', '.join(f'.{x}' for x in known)}.")
    if form in _BINARY and out is None and sys.stdout.isatty():
        raise AskError(f"{form} is not for a terminal: name a file with --out, or use a pipe.")
    return form


def _ask(lake: Lake, sql: str, as_of: str | None, limit: int, timeout_s: float) -> pa.Table:
    from warehouse.as_of import ask_as_of
    from warehouse.ask import ask

    if as_of is not None:
        return ask_as_of(lake, as_of, sql, limit, timeout_s)
    return ask(lake.file(WAREHOUSE), sql, limit, timeout_s)


def _chart(question: "Question | None") -> "Chart":
    from warehouse.ask import AskError

    if question is None:
        raise AskError("Only questions with a name have a chart; `query` without one lists them.")
    if question.chart is None:
        raise AskError(f"{question.name} has no chart: it is a list to be read. Leave out --plot.")
    return question.chart


def _draw(found: pa.Table, spec: "Chart", out: Path, form: Any) -> None:
    from warehouse.charts import chart, draw

    write_bytes(out, draw(chart(found, spec), form))


def _written(found: pa.Table, form: str) -> bytes:
    """The rows as a file: CSV and JSON in UTF-8, Parquet and Arrow (an IPC file) with their types."""
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    if form == "json":
        rows = [{name: _json(value) for name, value in row.items()} for row in found.to_pylist()]
        return (json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode()
    sink = io.BytesIO()
    if form == "csv":
        for number, field in enumerate(found.schema):
            if pa.types.is_nested(
                field.type
            ):  # a cell holds one value: lists and the like are JSON
                texts = [
                    None if value is None else json.dumps(_json(value), ensure_ascii=False)
                    for value in found[field.name].to_pylist()
                ]
                found = found.set_column(number, field.name, pa.array(texts, pa.string()))
        pa_csv.write_csv(found, sink)
    elif form == "parquet":
        pq.write_table(found, sink, compression="zstd")
    else:
        with pa.ipc.new_file(sink, found.schema) as file:
            file.write_table(found)
    return sink.getvalue()


def _json(value: Any) -> Any:
    """A value that JSON has: what is not finite is null, days and the like are text."""
    if isinstance(value, dict):
        return {str(name): _json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, int | float | str) else str(value)


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
