"""Questions to an earlier publication, or to several at once, asked of the Parquet files that are kept of it."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from storage import Lake
from storage.snapshots import Snapshot
from storage.sql import identifier, literal
from warehouse.ask import AskError, answer_on, apart
from warehouse.profile import SERIES
from warehouse.publications import files_of, find

_SCHEMA = re.compile(rf"{SERIES}_(\d+)", re.IGNORECASE)
_SEARCH = re.compile(r"\bsearch(?:_\w+|\s*\()", re.IGNORECASE)


def ask_as_of(
    lake: Lake, when: str, sql: str, limit: int = 1000, timeout_s: float = 30.0
) -> pa.Table:
    """Answer one SELECT as the published file of `when` would have: a day (UTC), or a name as `published-3`.

    In `sql` every publication is a schema too, with `_` for `-`: `published_1.fact_artwork`. Tables and
    views are those of that publication; the search index is not kept. limit and timeout_s as in `ask`.

    Raises SnapshotError when there is no such publication or its files are gone, AskError as `ask` does.
    """
    asked = find(lake, when)
    named = dict.fromkeys(f"{SERIES}-{number}" for number in _numbers(sql))
    publications = {asked.name: asked} | {name: find(lake, name) for name in named}
    files = {name: files_of(lake, taken) for name, taken in publications.items()}

    asking = partial(_answer_among, asked, publications, files, sql, limit, timeout_s)
    return apart(asking, timeout_s)


def _numbers(sql: str) -> Iterator[str]:
    """The numbers of the publications that are named as schemas, and not only in a text or a comment."""
    text = sql.encode()  # DuckDB counts bytes
    tokens = duckdb.tokenize(sql)
    ends = [start for start, _ in tokens[1:]] + [len(text)]
    for (start, kind), end in zip(tokens, ends, strict=True):
        word = text[start:end].decode().strip().strip('"')
        named = _SCHEMA.fullmatch(word) if kind == duckdb.token_type.identifier else None
        if named and text[end : end + 1] == b".":
            yield named[1]


def _answer_among(
    asked: Snapshot,
    publications: Mapping[str, Snapshot],
    files: Mapping[str, Mapping[str, Mapping[str, Path]]],
    sql: str,
    limit: int,
    timeout_s: float,
) -> pa.Table:
    with duckdb.connect() as connection:
        for name, taken in publications.items():
            _add(connection, taken, files[name])
        connection.execute(f"set schema = {literal(_schema(asked))}")
        # Only these files, not their folder: it has those of every other publication.
        read = [
            path
            for tables in files.values()
            for paths in tables.values()
            for path in paths.values()
        ]
        listed = ", ".join(literal(str(path)) for path in dict.fromkeys(read))
        connection.execute(f"set allowed_paths = [{listed}]")
        return _answer(connection, sql, limit, timeout_s)


def _answer(
    connection: duckdb.DuckDBPyConnection, sql: str, limit: int, timeout_s: float
) -> pa.Table:
    try:
        return answer_on(connection, sql, limit, timeout_s)
    except AskError as error:
        if not _SEARCH.search(sql):
            raise
        raise AskError(
            f"{error} The search index is in the published file of today only: search there, or use "
            "`title ilike '%…%'` here."
        ) from error


def _schema(publication: Snapshot) -> str:
    return publication.name.replace("-", "_")


def _add(
    connection: duckdb.DuckDBPyConnection,
    publication: Snapshot,
    files: Mapping[str, Mapping[str, Path]],
) -> None:
    """Make a schema of a publication's tables and views. Raises AskError naming what cannot be made."""
    schema = _schema(publication)
    connection.execute(f"create schema {schema}; set schema = {literal(schema)}")
    try:
        for table, parts in files.items():
            listed = ", ".join(literal(str(path)) for path in parts.values())
            connection.execute(
                f"create view {identifier(table)} as "
                f"select * from read_parquet([{listed}], hive_partitioning = false)"
            )
        for name, sql in publication.facts["views"]:
            connection.execute(f"create view {identifier(name)} as {sql}")
    except duckdb.Error as error:
        raise AskError(f"{publication.name} cannot be asked: {error}") from error
    versions = publication.facts["versions"]
    connection.execute(
        "create table snapshot as select unnest($1) as name, unnest($2) as version",
        [list(versions), list(versions.values())],
    )
