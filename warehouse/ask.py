"""Questions to the published file: read-only, within the file, bounded in rows, time and memory."""

import threading
from pathlib import Path

import duckdb
import pyarrow as pa

from storage.errors import MendableError
from storage.sql import literal

# Enough for any question to a million works, and too little to hurt a desk computer.
_MEMORY = "2GB"
_ALLOWED = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
TRUNCATED = b"truncated"


class AskError(MendableError):
    """The question was refused or failed; the message says why."""


def ask(file: Path, sql: str, limit: int = 1000, timeout_s: float = 30.0) -> pa.Table:
    """Answer one SELECT from the published file.

    limit: rows at most; when there were more, the schema's metadata holds `truncated`.
    timeout_s: seconds until the question is interrupted.

    Raises AskError when the file is missing, the statement is anything but one query, reaches for
    another file or the network, takes too long or too much memory, or is not valid SQL.
    """
    if not file.is_file():
        raise AskError(f"{file} does not exist. Run `artlake run` to publish it.")
    # The file is attached, not opened: within one process DuckDB would share an instance by path and
    # go on answering from the file that a publication has replaced.
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": ""}) as connection:
        try:
            place = literal(str(file.resolve()))
            connection.execute(f"attach {place} as warehouse (read_only); use warehouse")
            connection.execute("set enable_external_access = false; set lock_configuration = true")
            _refuse_others(connection, sql)
            return _answer(connection, sql, limit, timeout_s)
        except duckdb.InterruptException:
            raise AskError(f"The question took longer than {timeout_s:g} s; narrow it.") from None
        except duckdb.OutOfMemoryException:
            raise AskError(
                f"The question needs more than {_MEMORY} of memory; narrow it."
            ) from None
        except duckdb.Error as error:
            raise AskError(str(error)) from error


def _refuse_others(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type not in _ALLOWED:
        kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise AskError(f"Only one query (SELECT) at a time is answered; this was {kinds}.")


def _answer(
    connection: duckdb.DuckDBPyConnection, sql: str, limit: int, timeout_s: float
) -> pa.Table:
    alarm = threading.Timer(timeout_s, connection.interrupt)
    alarm.daemon = True
    alarm.start()
    try:
        reader = connection.sql(sql).to_arrow_reader(min(limit + 1, 100_000))
        batches, rows = [], 0
        for batch in reader:
            batches.append(batch)
            rows += batch.num_rows
            if rows > limit:
                break
        table = pa.Table.from_batches(batches, schema=reader.schema)
    finally:
        alarm.cancel()
    if rows > limit:
        return table.slice(0, limit).replace_schema_metadata({TRUNCATED: b"yes"})
    return table
