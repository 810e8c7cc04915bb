"""Labels that people put right, or found to be right: an append-only file, and the table that training reads.

What belongs here: keeping and reading corrections. One line of JSON each, so that nobody's word is ever
lost; of several about the same label the last counts. A suggestion is refused by confirming the label
that the work bears: then it is never suggested anew.
"""

import datetime
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from storage.errors import MendableError
from storage.schemas import CORRECTIONS, table


class CorrectionError(MendableError):
    """A correction names what is not there, or the file of corrections is damaged."""


@dataclass(frozen=True)
class Correction:
    """One label of one work, as a person wants it; accepted_on: the day, 2026-10-01."""

    artwork_id: str
    attribute: str
    label: str
    accepted_by: str
    accepted_on: str


def add(file: Path, corrections: list[Correction]) -> None:
    """Append corrections to the file, on disk when this returns.

    A line that a killed process left half-written is ended first, so that it spoils no other. Raises
    CorrectionError, with nothing written, when a field is empty or the day is none.
    """
    for correction in corrections:
        if fault := _fault(correction):
            raise CorrectionError(f"Nothing was noted of {correction.artwork_id}: {fault}.")
    lines = "".join(
        json.dumps(asdict(correction), sort_keys=True, ensure_ascii=False) + "\n"
        for correction in corrections
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+") as kept:
        if kept.tell():
            kept.seek(-1, os.SEEK_END)
            if kept.read(1) != b"\n":
                lines = "\n" + lines
        kept.write(lines.encode())
        kept.flush()
        os.fsync(kept.fileno())


def read(file: Path) -> pa.Table:
    """The corrections that count, as a CORRECTIONS table by attribute and artwork; none without a file.

    Raises CorrectionError naming the line that is no correction.
    """
    latest: dict[tuple[str, str], Correction] = {}
    lines = file.read_bytes().splitlines() if file.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            correction = Correction(**json.loads(line))
            fault = _fault(correction)
        except (ValueError, TypeError) as error:
            fault = str(error)
        if fault:
            raise CorrectionError(
                f"{file}, line {number} is no correction: {fault}. Mend or remove that line; the others "
                "are kept."
            )
        latest[correction.attribute, correction.artwork_id] = correction
    return table(CORRECTIONS, [asdict(latest[key]) for key in sorted(latest)])


def _fault(correction: Correction) -> str | None:
    for name, value in asdict(correction).items():
        if not isinstance(value, str) or not value.strip():
            return f"{name} is empty"
    try:
        datetime.date.fromisoformat(correction.accepted_on)
    except ValueError:
        return f"{correction.accepted_on!r} is no day, such as 2026-10-01"
    return None
