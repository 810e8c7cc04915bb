"""What people decided about two pictures; it wins over anything measured, for ever.

What belongs here: reading decisions. They are columns `image_a`, `image_b`, `verdict`, in the order
in which they were taken; of several about one pair the last counts, whichever way round it is named.
"""

from dataclasses import dataclass

import pyarrow as pa

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


def latest(decisions: pa.Table | None) -> dict[tuple[str, str], Decision]:
    """The decision that counts for each pair, by (smaller, larger) image_id.

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
        counting[small, large] = decision
    return counting
