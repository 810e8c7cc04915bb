"""Locks that name their owner, so that the second of two runs can say who is first."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from storage.errors import MendableError


class BusyError(MendableError):
    """Somebody else holds the lock; the message says who, since when and for what."""


@contextmanager
def held(path: Path, what: str, *, wait_s: float = 0) -> Iterator[None]:
    """Hold an exclusive lock on `path` for `what`; a dead owner's lock is free.

    wait_s: seconds to wait for it, for locks that are held briefly. Raises BusyError when another process
    holds it for longer.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    note = path.with_suffix(".json")
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise BusyError(f"{what} cannot start: {_owner(note)}. Wait for it, or stop it.") from None
    try:
        with suppress(OSError):  # a full disk must not keep anyone from undoing what filled it
            note.write_text(json.dumps(_signature(what)))
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _signature(what: str) -> dict[str, str | int]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "what": what,
    }


def _owner(note: Path) -> str:
    try:
        owner = json.loads(note.read_text())
    except (OSError, ValueError):
        return "its owner has not signed yet"
    return (
        f"{owner['what']} is running as process {owner['pid']} on {owner['host']}, "
        f"since {owner['since']}"
    )
