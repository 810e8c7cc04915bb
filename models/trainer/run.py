"""A run folder: what is to be trained, on which pictures, and that it stays the same.

plan.json         plan, labels, the image store's root
set.parquet       one row a picture (models.sets.training_set)
checkpoints/      how far it is (models.trainer.checkpoints)
curve.jsonl       one line an epoch
tensorboard/      the same figures, and those of every few steps
folds/<k>/        run folders of the networks for out-of-fold predictions
refit/            run folder of the network that train and validation teach together
result/           what came out (models.trainer.results)
"""

import hashlib
import io
import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.folders import to_json
from models.recipe import Plan
from models.recipe import plan as plan_of
from models.trainer import TrainingError
from storage.files import write_bytes

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Run:
    """A prepared folder. until: the last epoch, whatever validation says (None: as the recipe has it)."""

    folder: Path
    plan: Plan
    labels: dict[str, tuple[str, ...]]
    store: Path
    table: pa.Table
    until: int | None
    identity: dict[str, Any]

    @property
    def result(self) -> Path:
        """The folder of what came out; whole once `network.json` is in it."""
        return self.folder / "result"

    @property
    def checkpoints(self) -> Path:
        """The folder of what it goes on from."""
        return self.folder / "checkpoints"


def prepare_run(
    run: Path,
    plan: Plan,
    table: pa.Table,
    store_root: Path,
    labels: Mapping[str, tuple[str, ...]],
    *,
    until: int | None = None,
) -> None:
    """Write what is to be trained into the folder `run`, which may hold the same run begun or ended.

    table: of models.sets.training_set; labels: of each attribute, in the order of the logits; until: for
    networks of folds and of a refit, which end where the one they stand beside did and choose nothing themselves.
    Raises TrainingError when a label has no picture to learn from or an attribute none to validate on, or
    when another run was begun there.
    """
    names = {attribute: tuple(labels[attribute]) for attribute in plan.attributes}
    if until is None:
        _check(plan, table, names)
    said = {
        "plan": plan.as_dict(),
        "labels": {attribute: list(found) for attribute, found in names.items()},
        "store": str(Path(store_root).resolve()),
        "until": until,
    }
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    data = buffer.getvalue()
    if any((run / name).exists() for name in ("checkpoints", "result")):
        refuse_differences(open_run(run).identity, _identity(said, data), run)
    write_bytes(run / "set.parquet", data)
    write_bytes(run / "plan.json", to_json(said))


def open_run(folder: Path) -> Run:
    """The run that `prepare_run` wrote. Raises TrainingError when there is none."""
    try:
        said = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        data = (folder / "set.parquet").read_bytes()
    except (OSError, ValueError) as error:
        raise TrainingError(f"{folder} holds no prepared run: {error}. Prepare it anew.") from error
    return Run(
        folder,
        plan_of(said["plan"], str(folder / "plan.json")),
        {attribute: tuple(names) for attribute, names in said["labels"].items()},
        Path(said["store"]),
        pq.read_table(pa.BufferReader(data)),
        said["until"],
        _identity(said, data),
    )


def refuse_differences(kept: Mapping[str, Any], wanted: Mapping[str, Any], where: Path) -> None:
    """Raise TrainingError naming what of a run begun at `where` is not as it is wanted now."""
    ours, theirs = _flat(wanted), _flat(kept)
    differing = [name for name in sorted(ours | theirs) if ours.get(name) != theirs.get(name)]
    if differing:
        told = "; ".join(
            f"{name} was {theirs.get(name)}, is {ours.get(name)}" for name in differing
        )
        raise TrainingError(
            f"{where} was begun as another run: {told}. Train in another folder, or remove this one."
        )


def _identity(said: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    """All that decides the outcome; the store may move, its files are named by content."""
    kept = {name: said[name] for name in ("plan", "labels", "until")}
    return {**kept, "set": hashlib.sha256(data).hexdigest()}


def _flat(fields: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in fields.items():
        inner = _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else None
        found.update(inner if inner is not None else {f"{before}{name}": value})
    return found


def _check(plan: Plan, table: pa.Table, labels: Mapping[str, tuple[str, ...]]) -> None:
    sides = table["side"].to_pylist()
    for attribute in plan.attributes:
        pairs = list(zip(sides, table[attribute].to_pylist(), strict=True))
        present = {label for side, label in pairs if side == "train"}
        if absent := [label for label in labels[attribute] if label not in present]:
            raise TrainingError(
                f"{plan.name}: no train picture of {attribute} {absent[0]!r}. Raise the minimum support, "
                "map the label onto another, or gather more works."
            )
        if not any(side == "validation" and label is not None for side, label in pairs):
            raise TrainingError(
                f"{plan.name}: no validation picture has a {attribute}, so the best epoch cannot be told. "
                "Gather more works, or leave the attribute out of the recipe."
            )


@contextmanager
def stop_asked() -> Iterator[Callable[[], bool]]:
    """While it lasts SIGTERM is only noted, and the function says whether one came."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set  # signals reach only the main thread, whose owner then decides
        return
    before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
