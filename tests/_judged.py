"""Outputs of a made model with known faults, for the tests of evaluation, calibration, routing and plots."""

import numpy as np
import pyarrow as pa

from models.outputs import Outputs, table


def made(
    labels: tuple[str, ...] = ("Armour", "Paintings", "Prints"),
    *,
    count: int = 300,
    strength: float = 3.0,
    heat: float = 1.0,
    twins: int = 0,
    seed: int = 0,
    side: str = "test",
) -> pa.Table:
    """OUTPUTS of `count` pictures: calibrated at temperature `heat`; the first `twins` share one group."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(count, len(labels))) * strength
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = (likely.cumsum(axis=1) < random.random((count, 1))).sum(axis=1)
    names = np.array([f"x:{side}-{number:05d}" for number in range(count)])
    groups = names.copy()
    groups[:twins] = names[0]
    said = Outputs(labels, names, names, groups, np.minimum(drawn, len(labels) - 1), logits * heat)
    return table("department", np.full(count, side), said)
