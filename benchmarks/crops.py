"""How fast crops are proposed, beside smartcrop on the same files, each alone on one core, decoding included.

smartcrop is run five times, once a ratio, and decodes each time, as a script that calls it does; it is asked for crops
of 100 px, where it is fastest. Ours goes from the file to up to fifteen ranked proposals. Both are counted in CPU
seconds, on a few pictures each in turn, so that a machine that is busy or throttled for a while is so to both.

`vs_smartcrop`: its time over ours on paintings of the sandbox at 1,500 px with photographic grain; at least 5.
`vs_smartcrop_worst`: the least of the turns. `vs_smartcrop_decoding_once`: the same, if it decoded a picture once for
all ratios. `ms_a_picture` and `smartcrop_ms_a_picture`: those times; `ms_another_ratio`: what one ratio more costs us.
`same_window`: share of windows that overlap smartcrop's by half or more. The same figures of the samples' untouched
museum files, of 600 px, are `originals_…`; with --bases those of that folder's pictures are the only ones.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks._harness import report
from benchmarks._pictures import bases, paintings, photographs
from benchmarks.peers import env
from imaging.crops.propose import RATIOS, Propose
from imaging.crops.windows import overlap
from imaging.decode import decode
from imaging.errors import DecodeError

_PEER = Path(__file__).parent / "peers" / "crop_peers.py"
_TURN = 8  # pictures of each before it is the other's turn


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--bases", type=Path, help="a folder of pictures to measure on")
    asked = parser.parse_args()
    each = 4 if asked.quick else 40
    if asked.bases:
        sets = {"": bases(asked.bases, each)}
    else:
        originals = [it for it in photographs(each) if it.parent.name == "met_original"]
        sets = {"": paintings(each), "originals_": originals}
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    figures: dict[str, float] = {}
    sizes: dict[str, int | str] = {"ratios": len(RATIOS)}
    for prefix, found in sets.items():
        files = [file for file in found if _readable(file)]
        if files:
            figures |= {prefix + name: value for name, value in measured(files).items()}
            sizes[prefix + "pictures"] = len(files)
    report("crops", figures, sizes=sizes | {"smartcrop": env.versions()["smartcrop"]})


def measured(files: Sequence[Path]) -> dict[str, float]:
    """The figures of these pictures, ours and smartcrop's in turns."""
    turns, same = [], []
    for start in range(0, len(files), _TURN):
        some = files[start : start + _TURN]
        theirs = env.ask(_PEER, ",".join(RATIOS), *some, cores=1)
        seconds, made = ours(some, RATIOS)
        fewer, _ = ours(some, RATIOS[:1])
        again = theirs["decoding"] * (len(RATIOS) - 1)
        turns.append((seconds, fewer, theirs["seconds"] + again, theirs["seconds"]))
        for row, peers in zip(made, theirs["windows"], strict=True):
            for mine, other in zip(_first(row["proposals"]), peers, strict=True):
                same.append(overlap(np.array([mine]), np.array(other))[0] >= 0.5)
    each = np.array(turns)
    seconds, fewer, peer, once = each.sum(axis=0)
    return {
        "vs_smartcrop": peer / seconds,
        "vs_smartcrop_worst": float((each[:, 2] / each[:, 0]).min()),
        "vs_smartcrop_decoding_once": once / seconds,
        "ms_a_picture": 1000 * seconds / len(files),
        "smartcrop_ms_a_picture": 1000 * peer / len(files),
        "ms_another_ratio": 1000 * (seconds - fewer) / len(files) / (len(RATIOS) - 1),
        "same_window": float(np.mean(same)),
    }


def ours(files: Sequence[Path], ratios: tuple[str, ...]) -> tuple[float, list[dict[str, Any]]]:
    """CPU seconds for all files, one after the other, and the kernel's rows."""
    kernel = Propose(Path(), ratios)
    rows = [{"sha256": str(number), "path": str(file)} for number, file in enumerate(files)]
    batch = pa.RecordBatch.from_pylist(rows)
    kernel(batch.slice(0, 1))  # the cascades are loaded once a process
    started = time.process_time()
    made = kernel(batch)
    return time.process_time() - started, made.to_pylist()


def _readable(file: Path) -> bool:
    try:
        decode(file, 1)
    except DecodeError:
        return False
    return True


def _first(proposals: Sequence[dict[str, Any]]) -> list[list[float]]:
    best = {row["ratio"]: row for row in proposals if row["rank"] == 1}
    return [[best[ratio][edge] for edge in ("left", "top", "right", "bottom")] for ratio in RATIOS]


if __name__ == "__main__":
    main()
