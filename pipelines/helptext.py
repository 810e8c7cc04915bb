"""What the help of every command ends with. Light: every command module loads it."""


def examples(*lines: str) -> str:
    """The end of a command's help: how it is called."""
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  ./artlake {line}" for line in lines)
