"""The lake's list of failed runs, failures.jsonl: one line a run, whoever tells of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

FILE = "failures.jsonl"


def append(lake: Path, run: str, job: str, error: str | None) -> None:
    """Note that a run failed, unless it is noted already.

    `artlake run` notes its own runs at once, and the daemon's sensor sees them too when it comes by.
    """
    if any(line["run"] == run for line in read(lake)):
        return
    at = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"at": at, "run": run, "job": job, "error": error or "it failed"}
    with (lake / FILE).open("a", encoding="utf-8") as failures:
        failures.write(json.dumps(line) + "\n")


def read(lake: Path) -> list[dict[str, str]]:
    """All failed runs, the oldest first."""
    if not (lake / FILE).exists():
        return []
    return [json.loads(line) for line in (lake / FILE).read_text(encoding="utf-8").splitlines()]
