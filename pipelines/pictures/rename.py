"""`artlake rename`, `cluster` and `sidecars`: what pictures say of themselves, as names, folders and XMP.

What belongs here: the command lines. Metadata is read by ExifTool; every change is a plan first.
"""

import shlex
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

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="folder of pictures")]
Apply = Annotated[
    bool, typer.Option("--apply", help="do it; without it, only say what it would do")
]
Undo = Annotated[bool, typer.Option("--undo", help="take the last --apply back")]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="an empty or new folder for the plan (default: FOLDER/_artlake/COMMAND)"
    ),
]


@app.command(
    epilog=examples(
        "rename ~/pictures               [dim]# IMG_1.CR2 → 2004-01-02_030405_Canon EOS 5D_001.CR2[/dim]",
        'rename ~/pictures --pattern "{taken:%Y}/{stem}" --apply       [dim]# → 2004/IMG_1.CR2[/dim]',
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
    from imaging.files import sidecars as writing
    from imaging.files.exiftool import session
    from imaging.files.workplace import claim

    root, work, console = _begin("sidecars", folder, out, apply, undo)
    if undo:
        return
    bundles, refused = _look(root)
    with session() as tool, tempfile.TemporaryDirectory(dir=claim(work, root)) as stage:
        steps, unable = writing.sidecars(root, bundles, tool, Path(stage), naming, bar("reading"))
        _end("sidecars", root, work, steps, [*refused, *unable], apply, console)


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
    from imaging.files.workplace import claim

    root, work, console = _begin(command, folder, out, apply, undo)
    if undo:
        return
    bundles, refused = _look(root)
    with session() as tool:
        claim(work, root)
        with bar("reading")(bundles) as told:  # type: ignore[attr-defined]
            known = []
            for fact in facts_of(tool, [bundle.main for bundle in bundles]):
                known.append(fact)
                told.update()
    moves, unable = steps(root, bundles, known)
    _end(command, root, work, moves, [*refused, *unable], apply, console)


def _begin(
    command: str, folder: Path, out: Path | None, apply: bool, undo: bool
) -> tuple[Path, Path, Console]:
    """The folder, the command's work folder, and where to print; does the undo if that is asked."""
    from imaging.files import plan

    if apply and undo:
        raise typer.BadParameter("--apply and --undo are two runs")
    console = Console(highlight=False)
    root = folder.expanduser().resolve()
    work = (out.expanduser() if out else root / "_artlake" / command).resolve()
    if undo:
        last = plan.to_undo(work / "plan", root)[0]
        tell_outcome(plan.undo(last, progress=bar("undoing")), "undone", console)
    return root, work, console


def _look(root: Path) -> "tuple[list[Bundle], list[Refused]]":
    """The pictures below the folder with what travels with them, and what was refused."""
    from imaging.files.companions import bundles
    from imaging.files.folder import PICTURES
    from imaging.files.walk import walk

    found = walk(root)
    pictures = [it for it in bundles(found.files) if it.main.suffix.lower() in PICTURES]
    return pictures, [it for it in found.refused if it.path.suffix.lower() in PICTURES]


def _end(
    command: str,
    root: Path,
    work: Path,
    steps: "Sequence[Move | Put]",
    refused: "Sequence[Refused]",
    apply: bool,
    console: Console,
) -> None:
    from imaging.files import plan as plans
    from storage.files import printable

    place = plans.next_folder(work / "plan")
    plan = plans.draw(root, place, steps, made_by=f"artlake {command}", progress=bar("hashing"))
    tell_plan(plan, console)
    tell_refused(root, refused, console)
    if not plan.steps:
        return
    shown = escape(shlex.quote(printable(place)))
    if apply:
        console.print(f"Plan: {shown}", soft_wrap=True)
        tell_outcome(plans.apply(place, progress=bar("applying")), "applied", console)
    else:
        console.print("Nothing is changed yet. Do it with --apply, or with", end=" ")
        console.print(f"./artlake plan apply {shown}", soft_wrap=True)
