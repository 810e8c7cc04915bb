"""`artlake cull FOLDER`: duplicates, bursts and flaws of any folder of pictures, and a plan that can be undone."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.helptext import examples
from storage.errors import MendableError

if TYPE_CHECKING:
    import pyarrow as pa

    from imaging.files.cull import Culled
    from imaging.files.folder import Folder

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
_console = Console(highlight=False)
_SHOWN = 5  # skipped steps told one by one


class Tier(StrEnum):
    """How alike pictures must be to be proposed."""

    EXACT = "exact"
    PERCEPTUAL = "perceptual"
    EMBEDDINGS = "embeddings"


class Keep(StrEnum):
    """Which picture of a group is kept: the names of imaging.duplicates.keepers.POLICIES."""

    QUALITY = "quality"
    LARGEST = "largest"
    NEWEST = "newest"
    OLDEST = "oldest"
    SHARPEST = "sharpest"
    FIRST_SOURCE = "first_source"
    SMALLEST_NAME = "smallest_name"


class Verdict(StrEnum):
    """What a person decides about two pictures."""

    NOT_DUPLICATE = "not_duplicate"
    KEEP_BOTH = "keep_both"
    KEEP_THIS = "keep_this"


class CullError(MendableError):
    """The folder cannot be culled as asked; the message says what to do."""


@app.command(
    epilog=examples(
        "cull ~/pictures                       [dim]# look, write the sheet and a plan, move nothing[/dim]",
        "cull ~/pictures --apply               [dim]# move all but the keepers to ~/pictures/_review_dupes[/dim]",
        "cull ~/pictures --undo                [dim]# put every file back[/dim]",
        "cull ~/card --reference ~/archive     [dim]# what the archive has already need not stay[/dim]",
        "cull ~/pictures --decide a.jpg b.jpg not_duplicate",
    )
)
def cull(
    folder: Annotated[Path, typer.Argument(help="any folder of pictures")],
    tier: Annotated[
        Tier,
        typer.Option(
            help="exact: equal bytes or pixels; perceptual: the same picture re-encoded, resized, cropped, "
            "toned; embeddings: also look-alikes (cosine ≥ 0.92), for review only"
        ),
    ] = Tier.PERCEPTUAL,
    policy: Annotated[Keep, typer.Option(help="which picture of a group is kept")] = Keep.QUALITY,
    reference: Annotated[
        list[Path] | None,
        typer.Option(help="a folder whose pictures always stay, inside or elsewhere; repeatable"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="where sheet, tables, plan and cache go (default: FOLDER/_artlake/cull)"),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="move all but the keepers to FOLDER/_review_dupes")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="put back all that was moved")] = False,
    burst_gap: Annotated[
        float, typer.Option(min=0.1, max=60, help="seconds between two frames of a burst at most")
    ] = 3.0,
    move_bursts: Annotated[
        bool, typer.Option("--move-bursts", help="move all but the best frame of each burst, too")
    ] = False,
    decide: Annotated[
        tuple[Path, Path, Verdict] | None,
        typer.Option(
            help="FILE_A FILE_B and not_duplicate, keep_both or keep_this (the first): wins for ever",
            metavar="FILE_A FILE_B VERDICT",
        ),
    ] = None,
) -> None:
    """Find duplicates, bursts and flaws in a folder; move nothing unless told to, delete nothing ever."""
    from imaging.files.walk import printable
    from storage.locks import held

    if sum((apply, undo, decide is not None)) > 1:
        raise CullError("--apply, --undo and --decide are three errands: call one at a time.")
    root = folder.expanduser().resolve()
    if not root.is_dir():
        raise CullError(f"{printable(root)} is no folder. Name a folder of pictures.")
    references = [it.expanduser().resolve() for it in reference or []]
    for it in references:
        if not it.is_dir():
            raise CullError(f"--reference {printable(it)} is no folder.")
        if root.is_relative_to(it):
            raise CullError(
                f"--reference {printable(it)} holds all of {printable(root)}: nothing could move. "
                "Name a folder beside it or in it."
            )
    work = (out.expanduser() if out else root / "_artlake" / "cull").resolve()
    _make(work, root)
    with held(work / "cull.lock", f"cull of {printable(root)}"):
        if decide:
            _decide(work, root, *decide)
        elif undo:
            _undo(work, root)
        else:
            _look(root, work, references, tier, policy, burst_gap, move_bursts, apply)


def _make(work: Path, root: Path) -> None:
    from imaging.files.walk import printable

    try:
        work.mkdir(parents=True, exist_ok=True)
        (work / "cull.lock").touch()
    except OSError as error:
        raise CullError(
            f"{printable(work)} cannot be written to ({error.strerror}). Name another place for the sheet, "
            f"the plan and the cache: ./artlake cull {printable(root)} --out SOME_FOLDER"
        ) from None


def _decide(work: Path, root: Path, one: Path, other: Path, verdict: Verdict) -> None:
    from imaging.duplicates.decisions import Decision, add
    from imaging.files.walk import printable
    from storage.files import sha256_file

    files = [_file(it, root) for it in (one, other)]
    contents = [sha256_file(it) for it in files]
    if contents[0] == contents[1]:
        raise CullError(
            "Both files hold the same bytes, and decisions are kept by content. To keep two equal files, name "
            "the folder of one with --reference."
        )
    add(work / "decisions.jsonl", Decision(contents[0], contents[1], verdict.value))
    names = " and ".join(printable(it.name) for it in files)
    _console.print(
        f"Kept: {escape(names)}, {verdict.value.replace('_', ' ')}. It holds from now on,"
    )
    _console.print(
        "wherever the two files go and whatever they are called. Call cull again to see it."
    )


def _file(path: Path, root: Path) -> Path:
    from imaging.files.walk import printable

    for place in (path.expanduser(), root / path):
        if place.is_file():
            return place
    raise CullError(f"{printable(path)} is no file, neither from here nor in {printable(root)}.")


def _plans(work: Path) -> list[Path]:
    """The plans drawn so far, the oldest first."""
    return sorted(it.parent for it in work.glob("plan-*/plan.jsonl"))


def _undo(work: Path, root: Path) -> None:
    from imaging.files import plan
    from imaging.files.walk import printable

    done, skipped = 0, []
    for folder in reversed(_plans(work)):
        if (folder / "journal.jsonl").exists():
            outcome = plan.undo(folder)
            done += outcome.done
            skipped += outcome.skipped
    if not done and not skipped:
        _console.print(f"Nothing to undo in {escape(printable(root))}.")
        return
    _console.print(f"{_count(done, 'file')} back where {'it was' if done == 1 else 'they were'}.")
    _tell_skipped(skipped, "put back")


def _look(
    root: Path,
    work: Path,
    references: list[Path],
    tier: Tier,
    policy: Keep,
    burst_gap: float,
    move_bursts: bool,
    apply: bool,
) -> None:
    from imaging.duplicates import decisions
    from imaging.files import plan, report
    from imaging.files.cull import cull as judge
    from imaging.files.folder import measured

    cache = work / "cache"
    ours = [work.relative_to(root).as_posix()] if work.is_relative_to(root) else []
    folder = measured(root, cache, references, skip=ours)
    culled = judge(
        folder,
        root,
        cache,
        tier=tier.value,
        policy=policy.value,
        decisions=decisions.read(work / "decisions.jsonl"),
        vectors=_vectors(folder.images, cache) if tier is Tier.EMBEDDINGS else None,
        burst_gap=burst_gap,
        move_bursts=move_bursts,
    )
    sheet = report.write(culled, folder, root, work, cache)[0]
    shown, place = _last_plan(work)
    drawn = plan.draw(root, place, culled.steps(), made_by="artlake cull")
    _tell(culled, folder, root, sheet)
    _tell_skipped(list(drawn.refused), "planned")
    if not drawn.steps:
        _console.print("Nothing would move.")
    elif not apply:
        _console.print(
            "Nothing has moved. Look at the sheet; then the same command with [bold]--apply[/bold]."
        )
    elif shown is not None and shown != _sources(drawn):
        _console.print(
            "[bold]Nothing has moved[/bold]: this is another plan than the one shown last, as the folder, the "
            "options or your decisions have changed. Look at the sheet again; then repeat the command."
        )
        raise typer.Exit(1)
    else:
        outcome = plan.apply(place)
        report.write(culled, folder, root, work, cache)
        _console.print(
            f"{_count(outcome.done, 'file')} moved to _review_dupes. To put "
            f"{'it' if outcome.done == 1 else 'them'} back: [bold]--undo[/bold]"
        )
        _tell_skipped(outcome.skipped, "moved")


def _last_plan(work: Path) -> tuple[frozenset[str] | None, Path]:
    """What the plan shown last would move (None where there is none to apply), and where the next goes."""
    from imaging.files import plan

    plans = _plans(work)
    if not plans:
        return None, work / "plan-0001"
    if (plans[-1] / "journal.jsonl").exists():
        return None, work / f"plan-{len(plans) + 1:04}"
    return _sources(plan.read(plans[-1])), plans[-1]


def _sources(drawn) -> frozenset[str]:
    return frozenset(it.step.source for it in drawn.steps)


def _vectors(images: "pa.Table", cache: Path) -> "pa.Table":
    """sha256 and vector of each picture; kept by the derivative's content, of which they are made."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from models.features import Embed
    from storage import map_files

    embed = Embed(cache)
    made = map_files(
        embed,
        pa.table({"sha256": images["content"], "path": images["derivative"]}),
        cache / "features",
        key="sha256",
        version=embed.version,
        label="embedding",
        workers=0,
    )
    good = made.filter(pc.is_null(made["error"]))
    place = pc.index_in(images["content"], value_set=good["sha256"].combine_chunks())
    every = pa.table({"sha256": images["sha256"], "vector": good["vector"].take(place)})
    return every.filter(pc.is_valid(place))


def _tell(culled: "Culled", folder: "Folder", root: Path, sheet: Path) -> None:
    from collections import Counter

    from imaging.files.cull import moved_bytes
    from imaging.files.report import readable
    from imaging.files.walk import printable

    steps = culled.steps()
    table = Table(box=SIMPLE, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    groups = len(set(culled.keepers["group_id"].to_pylist()))
    sets = len(set(culled.similar["set_id"].to_pylist()))
    bursts = len(set(culled.bursts["burst_id"].to_pylist()))
    rows = [
        (len(folder.entries), "pictures looked at"),
        (groups, "groups of duplicates"),
        (sets, "sets of look-alikes for review"),
        (bursts, "bursts"),
        *(
            (count, flaw)
            for flaw, count in sorted(Counter(culled.flaws["flaw"].to_pylist()).items())
        ),
    ]
    for count, label in rows:
        if count or label in ("pictures looked at", "groups of duplicates"):
            table.add_row(f"{count:,}", label.replace("_", " "))
    size = readable(moved_bytes(steps, root))
    more = (
        f" ({_count(len(steps), 'file')} with their companions)"
        if len(steps) > len(culled.moves)
        else ""
    )
    table.add_row(f"{len(culled.moves):,}", f"pictures would move{more}: {size}")
    _console.print(table)
    _console.print(f"Sheet: {escape(printable(sheet))}", soft_wrap=True)


def _tell_skipped(skipped: list, what: str) -> None:
    from imaging.files.walk import printable

    for step, reason in skipped[:_SHOWN]:
        name = getattr(step, "source", step.target)
        _console.print(f"  not {what}: {escape(printable(name))}: {escape(reason)}", soft_wrap=True)
    if len(skipped) > _SHOWN:
        _console.print(f"  and {len(skipped) - _SHOWN:,} more not {what}")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
