"""How fast crops are proposed, beside smartcrop on the same files, each alone on one core, decoding included.

`vs_smartcrop`: CPU seconds of smartcrop run five times, once a ratio, over ours from the file to up to fifteen ranked
proposals; at least 5. smartcrop is asked for crops of 100 px, where it is fastest. `vs_smartcrop_decoding_once`:
the same, when it decodes a picture once for all ratios. `ms_a_picture` and `smartcrop_ms_a_picture`: those times; `ms_another_ratio`: what one ratio more costs us. `same_window`: share of
windows that overlap smartcrop's by half or more.
Default pictures: paintings of the sandbox at 1,500 px with photographic grain, and the samples' originals.
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
from benchmarks._pictures import bases, paintings
from benchmarks.peers import env
from imaging.crops.propose import RATIOS, Propose
from imaging.crops.windows import overlap
from imaging.decode import decode
from imaging.errors import DecodeError


def ours(files: Sequence[Path], ratios: tuple[str, ...]) -> tuple[float, list[dict[str, Any]]]:
    """CPU seconds for all files, one after the other, and the kernel's rows."""
    kernel = Propose(Path(), ratios)
    rows = [{"sha256": str(number), "path": str(file)} for number, file in enumerate(files)]
    batch = pa.RecordBatch.from_pylist(rows)
    kernel(batch.slice(0, 1))  # the cascades are loaded once a process
    started = time.process_time()
    made = kernel(batch)
    return time.process_time() - started, made.to_pylist()


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--bases", type=Path, help="a folder of pictures to measure on")
    asked = parser.parse_args()
    each = 4 if asked.quick else 40
    files = [file for file in bases(asked.bases, each) if _readable(file)]
    if asked.bases is None:  # the figure is of large pictures; the samples' thumbnails are none
        large = set(paintings(each))
        files = [it for it in files if it in large or it.parent.name == "met_original"]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    script = Path(__file__).parent / "peers" / "crop_peers.py"
    theirs = env.ask(script, ",".join(RATIOS), *files, cores=1)
    seconds, made = ours(files, RATIOS)
    fewer, _ = ours(files, RATIOS[:1])
    extra = theirs["decoding"] * (len(RATIOS) - 1)
    first = [_first(row["proposals"]) for row in made]
    same = [
        overlap(np.array([window]), np.array(other))[0] >= 0.5
        for mine, peers in zip(first, theirs["windows"], strict=True)
        for window, other in zip(mine, peers, strict=True)
    ]
    figures = {
        "vs_smartcrop": (theirs["seconds"] + extra) / seconds,
        "vs_smartcrop_decoding_once": theirs["seconds"] / seconds,
        "ms_a_picture": 1000 * seconds / len(files),
        "smartcrop_ms_a_picture": 1000 * (theirs["seconds"] + extra) / len(files),
        "ms_another_ratio": 1000 * (seconds - fewer) / len(files) / (len(RATIOS) - 1),
        "same_window": float(np.mean(same)),
    }
    sizes = {"pictures": len(files), "ratios": len(RATIOS)}
    sizes["median_pixels"] = int(np.median([row["width"] * row["height"] for row in made]))
    versions = {"smartcrop": env.versions()["smartcrop"]}
    report("crops", figures, sizes=sizes | versions)


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
