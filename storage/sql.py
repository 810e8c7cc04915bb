"""How names and texts stand in SQL, whatever characters they hold."""


def identifier(text: str) -> str:
    """The name of a table or column, quoted."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a value, quoted."""
    return "'" + text.replace("'", "''") + "'"
