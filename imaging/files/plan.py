"""Plans: what is to be done to a folder, written down first, so that all of it can be undone.

What belongs here: drawing one. `carry` applies and undoes it, `steps` knows its form. A plan's folder holds
`plan.jsonl`, `journal.jsonl`, `puts/` (finished files not yet in place) and `former/` (what they replaced).
"""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from imaging.files.carry import Outcome, State, apply, states, undo
from imaging.files.journal import history
from imaging.files.moving import FATAL
from imaging.files.steps import (
    Drawn,
    Move,
    Plan,
    PlanError,
    Put,
    check_name,
    identify,
    mendable,
    puts,
    read,
    reason,
    write,
)
from imaging.files.walk import printable
from storage.locks import held

__all__ = [
    "Move", "Outcome", "Plan", "PlanError", "Put", "State",
    "apply", "draw", "last_applied", "next_folder", "read", "states", "undo",
]  # fmt: skip


def draw(
    root: Path,
    folder: Path,
    steps: Sequence[Move | Put],
    *,
    made_by: str,
    progress: Callable[[Sequence[Move | Put]], Iterable[Move | Put]] = iter,
) -> Plan:
    """Write the plan of `steps` for `root` into `folder`; staged files move into it.

    Steps are done in their order; a name that an earlier step leaves is free. The target of a Move
    that is taken becomes a free name (`name~2.jpg`). A step whose file is gone or already in place
    is refused with its reason. Raises PlanError where a name leads out of `root`, `folder` holds a
    plan that is applied or cannot be written to, BusyError where that plan is being worked on.
    """
    root, folder = root.resolve(), folder.resolve()
    for step in steps:
        check_name(step.target)
        if isinstance(step, Move):
            check_name(step.source)
    drawn: list[Drawn] = []
    refused: list[tuple[Move | Put, str]] = []
    claimed: set[str] = set()
    left: set[str] = set()
    with (
        mendable(folder, "name another folder with --out"),
        held(folder / "plan.lock", f"drawing a plan in {printable(folder)}"),
    ):
        _clear(folder)
        for step in progress(steps):
            try:
                done = _draw_one(step, root, folder, len(drawn), claimed, left)
            except OSError as error:
                if error.errno in FATAL:
                    raise
                done = reason(error)
            if isinstance(done, str):
                refused.append((step, done))
                continue
            drawn.append(done)
            claimed.add(done.step.target)
            if isinstance(done.step, Move):
                left.add(done.step.source)
        plan = Plan(root, folder, made_by, tuple(drawn), tuple(refused))
        write(plan)
    return plan


def next_folder(folder: Path) -> Path:
    """Return the first of `folder`, `folder-2`, `folder-3`, … that holds no applied plan."""
    number = 1
    while _applied(_numbered(folder, number)):
        number += 1
    return _numbered(folder, number)


def last_applied(folder: Path) -> Path | None:
    """Return the last of `folder`, `folder-2`, … that holds an applied plan, or None."""
    number, last = 1, None
    while _numbered(folder, number).exists():
        if _applied(_numbered(folder, number)):
            last = _numbered(folder, number)
        number += 1
    return last


def _numbered(folder: Path, number: int) -> Path:
    return folder if number == 1 else folder.with_name(f"{folder.name}-{number}")


def _applied(folder: Path) -> bool:
    """Whether the folder holds a plan of which anything is in place, or was left half-way."""
    if not (folder / "plan.jsonl").exists():
        return False
    told = history(folder / "journal.jsonl")
    former = folder / "former"
    return (
        told.part is not None
        or told.doubled is not None
        or (former.exists() and any(former.iterdir()))
        or any(state in {State.DONE, State.EDITED} for state in states(read(folder)))
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


def _draw_one(
    step: Move | Put, root: Path, folder: Path, number: int, claimed: set[str], left: set[str]
) -> Drawn | str:
    """Return the step as it is to be done, or why it is not."""

    def taken(name: str) -> bool:
        return name in claimed or (name not in left and os.path.lexists(root / name))

    if isinstance(step, Move):
        if step.source in left:
            return "an earlier step moves it"
        if step.source == step.target:
            return "it has that name already"
        target = _free(step.target, taken)
        return Drawn(Move(step.source, target, step.why), identify(root / step.source), None)
    if step.target in claimed:
        return "an earlier step brings a file there"
    new = identify(step.staged)
    former = identify(root / step.target) if taken(step.target) else None
    if former and former.sha256 == new.sha256:
        return "it is there already"
    place = puts(folder) / str(number)
    shutil.move(step.staged, place)
    return Drawn(Put(step.target, place, step.why), identify(place), former)


def _free(name: str, taken: Callable[[str], bool]) -> str:
    """The name, or the first of `name~2`, `name~3`, … that is not taken."""
    path, number, free = PurePosixPath(name), 1, name
    while taken(free):
        number += 1
        free = str(path.with_name(f"{path.stem}~{number}{path.suffix}"))
    return free
