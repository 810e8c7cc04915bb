"""How people call us, for the end of every help and for what to type next. Light: every command loads it."""

import os

from pipelines.settings import ROOT


def command() -> str:
    """How people call us over the lake in use, for messages that say what to type next."""
    lake = os.environ.get("ARTLAKE_LAKE")
    return f"./artlake --lake {os.path.relpath(lake, ROOT)}" if lake else "./artlake"


def examples(*lines: str) -> str:
    """The end of a command's help: how it is called."""
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  ./artlake {line}" for line in lines)
