"""What a plan is made of, how a file is known again, and how a plan is kept.

What belongs here: values, checks of values, and the form of `plan.jsonl`: a head, then a line a step.
"""

import errno
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from storage.errors import MendableError
from storage.files import printable, replacing, sha256_file

FORMAT = 1


class PlanError(MendableError):
    """A plan cannot be drawn, read or carried out; the message says what to do."""


@dataclass(frozen=True)
class Move:
    """A file of the folder gets another name in it; both POSIX, relative to the folder.

    needs: a file below the folder without which this one stays where it is (a duplicate's keeper).
    """

    source: str
    target: str
    why: str
    bundle: str = ""  # steps of one bundle are all done or none is; "": a step of its own
    needs: str = ""


@dataclass(frozen=True)
class Put:
    """A finished file comes to `target`; what was there is kept with the plan."""

    target: str
    staged: Path
    why: str
    bundle: str = ""  # as in Move


@dataclass(frozen=True)
class Identity:
    """What a file is known by: its bytes, and what the file system says of them."""

    sha256: str
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class Drawn:
    """A step with its final target, the identity of the file it brings and of the one it replaces."""

    step: Move | Put
    identity: Identity
    former: Identity | None


@dataclass(frozen=True)
class Plan:
    """What is to be done below `root`, kept in `folder`; `refused` holds steps that could not be drawn."""

    root: Path
    folder: Path
    made_by: str
    steps: tuple[Drawn, ...]
    refused: tuple[tuple[Move | Put, str], ...] = ()


SAME_FILE, SAME_BYTES, OTHER = 2, 1, 0


def identify(path: Path) -> Identity:
    """Return the identity of a regular file. Raises OSError; also for what is no regular file."""
    seen = path.lstat()
    if not stat.S_ISREG(seen.st_mode):
        raise OSError("it is no regular file")
    return Identity(sha256_file(path), seen.st_size, seen.st_mtime_ns, seen.st_ino)


def likeness(path: Path, identity: Identity) -> int:
    """Say whether the file at `path` is the SAME_FILE, another of the SAME_BYTES, or OTHER (or none).

    Inode, size and time to the nanosecond settle it fast; bytes are read only where these differ
    at equal size (a file that was touched, or copied with its folder).
    """
    try:
        seen = path.lstat()
        if not stat.S_ISREG(seen.st_mode) or seen.st_size != identity.size:
            return OTHER
        if (seen.st_ino, seen.st_mtime_ns) == (identity.inode, identity.mtime_ns):
            return SAME_FILE
        return SAME_BYTES if sha256_file(path) == identity.sha256 else OTHER
    except OSError:
        return OTHER


def grouped(steps: Sequence[Move | Put]) -> list[list[int]]:
    """The numbers of the steps that are done together, in the order of the first of each group."""
    groups: dict[str | int, list[int]] = {}
    for number, step in enumerate(steps):
        groups.setdefault(step.bundle or number, []).append(number)
    return list(groups.values())


def check_name(name: str) -> None:
    """Raise PlanError unless `name` is a relative POSIX path that stays below its folder."""
    parts = name.split("/")
    if PurePosixPath(name).is_absolute() or "\0" in name or {"", ".", ".."} & set(parts):
        raise PlanError(
            f"{name!r} is no name below the folder. Give a relative path without '.' and '..'."
        )


def check_names(step: Move | Put) -> None:
    """Raise PlanError unless all names of the step stay below its folder."""
    check_name(step.target)
    if isinstance(step, Move):
        check_name(step.source)
        if step.needs:
            check_name(step.needs)


def through_link(root: Path, name: str) -> bool:
    """Whether the parent folders of `name` lead out of `root` by a symbolic link."""
    parent = root / PurePosixPath(name).parent
    return os.path.realpath(parent) != str(parent)


def puts(folder: Path) -> Path:
    """Where a plan keeps finished files that are not yet in place."""
    return folder / "puts"


def write(plan: Plan) -> None:
    """Write `plan.jsonl` as a whole or not at all; a root around the folder is kept relative to it."""
    inside = plan.folder.is_relative_to(plan.root)
    root = os.path.relpath(plan.root, plan.folder) if inside else str(plan.root)
    head = {"plan": FORMAT, "root": root, "made_by": plan.made_by, "steps": len(plan.steps)}
    with replacing(plan.folder / "plan.jsonl") as part, part.open("w", encoding="ascii") as lines:
        lines.write(json.dumps(head) + "\n")
        for drawn in plan.steps:
            lines.write(json.dumps(_line(drawn)) + "\n")


def read(folder: Path) -> Plan:
    """Return the plan in `folder`. Raises PlanError where there is none, or none that can be read."""
    folder = folder.resolve()
    try:
        with (folder / "plan.jsonl").open("rb") as lines:
            head = json.loads(next(lines, b"null"))
            if head["plan"] != FORMAT:
                raise ValueError(f"it is of format {head['plan']}")
            root = Path(os.path.normpath(folder / head["root"]))
            steps = tuple(_drawn(json.loads(line), folder, n) for n, line in enumerate(lines))
        if len(steps) != head["steps"]:
            raise ValueError(f"{len(steps)} of its {head['steps']} steps are there")
    except FileNotFoundError:
        raise PlanError(
            f"There is no plan in {printable(folder)}. Name a command's work folder, or the folder that holds plan.jsonl."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, PlanError) as error:
        raise PlanError(
            f"The plan in {printable(folder)} cannot be read ({error}). Its files are untouched: "
            "bring back plan.jsonl from a copy, or draw a new plan into another folder."
        ) from None
    return Plan(root, folder, head["made_by"], steps)


# What to do about what the system refuses.
_ADVICE = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in your quota",
    errno.EROFS: "make the disk writable, or work on a copy of the folder",
    errno.EACCES: "get the right to write there, or work on a copy of the folder",
    errno.EPERM: "get the right to write there, or work on a copy of the folder",
}


@contextmanager
def mendable(folder: Path, then: str) -> Iterator[None]:
    """Tell what the disk refuses as a PlanError; `then`: what to do when that is mended."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "look at the disk")
        raise PlanError(
            f"Stopped in {printable(folder)}: {reason(error)}. Nothing is lost: {advice}, then {then}."
        ) from error


def stays_with(step: Move | Put, why: str) -> str:
    """The reason of a step that is not done because another of its bundle cannot be."""
    name = step.source if isinstance(step, Move) else step.target
    return f"it stays with {printable(name)}: {why}"


def reason(error: OSError) -> str:
    """What the system says, without the path."""
    return error.strerror or str(error)


def _line(drawn: Drawn) -> dict[str, object]:
    step = drawn.step
    line: dict[str, object] = {"source": step.source} if isinstance(step, Move) else {}
    line |= {"target": step.target, "why": step.why, "file": asdict(drawn.identity)}
    line |= {"bundle": step.bundle} if step.bundle else {}
    line |= {"needs": step.needs} if isinstance(step, Move) and step.needs else {}
    return line | ({"former": asdict(drawn.former)} if drawn.former else {})


def _drawn(line: dict[str, Any], folder: Path, number: int) -> Drawn:
    target, why, former = line["target"], line["why"], line.get("former")
    bundle = line.get("bundle", "")
    step: Move | Put = Put(target, puts(folder) / str(number), why, bundle)
    if "source" in line:
        step = Move(line["source"], target, why, bundle, line.get("needs", ""))
    check_names(step)
    return Drawn(step, Identity(**line["file"]), Identity(**former) if former else None)
