"""Where the file of each step of a plan is, and what keeps a step from being done.

What belongs here: looking, and nothing that moves. A file is known by inode, size and time or else by its
sha256, so that the answer is the same after a crash, and in a copy of the folder.
"""

import os
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from imaging.files.journal import History, history
from imaging.files.steps import OTHER, Move, Plan, Put, likeness, through_link
from storage.files import printable


class State(Enum):
    """Where a step's file is."""

    WAITING = "where it came from"
    DONE = "at its target"
    EDITED = "at its target, changed since"
    LOST = "at neither place as it was"


# What apply has done and undo takes back.
MOVED = frozenset({State.DONE, State.EDITED})
DIVERTED = "a folder on its way is a symbolic link now"


def states(plan: Plan) -> list[State]:
    """Return where the file of each step is now."""
    told = history(plan.folder / "journal.jsonl")
    return [state_of(plan, number, told) for number in range(len(plan.steps))]


def state_of(plan: Plan, number: int, told: History) -> State:
    """Return where the file of one step is now."""
    identity = plan.steps[number].identity
    start, goal, _ = places(plan, number)
    there = likeness(goal, identity)
    here = likeness(start, identity)
    if there > here:
        return State.DONE
    if here:
        return State.WAITING
    if number in told.moved and not os.path.lexists(start) and goal.is_file():
        return State.EDITED
    return State.LOST


def places(plan: Plan, number: int) -> tuple[Path, Path, Path]:
    """Where the step's file comes from, where it goes, and where what it replaces is kept."""
    step = plan.steps[number].step
    start = plan.root / step.source if isinstance(step, Move) else step.staged
    return start, plan.root / step.target, plan.folder / "former" / str(number)


def hindrances(plan: Plan, waiting: Sequence[int], state: Mapping[int, State]) -> dict[int, str]:
    """Why steps of one bundle that are not done cannot be."""
    wrong: dict[int, str] = {}
    leaving: set[Path] = set()  # names that earlier steps of the bundle free
    for number in waiting:
        drawn = plan.steps[number]
        start, goal, _ = places(plan, number)
        needs = drawn.step.needs if isinstance(drawn.step, Move) else ""
        if state[number] is State.LOST:
            there = os.path.lexists(start)
            wrong[number] = "it changed since the plan was drawn" if there else "it is gone"
        elif diverted(plan.root, drawn.step):
            wrong[number] = DIVERTED
        elif needs and not (plan.root / needs).is_file():
            wrong[number] = f"{printable(needs)}, which is to stay, is gone"
        elif os.path.lexists(goal) and goal not in leaving:
            if not drawn.former:
                wrong[number] = "its new name was taken since the plan was drawn"
            elif likeness(goal, drawn.former) == OTHER:
                wrong[number] = "what is to be replaced changed since the plan was drawn"
        leaving.add(start)
    return wrong


def diverted(root: Path, step: Move | Put) -> bool:
    """Whether a folder on the way of a step leads out of `root` by a symbolic link."""
    source = isinstance(step, Move) and through_link(root, step.source)
    return source or through_link(root, step.target)
