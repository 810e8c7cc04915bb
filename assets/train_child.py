"""The child of `assets.networks`: a training or a search in processes of its own. Dagster is not loaded here.

Several stand under torchrun; rank 0 alone speaks to the run that started it: the loss, images a second and the time left, now and then;
every epoch; and at the end what came of it.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from storage.errors import MendableError

# The device file of the terminal that `artlake train` was typed in: Dagster sends our stderr to a file.
TERMINAL = "ARTLAKE_TERMINAL"
_LOG_EVERY_S = 10.0


def _told(record: dict[str, Any]) -> str:
    """A record of the trainer as a line of the run's log."""
    if record["event"] == "step":
        return (
            f"{record['part']}: epoch {record['epoch']}, step {record['step']:,} of {record['of']:,}, "
            f"loss {record['loss']:.3f}, {record['images_per_second']:.1f} images a second, "
            f"{record['seconds_left']:.0f} s left"
        )
    if record["event"] == "epoch":
        figures = [
            f"{name.replace('_', ' ')} {value:.3f}"
            for name, value in record.items()
            if isinstance(value, float)
        ]
        return f"{record['part']}: epoch {record['epoch']} of {record['of']} done, {', '.join(figures)}"
    return str(record["text"])


def _work(task: dict[str, Any], log: Any) -> dict[str, Any]:
    run, said = Path(task["run"]), 0.0

    terminal = os.environ.get(TERMINAL)

    def report(record: dict[str, Any]) -> None:
        nonlocal said
        if terminal:  # the bar says it all: lines of the log would break into it
            bar(record)
        if record["event"] != "step" or time.monotonic() - said >= _LOG_EVERY_S:
            said = time.monotonic() if record["event"] == "step" else said
            (log.debug if terminal else log.info)(_told(record))

    from models.trainer.bar import Bar
    from models.trainer.loop import train
    from models.trainer.search import search

    with Path(terminal or os.devnull).open("w") as to:
        bar = Bar(to)
        try:
            if task["trials"] is not None:
                found = search(run, task["trials"], report)
                return {**found, "result": str(run / "search" / "best.yaml")}
            return {"result": str(train(run, report))}
        finally:
            bar.close()


def main() -> None:
    """Train under Pipes; where the result lies, or the sentence of its failure, is the last message."""
    # A cancelled run sends SIGINT, or SIGTERM through torchrun: both let the trainer keep a checkpoint.
    signal.signal(signal.SIGINT, lambda *_: signal.raise_signal(signal.SIGTERM))
    task = json.loads(sys.argv[1])
    if int(os.environ.get("RANK", "0")):
        from models.trainer import loop

        try:
            loop.train(Path(task["run"]), lambda _: None)
        except MendableError as error:  # the trainer raises it in rank 0 too, which tells the run
            sys.stderr.write(f"{error}\n")
        return
    from dagster_pipes import open_dagster_pipes

    with open_dagster_pipes() as pipes:
        try:
            pipes.report_custom_message(_work(task, pipes.log))
        except MendableError as error:
            pipes.report_custom_message({"error": str(error)})


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    sys.stderr.flush()
    # All is said and written. Taking the interpreter down may meet threads of C++ libraries that are not joined
    # ("terminate called without an active exception", once in some fifty children): a success would read as a crash.
    os._exit(0)
