"""Carrying a plan out and taking it back.

What belongs here: `apply`, `undo`, and the state that each step is in. Where each file is now is read from the
files themselves, known by inode, size and time or else by sha256; so a process killed anywhere leaves a
state that the next `apply` or `undo` goes on from.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from imaging.files.journal import History, Journal, history
from imaging.files.moving import FATAL, move, recover, sync_folder
from imaging.files.steps import (
    OTHER,
    Move,
    Plan,
    Put,
    likeness,
    mendable,
    read,
    reason,
    through_link,
)
from imaging.files.walk import printable
from storage.locks import held


@dataclass(frozen=True)
class Outcome:
    """How many steps were done (or undone) just now, and those that were not, with the reason."""

    done: int
    skipped: list[tuple[Move | Put, str]]


class State(Enum):
    """Where a step's file is."""

    WAITING = "where it came from"
    DONE = "at its target"
    EDITED = "at its target, changed since"
    LOST = "at neither place as it was"


_DIVERTED = "a folder on its way is a symbolic link now"
Progress = Callable[[Sequence[int]], Iterable[int]]


def states(plan: Plan) -> list[State]:
    """Return where the file of each step is now."""
    told = history(plan.folder / "journal.jsonl")
    return [_state(plan, number, told) for number in range(len(plan.steps))]


def apply(folder: Path, *, progress: Progress = iter) -> Outcome:
    """Do what is left to do of the plan in `folder`; what changed since it was drawn is skipped.

    Raises PlanError where there is no plan or the disk is full or read-only (then what was done
    stays done and can be undone), BusyError while another plan of the same root is at work.
    """
    return _carry_out(folder, "apply", _apply, progress)


def undo(folder: Path, *, progress: Progress = iter) -> Outcome:
    """Put everything back that the plan in `folder` moved, last first; folders it made go if empty.

    A moved file comes back even if it was edited where it lay. Raises what `apply` raises.
    """
    return _carry_out(folder, "undo", _undo, progress)


def _carry_out(
    folder: Path,
    what: str,
    carry: Callable[[Plan, int, History, Journal], str | bool],
    progress: Progress,
) -> Outcome:
    plan = read(folder)
    done = 0
    skipped: list[tuple[Move | Put, str]] = []
    advice = "give the disk room, or yourself the right to write, then apply or undo"
    with (
        mendable(plan.root, f"{advice} the plan in {printable(plan.folder)}"),
        _alone(plan, what) as (told, journal),
    ):
        order = range(len(plan.steps))
        for number in progress(order if what == "apply" else order[::-1]):
            try:
                result = carry(plan, number, told, journal)
            except OSError as error:
                if error.errno in FATAL:
                    raise
                result = reason(error)
            if isinstance(result, str):
                skipped.append((plan.steps[number].step, result))
            else:
                done += bool(result)
        if what == "undo":
            _remove_made(plan, journal)
    return Outcome(done, skipped[:: 1 if what == "apply" else -1])


def _apply(plan: Plan, number: int, told: History, journal: Journal) -> str | bool:
    """Do one step: True when done now, False when it was, else the reason why not."""
    drawn = plan.steps[number]
    start, goal, former = _places(plan, number)
    state = _state(plan, number, told)
    if state in {State.DONE, State.EDITED}:
        return False
    if state is State.LOST:
        return "it changed since the plan was drawn" if os.path.lexists(start) else "it is gone"
    if _diverted(plan.root, drawn.step):
        return _DIVERTED
    if drawn.former and likeness(goal, drawn.former) != OTHER:
        move(goal, former, journal)
    elif os.path.lexists(goal):
        taken = "what is to be replaced changed" if drawn.former else "its new name was taken"
        return f"{taken} since the plan was drawn"
    _make_parents(plan.root, drawn.step.target, journal)
    try:
        move(start, goal, journal)
    except OSError:
        if os.path.lexists(former) and not os.path.lexists(goal):
            move(former, goal, journal)
        raise
    journal.note(moved=number)
    return True


def _undo(plan: Plan, number: int, told: History, journal: Journal) -> str | bool:
    """Take one step back: True when taken now, False when there is nothing to, else why not."""
    step = plan.steps[number].step
    start, goal, former = _places(plan, number)
    state = _state(plan, number, told)
    back = False
    if state in {State.DONE, State.EDITED} and _diverted(plan.root, step):
        return _DIVERTED
    if isinstance(step, Move):
        if state in {State.DONE, State.EDITED}:
            if os.path.lexists(start):
                return f"its old name is taken; it stays at {printable(step.target)}"
            start.parent.mkdir(parents=True, exist_ok=True)
            move(goal, start, journal)
            back = True
        elif number in told.moved and not os.path.lexists(start):
            return "it is neither at its old name nor at its new one"
    else:
        if state is State.DONE:
            move(goal, start, journal)
            back = True
        if os.path.lexists(former):
            if os.path.lexists(goal):
                return f"it was changed since, and stays; what it replaced is {printable(former)}"
            move(former, goal, journal)
            back = True
        elif state is State.EDITED:
            return "it was changed since it was written, and stays"
    if back:
        with suppress(OSError):  # a full disk must not stop an undo
            journal.note(back=number)
    return back


def _state(plan: Plan, number: int, told: History) -> State:
    identity = plan.steps[number].identity
    start, goal, _ = _places(plan, number)
    there = likeness(goal, identity)
    here = likeness(start, identity)
    if there > here:
        return State.DONE
    if here:
        return State.WAITING
    if number in told.moved and not os.path.lexists(start) and goal.is_file():
        return State.EDITED
    return State.LOST


def _places(plan: Plan, number: int) -> tuple[Path, Path, Path]:
    """Where the step's file comes from, where it goes, and where what it replaces is kept."""
    step = plan.steps[number].step
    start = plan.root / step.source if isinstance(step, Move) else step.staged
    return start, plan.root / step.target, plan.folder / "former" / str(number)


def _diverted(root: Path, step: Move | Put) -> bool:
    source = isinstance(step, Move) and through_link(root, step.source)
    return source or through_link(root, step.target)


def _make_parents(root: Path, name: str, journal: Journal) -> None:
    for parent in [*PurePosixPath(name).parents][-2::-1]:
        if not (root / parent).is_dir():
            journal.note(sure=True, made=str(parent))
            (root / parent).mkdir()


def _remove_made(plan: Plan, journal: Journal) -> None:
    for folder in reversed(history(plan.folder / "journal.jsonl").made):
        with suppress(OSError):  # what holds something, or is gone, stays as it is
            (plan.root / folder).rmdir()
            journal.note(unmade=folder)


@contextmanager
def _alone(plan: Plan, what: str) -> Iterator[tuple[History, Journal]]:
    """Hold the root and the plan, and mend what a killed process left half-done."""
    journal = Journal(plan.folder / "journal.jsonl")
    with ExitStack() as stack:
        for lock in (plan.root / "_artlake" / "lock", plan.folder / "plan.lock"):
            stack.enter_context(held(lock, f"{what} of the plan in {printable(plan.folder)}"))
        told = history(plan.folder / "journal.jsonl")
        recover(told)
        if told.part or told.doubled:
            with suppress(OSError):
                journal.note(single=True)
        try:
            yield told, journal
        finally:
            journal.close()
        folders = {place.parent for n in range(len(plan.steps)) for place in _places(plan, n)}
        for folder in folders:
            if folder.is_dir():
                sync_folder(folder)
