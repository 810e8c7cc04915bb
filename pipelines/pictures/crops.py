"""`artlake crops FOLDER`: crops proposed for the pictures of any folder, as tables, a page, sidecars or copies.

What belongs here: the command line. Proposals are `imaging.crops`, files `imaging.files.cropping`.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.helptext import examples

if TYPE_CHECKING:
    from imaging.files.cropping import Made, Unmade
    from imaging.files.folder import Folder

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
_SHOWN = 12  # rejects told on the terminal; the tables hold them all


class Form(StrEnum):
    """What `--apply` writes."""

    SIDECARS = "sidecars"
    FILES = "files"


class Naming(StrEnum):
    """How a new sidecar of name.jpg is called: name.jpg.xmp or name.xmp."""

    FULL = "full"
    STEM = "stem"


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
    folder: Annotated[Path, typer.Argument(help="folder of pictures")],
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
        Naming, typer.Option(help="new sidecars: name.jpg.xmp (darktable) or name.xmp (Adobe)")
    ] = Naming.FULL,
    apply: Annotated[bool, typer.Option("--apply", help="write; without it, only look")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="take the last --apply back")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="folder of tables and plans (default: FOLDER/_artlake/crops)"),
    ] = None,
) -> None:
    """Propose crops for every picture of a folder; originals are never touched."""
    from imaging.crops import tables
    from imaging.crops.propose import RATIOS
    from imaging.crops.windows import parse_ratio

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
        _undo(place, console)
        return
    _require_writable(root, place)
    found, proposals = _look(root, place, ratios)
    tables.write(root, place, found, proposals, confidence)
    _tell(found, proposals, ratios, confidence, console)
    _list("cannot be read", tables.rejected(found.rejects), console)
    console.print(f"Page: {escape(str(place / 'index.html'))}")
    _carry_out(root, place, found, proposals, confidence, write, naming, apply, console)


def _require_writable(root: Path, place: Path) -> None:
    from imaging.files.walk import FolderError, printable

    if not root.is_dir():
        raise FolderError(f"There is no folder {printable(root)}. Name one that is there.")
    try:
        place.mkdir(parents=True, exist_ok=True)
        probe = place / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FolderError(
            f"{printable(place)} cannot be written to: {error.strerror}. Name another folder with --out."
        ) from None


def _look(root: Path, place: Path, ratios: Sequence[str]) -> tuple["Folder", Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    from imaging.files.cropping import propose_all
    from imaging.files.folder import measured

    inside = [place.relative_to(root).as_posix()] if place.is_relative_to(root) else []
    found = measured(root, place / "cache", skip=inside)
    proposals = propose_all(found, place / "cache", ratios)
    # Copies that an earlier --apply made are no pictures of the user's.
    ours = {root / target for target in _written(place)}
    mine = pa.array([name for name, it in found.entries.items() if it.path in ours], pa.string())
    return found, proposals.filter(pc.invert(pc.is_in(proposals["image_id"], value_set=mine)))


def _written(place: Path) -> Iterator[str]:
    """Targets of the plans that are applied."""
    from imaging.files.plan import last_applied, read

    last = last_applied(place / "plan")
    if last is not None:
        for folder in sorted(place.glob("plan*")):
            if (folder / "plan.jsonl").exists():
                yield from (drawn.step.target for drawn in read(folder).steps)


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
    from imaging.files import cropping

    chosen = cropping.choose(proposals, confidence, one=form is Form.SIDECARS)
    if not apply:
        console.print(f"{_counted(len(chosen), form)} would be written. Nothing was: add --apply.")
        return
    if form is Form.SIDECARS:
        made = cropping.sidecars(chosen, found.entries, root, naming.value)
    else:
        made = cropping.copies(chosen, found.entries, root)
    done, unmade, skipped = _apply(root, place, made, len(chosen))
    _list("not written", unmade, console)
    _list("skipped", skipped, console)
    if done:
        console.print(f"Written: {_counted(done, form)}. `--undo` takes this run back.")
    elif not skipped:
        console.print("Nothing to write: what could be written is in place.")
    if skipped:
        raise typer.Exit(1)


def _counted(count: int, form: Form) -> str:
    one, several = {
        Form.SIDECARS: ("sidecar", "sidecars"),
        Form.FILES: ("cropped copy", "cropped copies"),
    }[form]
    return f"{count:,} {one if count == 1 else several}"


def _apply(
    root: Path, place: Path, files: Iterator["Made | Unmade"], total: int
) -> tuple[int, list[tuple[str, str]], list[tuple[str, str]]]:
    """Write what is made by a plan; the count, what could not be made, and what the plan skipped."""
    import shutil

    from tqdm import tqdm

    from imaging.files import plan
    from imaging.files.cropping import Unmade
    from imaging.files.walk import printable

    folder = plan.next_folder(place / "plan")
    staging = place / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    steps: list[plan.Move | plan.Put] = []
    unmade = []
    for file in tqdm(files, total=total, desc="writing", unit="file", disable=None):
        if isinstance(file, Unmade):
            unmade.append((printable(file.path.relative_to(root)), file.reason))
            continue
        staged = staging / str(len(steps))
        staged.write_bytes(file.data)
        steps.append(plan.Put(file.target, staged, file.why))
    drawn = plan.draw(root, folder, steps, made_by="artlake crops")
    shutil.rmtree(staging)
    if not drawn.steps:
        return 0, unmade, []
    outcome = plan.apply(folder)
    skipped = [(printable(step.target), why) for step, why in outcome.skipped]
    return outcome.done, unmade, skipped


def _undo(place: Path, console: Console) -> None:
    from imaging.files import plan
    from imaging.files.walk import printable

    folder = plan.last_applied(place / "plan")
    if folder is None:
        console.print("Nothing to undo: no crops are written.")
        return
    outcome = plan.undo(folder)
    _list("skipped", [(printable(step.target), why) for step, why in outcome.skipped], console)
    console.print(f"Undone: {outcome.done:,} files are as they were.")
    if outcome.skipped:
        raise typer.Exit(1)
