"""Full-text search in the published file: which tables it needs, and the index made by `search.sql`.

No extension is needed to build or to ask it: the index is three plain tables, `search_word`, `search_posting` and
`search_document`, and the table macro `search('words')` that reads them works in any DuckDB 2 client.
"""

from pathlib import Path

import duckdb

from storage.sql import literal

SQL = (Path(__file__).parent / "search.sql").read_text(encoding="utf-8")
TABLES = {
    "search_word": "search index: one row a word, in lower case and without accents",
    "search_document": "search index: one row an object that its source lists now, by number in the order of artwork_id",
    "search_posting": "search index: one row a word and an object it is said of; score is its BM25 weight there, times 1000",
}
# What the index is made from: it stays as it is while these do.
READS = (
    "fact_artwork",
    "dim_artist",
    "dim_term",
    "dim_culture",
    "dim_classification",
    "bridge_artwork_artist",
    "bridge_artwork_term",
)


def build(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the index in the file in use, from the tables `READS` in it.

    Raises duckdb.Error when one of them is missing.
    """
    connection.execute(SQL)
    for table, meaning in TABLES.items():
        connection.execute(f"comment on table {table} is {literal(meaning)}")
