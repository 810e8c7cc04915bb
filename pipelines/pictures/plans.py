"""`artlake plan`: what a plan of a command over pictures would do, did, and how it is taken back.

What belongs here: showing plans and outcomes on a terminal, for these commands and for their makers.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.helptext import examples

if TYPE_CHECKING:
    from imaging.files.plan import Outcome, Plan
    from imaging.files.walk import Refused

app = typer.Typer(rich_markup_mode="rich")
plan_app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
app.add_typer(
    plan_app,
    name="plan",
    help="Show, apply or undo a plan of cull, crops, rename, cluster or sidecars.",
)
_SHOWN = 20  # rows told on the terminal; the plan holds them all
PlanFolder = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="a command's work folder, FOLDER/_artlake/COMMAND or that of --out (then its newest plan), "
        "or one plan's own folder",
    ),
]


@plan_app.command(
    "show", epilog=examples("plan show ~/pictures/_artlake/cull", "plan show ~/out/plan-2 --all")
)
def show(
    folder: PlanFolder,
    every: Annotated[bool, typer.Option("--all", help="every step, not only the first")] = False,
) -> None:
    """Say what a plan does, and how much of it is done."""
    from imaging.files.plan import located, read, states

    console = Console(highlight=False)
    plan = read(located(folder.expanduser()))
    tell_plan(plan, console, shown=len(plan.steps) if every else _SHOWN)
    counts = Counter(state.value for state in states(plan))
    for where, count in sorted(counts.items()):
        console.print(f"{where}: {count:,}")


@plan_app.command("apply", epilog=examples("plan apply ~/pictures/_artlake/cull"))
def apply(folder: PlanFolder) -> None:
    """Do what is left to do of a plan; nothing is ever overwritten or deleted."""
    from imaging.files import plan

    console = Console(highlight=False)
    place = plan.located(folder.expanduser())
    if plan.read(place).steps:
        tell_outcome(plan.apply(place, progress=bar("applying")), "applied", console)
    else:
        console.print("There is nothing to do: the plan holds no steps.")


@plan_app.command("undo", epilog=examples("plan undo ~/pictures/_artlake/cull"))
def undo(folder: PlanFolder) -> None:
    """Put every byte back where it was, also after a crash or a half-applied plan.

    Of a command's work folder, this takes back the newest plan that is applied.
    """
    from imaging.files import plan

    console = Console(highlight=False)
    place = plan.located(folder.expanduser(), applied=True)
    tell_outcome(plan.undo(place, progress=bar("undoing")), "undone", console)


def bar(what: str) -> Callable[[Sequence[Any]], Iterable[Any]]:
    """A progress bar with rate and time left, for anything that has a length."""
    from tqdm import tqdm

    return partial(tqdm, desc=what, unit=" files", disable=None)


def tell_plan(plan: "Plan", console: Console, shown: int = _SHOWN) -> None:
    """Print a plan's steps, and those that could not be drawn."""
    from imaging.files.plan import Move
    from storage.files import printable

    count = len(plan.steps)
    steps = f"{count:,} step{'' if count == 1 else 's'}" if count else "nothing to do"
    console.print(f"{plan.made_by}: {steps} below {escape(printable(plan.root))}", soft_wrap=True)
    rows = [
        (drawn.step.source, drawn.step.target, drawn.step.why)
        if isinstance(drawn.step, Move)
        else (
            "(replaced file)" if drawn.former else "(new file)",
            drawn.step.target,
            drawn.step.why,
        )
        for drawn in plan.steps[:shown]
    ]
    _table(("from", "to", "why"), rows, count, console)
    tell_left(
        [
            (step.source if isinstance(step, Move) else step.target, reason)
            for step, reason in plan.refused
        ],
        console,
    )


def tell_outcome(outcome: "Outcome", done: str, console: Console) -> None:
    """Print what was done just now, and what was not, with the reason. Exits with 1 if anything was skipped."""
    from imaging.files.plan import Move

    if not outcome.done and not outcome.skipped:
        console.print(f"There is nothing left to do: the plan is {done} already.")
        return
    console.print(f"{outcome.done:,} step{'' if outcome.done == 1 else 's'} {done}.")
    tell_left(
        [
            (step.source if isinstance(step, Move) else step.target, reason)
            for step, reason in outcome.skipped
        ],
        console,
    )
    if outcome.skipped:
        raise typer.Exit(1)


def tell_refused(root: Path, refused: Sequence["Refused"], console: Console) -> None:
    """Print the files that are left as they are, by their path below `root`."""
    tell_left([(str(it.path.relative_to(root)), it.reason) for it in refused], console)


def tell_left(rows: Sequence[tuple[str, str]], console: Console) -> None:
    """Print what is left as it is, each with its reason."""
    if rows:
        console.print(f"{len(rows):,} left as they are:")
        _table(("file", "why"), rows[:_SHOWN], len(rows), console)


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], count: int, console: Console
) -> None:
    from storage.files import printable

    if not rows:
        return
    table = Table(*heads, box=SIMPLE)
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    console.print(table)
    if count > len(rows):
        console.print(f"… and {count - len(rows):,} more")
