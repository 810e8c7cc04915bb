"""How long people wait before anything happens.

`definitions_import_ratio`: `import pipelines.definitions` against `import dagster`, each in a fresh
process, alternating, median of the pairs' ratios. `noop_run_s`: `artlake run` on a fresh lake of the
built-in collection (made first when it is missing), whole process, median.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks._harness import ROOT, arguments, report


def _seconds(command: list[str], env: dict[str, str] | None = None) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measure and report."""
    options = arguments(__doc__ or "")
    rounds = 3 if options.quick else 9
    python = [sys.executable, "-c"]
    _seconds([*python, "import pipelines.definitions"])
    ratios = []
    for _ in range(rounds):
        base = _seconds([*python, "import dagster"])
        ratios.append(_seconds([*python, "import pipelines.definitions"]) / base)
    with tempfile.TemporaryDirectory() as folder:
        artlake = [str(ROOT / "artlake"), "--lake", f"{folder}/lake"]
        env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}
        _seconds([*artlake, "demo"], env)
        noop = [_seconds([*artlake, "run"], env) for _ in range(1 if options.quick else 3)]
    report(
        "startup",
        {
            "definitions_import_ratio": statistics.median(ratios),
            "noop_run_s": statistics.median(noop),
        },
        peers=["dagster"],
        sizes={"rounds": rounds, "noop rounds": len(noop)},
    )


if __name__ == "__main__":
    main()
