"""`artlake fixity`: checksum manifests of a folder, a bag or the lake, and what has changed since."""

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.helptext import examples
from storage.files import printable

if TYPE_CHECKING:
    from storage import Lake
    from storage.fixity import Finding

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
_fixity = typer.Typer(
    no_args_is_help=True, help="Write checksums of a folder or the lake, and verify them later."
)
app.add_typer(
    _fixity,
    name="fixity",
    epilog=examples("fixity write ~/masters", "fixity verify ~/masters"),
)
_console = Console(highlight=False)
_SHOWN = 20  # findings of a harmless kind told one by one
_HARM = {"damaged": "red", "missing": "red", "unreadable": "red"}
_READ = ".read-so-far"  # in the work folder, while a manifest is being made

_Folder = Annotated[Path | None, typer.Argument(metavar="FOLDER", help="any folder of files")]
_InLake = Annotated[bool, typer.Option("--of-lake", help="the lake in use instead of a folder")]
_Out = Annotated[
    Path | None, typer.Option(help="where manifests lie (default: FOLDER/_artlake/fixity)")
]


@_fixity.command(
    epilog=examples(
        "fixity write ~/masters                     [dim]# a manifest beside the files, which stay as they are[/dim]",
        "fixity write /mnt/readonly --out ~/sums",
        "fixity write ~/masters --bag ~/to-archive  [dim]# a BagIt bag, of hard links where it can[/dim]",
        "fixity write --of-lake",
    )
)
def write(
    folder: _Folder = None,
    lake: _InLake = False,
    out: _Out = None,
    bag: Annotated[
        Path | None, typer.Option(help="make a bag (RFC 8493) of the folder in this new folder")
    ] = None,
) -> None:
    """Write a checksum manifest; files whose size and time are as before keep the checksum they had.

    So a damaged file never becomes the true one: `verify` still finds it. Hidden folders and those
    that artlake itself works in are left out.
    """
    from imaging.files.workplace import claim
    from storage import bags, fixity
    from storage.locks import held

    root = _root(folder, lake)
    paths, refused = _walked(root)
    if bag is not None:
        target = bag.expanduser().resolve()
        count = bags.make(root, paths, target)
        _console.print(
            f"{count:,} files are in the bag {escape(printable(target))}.", style="green"
        )
        _tell_refused(refused)
        return
    work = claim(_work(root, out), root)
    with held(work / "fixity.lock", "artlake fixity"):
        earlier = fixity.newest(work)
        known = fixity.read(earlier) if earlier else {}
        kept = fixity.unchanged(root, known, paths)
        if lake:
            kept = fixity.named(root, paths) | kept
        found, unread = fixity.hashed(
            root, (path for path in paths if path not in kept), memo=work / _READ
        )
        unread |= fixity.blocking(refused, known)
        findings = fixity.compare(known, kept | found, unread)
        entries = fixity.renewed(known, kept | found, findings)
        if entries == known and earlier:
            _console.print(f"Nothing changed since manifest {earlier.name}: it stands.")
        else:
            target = fixity.save(work, entries)
            _console.print(
                f"{len(entries):,} checksums: {escape(printable(target))}", style="green"
            )
        shutil.rmtree(work / _READ, ignore_errors=True)  # ours: it serves a killed run only
    # A first manifest makes every file new: that is no news.
    _tell([it for it in findings if earlier or it.kind != "new"])
    _tell_refused(refused)
    if unread:
        raise typer.Exit(1)


@_fixity.command(
    epilog=examples(
        "fixity verify ~/masters      [dim]# against the newest manifest; exit code 1 where something is lost[/dim]",
        "fixity verify ~/to-archive   [dim]# a bag is checked as a bag[/dim]",
        "fixity verify --of-lake         [dim]# originals by their own names, the rest by the manifest[/dim]",
    )
)
def verify(folder: _Folder = None, lake: _InLake = False, out: _Out = None) -> None:
    """Read every file again and tell what is damaged, edited, missing, moved, new or unreadable.

    Damaged: the size and time are as they were, the bytes are not. Nothing is written.
    """
    from storage import bags, fixity

    root = _root(folder, lake)
    if (root / "bagit.txt").exists() and out is None:
        _conclude(bags.verify(root), f"The bag {printable(root)}")
        return
    earlier = fixity.newest(_work(root, out))
    if earlier is None and not lake:
        raise fixity.FixityError(
            f"There is no manifest of {printable(root)} yet. Write one first: artlake fixity write FOLDER"
            " (or name the folder of an existing one with --out)."
        )
    known = fixity.read(earlier) if earlier else {}
    paths, refused = _walked(root)
    wanted = paths if earlier else list(fixity.named(root, paths))
    found, unread = fixity.hashed(root, wanted)
    if lake:
        known = known | {
            path: fixity.Entry(it.sha256, found[path].bytes, found[path].mtime_ns)
            for path, it in fixity.named(root, paths).items()
            if path in found
        }
    findings = fixity.compare(known, found, unread | fixity.blocking(refused, known))
    what = f"manifest {earlier.name}" if earlier else "the originals' own names (no manifest yet)"
    _tell_refused(refused)
    _conclude(findings, f"{len(known):,} files against {what}")


def lake_in_use() -> "Lake":
    """The lake that the settings name. Raises LakeError where none was made yet."""
    from pipelines.settings import load
    from storage import Lake, LakeError

    root = load().lake
    if not (root / "lake.json").exists():
        raise LakeError(f"There is no lake in {root} yet. Try: ./artlake demo")
    return Lake.open(root)


def _root(folder: Path | None, lake: bool) -> Path:
    from storage.fixity import FixityError

    if (folder is None) != lake:
        raise FixityError("Name either a folder or --of-lake: artlake fixity verify FOLDER")
    root = lake_in_use().root if folder is None else folder.expanduser().resolve()
    if not root.is_dir():
        raise FixityError(f"{printable(root)} is no folder. Name one that is there.")
    return root


def _work(root: Path, out: Path | None) -> Path:
    return root / "_artlake" / "fixity" if out is None else out.expanduser().resolve()


def _walked(root: Path) -> tuple[list[bytes], dict[bytes, str]]:
    """Every file below `root`, what was culled included, and what is not covered with its reason."""
    from imaging.files.walk import walk

    paths: list[bytes] = []
    refused: dict[bytes, str] = {}
    for top in (root, root / "_review_dupes"):
        if top.is_dir():
            seen = walk(top)
            paths += [os.fsencode(path.relative_to(root)) for path in seen.files]
            refused |= {os.fsencode(it.path.relative_to(root)): it.reason for it in seen.refused}
    return paths, refused


def _tell(findings: "Sequence[Finding]") -> None:

    table = Table(box=SIMPLE)
    for heading in ("", "file", ""):
        table.add_column(heading, overflow="fold")
    shown: Counter[str] = Counter()
    for it in findings:
        shown[it.kind] += 1
        if it.kind in _HARM or shown[it.kind] <= _SHOWN:
            detail = f"now {it.detail}" if it.kind == "moved" else it.detail
            colour = _HARM.get(it.kind, "yellow")
            table.add_row(f"[{colour}]{it.kind}[/]", escape(printable(it.path)), escape(detail))
    if table.row_count:
        _console.print(table)
    for kind, count in sorted(shown.items()):
        if kind not in _HARM and count > _SHOWN:
            _console.print(f"and {count - _SHOWN:,} more {kind}")


def _tell_refused(refused: Mapping[bytes, str]) -> None:

    for path, reason in list(refused.items())[:_SHOWN]:
        _console.print(f"not covered: {escape(printable(path))}: {reason}", style="yellow")
    if len(refused) > _SHOWN:
        _console.print(f"and {len(refused) - _SHOWN:,} more not covered", style="yellow")


def _conclude(findings: "Sequence[Finding]", what: str) -> None:
    _tell(findings)
    kinds = Counter(it.kind for it in findings)
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    harmed = any(kind in _HARM for kind in kinds)
    text = f"{what}: {said or 'every file is as it was'}."
    _console.print(escape(text), style="red" if harmed else "green")
    if harmed:
        raise typer.Exit(1)
