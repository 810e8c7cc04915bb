"""Questions that analysts ask, by name: one SQL file each.

Its first line is the sentence; then `topic:` (what it is about), `chart:` (see warehouse.chartspec) and
`note:` (what to mind when reading the answer).
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from warehouse.ask import AskError, ask
from warehouse.chartspec import Chart, parse

_FOLDER = Path(__file__).parent / "queries"
# In the order in which they are read, each with its heading.
TOPICS = {
    "works": "Works",
    "artists": "Artists",
    "pictures": "Pictures",
    "completeness": "What is said, and what is missing",
    "models": "What the models say",
}


@dataclass(frozen=True)
class Question:
    """A question in words and the SQL that answers it from the published file.

    topic: one of TOPICS. chart: how the answer is drawn; None where a chart would say nothing.
    """

    name: str
    sentence: str
    sql: str
    topic: str
    chart: Chart | None
    note: str


def questions() -> tuple[Question, ...]:
    """All questions, by topic and name."""
    found = (_read(file.stem, file.read_text(encoding="utf-8")) for file in _FOLDER.glob("*.sql"))
    order = list(TOPICS)
    return tuple(sorted(found, key=lambda question: (order.index(question.topic), question.name)))


def named(name: str) -> Question:
    """The question of that name. Raises AskError when there is none."""
    known = {question.name: question for question in questions()}
    if name not in known:
        raise AskError(f"There is no question {name!r}. There are: {', '.join(known)}.")
    return known[name]


def answer(file: Path, name: str, limit: int = 1000, timeout_s: float = 30.0) -> pa.Table:
    """Answer the question of that name from the published file.

    Raises AskError when there is no such question, or as `warehouse.ask.ask` does.
    """
    return ask(file, named(name).sql, limit, timeout_s)


def _read(name: str, sql: str) -> Question:
    header = [line[3:] for line in sql.splitlines() if line.startswith("-- ")]
    facts = dict(line.split(": ", 1) for line in header[1:] if ": " in line)
    try:
        sentence, topic, note = header[0], facts["topic"], facts["note"]
        chart = parse(facts["chart"], sentence, note)
    except (KeyError, IndexError) as error:
        raise ValueError(f"{name}: the header lacks {error}") from error
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if topic not in TOPICS:
        raise ValueError(f"{name}: {topic!r} is no topic; there are {', '.join(TOPICS)}")
    return Question(name, sentence, sql, topic, chart, note)
