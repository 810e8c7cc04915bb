"""`artlake crops FOLDER`: crops proposed for the pictures of any folder, as tables, a page, sidecars or copies.

What belongs here: the command line. Proposals are `imaging.crops`, files `imaging.files.cropping`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from imaging.files.sidecars import Naming
from pipelines.helptext import examples
from pipelines.pictures.plans import bar, tell_left, tell_outcome

if TYPE_CHECKING:
    from imaging.files.cropping import Made, Unmade
    from imaging.files.folder import Folder
    from imaging.files.plan import Plan

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
_LOCK = "run.lock"
_SHOWN = 12  # rejects told on the terminal; the tables hold them all


class Form(StrEnum):
    """What `--apply` writes."""

    SIDECARS = "sidecars"
    FILES = "files"


@app.command(
    "crops",
    epilog=examples(
        "crops ~/pictures",
        "crops ~/pictures --ratio 4:5 --ratio 16:9",
        "crops ~/pictures --ratio 1:1 --apply    [dim]# crops into XMP sidecars[/dim]",
        "crops ~/pictures --ratio 1:1 --write files --apply    [dim]# name_1x1.jpg beside name.jpg[/dim]",
        "crops ~/pictures --undo",
    ),
)
def crops(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="folder of pictures")],
    ratio: Annotated[
        list[str] | None,
        typer.Option(help="wanted width:height; repeatable (default: 1:1 4:5 5:4 16:9 9:16)"),
    ] = None,
    confidence: Annotated[
        float, typer.Option(min=0, max=1, help="least confidence that --apply writes")
    ] = 0.6,
    write: Annotated[
        Form, typer.Option(help="XMP sidecars with the first ratio's crop, or cropped copies")
    ] = Form.SIDECARS,
    naming: Annotated[
        Naming,
        typer.Option(
            help="new sidecars: name.jpg.xmp (darktable, digiKam) or name.xmp (Adobe, beside RAW only)"
        ),
    ] = Naming.DARKTABLE,
    apply: Annotated[bool, typer.Option("--apply", help="write; without it, only look")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="take the last --apply back")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="folder of tables and plans (default: FOLDER/_artlake/crops)"),
    ] = None,
) -> None:
    """Propose crops for every picture of a folder; originals are never touched.

    Camera Raw and Lightroom read sidecars of RAW files only (--naming adobe).
    For their JPEG and TIFF files take --write files.
    """
    from imaging.crops.propose import RATIOS
    from imaging.crops.windows import parse_ratio
    from imaging.files import crop_tables as tables
    from imaging.files.walk import FolderError
    from imaging.files.workplace import claim
    from storage.files import printable
    from storage.locks import held

    console = Console(highlight=False)
    if apply and undo:
        raise typer.BadParameter("--apply and --undo are two runs")
    ratios = tuple(dict.fromkeys(ratio or RATIOS))
    try:
        for text in ratios:
            parse_ratio(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--ratio") from error
    root = folder.expanduser().absolute().resolve()
    place = (out.expanduser().absolute() if out else root / "_artlake" / "crops").resolve()
    if undo:
        _undo(root, place, console)
        return
    if not root.is_dir():
        raise FolderError(f"There is no folder {printable(root)}. Name one that is there.")
    claim(place, root)
    with held(place / _LOCK, f"artlake crops in {printable(place)}"):
        found, proposals = _look(root, place, ratios)
        tables.write(root, place, found, proposals, confidence)
        _tell(found, proposals, ratios, confidence, console)
        _list("cannot be read", tables.rejected(found.rejects), console)
        console.print(f"Page: {escape(printable(place / 'index.html'))}", soft_wrap=True)
        _carry_out(root, place, found, proposals, confidence, write, naming, apply, console)


def _look(root: Path, place: Path, ratios: Sequence[str]) -> tuple["Folder", Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    from imaging.files.cropping import propose_all
    from imaging.files.folder import measured

    found = measured(root, place / "cache")
    proposals = propose_all(found, place / "cache", ratios)
    # Copies that an earlier --apply made are no pictures of the user's.
    ours = {root / target for target in _written(root, place)}
    mine = pa.array([name for name, it in found.entries.items() if it.path in ours], pa.string())
    return found, proposals.filter(pc.invert(pc.is_in(proposals["image_id"], value_set=mine)))


def _written(root: Path, place: Path) -> Iterator[str]:
    """Targets below `root` of the plans that are applied."""
    from imaging.files.plan import last_applied, read

    last = last_applied(place / "plan")
    if last is not None:
        for folder in sorted(place.glob("plan*")):
            if (folder / "plan.jsonl").exists():
                plan = read(folder)
                yield from (drawn.step.target for drawn in plan.steps if plan.root == root)


def _tell(
    found: "Folder", proposals: Any, ratios: Sequence[str], confidence: float, console: Console
) -> None:
    best = [row for row in proposals.to_pylist() if row["rank"] == 1]
    table = Table(title=f"{found.images.num_rows:,} pictures", title_justify="left", box=SIMPLE)
    table.add_column("ratio")
    for name in ("proposed", f"confidence ≥ {confidence:.2f}", "median"):
        table.add_column(name, justify="right")
    for ratio in ratios:
        sure = sorted(row["confidence"] for row in best if row["ratio"] == ratio)
        if sure:
            enough = sum(value >= confidence for value in sure)
            table.add_row(ratio, f"{len(sure):,}", f"{enough:,}", f"{sure[len(sure) // 2]:.2f}")
    if best:
        console.print(table)


def _list(what: str, rows: Sequence[tuple[str, str]], console: Console) -> None:
    if not rows:
        return
    console.print(f"[yellow]{len(rows):,} {what}:[/yellow]")
    for name, reason in rows[:_SHOWN]:
        console.print(f"  {escape(name)}: {escape(reason)}", soft_wrap=True)
    if len(rows) > _SHOWN:
        console.print(f"  … and {len(rows) - _SHOWN:,} more, in crops.json")


def _carry_out(
    root: Path,
    place: Path,
    found: "Folder",
    proposals: Any,
    confidence: float,
    form: Form,
    naming: Naming,
    apply: bool,
    console: Console,
) -> None:
    from imaging.files import cropping, plan
    from storage.files import printable

    chosen = cropping.choose(proposals, confidence, one=form is Form.SIDECARS)
    if not apply:
        console.print(f"{_counted(len(chosen), form)} would be written. Nothing was: add --apply.")
        return
    rows = bar("making")(chosen)
    if form is Form.SIDECARS:
        made = cropping.sidecars(rows, found.entries, root, naming)
    else:
        made = cropping.copies(rows, found.entries, root)
    drawn, unmade = _drawn(root, place, made)
    tell_left(unmade, console)
    if not drawn.steps:
        console.print("Nothing to write: what could be written is in place.")
        return
    console.print(f"Plan: {escape(printable(drawn.folder))}", soft_wrap=True)
    outcome = plan.apply(drawn.folder, progress=bar("writing"))
    tell_outcome(outcome, "written", console)
    console.print("`--undo` takes this run back.")


def _counted(count: int, form: Form) -> str:
    one, several = {
        Form.SIDECARS: ("sidecar", "sidecars"),
        Form.FILES: ("cropped copy", "cropped copies"),
    }[form]
    return f"{count:,} {one if count == 1 else several}"


def _drawn(
    root: Path, place: Path, files: Iterator["Made | Unmade"]
) -> tuple["Plan", list[tuple[str, str]]]:
    """The plan of what is made, and what could not be made with its reason."""
    from imaging.files import plan
    from imaging.files.cropping import Unmade

    steps: list[plan.Move | plan.Put] = []
    unmade = []
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=place) as staging:
        for file in files:
            if isinstance(file, Unmade):
                unmade.append((str(file.path.relative_to(root)), file.reason))
                continue
            staged = Path(staging) / str(len(steps))
            staged.write_bytes(file.data)
            steps.append(plan.Put(file.target, staged, file.why))
        folder = plan.next_folder(place / "plan")
        return plan.draw(root, folder, steps, made_by="artlake crops"), unmade


def _undo(root: Path, place: Path, console: Console) -> None:
    from imaging.files import plan
    from storage.files import printable
    from storage.locks import held

    newest, *_ = plan.to_undo(place / "plan", root)
    with held(place / _LOCK, f"artlake crops in {printable(place)}"):
        tell_outcome(plan.undo(newest, progress=bar("undoing")), "undone", console)
