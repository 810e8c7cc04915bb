"""Where a training's figures are written while it goes: curve.jsonl, and TensorBoard's files."""

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from models.trainer.run import Run
from storage.files import write_text


class Logs:
    """The logs of one training, a context; nothing is written unless `speaks`.

    step: from which TensorBoard forgets what a killed run had written.
    """

    def __init__(self, run: Run, speaks: bool, step: int):
        self._run = run
        self._board: Any = None
        if speaks:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(run.folder / "tensorboard"), purge_step=step)

    def __enter__(self) -> "Logs":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._board:
            self._board.close()

    def step(self, number: int, **figures: float) -> None:
        """Figures of the optimizer's step `number`."""
        if self._board:
            for name, value in figures.items():
                self._board.add_scalar(f"step/{name}", value, number)

    def epoch(self, curve: Sequence[dict[str, Any]]) -> None:
        """The curve so far: written whole, so that it never holds an epoch twice."""
        if self._board:
            write_text(
                self._run.folder / "curve.jsonl",
                "".join(json.dumps(record, sort_keys=True) + "\n" for record in curve),
            )
            for name, value in curve[-1].items():
                if isinstance(value, float):
                    self._board.add_scalar(f"epoch/{name}", value, curve[-1]["epoch"])
