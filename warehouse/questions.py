"""Questions that analysts ask, by name: one SQL file each, whose first line is the sentence."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from warehouse.ask import AskError, ask

_FOLDER = Path(__file__).parent / "queries"


@dataclass(frozen=True)
class Question:
    """A question in words and the SQL that answers it from the published file."""

    name: str
    sentence: str
    sql: str


def questions() -> tuple[Question, ...]:
    """All questions, in the order of their names."""
    return tuple(_read(file) for file in sorted(_FOLDER.glob("*.sql")))


def answer(file: Path, name: str, limit: int = 1000, timeout_s: float = 30.0) -> pa.Table:
    """Answer the question of that name from the published file.

    Raises AskError when there is no such question, or as `warehouse.ask.ask` does.
    """
    known = {question.name: question for question in questions()}
    if name not in known:
        raise AskError(f"There is no question {name!r}. There are: {', '.join(known)}.")
    return ask(file, known[name].sql, limit, timeout_s)


def _read(file: Path) -> Question:
    sql = file.read_text(encoding="utf-8")
    return Question(file.stem, sql.splitlines()[0].removeprefix("--").strip(), sql)
