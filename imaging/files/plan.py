"""Plans: what is to be done to a folder, written down first, so that all of it can be undone.

What belongs here: drawing one. `carry` applies and undoes it, `steps` knows its form. A plan's folder holds
`plan.jsonl`, `journal.jsonl`, `puts/` (finished files not yet in place) and `former/` (what they replaced).
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from imaging.files.carry import Outcome, Progress, apply, undo
from imaging.files.journal import history
from imaging.files.moving import FATAL
from imaging.files.states import MOVED, State, states
from imaging.files.steps import (
    Drawn,
    Move,
    Plan,
    PlanError,
    Put,
    check_names,
    grouped,
    identify,
    mendable,
    puts,
    read,
    reason,
    stays_with,
    write,
)
from storage.files import printable
from storage.locks import held

__all__ = [
    "Move", "Outcome", "Plan", "PlanError", "Put", "State",
    "apply", "draw", "last_applied", "located", "newest", "next_folder", "read", "states", "to_undo", "undo",
]  # fmt: skip


def draw(
    root: Path,
    folder: Path,
    steps: Sequence[Move | Put],
    *,
    made_by: str,
    progress: Progress = iter,
) -> Plan:
    """Write the plan of `steps` for `root` into `folder`; staged files move into it.

    Steps are done in their order, those of one bundle together; a name that an earlier step leaves is
    free. A step whose file is gone, whose new name is taken or that is in place already is refused
    with its reason, and so is the rest of its bundle. Raises PlanError where a name leads out of `root`, `folder` holds a
    plan that is applied or cannot be written to, BusyError where that plan is being worked on.
    """
    root, folder = root.resolve(), folder.resolve()
    for step in steps:
        check_names(step)
    drawn: list[Drawn] = []
    refused: list[tuple[Move | Put, str]] = []
    names = _Names(root)
    groups = grouped(steps)
    with (
        mendable(folder, "call this again, or name another folder with --out"),
        held(folder / "plan.lock", f"drawing a plan in {printable(folder)}"),
    ):
        _clear(folder)
        ends = {group[-1] for group in groups}
        bundle: list[tuple[Move | Put, Drawn | str]] = []
        for number in progress([number for group in groups for number in group]):
            bundle.append((steps[number], _look(steps[number], names)))
            if number in ends:
                good = [it for _, it in bundle if isinstance(it, Drawn)]
                if len(good) == len(bundle):
                    drawn += [_stage(it, folder, n) for n, it in enumerate(good, len(drawn))]
                else:
                    names.give_back(good)
                    refused += _all_refused(bundle)
                bundle = []
        plan = Plan(root, folder, made_by, tuple(drawn), tuple(refused))
        write(plan)
    return plan


def next_folder(folder: Path) -> Path:
    """Return where the next plan goes: the newest of `folder`, `folder-2`, …, or after it if applied."""
    last = newest(folder)
    if last is None:
        return folder
    return _numbered(folder, _count(folder) + 1) if _applied(last) else last


def newest(folder: Path) -> Path | None:
    """Return the last of `folder`, `folder-2`, … that is there, or None."""
    count = _count(folder)
    return _numbered(folder, count) if count else None


def last_applied(folder: Path) -> Path | None:
    """Return the last of `folder`, `folder-2`, … that holds an applied plan, or None."""
    return next(_all_applied(folder), None)


def to_undo(folder: Path, root: Path) -> list[Path]:
    """Return the applied plans of `root` among `folder`, `folder-2`, …, the newest first.

    Raises PlanError where there is none, and says whose the others are.
    """
    plans = [read(it) for it in _all_applied(folder)]
    found = [plan.folder for plan in plans if plan.root == root.resolve()]
    if found:
        return found
    place = printable(folder.parent)
    if plans:
        whose = plans[0].root
        gone = "" if whose.is_dir() else ", which is gone"
        raise PlanError(
            f"The plan in {place} is of {printable(whose)}{gone}, not of {printable(root)}. "
            "Name that folder to undo it, or the folder of this one's plan with --out."
        )
    raise PlanError(
        f"No plan in {place} is applied, so there is nothing to undo. "
        "If it lies elsewhere, name its folder with --out."
    )


def located(folder: Path, *, applied: bool = False) -> Path:
    """Return the folder of a plan, given it or a command's work folder: its newest (applied) plan."""
    if (folder / "plan.jsonl").exists():
        return folder
    place = folder / "plan"
    return (last_applied(place) if applied else None) or newest(place) or folder


def _all_applied(folder: Path) -> Iterator[Path]:
    for number in range(_count(folder), 0, -1):
        if _applied(_numbered(folder, number)):
            yield _numbered(folder, number)


def _count(folder: Path) -> int:
    number = 0
    while _numbered(folder, number + 1).exists():
        number += 1
    return number


def _numbered(folder: Path, number: int) -> Path:
    return folder if number == 1 else folder.with_name(f"{folder.name}-{number}")


def _applied(folder: Path) -> bool:
    """Whether the folder holds a plan of which anything was put in place and not back, or left half-way.

    The journal says so even where the files do not: theirs may be a drive that is unplugged.
    """
    if not (folder / "plan.jsonl").exists():
        return False
    told = history(folder / "journal.jsonl")
    former = folder / "former"
    return (
        bool(told.moved)
        or told.part is not None
        or told.doubled is not None
        or (former.exists() and any(former.iterdir()))
        or any(state in MOVED for state in states(read(folder)))
    )


def _clear(folder: Path) -> None:
    """Make room for a new plan: away with one that has no effect."""
    if _applied(folder):
        raise PlanError(
            f"The plan in {printable(folder)} is applied, and a new one there could not undo it. "
            "Undo it first, or name another folder with --out."
        )
    for name in ("plan.jsonl", "journal.jsonl"):
        (folder / name).unlink(missing_ok=True)
    if puts(folder).exists():
        shutil.rmtree(puts(folder))
    puts(folder).mkdir(parents=True)
    (folder / "former").mkdir(exist_ok=True)


class _Names:
    """Which names below `root` are taken when a step's turn comes."""

    def __init__(self, root: Path):
        self.root = root
        self.claimed: set[str] = set()
        self.left: set[str] = set()

    def taken(self, name: str) -> bool:
        return name in self.claimed or (name not in self.left and os.path.lexists(self.root / name))

    def take(self, step: Move | Put) -> None:
        self.claimed.add(step.target)
        if isinstance(step, Move):
            self.left.add(step.source)

    def give_back(self, steps: Sequence[Drawn]) -> None:
        self.claimed.difference_update(it.step.target for it in steps)
        self.left.difference_update(it.step.source for it in steps if isinstance(it.step, Move))


def _look(step: Move | Put, names: _Names) -> Drawn | str:
    """Return the step with what its files are known by, its names taken; or why it cannot be done."""
    if isinstance(step, Move):
        source = names.root / step.source
        if step.source in names.left:
            return "an earlier step moves it"
        if step.source == step.target:
            return "it has that name already"
    else:
        source = step.staged
    if step.target in names.claimed:
        return "an earlier step brings a file there"
    taken = names.taken(step.target)
    if taken and isinstance(step, Move):
        return "its new name is taken"
    try:
        new = identify(source)
        former = identify(names.root / step.target) if taken else None
    except OSError as error:
        if error.errno in FATAL:
            raise
        return reason(error)
    if former and former.sha256 == new.sha256:
        return "it is there already"
    names.take(step)
    return Drawn(step, new, former)


def _stage(drawn: Drawn, folder: Path, number: int) -> Drawn:
    """Take a Put's file over into the plan's folder."""
    if isinstance(drawn.step, Move):
        return drawn
    place = puts(folder) / str(number)
    shutil.move(drawn.step.staged, place)
    seen = place.lstat()  # between devices it is another file now
    identity = replace(drawn.identity, inode=seen.st_ino, mtime_ns=seen.st_mtime_ns)
    return replace(drawn, step=replace(drawn.step, staged=place), identity=identity)


def _all_refused(
    bundle: Sequence[tuple[Move | Put, Drawn | str]],
) -> Iterator[tuple[Move | Put, str]]:
    """A bundle of which a step cannot be drawn, each with its own reason or with that step's."""
    first, why = next((step, it) for step, it in bundle if isinstance(it, str))
    other = stays_with(first, why)
    return ((step, it if isinstance(it, str) else other) for step, it in bundle)
