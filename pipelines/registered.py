"""`artlake models`: what is registered, how models compare, and which is asked.

What belongs here: the command line. The work is `models.registry`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from pipelines.helptext import command, examples
from storage.errors import MendableError

if TYPE_CHECKING:
    from storage import Lake

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="List, show, compare, promote and roll back models.",
)
_console = Console(highlight=False)
_By = Annotated[str | None, typer.Option("--by", help="who decides (default: the user's name)")]


class ModelsError(MendableError):
    """A command about models cannot do what was asked; the message says why and what to do."""


@app.command("list", epilog=examples("models list", "models list department"))
def list_models(
    name: Annotated[str | None, typer.Argument(help="those of this name only")] = None,
) -> None:
    """List every registered model, and for which attributes it is asked."""
    list_all(lake_in_use(), name)


@app.command(epilog=examples("models show department", "models show department@3f2a"))
def show(model: Annotated[str, typer.Argument(help="NAME (the newest) or NAME@VERSION")]) -> None:
    """Print the card of a model: data, split, figures with intervals, limits, weights, licences."""
    from rich.markdown import Markdown

    from models import registry

    version = registry.find(_root(lake_in_use()), model)
    _console.print(Markdown((version.folder / "MODEL_CARD.md").read_text(encoding="utf-8")))
    _console.print(f"{version.id}: {version.folder}", soft_wrap=True)


@app.command(epilog=examples("models compare department department_head"))
def compare(
    ours: Annotated[str, typer.Argument(metavar="A", help="NAME or NAME@VERSION")],
    theirs: Annotated[str, typer.Argument(metavar="B", help="NAME or NAME@VERSION")],
) -> None:
    """Say how much better A is than B on the test pictures of both, in accuracy and macro-F1, with 95 % intervals."""
    from models import registry
    from models.promotion import in_words

    root = _root(lake_in_use())
    a, b = registry.find(root, ours), registry.find(root, theirs)
    common = [name for name in a.config["attributes"] if name in b.config["attributes"]]
    if not common:
        raise ModelsError(f"{a.id} and {b.id} tell no attribute in common; nothing to compare.")
    for attribute in common:
        found = registry.compare(a, b, attribute)
        _console.print(f"{attribute}: {a.id} − {b.id} = {in_words(found)}", soft_wrap=True)
        if a.config["scheme"] != b.config["scheme"]:
            _console.print(
                f"[yellow]Do not go by it: one was split by {a.config['scheme']}, the other by "
                f"{b.config['scheme']}; what one was tested on taught the other.[/yellow]",
                soft_wrap=True,
            )


@app.command(
    epilog=examples(
        "models promote department@3f2a",
        'models promote style@91bc --attribute style --force "the old one was tested on leaked works"',
    )
)
def promote(
    model: Annotated[str, typer.Argument(help="NAME@VERSION, as `models list` shows it")],
    attribute: Annotated[
        list[str] | None, typer.Option(help="for this attribute only (default: all it tells)")
    ] = None,
    force: Annotated[
        str | None,
        typer.Option(help="promote it though it is worse or cannot be compared, for this reason"),
    ] = None,
    by: _By = None,
) -> None:
    """Ask a model from now on; refused when it is worse beyond its interval, or cannot be compared fairly."""
    from models import registry

    root = _root(lake_in_use())
    version = registry.find(root, model)
    done = registry.promote(
        root, version.folder.parent.name, version.folder.name, force, attributes=attribute, by=by
    )
    if not done:
        _console.print(f"{version.id} is asked already; nothing changed.")
        return
    _console.print(f"{version.id} is asked for the {' and '.join(done)} from now on.")
    _console.print(f"`{command()} run` makes the predictions anew.")


@app.command(
    epilog=examples("models rollback department", 'models rollback style --why "sees ghosts"')
)
def rollback(
    attribute: Annotated[str, typer.Argument(help="department, style, genre or artist")],
    why: Annotated[str, typer.Option(help="kept in the history")] = "",
    by: _By = None,
) -> None:
    """Ask the model again that was asked before the one of today."""
    from models import registry

    before = registry.rollback(_root(lake_in_use()), attribute, why, by=by)
    _console.print(f"{before} is asked for the {attribute} again.")
    _console.print(f"`{command()} run` makes the predictions anew.")


def list_all(lake: "Lake", name: str | None) -> None:
    """Print the models of a name, or all. Raises ModelsError when there is none."""
    from models import registry

    root = _root(lake)
    found = registry.versions(root, name)
    if not found:
        raise ModelsError(
            f"No model {'' if name is None else f'{name} '}is registered in {root}. `{command()} run` makes "
            f"the heads, `{command()} train department` a network."
        )
    asked: dict[str, list[str]] = {}
    for attribute, model in registry.in_use(root).items():
        asked.setdefault(model, []).append(attribute)
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for column in ("model", "kind", "attribute", "accuracy", "macro-F1", "asked"):
        table.add_column(column, no_wrap=column == "model")
    for one in found:
        for attribute in one.config["attributes"]:
            summary = one.metrics[attribute]
            in_use = "[green]yes[/green]" if attribute in asked.get(one.id, []) else ""
            figures = [figure(summary[name]) for name in ("accuracy", "macro_f1")]
            table.add_row(one.id, one.config["kind"], attribute, *figures, in_use)
    _console.print(table)


def figure(of: dict[str, Any]) -> str:
    """A figure with its interval, for rich."""
    return f"{of['value']:.3f} \\[{of['low']:.3f}, {of['high']:.3f}]"


def lake_in_use() -> "Lake":
    """The lake that the settings name. Raises LakeError where none was made yet."""
    from pipelines.pictures.fixity import lake_in_use as named

    return named()


def _root(lake: "Lake") -> Path:
    from models.folders import REGISTRY

    return lake.file(REGISTRY)
