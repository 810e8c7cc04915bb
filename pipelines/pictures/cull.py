"""`artlake cull FOLDER`: duplicates, bursts and flaws of any folder of pictures, and a plan that can be undone."""

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.helptext import examples
from pipelines.pictures.plans import bar, tell_left, tell_outcome
from storage.errors import MendableError

if TYPE_CHECKING:
    import pyarrow as pa

    from imaging.files.cull import Culled
    from imaging.files.folder import Folder
    from imaging.files.plan import Plan

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
_console = Console(highlight=False)


Tier = Literal["exact", "perceptual", "embeddings"]
Keep = Literal[
    "quality", "largest", "newest", "oldest", "sharpest", "first_source", "smallest_name"
]


class Verdict(StrEnum):
    """What a person decides about two pictures; typer takes no Literal within a tuple."""

    NOT_DUPLICATE = "not_duplicate"
    KEEP_BOTH = "keep_both"
    KEEP_THIS = "keep_this"


class CullError(MendableError):
    """The folder cannot be culled as asked; the message says what to do."""


@app.command(
    epilog=examples(
        "cull ~/pictures                       [dim]# look, write the sheet and a plan, move nothing[/dim]",
        "cull ~/pictures --apply               [dim]# move all but the keepers to ~/pictures/_review_dupes[/dim]",
        "cull ~/pictures --undo                [dim]# put every file back, of every cull[/dim]",
        "cull ~/card --reference ~/archive     [dim]# what the archive has already need not stay[/dim]",
        "cull ~/pictures --decide a.jpg b.jpg not_duplicate",
    )
)
def cull(
    folder: Annotated[Path, typer.Argument(help="any folder of pictures", metavar="FOLDER")],
    tier: Annotated[
        Tier,
        typer.Option(
            help="exact: equal bytes or pixels; perceptual: the same picture re-encoded, resized, cropped, "
            "toned; embeddings: also look-alikes (cosine ≥ 0.92), for review only"
        ),
    ] = "perceptual",
    policy: Annotated[Keep, typer.Option(help="which picture of a group is kept")] = "quality",
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
    from imaging.files.workplace import claim
    from storage.files import printable
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
    # What was moved can be put back, whatever became of the folder's marker.
    if not (undo and (work / "plan").is_dir()):
        work = claim(work, root)
    with held(work / "cull.lock", f"cull of {printable(root)}"):
        if decide:
            _decide(work, root, *decide)
        elif undo:
            _undo(work, root)
        else:
            _look(root, work, references, tier, policy, burst_gap, move_bursts, apply)


def _decide(work: Path, root: Path, one: Path, other: Path, verdict: Verdict) -> None:
    from imaging.duplicates.decisions import Decision, add
    from storage.files import printable, sha256_file

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
    from storage.files import printable

    for place in (path.expanduser(), root / path):
        if place.is_file():
            return place
    raise CullError(f"{printable(path)} is no file, neither from here nor in {printable(root)}.")


def _undo(work: Path, root: Path) -> None:
    from imaging.files import plan

    try:
        plans = [plan.read(it) for it in plan.to_undo(work / "plan", root)]
    except plan.PlanError:
        if _way_back(work, root, frozenset()):
            raise typer.Exit(1) from None
        raise
    known = frozenset(drawn.step.target for it in plans for drawn in it.steps)
    outcomes = [plan.undo(it.folder, progress=bar("undoing")) for it in plans]
    lost = _way_back(work, root, known)
    skipped = [step for it in outcomes for step in it.skipped]
    tell_outcome(plan.Outcome(sum(it.done for it in outcomes), skipped), "undone", _console)
    if lost:
        raise typer.Exit(1)


def _way_back(work: Path, root: Path, known: Collection[str]) -> bool:
    """Draw the plan that empties _review_dupes of what no plan knows of, and tell; False where there is none."""
    from imaging.files import plan
    from imaging.files.cull import REVIEW
    from imaging.files.walk import walk
    from storage.files import printable

    if not (root / REVIEW).is_dir():
        return False
    names = [it.relative_to(root).as_posix() for it in walk(root / REVIEW).files]
    steps = [
        plan.Move(name, name.removeprefix(f"{REVIEW}/"), "its place in _review_dupes tells it")
        for name in names
        if name not in known
    ]
    if not steps:
        return False
    drawn = plan.draw(
        root,
        plan.next_folder(work / "back"),
        steps,
        made_by="artlake cull",
        progress=bar("hashing"),
    )
    _console.print(
        f"{_count(len(steps), 'file')} {'lies' if len(steps) == 1 else 'lie'} in {REVIEW} that no plan here "
        "knows of. Their places there are their old ones. To put them back by these:"
    )
    _console.print(f"artlake plan apply {escape(printable(drawn.folder))}", soft_wrap=True)
    return True


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
    from storage.files import printable

    cache = work / "cache"
    folder = measured(root, cache, references)
    culled = judge(
        folder,
        root,
        cache,
        tier=tier,
        policy=policy,
        decisions=decisions.read(work / "decisions.jsonl"),
        vectors=_vectors(folder.images, cache) if tier == "embeddings" else None,
        burst_gap=burst_gap,
        move_bursts=move_bursts,
    )
    sheet = report.write(culled, folder, root, work, cache)[0]
    place = plan.next_folder(work / "plan")
    shown = _shown(place, root)
    steps = culled.steps()
    drawn = plan.draw(root, place, steps, made_by="artlake cull", progress=bar("hashing"))
    _tell(culled, folder, root, sheet)
    refused = [(it.source, why) for it, why in drawn.refused if isinstance(it, plan.Move)]
    tell_left(refused, _console)
    if not drawn.steps:
        _console.print("Nothing would move.")
        return
    _console.print(f"Plan: {escape(printable(place))}", soft_wrap=True)
    if not apply:
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
        outcome = plan.apply(place, progress=bar("applying"))
        report.write(culled, folder, root, work, cache)
        _console.print("What moves goes to _review_dupes. To put it back: [bold]--undo[/bold]")
        tell_outcome(outcome, "applied", _console)
        if refused:
            raise typer.Exit(1)


def _shown(place: Path, root: Path) -> frozenset[str] | None:
    """What the plan shown last would move; None where there is none that waits for --apply."""
    from imaging.files import plan

    if not (place / "plan.jsonl").exists() or (place / "journal.jsonl").exists():
        return None
    last = plan.read(place)
    return _sources(last) if last.root == root else None


def _sources(drawn: "Plan") -> frozenset[str]:
    from imaging.files.plan import Move

    return frozenset(it.step.source for it in drawn.steps if isinstance(it.step, Move))


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
    from imaging.files.report import plural, readable
    from storage.files import printable

    steps = culled.steps()
    table = Table(box=SIMPLE, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    groups = len(set(culled.keepers["group_id"].to_pylist()))
    sets = len(set(culled.similar["set_id"].to_pylist()))
    bursts = len(set(culled.bursts["burst_id"].to_pylist()))
    rows = [
        (len(folder.entries), "picture", " looked at"),
        (groups, "group", " of duplicates"),
        (sets, "set", " of look-alikes for review"),
        (bursts, "burst", ""),
    ]
    for count, noun, rest in rows:
        if count or noun in ("picture", "group"):
            table.add_row(f"{count:,}", plural(count, noun) + rest)
    for flaw, count in sorted(Counter(culled.flaws["flaw"].to_pylist()).items()):
        table.add_row(f"{count:,}", flaw.replace("_", " "))
    more = ""
    if len(steps) > len(culled.moves):
        more = f" ({_count(len(steps), 'file')} with their companions)"
    moving = len(culled.moves)
    size = readable(moved_bytes(steps, root))
    table.add_row(f"{moving:,}", f"{plural(moving, 'picture')} would move{more}: {size}")
    _console.print(table)
    _console.print(f"Sheet: {escape(printable(sheet))}", soft_wrap=True)


def _count(count: int, noun: str) -> str:
    from imaging.files.report import plural

    return f"{count:,} {plural(count, noun)}"
