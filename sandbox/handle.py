"""Starting the sandbox as a child process, and steering it while it serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_STOP_S = 10


class SandboxError(Exception):
    """The sandbox did not start, or refused a request of its handle."""


class Museum:
    """A running sandbox. `url` is its loopback address, `counts` the works by museum."""

    def __init__(self, url: str, collection: str, counts: dict[str, int]) -> None:
        self.url, self.collection, self.counts = url, collection, counts

    def fault(
        self,
        kind: str,
        match: str = ".*",
        rate: float = 1.0,
        times: int | None = None,
        seconds: float | None = None,
        host: str | None = None,
        *,
        delay_s: float = 2.0,
    ) -> None:
        """Make requests go wrong from now on.

        `kind` is one of `sandbox.faults.KINDS`; `match` is searched in the museum's own https
        address; `rate` is the share of matching requests; `times` and `seconds` end the fault;
        `host` narrows it; `delay_s` is how late a slow answer starts, or how long a slow_loris
        waits between two bytes.
        """
        self._ask("POST", "faults", {
            "kind": kind, "match": match, "rate": rate, "times": times, "seconds": seconds,
            "host": host, "delay_s": delay_s,
        })  # fmt: skip

    def clear_faults(self) -> None:
        """Take all faults back."""
        self._ask("DELETE", "faults")

    def change_record(self, museum: str, identifier: int | str, /, **fields: Any) -> None:
        """Change a record: an object id of `met` or `nga`, a catalogue URL of `wga`."""
        self._ask("POST", "change", {"museum": museum, "id": str(identifier), "fields": fields})

    def withdraw(self, museum: str, identifier: int | str) -> None:
        """Take a record out of what the museum lists."""
        self._ask("POST", "withdraw", {"museum": museum, "id": str(identifier)})

    def nga_layout(self, layout: str) -> None:
        """Serve the NGA's tables in the `new` or the `old` layout."""
        self._ask("POST", "nga_layout", {"layout": layout})

    def details(self) -> dict[str, int]:
        """What was counted while the collection was loaded."""
        return dict(self._ask("GET", "info")["details"])

    def truth(self) -> dict[str, Any]:
        """What was planted: `duplicates`, `corrupt`, `missing`, `not_public`."""
        return dict(self._ask("GET", "truth"))

    def stats(self) -> dict[str, Any]:
        """`requests`, `by_host` (host → status → count), `not_modified`, `bytes`, `peak_concurrency`.

        Answers take microseconds, so the peak shows a client's parallelism only under a slow fault.
        """
        return dict(self._ask("GET", "stats"))

    def reset_stats(self) -> None:
        """Count from zero."""
        self._ask("DELETE", "stats")

    def _ask(self, method: str, what: str, body: dict[str, Any] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_sandbox/{what}", data, method=method)
        try:
            with _DIRECT.open(request, timeout=60) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise SandboxError(json.loads(error.read())["error"]) from None
        except urllib.error.URLError as error:
            raise SandboxError(
                f"the sandbox at {self.url} does not answer: {error.reason}"
            ) from error


# no proxy of the environment stands between a process and its own loopback
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def serve(
    collection: str | Path = "builtin",
    *,
    port: int = 0,
    seed: int = 7,
    works: int = 300,
    cache: Path | None = None,
    nga_layout: str = "new",
) -> Iterator[Museum]:
    """Run `python -m sandbox` while the block lasts; the child ends with it, or with this process.

    Raises SandboxError when it does not start; its own message stands on stderr.
    """
    root = Path(__file__).parent.parent
    command = [sys.executable, "-m", "sandbox", "--collection", str(collection)]
    command += ["--port", str(port), "--seed", str(seed), "--works", str(works)]
    command += ["--nga-layout", nga_layout, "--until-stdin-closes"]
    command += ["--cache", str(cache)] if cache else []
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        line = child.stdout.readline()
        if not line:
            raise SandboxError(f"the sandbox museum did not start (exit code {child.wait()})")
        said = json.loads(line)
        yield Museum(said["url"], said["collection"], said["counts"])
    finally:
        child.stdin.close()
        try:
            child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()
