"""`artlake rename`, `cluster` and `sidecars`: what pictures say of themselves, as names, folders and XMP.

What belongs here: the command lines. Metadata is read by ExifTool; every change is a plan first.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from imaging.files.sidecars import Naming
from pipelines.helptext import examples
from pipelines.pictures.plans import bar, tell_outcome, tell_plan, tell_refused

if TYPE_CHECKING:
    from imaging.files.companions import Bundle
    from imaging.files.facts import Facts
    from imaging.files.plan import Move, Put
    from imaging.files.walk import Refused

app = typer.Typer(rich_markup_mode="rich")

Folder = Annotated[Path, typer.Argument(help="folder of pictures")]
Apply = Annotated[
    bool, typer.Option("--apply", help="do it; without it, only say what it would do")
]
Undo = Annotated[bool, typer.Option("--undo", help="take the last --apply back")]
Out = Annotated[
    Path | None, typer.Option(help="folder of the plan (default: FOLDER/_artlake/COMMAND)")
]


@app.command(
    epilog=examples(
        'rename ~/pictures --pattern "{taken:%Y-%m-%d_%H%M%S}_{camera}_{n:03}"',
        'rename ~/pictures --pattern "{taken:%Y}/{stem}" --apply',
        'rename ~/scans --accession "^(\\d+\\.\\d+)" --pattern "{accession}_{n:02}"',
        "rename ~/pictures --undo",
    )
)
def rename(
    folder: Folder,
    pattern: Annotated[
        str,
        typer.Option(
            help="new name: {taken:%Y-%m-%d_%H%M%S%f} {camera} {make} {model} {lens} {artist} {title} "
            "{accession} {stem} {suffix} {n:03}; / makes folders"
        ),
    ] = "{taken:%Y-%m-%d_%H%M%S}_{camera}_{n:03}",
    accession: Annotated[
        str | None,
        typer.Option(help="regular expression that finds the accession number in a file's name"),
    ] = None,
    apply: Apply = False,
    undo: Undo = False,
    out: Out = None,
) -> None:
    """Rename pictures by their metadata; sidecars and RAW+JPEG pairs keep together."""
    from imaging.files.rename import rename as named

    def steps(
        root: Path, bundles: "Sequence[Bundle]", known: "Sequence[Facts]"
    ) -> "tuple[Sequence[Move], Sequence[Refused]]":
        return named(root, bundles, known, pattern, accession)

    # A pattern that cannot be read is told before a folder of a hundred thousand files is.
    steps(folder, [], [])
    _moved("rename", folder, out, apply, undo, steps)


@app.command(
    epilog=examples(
        "cluster ~/pictures --gap 2h",
        "cluster ~/pictures --gap 30m --apply",
        "cluster ~/pictures --undo",
    )
)
def cluster(
    folder: Folder,
    gap: Annotated[
        str, typer.Option(help="a longer pause of one camera begins a new folder: 30s, 90m, 2h, 1d")
    ] = "2h",
    apply: Apply = False,
    undo: Undo = False,
    out: Out = None,
) -> None:
    """Sort pictures into folders by the pauses between them; what has no date stays and is listed."""
    from imaging.files.rename import cluster as clustered
    from imaging.files.rename import parse_gap

    pause = parse_gap(gap)
    _moved(
        "cluster", folder, out, apply, undo,
        lambda root, bundles, known: clustered(root, bundles, known, pause),
    )  # fmt: skip


@app.command(
    epilog=examples(
        "sidecars ~/pictures",
        "sidecars ~/pictures --naming adobe --apply",
        "sidecars ~/pictures --undo",
    )
)
def sidecars(
    folder: Folder,
    naming: Annotated[
        Naming, typer.Option(help="name.jpg.xmp (darktable, digiKam) or name.xmp (Adobe)")
    ] = Naming.DARKTABLE,
    apply: Apply = False,
    undo: Undo = False,
    out: Out = None,
) -> None:
    """Write what is embedded in pictures to XMP sidecars; values of sidecars that are there win."""
    from imaging.files import sidecars as work
    from imaging.files.exiftool import session

    root, place, console = _begin("sidecars", folder, out, apply, undo)
    if undo:
        return
    bundles, refused = _look(root, place)
    with session() as tool, tempfile.TemporaryDirectory(dir=_made(place)) as staging:
        steps, unable = work.sidecars(root, bundles, tool, Path(staging), naming, bar("reading"))
        _end("sidecars", root, place, steps, [*refused, *unable], apply, console)


def _moved(
    command: str,
    folder: Path,
    out: Path | None,
    apply: bool,
    undo: bool,
    steps: "Callable[[Path, Sequence[Bundle], Sequence[Facts]], tuple[Sequence[Move], Sequence[Refused]]]",
) -> None:
    """The whole of a command that moves: look, read, draw, tell, and do it if asked to."""
    from imaging.files.exiftool import session
    from imaging.files.facts import facts_of

    root, place, console = _begin(command, folder, out, apply, undo)
    if undo:
        return
    bundles, refused = _look(root, place)
    with session() as tool, bar("reading")(bundles) as told:  # type: ignore[attr-defined]
        known = []
        for fact in facts_of(tool, [bundle.main for bundle in bundles]):
            known.append(fact)
            told.update()
    moves, unable = steps(root, bundles, known)
    _end(command, root, place, moves, [*refused, *unable], apply, console)


def _begin(
    command: str, folder: Path, out: Path | None, apply: bool, undo: bool
) -> tuple[Path, Path, Console]:
    """The folder, the place of the next plan, and where to print; does the undo if that is asked."""
    from imaging.files.plan import PlanError, last_applied, next_folder
    from imaging.files.plan import undo as undone

    if apply and undo:
        raise typer.BadParameter("--apply and --undo are two runs")
    console = Console(highlight=False)
    root = folder.expanduser().resolve()
    place = (out.expanduser() if out else root / "_artlake" / command).resolve()
    if undo:
        last = last_applied(place)
        if last is None:
            raise PlanError(
                f"No plan in {place} is applied, so there is nothing to undo. "
                "If it lies elsewhere, name its folder with --out."
            )
        tell_outcome(undone(last, progress=bar("undoing")), "undone", console)
    return root, next_folder(place), console


def _look(root: Path, place: Path) -> "tuple[list[Bundle], list[Refused]]":
    """The pictures below the folder with what travels with them, and what was refused."""
    from imaging.files.companions import bundles
    from imaging.files.folder import PICTURES
    from imaging.files.walk import walk

    skip = {place.relative_to(root).as_posix()} if place.is_relative_to(root) else set()
    found = walk(root, skip=skip)
    pictures = [it for it in bundles(found.files) if it.main.suffix.lower() in PICTURES]
    return pictures, [it for it in found.refused if it.path.suffix.lower() in PICTURES]


def _made(place: Path) -> Path:
    from imaging.files.plan import PlanError

    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlanError(
            f"{place} cannot be made: {error.strerror}. Name another folder with --out."
        ) from None
    return place


def _end(
    command: str,
    root: Path,
    place: Path,
    steps: "Sequence[Move | Put]",
    refused: "Sequence[Refused]",
    apply: bool,
    console: Console,
) -> None:
    from imaging.files import plan as plans

    plan = plans.draw(root, place, steps, made_by=f"artlake {command}", progress=bar("hashing"))
    tell_plan(plan, console)
    tell_refused(root, refused, console)
    if apply:
        tell_outcome(plans.apply(place, progress=bar("applying")), "applied", console)
    elif plan.steps:
        console.print(
            f"Nothing is changed yet. Do it with --apply, or: artlake plan apply {escape(str(place))}"
        )
