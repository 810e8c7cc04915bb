"""The base of every error that a person can mend, wherever it is raised."""


class MendableError(RuntimeError):
    """Its message says what happened, where, and what to do next; it is shown without a traceback."""
