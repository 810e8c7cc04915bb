"""A training's reports on a terminal: a bar of steps with rate and time left, a line an epoch."""

import sys
from collections.abc import Callable
from typing import Any, TextIO

from tqdm import tqdm

from models.trainer import StoppedError
from storage.errors import MendableError

_FIGURES = {
    "train_loss": "train loss",
    "validation_loss": "validation loss",  # these three where something is left to be judged on
    "validation_accuracy": "accuracy",
    "validation_macro_f1": "macro-F1",
}
_TERMINATED = 143  # as a shell says of a process that SIGTERM ended


class Bar:
    """Shows reports on a terminal, or wherever `to` leads (default: standard error); call it with each."""

    def __init__(self, to: TextIO | None = None) -> None:
        self._to = to or sys.stderr
        self._bar: tqdm[Any] | None = None
        self._of: tuple[str, int] | None = None

    def __call__(self, told: dict[str, Any]) -> None:
        """Show one report."""
        if told["event"] == "note":
            tqdm.write(told["text"], file=self._to)
        elif told["event"] == "epoch":
            figures = ", ".join(
                f"{name} {told[key]:.3f}" for key, name in _FIGURES.items() if key in told
            )
            tqdm.write(
                f"{told['part']}: epoch {told['epoch']} of {told['of']}, {figures}"
                + (", the best so far" if told["best"] else ""),
                file=self._to,
            )
        else:
            self._step(told)

    def _step(self, told: dict[str, Any]) -> None:
        of = (told["part"], told["of"])
        if self._bar is None or self._of != of:
            self.close()
            self._of = of
            self._bar = tqdm(
                total=told["of"],
                initial=told["step"],
                desc=told["part"],
                unit="step",
                file=self._to,
            )
        self._bar.set_postfix_str(
            f"loss {told['loss']:.3f}, {told['images_per_second']:.1f} images/s", refresh=False
        )
        self._bar.update(told["step"] - self._bar.n)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def shown(bar: Bar, work: Callable[[], Any]) -> int:
    """Do the work that reports to `bar`, print what it returns, and return the exit status of the process.

    0, 1 for an error that a person can mend, 143 when it was asked to stop.
    """
    try:
        made = work()
    except StoppedError as stopped:
        print(stopped, file=sys.stderr)
        return _TERMINATED
    except MendableError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        bar.close()
    print(made)
    return 0
