"""`artlake train`, `ablate`, `classify` and `models`: making networks, asking them, choosing which is asked.

What belongs here: the command lines. Training is `assets.networks`, the registry `models.registry`.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines import registered
from pipelines.helptext import command, examples
from pipelines.registered import lake_in_use, list_all
from storage.errors import MendableError

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
app.add_typer(
    registered.app,
    name="models",
    epilog=examples("models list", "models compare department department_head"),
)
_console = Console(highlight=False)
_Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="a field of the recipe or architecture, as name=value; repeatable"),
]


class LearningError(MendableError):
    """A command about models cannot do what was asked; the message says why and what to do."""


@app.command(
    epilog=examples(
        "train department",
        "train department --epochs 3 --set batch_size=16",
        "train style --set backbone=resnet50 --set weights=hub",
        "train cnn_rnn --recipe my_recipe.yaml",
        "train department --trials 20    [dim]# look for a better recipe first[/dim]",
    )
)
def train(
    name: Annotated[str, typer.Argument(help="a recipe of models/recipes: department, style…")],
    recipe: Annotated[
        Path | None, typer.Option(help="a YAML whose architecture and recipe are taken instead")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="epochs at most")] = None,
    change: _Changes = None,
    trials: Annotated[
        int | None, typer.Option(min=2, help="search the recipe by that many short trainings")
    ] = None,
) -> None:
    """Train a network on the lake's labels, judge it, register it, and ask it from now on where it is as good.

    A training that was stopped goes on where it was when the same is called again.
    """
    from assets.networks import PLANS, network_keys
    from assets.searches import search_key
    from pipelines.jobs import search_name, train_name
    from pipelines.training import changes_of

    _require_plan(name)
    said = [*([f"epochs={epochs}"] if epochs else []), *(change or [])]
    changes = changes_of(PLANS[name], recipe, said)
    if trials is None:
        _run(train_name(name), network_keys(name)[0], changes)
        list_all(lake_in_use(), name)
        _console.print(f"`{command()} run` brings predictions and reports up to date.")
    else:
        _run(search_name(name), search_key(name), {**changes, "trials": trials})
        best = lake_in_use().file(f"{search_key(name)}.yaml")
        _console.print(
            f"The best recipe: `{command()} train {name} --recipe {best}`", soft_wrap=True
        )


@app.command(
    epilog=examples(
        "ablate style", "ablate style department --epochs 5", "ablate style --set image_size=128"
    )
)
def ablate(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="recipes to take apart")],
    epochs: Annotated[int | None, typer.Option(min=1, help="epochs at most, each time")] = None,
    change: _Changes = None,
) -> None:
    """Train a recipe without its parts, to see what each adds: recurrence, attention, fine-tuning."""
    from assets.ablations import ABLATIONS
    from assets.networks import PLANS
    from pipelines.jobs import ABLATE
    from pipelines.training import changes_of, settings_of

    said = [*([f"epochs={epochs}"] if epochs else []), *(change or [])]
    for name in names:
        _require_plan(name)
        changes_of(PLANS[name], None, said)  # what does not fit is refused before hours of training
    _run(ABLATE, ABLATIONS, {"plans": names, **settings_of(said)})
    rows = json.loads(lake_in_use().file(f"{ABLATIONS}.json").read_text())
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for column in ("attribute", "model", "accuracy", "macro-F1"):
        table.add_column(column)
    for row in rows:
        figures = [registered.figure(row[figure]) for figure in ("accuracy", "macro_f1")]
        table.add_row(row["attribute"], row["name"], *figures)
    _console.print(table)


def _require_plan(name: str) -> None:
    from assets.networks import PLANS

    if name not in PLANS:
        raise LearningError(f"There is no recipe {name!r}; there are {', '.join(PLANS)}.")


def _run(job: str, key: str, config: dict[str, Any]) -> None:
    from assets.train_child import TERMINAL
    from pipelines.settings import load
    from pipelines.training import run

    if sys.stderr.isatty():
        os.environ[TERMINAL] = os.ttyname(sys.stderr.fileno())
    lake_in_use()  # none is made by training
    # SIGTERM as Ctrl-C: a process that ends without cleaning up leaves its training running.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        run(load(), job, key, config)
    except KeyboardInterrupt:
        _console.print("Stopped. What was trained is kept; the same command goes on from there.")
        raise typer.Exit(130) from None


@app.command(
    epilog=examples(
        "classify photo.jpg",
        "classify ~/scans --csv departments.csv",
        "classify photo.jpg --overlays ~/why --model department",
        "classify ~/scans --grouping models/groupings/small_museum.yaml",
    )
)
def classify(
    pictures: Annotated[list[Path], typer.Argument(help="picture files, or folders of them")],
    csv: Annotated[Path | None, typer.Option(help="write the rows to this CSV file")] = None,
    overlays: Annotated[
        Path | None, typer.Option(help="a folder for pictures of where the model looked")
    ] = None,
    grouping: Annotated[
        Path | None, typer.Option(help="a YAML that adds labels up to groups of your own")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="NAME or NAME@VERSION instead of the models in use")
    ] = None,
) -> None:
    """Tell department, style, genre and artist of pictures, and which answers may stand without a person."""
    from imaging.files.tables import write_csv
    from pipelines import classifying

    rows = classifying.classify(
        lake_in_use(), pictures, model=model, grouping=grouping, overlays=overlays
    )
    classifying.show(rows, _console)
    if csv is not None:
        try:
            write_csv(csv.expanduser(), classifying.HEADER, rows)
        except OSError as error:
            raise LearningError(
                f"{csv} cannot be written: {error.strerror}. Name another file with --csv."
            ) from error
        _console.print(f"{len(rows):,} rows: {escape(str(csv))}", soft_wrap=True)
    if all(row["error"] for row in rows):
        raise typer.Exit(1)
