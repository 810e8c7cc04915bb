"""The data dictionary: what every table and column of the published file is, with examples from it."""

import html as escaping
from dataclasses import dataclass
from pathlib import Path

from warehouse.ask import ask
from warehouse.contracts import star_contract, view_contracts
from warehouse.headers import Column, Contract
from warehouse.questions import questions
from warehouse.star import STAR

_EXAMPLE_LENGTH = 60
_HEADS = ("column", "type", "meaning", "rules", "example", "empty")


@dataclass(frozen=True)
class Entry:
    """One table or view with its rows and, a column each, the cells of the dictionary."""

    contract: Contract
    kind: str
    rows: int
    cells: tuple[tuple[str, ...], ...]


def entries(file: Path) -> tuple[Entry, ...]:
    """Views for people first, then the star's tables, with figures from the published file."""
    views = [_entry(file, contract, "view") for contract in view_contracts()]
    return (*views, *(_entry(file, star_contract(table.name), "table") for table in STAR))


def markdown(file: Path) -> str:
    """The data dictionary of the published file as Markdown."""
    lines = ["# Data dictionary", "", _INTRODUCTION, ""]
    for entry in entries(file):
        contract = entry.contract
        lines += [f"## {contract.name}", "", _about(entry), ""]
        lines += [f"| {' | '.join(_HEADS)} |", f"|{'---|' * len(_HEADS)}"]
        lines += [f"| {' | '.join(map(_pipe_safe, cells))} |" for cells in entry.cells]
        lines.append("")
    lines += ["## Questions", ""]
    lines += [f"- `{question.name}`: {question.sentence}" for question in questions()]
    return "\n".join(lines) + "\n"


def html(file: Path) -> str:
    """The data dictionary of the published file as one HTML page that needs no network."""
    found = entries(file)
    links = " · ".join(
        f'<a href="#{entry.contract.name}">{entry.contract.name}</a>' for entry in found
    )
    body = [f"<h1>Data dictionary</h1><p>{escaping.escape(_INTRODUCTION)}</p><nav>{links}</nav>"]
    for entry in found:
        rows = "".join(
            "<tr>" + "".join(f"<td>{escaping.escape(cell)}</td>" for cell in cells) + "</tr>"
            for cells in entry.cells
        )
        head = "".join(f"<th>{name}</th>" for name in _HEADS)
        body.append(
            f'<section id="{entry.contract.name}"><h2>{entry.contract.name}</h2>'
            f"<p>{escaping.escape(_about(entry))}</p><div class=scroll><table><thead><tr>{head}</tr>"
            f"</thead><tbody>{rows}</tbody></table></div></section>"
        )
    listed = "".join(
        f"<dt><code>{q.name}</code></dt><dd>{escaping.escape(q.sentence)}</dd>" for q in questions()
    )
    body.append(f"<section><h2>Questions</h2><dl>{listed}</dl></section>")
    return _PAGE.format(body="".join(body))


def _entry(file: Path, contract: Contract, kind: str) -> Entry:
    measured = ", ".join(
        f"min(left(cast({column.name} as varchar), {_EXAMPLE_LENGTH + 1})) filter "
        f"(where {_telling(column)}), count(*) filter (where {column.name} is null)"
        for column in contract.columns
    )
    answer = ask(file, f"select count(*), {measured} from {contract.name}", timeout_s=300)
    total, *figures = (column[0].as_py() for column in answer.columns)
    cells = tuple(
        _cells(column, figures[2 * place], figures[2 * place + 1], total)
        for place, column in enumerate(contract.columns)
    )
    return Entry(contract, kind, total, cells)


def _telling(column: Column) -> str:
    """An example should not be the unknown row nor an empty list."""
    return f"cast({column.name} as varchar) not in ('', '0', '[]', 'unknown')"


def _cells(column: Column, example: str | None, empty: int, total: int) -> tuple[str, ...]:
    shown = " ".join((example or "").split())
    if len(shown) > _EXAMPLE_LENGTH:
        shown = shown[:_EXAMPLE_LENGTH] + "…"
    share = f"{empty / total:.1%}" if total else "no rows"
    kind = column.type.lower() + (f", {column.unit}" if column.unit else "")
    return column.name, kind, column.meaning, _rules(column), shown, share


def _rules(column: Column) -> str:
    rules = []
    if column.key:
        rules.append("key")
    if column.unique:
        rules.append("unique")
    if column.references:
        rules.append(f"→ {column.references}")
    if column.low is not None or column.high is not None:
        low = "" if column.low is None else f"{column.low:g}"
        high = "" if column.high is None else f"{column.high:g}"
        rules.append(f"{low}..{high}")
    if column.allowed:
        rules.append("one of: " + ", ".join(column.allowed))
    return "; ".join(rules)


def _about(entry: Entry) -> str:
    notes = f" {entry.contract.notes}" if entry.contract.notes else ""
    grain = entry.contract.grain[0].upper() + entry.contract.grain[1:]
    return f"{grain}.{notes} ({entry.kind}, {entry.rows:,} rows)"


def _pipe_safe(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


_INTRODUCTION = (
    "Every table, view and column of the published DuckDB file. Views are written for people; the "
    "star's tables below them are for joins. To count objects, count rows of fact_artwork or of the "
    "view artworks; to count them by artist, sum the weights of bridge_artwork_artist."
)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Data dictionary</title><style>
body {{ font: 16px/1.5 Georgia, "Liberation Serif", serif; color: #1d1b19; background: #fdfcfa;
  max-width: 1120px; margin: 3rem auto; padding: 0 1.25rem }}
h1, h2 {{ font-weight: normal; letter-spacing: .01em }} h2 {{ margin: 3rem 0 .25rem }}
nav, table, dt {{ font: 14px/1.45 "Helvetica Neue", Arial, "Liberation Sans", sans-serif }}
a {{ color: #7a2e1d }} .scroll {{ overflow-x: auto }} table {{ border-collapse: collapse; width: 100% }}
th {{ text-align: left; font-weight: 600; border-bottom: 1px solid #1d1b19 }}
th, td {{ padding: .35rem .9rem .35rem 0; vertical-align: top }} td {{ border-bottom: 1px solid #e6e0d8 }}
td:first-child {{ font-weight: 600; white-space: nowrap }} td:nth-child(5) {{ overflow-wrap: anywhere }}
td:nth-child(3) {{ min-width: 14rem }}
</style></head><body>{body}</body></html>
"""
