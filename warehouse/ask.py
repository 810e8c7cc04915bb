"""Questions to the published file: one SELECT, read-only, within the file, bounded in rows, time and memory.

Two walls. DuckDB's own: no files, no network, no settings, a memory limit, an interrupt. And a process
of its own (`warehouse.worker`), since neither the limit nor the interrupt reaches inside one huge
constant or one slow function call: it may take so much of the machine and no more, and is killed when
the time is up. It is started anew, not forked: a fork beside threads that work in DuckDB can wait for
ever for a lock that one of them held.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing import Pipe
from pathlib import Path

import duckdb
import pyarrow as pa

from storage.errors import MendableError
from storage.sql import literal

# Enough for any question to a million works, and too little to hurt a desk computer.
_MEMORY = "2GB"
GRACE_S = 0.5  # for DuckDB to stop by itself and say why
_START_S = 60.0  # a process takes a second to start, on a busy machine several
READY = b"ready"
_ROOT = Path(__file__).resolve().parents[1]
_BATCH = 100_000
TRUNCATED = b"truncated"


class AskError(MendableError):
    """The question was refused or failed; the message says why."""


def ask(file: Path, sql: str, limit: int = 1000, timeout_s: float = 30.0) -> pa.Table:
    """Answer one SELECT from the published file.

    limit: rows at most; when there were more, the schema's metadata holds `truncated`. Sums of whole
    numbers, which DuckDB counts in 128 bits, come as int64, or as float where one does not fit.
    timeout_s: seconds until the question is stopped.

    Raises AskError when the file is missing, the statement is anything but one query, reaches for
    another file or the network, takes too long or too much memory, or is not valid SQL.
    """
    if not file.is_file():
        raise AskError(f"{file} does not exist. Run `artlake run` to publish it.")

    return apart(partial(_answer_file, file.resolve(), sql, limit, timeout_s), timeout_s)


def _answer_file(file: Path, sql: str, limit: int, timeout_s: float) -> pa.Table:
    # The file is attached, not opened: within one process DuckDB would share an instance by path
    # and go on answering from the file that a publication has replaced.
    with duckdb.connect() as connection:
        try:
            connection.execute(
                f"attach {literal(str(file))} as warehouse (read_only); use warehouse"
            )
        except duckdb.Error as error:
            raise AskError(f"{file} cannot be opened: {error}") from error
        return answer_on(connection, sql, limit, timeout_s)


def answer_on(
    connection: duckdb.DuckDBPyConnection, sql: str, limit: int = 1000, timeout_s: float = 30.0
) -> pa.Table:
    """Answer one SELECT on a connection that has all it may read attached, and lock that connection.

    What `set allowed_directories` named before can still be read. Bounds and errors are those of
    `ask`, but that a function deep in one value is not interrupted: see `apart`.
    """
    alarm = threading.Timer(timeout_s, connection.interrupt)
    alarm.daemon = True
    try:
        _lock(connection)
        _refuse_others(connection, sql)
        alarm.start()
        return _first_rows(connection, sql, limit)
    except duckdb.InterruptException:
        raise _too_long(timeout_s) from None
    except duckdb.OutOfMemoryException:
        raise too_much() from None
    except duckdb.Error as error:
        raise AskError(str(error)) from error
    finally:
        alarm.cancel()


class _Worker:
    """A process that waits for questions; a session of its own, so that Ctrl-C is not for it."""

    def __init__(self) -> None:
        self.line, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "warehouse.worker", str(theirs.fileno())],
                cwd=_ROOT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            if not self.line.poll(_START_S) or self.line.recv_bytes() != READY:
                raise EOFError
        except BaseException as error:
            self.end()
            if isinstance(error, EOFError):
                raise RuntimeError("the process that answers questions did not start") from None
            raise

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self.line.close()
        self.process.kill()
        self.process.wait()


_idle: list[_Worker] = []  # one for each thread that has asked at the same time
os.register_at_fork(after_in_child=_idle.clear)


def apart(question: Callable[[], pa.Table], timeout_s: float) -> pa.Table:
    """What `question` returns or refuses, worked out in another process that ends with the time.

    The first question starts the process (half a second), later ones find it waiting. `question` is pickled,
    so it is a function of a module with what it is given (`functools.partial`); its paths are absolute.

    Raises AskError as `question` does, when the time is up, and when the process breaks off; RuntimeError
    when the process does not start, or `question` raises anything else, whose traceback the process prints.
    """
    worker = _free_worker()
    answered = False
    try:
        worker.line.send_bytes(pickle.dumps((question, timeout_s)))
        if not worker.line.poll(timeout_s + GRACE_S):
            raise _too_long(timeout_s)
        refusal = worker.line.recv_bytes().decode()
        table = None if refusal else pa.ipc.open_stream(worker.line.recv_bytes()).read_all()
        answered = True
    except (EOFError, ConnectionError):
        if worker.process.wait() == 1:  # as Python ends a process that raised
            raise RuntimeError("the question failed in its process, see its traceback") from None
        raise too_much() from None  # what else ends one without a word is the want of memory
    finally:
        if answered:
            _idle.append(worker)
        else:
            worker.end()
    if table is None:
        raise AskError(refusal)
    return table


def _free_worker() -> _Worker:
    while _idle:
        try:
            worker = _idle.pop()
        except IndexError:  # another thread was quicker
            break
        if worker.process.poll() is None:
            return worker
        worker.end()
    return _Worker()


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        set memory_limit = '{_MEMORY}';
        set temp_directory = '';
        set autoinstall_known_extensions = false;
        set autoload_known_extensions = false;
        set python_enable_replacements = false;
        set enable_external_access = false;
        set lock_configuration = true
        """
    )


def _refuse_others(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise AskError(f"Only one query (SELECT) at a time is answered; this was {kinds}.")


def _first_rows(connection: duckdb.DuckDBPyConnection, sql: str, limit: int) -> pa.Table:
    reader = connection.sql(sql).to_arrow_reader(min(limit + 1, _BATCH))
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows > limit:
            break
    table = _whole_numbers(pa.Table.from_batches(batches, schema=reader.schema))
    if rows > limit:
        return table.slice(0, limit).replace_schema_metadata({TRUNCATED: b"yes"})
    return table


def _whole_numbers(table: pa.Table) -> pa.Table:
    """The table with int64, or double, in place of hugeint: Arrow has that as a decimal without a fraction."""
    for number, field in enumerate(table.schema):
        if field.type == pa.decimal128(38, 0):
            column = table[number]
            try:
                cast = column.cast(pa.int64())
            except pa.ArrowInvalid:
                cast = column.cast(pa.float64())
            table = table.set_column(number, field.name, cast)
    return table


def _too_long(timeout_s: float) -> AskError:
    return AskError(f"The question took longer than {timeout_s:g} s; narrow it.")


def too_much() -> AskError:
    """The refusal of a question that takes more memory than there is for one."""
    return AskError(f"The question needs more than {_MEMORY} of memory; narrow it.")
