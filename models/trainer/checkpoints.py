"""Checkpoints: everything that a training goes on from, written whole or not at all.

`last.pt` is the newest state; `best-<epoch>.pt` holds the weights of the best epoch so far, and stays until
a newer state says that it is no longer the best: whenever a run is killed, the two fit each other.
"""

import pickle
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.trainer import TrainingError
from storage.files import remove_parts, replacing

_LAST = "last.pt"


@dataclass
class State:
    """How far a training is.

    epoch, batch: the sampler's state, the next batch to be taught; step: of the optimizer, from 0. told: sums
    of losses and right answers of the epoch so far, labels: those that were asked for. best: the highest figure
    and the negative loss with it, and its epoch. curve: a record an epoch. seconds, images: spent on steps.
    ended: nothing is left to be taught.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    told: list[float] = field(default_factory=lambda: [0.0, 0.0])
    labels: int = 0
    best: list[float] | None = None
    best_epoch: int = -1
    curve: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    images: int = 0
    ended: bool = False


def save(folder: Path, state: State, content: Mapping[str, Any]) -> None:
    """Replace the last checkpoint; then remove the weights of epochs that are no longer the best."""
    _write(folder / _LAST, {"state": asdict(state), **content})
    for path in folder.glob("best-*.pt"):
        if path != _best(folder, state.best_epoch):
            path.unlink()


def save_best(folder: Path, epoch: int, weights: Mapping[str, torch.Tensor]) -> None:
    """Keep the weights of an epoch that is the best so far."""
    _write(_best(folder, epoch), dict(weights))


def read(folder: Path) -> tuple[State, dict[str, Any]] | None:
    """The last checkpoint, on CPU, or None when there is none.

    Raises TrainingError for a file that cannot be read.
    """
    if not (folder / _LAST).exists():
        return None
    remove_parts(folder)
    found = _read(folder / _LAST)
    try:
        return State(**found.pop("state")), found
    except (KeyError, TypeError, AttributeError) as error:
        raise _unreadable(folder / _LAST, error) from error


def read_best(folder: Path, epoch: int) -> dict[str, torch.Tensor]:
    """The weights of the best epoch. Raises TrainingError when they cannot be read."""
    return _read(_best(folder, epoch))


def random_state() -> dict[str, Any]:
    """Every random number generator of this process, as plain values and tensors."""
    numbers: Any = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [numbers[0], numbers[1].tolist(), *numbers[2:]],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def set_random_state(kept: Mapping[str, Any]) -> None:
    """Put the generators where `random_state` found them."""
    random.setstate(kept["python"])
    name, keys, *rest = kept["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), *rest))
    torch.set_rng_state(kept["torch"])
    if kept["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(kept["cuda"])


def _best(folder: Path, epoch: int) -> Path:
    return folder / f"best-{epoch:04d}.pt"


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with replacing(path) as part:
        torch.save(content, part)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        raise _unreadable(path, error) from error
    return found


def _unreadable(path: Path, error: Exception) -> TrainingError:
    return TrainingError(
        f"{path} cannot be read as a checkpoint ({error}). Restore it from a backup, or remove its folder "
        "and train from the beginning."
    )
