"""What a person sees while a run is going on: a line when a step starts, one when it is done."""

import logging
from typing import Any

import dagster as dg
from dagster import DagsterEventType
from rich.console import Console
from rich.markup import escape

_NOISE = ("[pipes]", "Dependencies for step")
_console = Console(stderr=True, highlight=False)


class _StepLines(logging.Handler):
    """Turns Dagster's events into short lines; warnings and the stages' own words pass through."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._made: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        meta: dict[str, Any] = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        if event is None:
            text = str(meta.get("orig_message", record.getMessage()))
            if record.levelno >= logging.INFO and not text.startswith(_NOISE):
                _console.print(f"  [dim]{escape(text)}[/dim]")
        elif event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            self._made.append(_made(event))
        elif event.event_type == DagsterEventType.STEP_START:
            self._made.clear()
            _console.print(f"[bold]{_step(event)}[/bold]")
        elif event.event_type == DagsterEventType.STEP_SUCCESS:
            seconds = event.event_specific_data.duration_ms / 1000
            told = f": {'; '.join(self._made)}" if self._made else ""
            _console.print(f"  [green]done[/green] in {seconds:.1f} s{told}")
        elif event.event_type == DagsterEventType.STEP_FAILURE:
            _console.print(f"  [red]failed[/red]: {_step(event)}")


def _step(event: dg.DagsterEvent) -> str:
    return (event.step_key or "").replace("__", "/").partition("[")[0]


def _made(event: dg.DagsterEvent) -> str:
    made = event.event_specific_data.materialization  # type: ignore[union-attr]
    noun = made.asset_key.path[-1]
    where = f" ({made.partition})" if made.partition else ""
    rows = made.metadata.get("dagster/row_count")
    return f"{noun}{where}" + (
        f" {rows.value:,} row{'' if rows.value == 1 else 's'}" if rows else ""
    )


@dg.logger({}, description="a line a step, for people")
def console_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """Log to the terminal what is worth reading there."""
    logger = logging.Logger("artlake", level=logging.DEBUG)
    logger.addHandler(_StepLines())
    return logger
