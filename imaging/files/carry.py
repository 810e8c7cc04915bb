"""Carrying a plan out and taking it back.

What belongs here: `apply` and `undo`. Where each file is now is read from the files themselves (`states`), so a
process killed anywhere leaves a state that the next `apply` or `undo` goes on from.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from imaging.files.journal import History, Journal, history
from imaging.files.moving import FATAL, move, recover, sync_folder
from imaging.files.states import (
    DIVERTED,
    MOVED,
    State,
    diverted,
    hindrances,
    places,
    state_of,
)
from imaging.files.steps import (
    Move,
    Plan,
    PlanError,
    Put,
    grouped,
    mendable,
    read,
    reason,
    stays_with,
)
from storage.files import printable
from storage.locks import held


@dataclass(frozen=True)
class Outcome:
    """How many steps were done (or undone) just now, and those that were not, with the reason."""

    done: int
    skipped: list[tuple[Move | Put, str]]


Progress = Callable[[Sequence[int]], Iterable[int]]


def apply(folder: Path, *, progress: Progress = iter) -> Outcome:
    """Do what is left to do of the plan in `folder`; what changed since it was drawn is skipped.

    Steps of one bundle are all done or all skipped. Raises PlanError where there is no plan, its
    folder is gone or the disk is full or read-only (then what was done stays done and can be
    undone), BusyError while another plan of the same root is at work.
    """
    return _carry_out(folder, "apply", _apply, progress)


def undo(folder: Path, *, progress: Progress = iter) -> Outcome:
    """Put everything back that the plan in `folder` moved, last first; folders it made go if empty.

    A moved file comes back even if it was edited where it lay; a bundle of which one old name is
    taken stays whole where it is. Raises what `apply` raises.
    """
    return _carry_out(folder, "undo", _undo, progress)


def _carry_out(
    folder: Path,
    what: str,
    carry: Callable[[Plan, Sequence[int], History, Journal], dict[int, str | bool]],
    progress: Progress,
) -> Outcome:
    plan = read(folder)
    if not plan.root.is_dir():
        raise PlanError(
            f"The plan in {printable(plan.folder)} is of {printable(plan.root)}, which is gone. "
            "Bring that folder back to its place (or plug its drive in), then call this again."
        )
    groups = grouped([drawn.step for drawn in plan.steps])
    group_of = {number: group for group in groups for number in group}
    order = list(group_of)
    results: dict[int, str | bool] = {}
    with (
        mendable(plan.root, f"{what} the plan in {printable(plan.folder)} again"),
        _alone(plan, what) as (told, journal),
    ):
        for number in progress(order if what == "apply" else order[::-1]):
            if number not in results:
                results |= carry(plan, group_of[number], told, journal)
        if what == "undo":
            _remove_made(plan, journal)
    skipped = [
        (plan.steps[number].step, result)
        for number in order
        if isinstance(result := results[number], str)
    ]
    return Outcome(sum(result is True for result in results.values()), skipped)


def _apply(
    plan: Plan, group: Sequence[int], told: History, journal: Journal
) -> dict[int, str | bool]:
    """Do the steps of one bundle: True when done now, False when they were, else why none is."""
    state = {number: state_of(plan, number, told) for number in group}
    waiting = [number for number in group if state[number] not in MOVED]
    results: dict[int, str | bool] = dict.fromkeys(group, False)
    wrong = hindrances(plan, waiting, state)
    for number in waiting if not wrong else ():
        try:
            _place(plan, number, journal)
        except OSError as error:
            if error.errno in FATAL:
                raise
            wrong[number] = reason(error)
            break
        results[number], state[number] = True, State.DONE
    if not wrong:
        return results
    first = min(wrong)
    other = stays_with(plan.steps[first].step, wrong[first])
    # Back with what was done just now, or by a run that was killed within this very bundle.
    cut_short = not told.moved.issuperset(group)
    for number in reversed(group):
        if results[number] or (cut_short and state[number] in MOVED):
            back = _take_back(plan, number, state[number], told, journal)
            results[number] = back if isinstance(back, str) else other
        elif number in waiting:
            results[number] = other
    return results | wrong


def _place(plan: Plan, number: int, journal: Journal) -> None:
    """Bring one file to its place, and what is there to `former`."""
    drawn = plan.steps[number]
    start, goal, former = places(plan, number)
    if drawn.former and os.path.lexists(goal):
        move(goal, former, journal)
    try:
        _make_parents(plan.root, drawn.step.target, journal)
        move(start, goal, journal)
    except OSError:
        if os.path.lexists(former) and not os.path.lexists(goal):
            move(former, goal, journal)
        raise
    journal.note(moved=number)


def _undo(
    plan: Plan, group: Sequence[int], told: History, journal: Journal
) -> dict[int, str | bool]:
    """Take the steps of one bundle back: True when taken now, False if nothing is to, else why not."""
    state = {number: state_of(plan, number, told) for number in group}
    wrong: dict[int, str] = {}
    leaving: set[Path] = set()  # names that later steps of the bundle free
    for number in reversed(group):
        step = plan.steps[number].step
        start, goal, _ = places(plan, number)
        if state[number] in MOVED:
            if diverted(plan.root, step):
                wrong[number] = DIVERTED
            elif isinstance(step, Move) and os.path.lexists(start) and start not in leaving:
                wrong[number] = f"its old name is taken; it stays at {printable(step.target)}"
            leaving.add(goal)
    other = stays_with(plan.steps[min(wrong)].step, wrong[min(wrong)]) if wrong else ""
    return {
        number: wrong.get(number, other)
        if wrong and state[number] in MOVED
        else _take_back(plan, number, state[number], told, journal)
        for number in reversed(group)
    }


def _take_back(
    plan: Plan, number: int, state: State, told: History, journal: Journal
) -> str | bool:
    """Take one step back: True when taken now, False when there is nothing to, else why not."""
    step = plan.steps[number].step
    start, goal, former = places(plan, number)
    back = False
    try:
        if isinstance(step, Move):
            if state in MOVED:
                start.parent.mkdir(parents=True, exist_ok=True)
                move(goal, start, journal)
                back = True
        else:
            if state is State.DONE:
                move(goal, start, journal)
                back = True
            if os.path.lexists(former):
                if os.path.lexists(goal):
                    return (
                        f"it was changed since, and stays; what it replaced is {printable(former)}"
                    )
                move(former, goal, journal)
                back = True
            elif state is State.EDITED:
                return "it was changed since it was written, and stays"
    except OSError as error:
        if error.errno in FATAL:
            raise
        return reason(error)
    missing = number in told.moved and not (back or os.path.lexists(start))
    # A folder that is not there may be on a drive that is unplugged: then the plan is still needed.
    if back or (number in told.moved and not (missing and not goal.parent.is_dir())):
        with suppress(OSError):  # a full disk must not stop an undo
            journal.note(back=number)
    if missing and isinstance(step, Move):
        return "it is neither at its old name nor at its new one"
    return back


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
        recover(told, plan.root, plan.folder)
        if told.part or told.doubled:
            with suppress(OSError):
                journal.note(single=True)
        try:
            yield told, journal
        finally:
            journal.close()
        folders = {place.parent for n in range(len(plan.steps)) for place in places(plan, n)}
        for folder in folders:
            if folder.is_dir():
                sync_folder(folder)
