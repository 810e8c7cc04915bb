"""Which files of this room decide what is published: an asset whose code they are is stale when one changes.

Headers in `star/` and `views/` are in all three: comments, manifest and dictionary say what stands there.
"""

from pathlib import Path

_HERE = Path(__file__).parent


def _named(*names: str) -> tuple[Path, ...]:
    return tuple(_HERE / name for name in names)


def _sql(folder: str) -> tuple[Path, ...]:
    return tuple(sorted((_HERE / folder).glob("*.sql")))


_DECLARED = (*_named("headers.py", "contracts.py"), *_sql("star"), *_sql("views"))
FILE = (*_named("publish.py", "reuse.py", "declared.py", "search.py", "search.sql"), *_DECLARED)
PARQUET = (*_named("export.py", "manifest.py", "publications.py", "profile.py"), *_DECLARED)
DICTIONARY = (
    *_named("dictionary.py", "description.py", "diagram.py", "origins.py", "questions.py"),
    *_named("templates/dictionary.html", "templates/dictionary.md"),
    *_sql("queries"),
    *_DECLARED,
)
