"""What every benchmark shares: its command line, and the JSON file its figures land in.

A benchmark is a module with `main()`; it measures itself beside its peer in one run, and quotes ratios.
"""

import argparse
import importlib.metadata
import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage.memo import cores

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def arguments(purpose: str) -> argparse.Namespace:
    """Read `--quick`, the one option that all benchmarks have."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--quick", action="store_true", help="a small size, to see that it works")
    return parser.parse_args()


def report(
    name: str,
    figures: Mapping[str, float],
    *,
    peers: Sequence[str] | Mapping[str, str] = (),
    sizes: Mapping[str, int | str] | None = None,
) -> None:
    """Write `benchmarks/results/<name>.json` and print the figures.

    peers: what was measured beside; distributions of this environment, whose versions are looked up, or names with
    the versions of another one.
    """
    if not isinstance(peers, Mapping):
        peers = {peer: importlib.metadata.version(peer) for peer in peers}
    result = {
        "figures": dict(figures),
        "peers": dict(peers),
        "sizes": dict(sizes or {}),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": cores(),
            "python": platform.python_version(),
        },
        "commit": _commit(),
    }
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    file.write_text(json.dumps(result, indent=2) + "\n")
    for figure, value in figures.items():
        print(f"{figure:40} {value:,.3f}")
    print(f"written to {file.relative_to(ROOT)}", file=sys.stderr)


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return found.stdout.strip() or "unknown"
