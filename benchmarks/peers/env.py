"""The peers' own environment: other tools at their own pinned versions, never in the project's.

`python -m benchmarks.peers.env` makes it; `requirements.in` names the peers and `requirements.lock` pins
all they need. To write the lock anew, in this folder:

    ../../.venv/bin/uv pip compile --universal --generate-hashes --python-version 3.11 \
        --custom-compile-command "see benchmarks/peers/env.py" requirements.in -o requirements.lock
"""

import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock

HERE = Path(__file__).resolve().parent
_VENV = HERE / ".venv"
_READY = _VENV / ".ready"
_WANTED = HERE / "requirements.in"
_LOCK = HERE / "requirements.lock"
_BIN = "Scripts" if os.name == "nt" else "bin"
_QUIET = {
    "SENTRY_OPT_OUT": "1",  # fastdup reports its use to its makers otherwise
    "FASTDUP_PRODUCTION": "0",
    "TQDM_DISABLE": "1",
}


class PeerError(RuntimeError):
    """A peer could not be asked; the message says why."""


def python() -> Path:
    """The Python of the peers' environment, made on first use (a few GB, once).

    A peer that does not install here is left out, and the reason is printed. Raises PeerError when
    there is no environment at all.
    """
    file = _VENV / _BIN / "python"
    with FileLock(HERE.parent.parent / ".cache" / "peers.lock"):
        if _left_out() is None:
            _make(file)
    return file


def versions() -> dict[str, str]:
    """The peers that are installed, with their versions, in the order of requirements.in."""
    script = (
        "import importlib.metadata as m, json, sys\n"
        "print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    )
    file = python()
    there = [peer for peer in _peers() if peer not in (_left_out() or {})]
    asked = subprocess.run([file, "-c", script, *there], capture_output=True, text=True, check=True)
    return dict(json.loads(asked.stdout))


def ask(script: Path, *words: str | Path, cores: int | None = None) -> Any:
    """Run a script in the peers' environment and return the JSON that its last line holds.

    cores: how many processor cores it may use, where the system can say so; None for all.
    Raises PeerError with the end of its messages when it fails.
    """
    command = [str(python()), str(script), *map(str, words)]
    limit = (lambda: _limit(cores)) if cores and hasattr(os, "sched_setaffinity") else None
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=os.environ | _QUIET,
        preexec_fn=limit,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise PeerError(f"{script.name} {' '.join(map(str, words))}: {last[0]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _limit(cores: int) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


@cache
def _peers() -> tuple[str, ...]:
    lines = (line.partition("#")[0].strip() for line in _WANTED.read_text().splitlines())
    return tuple(line for line in lines if line)


def _digest() -> str:
    return hashlib.sha256(_WANTED.read_bytes() + _LOCK.read_bytes()).hexdigest()


def _left_out() -> dict[str, str] | None:
    """What did not install, with the reason; None when this lock's environment is not there."""
    if not _READY.exists():
        return None
    noted = json.loads(_READY.read_text())
    return dict(noted["left out"]) if noted["lock"] == _digest() else None


def _make(file: Path) -> None:
    from uv import find_uv_bin

    uv = find_uv_bin()
    print(f"peers: making their environment in {_VENV} (a few GB, once)", file=sys.stderr)
    made = subprocess.run(
        [uv, "venv", "--quiet", "--clear", "--python", "3.11", str(_VENV)],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise PeerError(f"peers: no environment in {_VENV}: {made.stderr.strip()}")
    left_out = {}
    for peer in _peers():
        print(f"peers: installing {peer}", file=sys.stderr)
        # The lock as constraints pins and verifies every file, and one failure costs one peer.
        install = [uv, "pip", "install", "--quiet", "--python", str(file), "-c", str(_LOCK), peer]
        done = subprocess.run(install, capture_output=True, text=True)
        if done.returncode:
            left_out[peer] = done.stderr.strip()
            print(f"peers: {peer} is left out: {left_out[peer]}", file=sys.stderr)
    _READY.write_text(json.dumps({"lock": _digest(), "left out": left_out}, indent=2) + "\n")


if __name__ == "__main__":
    python()
    for name, version in versions().items():
        print(f"{name} {version}")
