"""What the main job costs: `artlake demo` on the built-in collection, from an empty lake, and again.

`seconds` is the whole process; `peak_rss_mb` the largest process of it; `again_seconds` the second run on
the same lake; `seconds <stage>` the time of each
stage's steps in both runs together.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._harness import ROOT, arguments, report

_BY_STAGE = """
import dagster as dg, json, sys
from pipelines.definitions import defs
totals = {}
with dg.DagsterInstance.get() as instance:
    for run in instance.get_run_records():
        for step in instance.get_run_step_stats(run.dagster_run.run_id):
            if step.end_time and step.start_time:
                stage = step.step_key.split("__")[0]
                totals[stage] = totals.get(stage, 0) + step.end_time - step.start_time
print(json.dumps(totals))
"""


def main() -> None:
    """Measure and report; the size is the built-in collection's own, so `--quick` changes nothing."""
    arguments(__doc__ or "")
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}
        env["ARTLAKE_LAKE"] = str(lake)
        first = _demo(env)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        again = _demo(env)
        told = subprocess.run(
            [sys.executable, "-c", _BY_STAGE],
            cwd=ROOT,
            env={**env, "DAGSTER_HOME": str(lake / ".dagster")},
            capture_output=True,
            text=True,
            check=True,
        )
    stages = json.loads(told.stdout.splitlines()[-1])
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    report(
        "demo",
        {
            "seconds": first,
            "again_seconds": again,
            "peak_rss_mb": peak / scale,
            **{f"seconds {stage}": seconds for stage, seconds in sorted(stages.items())},
        },
        sizes={"collection": "builtin"},
    )


def _demo(env: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        [str(ROOT / "artlake"), "demo"], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
