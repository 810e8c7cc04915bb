"""Names and folders made of what pictures say of themselves: by a pattern, or by the time they were taken.

What belongs here: from facts and bundles to the moves of a plan. Nothing is opened or moved here.
"""

import os
import re
import string
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from imaging.files.companions import Bundle, free_names
from imaging.files.facts import Facts
from imaging.files.steps import Move
from imaging.files.walk import Refused
from storage.errors import MendableError

FIELDS = frozenset(
    {"taken", "camera", "make", "model", "lens", "artist", "title", "accession", "stem", "suffix", "n"}
)  # fmt: skip
# What no file system of a camera, a Mac or a PC takes in a name.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')
_GAP = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NUMBER = "\0"
_LONGEST = 240  # bytes; file systems take 255, and `~2` and a sidecar's suffix are to fit too


class PatternError(MendableError):
    """A pattern, expression or gap that cannot be read."""


def parse_gap(text: str) -> timedelta:
    """Read `2h`, `90m`, `30s` or `1.5d`. Raises PatternError."""
    found = _GAP.fullmatch(text.strip())
    if not found:
        raise PatternError(f"{text!r} is no length of time. Write it as 30s, 90m, 2h or 1.5d.")
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])


def rename(
    root: Path,
    bundles: Sequence[Bundle],
    known: Sequence[Facts],
    pattern: str,
    accession: str | None = None,
) -> tuple[list[Move], list[Refused]]:
    """Return the moves that name each bundle after `pattern`, and the bundles that it cannot name.

    Fields (`FIELDS`) are formatted as Python does, `taken` by strftime; `/` in the pattern makes
    folders below the picture's own; a pattern without `{suffix}` keeps the suffix. `{n}` counts the
    pictures that would else have one name, by time taken; without it the second of a name gets `~2`.
    accession: a regular expression for file names, whose first group (or whole match) is the field.
    Raises PatternError.
    """
    asked = _check(pattern)
    number_in = _accession(accession, asked)
    refused: list[Refused] = []
    wanted: list[tuple[Bundle, str]] = []
    order = sorted(
        zip(bundles, known, strict=True),
        key=lambda pair: (pair[1].taken or datetime.min, str(pair[0].main)),
    )
    counts: dict[str, int] = {}
    for bundle, fact in order:
        values = _values(bundle.main, fact, number_in)
        missing = sorted(name for name in asked if not values[name])
        if missing:
            why = f"it has no {' and no '.join(missing)}{_said(fact)}"
            refused.append(Refused(bundle.main, why))
            continue
        name = _Format().format(pattern, **values)
        if "suffix" not in asked:
            name += bundle.main.suffix
        folder = bundle.main.parent.relative_to(root).as_posix()
        name = _tidy(name if folder == "." else f"{folder}/{name}")
        counts[name] = counts.get(name, 0) + 1
        name = _numbered(name, counts[name])
        if any(len(os.fsencode(part)) > _LONGEST for part in name.split("/")):
            refused.append(Refused(bundle.main, "its new name would be too long"))
        else:
            wanted.append((bundle, name))
    return _moves(root, wanted, f"named by {pattern}"), sorted(refused, key=lambda it: str(it.path))


def cluster(
    root: Path, bundles: Sequence[Bundle], known: Sequence[Facts], gap: timedelta
) -> tuple[list[Move], list[Refused]]:
    """Return the moves into one folder for each run of pictures of one camera without a longer gap.

    The folder is called after the first picture's time and the camera. A picture without a date
    stays where it is and is listed.
    """
    refused: list[Refused] = []
    dated: list[tuple[datetime, str, Bundle, Facts]] = []
    for bundle, fact in zip(bundles, known, strict=True):
        if fact.taken is None:
            refused.append(Refused(bundle.main, f"it has no date{_said(fact)}"))
        else:
            dated.append((fact.taken, str(bundle.main), bundle, fact))
    wanted: list[tuple[Bundle, str]] = []
    last: dict[tuple[str, str], tuple[datetime, str]] = {}
    for taken, _, bundle, fact in sorted(dated, key=lambda row: row[:2]):
        camera = fact.camera, fact.serial
        before, folder = last.get(camera, (datetime.min, ""))
        if not folder or taken - before > gap:
            folder = f"{taken:%Y-%m-%d_%H%M%S}" + (f"_{clean(fact.camera)}" if fact.camera else "")
        last[camera] = taken, folder
        wanted.append((bundle, f"{folder}/{bundle.main.name}"))
    return _moves(root, wanted, "taken in one run"), sorted(refused, key=lambda it: str(it.path))


def clean(text: str) -> str:
    """Return text as part of a name: what no file system takes becomes a hyphen."""
    return _FORBIDDEN.sub("-", text).strip(" .-")[:120]


def _said(fact: Facts) -> str:
    return f" (ExifTool: {fact.error})" if fact.error else ""


class _Number:
    """Stands for `{n}` until it is known how many share the name; keeps how it is to be written."""

    def __format__(self, spec: str) -> str:
        format(1, spec)
        return f"{_NUMBER}{spec}{_NUMBER}"


class _Format(string.Formatter):
    """Fields by name only: no attribute, index or conversion of a pattern reaches an object."""

    def get_field(self, name: str, args: Any, kwargs: Any) -> Any:
        if name not in FIELDS:
            raise PatternError(
                f"There is no field {{{name}}}. There are: {', '.join(sorted(FIELDS))}."
            )
        return kwargs[name], name


def _check(pattern: str) -> set[str]:
    """The fields that a pattern asks for. Raises PatternError."""
    sample = _values(Path("stem.jpg"), Facts(datetime(2000, 1, 1)), lambda name: name)
    try:
        _Format().format(pattern, **{name: value or "x" for name, value in sample.items()})
        asked = {name for _, name, _, _ in string.Formatter().parse(pattern) if name}
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise PatternError(
            f"The pattern {pattern!r} cannot be read: {error}. "
            "A field is written {name} or {name:format}, for example {taken:%Y-%m-%d}_{n:03}."
        ) from None
    if not asked:
        raise PatternError(f"The pattern {pattern!r} has no field, so all names would be one.")
    if {"", ".", ".."} & set(pattern.split("/")):
        raise PatternError(f"The pattern {pattern!r} leads out of the folder, or nowhere.")
    return asked


def _accession(expression: str | None, asked: set[str]) -> Callable[[str], str]:
    if expression is None:
        if "accession" in asked:
            raise PatternError(
                "{accession} needs --accession, an expression that finds it in names."
            )
        return lambda name: ""
    try:
        number = re.compile(expression)
    except re.error as error:
        raise PatternError(f"The expression {expression!r} cannot be read: {error}.") from None

    def find(name: str) -> str:
        found = number.search(name)
        return ((found[1] if number.groups else found[0]) or "") if found else ""

    return find


def _values(path: Path, fact: Facts, number_in: Callable[[str], str]) -> dict[str, Any]:
    texts = {
        name: clean(getattr(fact, name))
        for name in ("camera", "make", "model", "lens", "artist", "title")
    }
    return texts | {
        "taken": fact.taken,
        "accession": clean(number_in(path.stem)),
        "stem": path.stem,
        "suffix": path.suffix,
        "n": _Number(),
    }


def _tidy(name: str) -> str:
    return "/".join(part.rstrip(" ") or "_" for part in name.split("/"))


def _numbered(name: str, number: int) -> str:
    """The name with its count where `{n}` stands."""
    return re.sub(
        f"{_NUMBER}([^{_NUMBER}]*){_NUMBER}", lambda found: format(number, found[1]), name
    )


def _moves(root: Path, wanted: Sequence[tuple[Bundle, str]], why: str) -> list[Move]:
    """Moves of bundles to names below `root`, in an order in which each name is free when it is needed.

    A name that is taken, by a file that stays or by another bundle, becomes `name~2` for the whole
    bundle; so does one of a ring of names that only change places.
    """
    olds = [_names(root, bundle) for bundle, _ in wanted]
    pending = {name for names in olds for name in names}
    claimed: set[str] = set()
    last: dict[str, int] = {}

    def taken(name: str) -> bool:
        return name in claimed or (name not in pending and os.path.lexists(root / name))

    waiting = []
    for (bundle, name), old in zip(wanted, olds, strict=True):
        new = free_names(bundle, name, taken, last)
        claimed.update(new)
        waiting.append((bundle, name, old, new))
    moves: list[Move] = []
    while waiting:
        later = []
        for bundle, name, old, new in waiting:
            blocked = {n for o, n in zip(old, new, strict=True) if o != n} & pending
            if blocked:
                later.append((bundle, name, old, new))
                continue
            moves += [
                Move(o, n, why, bundle=old[0]) for o, n in zip(old, new, strict=True) if o != n
            ]
            pending.difference_update(set(old) - set(new))
        if len(later) == len(waiting):
            bundle, name, old, new = later[0]
            claimed.difference_update(new)
            new = free_names(
                bundle, name, lambda it: it in claimed or os.path.lexists(root / it), last
            )
            claimed.update(new)
            later[0] = bundle, name, old, new
        # Names mostly shift by one: from the other end, a whole row of them is done in one go.
        waiting = later[::-1]
    return moves


def _names(root: Path, bundle: Bundle) -> list[str]:
    return [path.relative_to(root).as_posix() for path in (bundle.main, *bundle.others)]
