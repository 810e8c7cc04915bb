"""The statistics page: every question with its chart and its rows, interactive, and readable without the network.

What belongs here: laying out what `warehouse` answers and draws. The questions are SQL files beside the star.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from reports.pages import render
from warehouse import charts
from warehouse.ask import TRUNCATED, ask
from warehouse.questions import TOPICS, Question, questions

# Draws each chart of the page in its place; Vega and its kin are bundled with it.
_DRAW = """
const specs = JSON.parse(document.getElementById("specs").textContent);
for (const place of document.querySelectorAll("[data-chart]"))
  vegaEmbed(place, specs[place.dataset.chart], {
    mode: "vega-lite",
    renderer: "svg",
    actions: {export: true, source: false, compiled: false, editor: false},
  });
"""
_ROWS = 1000  # a chart of more is no chart
_SHOWN = 25  # rows of the table below a chart


def page(file: Path) -> str:
    """The page over the published file. Raises warehouse.ask.AskError when it cannot be asked."""
    import vl_convert

    sections = [_section(file, question) for question in questions()]
    specs = {section["name"]: section["spec"] for section in sections if section["spec"]}
    return render(
        "statistics.html",
        topics=[
            (title, [section for section in sections if section["topic"] == topic])
            for topic, title in TOPICS.items()
        ],
        specs=_for_script(specs),
        library=vl_convert.javascript_bundle(_DRAW),
    )


def _section(file: Path, question: Question) -> dict[str, Any]:
    found = ask(file, question.sql, limit=_ROWS)
    # Keys are for joining, nobody reads them.
    names = [name for name in found.column_names if not name.endswith("_key")]
    shown = found.select(names).slice(0, _SHOWN)
    spec = None
    if question.chart and found.num_rows:
        # The page has the sentence and the note as its own text.
        bare = dataclasses.replace(question.chart, title="", note="")
        spec = charts.chart(found, bare).properties(width="container").to_dict()
        spec["config"] |= {"background": "transparent", "padding": 0}
        if not spec["title"]["subtitle"]:
            del spec["title"]  # an empty one takes its space
    return {
        "name": question.name,
        "topic": question.topic,
        "sentence": question.sentence,
        "note": question.note,
        "spec": spec,
        "columns": [(field.name, _is_number(field.type)) for field in shown.schema],
        "rows": [[_cell(value) for value in row.values()] for row in shown.to_pylist()],
        "more": _more(found),
    }


def _more(found: pa.Table) -> str:
    """How many rows there are besides those shown, in words; empty for none."""
    left = found.num_rows - _SHOWN
    if TRUNCATED in (found.schema.metadata or {}):
        return f"more than {left:,} more"
    return f"{left:,} more" if left > 0 else ""


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1 else f"{value:,.1f}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _for_script(value: Any) -> str:
    """JSON that may stand in a script element, whatever titles hold."""
    return json.dumps(value, sort_keys=True).replace("<", "\\u003c")
