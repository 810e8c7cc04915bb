"""`python -m models.trainer RUN`, alone or under torchrun: train a prepared folder, with a bar."""

import argparse
import sys
from pathlib import Path

from models.trainer.bar import Bar, shown
from models.trainer.loop import train


def main() -> int:
    """Train; the exit status is that of `models.trainer.bar.shown`."""
    parser = argparse.ArgumentParser(prog="python -m models.trainer", description=__doc__)
    parser.add_argument("run", type=Path, help="a folder that models.trainer.run.prepare_run wrote")
    run = parser.parse_args().run
    bar = Bar()
    return shown(bar, lambda: train(run, bar))


if __name__ == "__main__":
    sys.exit(main())
