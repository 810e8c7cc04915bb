"""What people decided about two pictures; it wins over anything measured, for ever.

What belongs here: keeping and reading decisions. In the lake they are a file of JSON lines that is only
ever appended to, so nobody's decision is lost; as a table they are columns `image_a`, `image_b`, `verdict`, in the order
in which they were taken; of several about one pair the last counts, whichever way round it is named.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from storage import schemas

NOT_DUPLICATE = "not_duplicate"
KEEP_BOTH = "keep_both"  # duplicates, and both stay
KEEP_THIS = "keep_this"  # duplicates, and `image_a` is the one to keep
VERDICTS = (NOT_DUPLICATE, KEEP_BOTH, KEEP_THIS)


@dataclass(frozen=True)
class Decision:
    """One decision; for KEEP_THIS `image_a` is the picture to keep."""

    image_a: str
    image_b: str
    verdict: str


def add(file: Path, decision: Decision) -> None:
    """Append a decision to the file, on disk when this returns.

    Raises ValueError when the verdict is unknown or a picture is paired with itself.
    """
    latest(pa.Table.from_pylist([asdict(decision)]))
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(decision), sort_keys=True) + "\n")
        lines.flush()
        os.fsync(lines.fileno())


def read(file: Path) -> pa.Table:
    """The decisions of the file as a DECISIONS table, numbered by line; none where there is no file.

    Raises ValueError naming the line that is no decision.
    """
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append({"number": number, **asdict(Decision(**json.loads(line)))})
        except (ValueError, TypeError) as error:
            raise ValueError(f"{file}, line {number} is no decision: {error}") from None
    return schemas.table(schemas.DECISIONS, rows)


def latest(decisions: pa.Table | None) -> dict[tuple[str, str], Decision]:
    """The decision that counts for each pair, by (smaller, larger) image_id, in the order they were taken.

    Raises ValueError naming the row when a verdict is unknown or a picture is paired with itself.
    """
    counting: dict[tuple[str, str], Decision] = {}
    rows = [] if decisions is None else decisions.to_pylist()
    for number, row in enumerate(rows):
        decision = Decision(row["image_a"], row["image_b"], row["verdict"])
        if decision.verdict not in VERDICTS:
            raise ValueError(
                f"decision {number}: verdict {decision.verdict!r} is none of {', '.join(VERDICTS)}"
            )
        if decision.image_a == decision.image_b:
            raise ValueError(f"decision {number}: {decision.image_a} is paired with itself")
        small, large = sorted((decision.image_a, decision.image_b))
        counting.pop((small, large), None)  # so that they stand in the order of the last words
        counting[small, large] = decision
    return counting


def words(verdict: str) -> str:
    """How the evidence of a pair tells that a person decided about it."""
    return f"a person decided: {verdict.replace('_', ' ')}"
