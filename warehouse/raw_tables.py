"""The sources' raw tables as their museums tell of them: what names a record, and which rows a column is read from."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

# Column of the lake → raw table → its column, and SQL of which rows are meant.
Meant = dict[str, dict[str, tuple[str, str]]]
# "objects_terms.term (termtype Theme or Keyword, …)": the table, the column, which rows are meant.
_FIELD = re.compile(r"(?P<table>\w+)\.(?P<column>[\w-]+)(?: \((?P<rows>[^)]*)\))?")


@dataclass(frozen=True)
class RawTable:
    """A raw table of a source, `raw/<source>_<noun>`, as its museum's module declares it.

    key: the column that names the record a row belongs to. of: the noun whose record that is, None for
    a table of records. are_works: whether its records are artworks; other records are artists.
    """

    source: str
    noun: str
    key: str
    of: str | None
    are_works: bool

    @property
    def lake_key(self) -> str:
        """Where the lake keeps it."""
        return f"raw/{self.source}_{self.noun}"


def meant_rows(connection: "duckdb.DuckDBPyConnection", source: str) -> Meant:
    """What `catalog/fields` says of the source's raw tables; the first mention of a table counts."""
    said = connection.execute(
        'select noun, "column", field from catalog_fields where source = ?', [source]
    ).fetchall()
    meant: Meant = {}
    for noun, column, field in said:
        tables = meant.setdefault(f"{noun}.{column}", {})
        for found in _FIELD.finditer(field):
            rows = (
                " and ".join(map(_one_of, filter(None, (found["rows"] or "").split(", "))))
                or "true"
            )
            tables.setdefault(found["table"], (found["column"], rows))
    return meant


def _one_of(said: str) -> str:
    """SQL for "termtype Theme or Keyword"."""
    column, _, values = said.partition(" ")
    return f"{identifier(column)} in ({', '.join(map(literal, values.split(' or ')))})"
