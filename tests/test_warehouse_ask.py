"""Asking: one SELECT on a file, bounded in rows, time and memory, that reaches nothing else."""

import operator
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import warehouse.ask
from warehouse.ask import TRUNCATED, AskError, answer_on, apart, ask


@pytest.fixture
def file(tmp_path) -> Path:
    target = tmp_path / "artlake.duckdb"
    with duckdb.connect(target) as connection:
        connection.execute("create table dim_artist as select 1 as artist_key, 'Rembrandt' as name")
        connection.execute("create view artists as select name from dim_artist")
    return target


@pytest.fixture
def secret(tmp_path) -> Path:
    """A file beside the warehouse that no question may read."""
    beside = tmp_path / "secret.csv"
    beside.write_text("password\nhunter2\n")
    with duckdb.connect(tmp_path / "secret.duckdb") as connection:
        connection.execute("create table secret as select 'hunter2' as password")
        connection.execute(f"copy secret to '{tmp_path / 'secret.parquet'}'")
    return beside


def test_a_question_is_answered_as_arrow(file):
    assert ask(file, "select * from artists").to_pylist() == [{"name": "Rembrandt"}]
    assert ask(file, "describe dim_artist").num_rows == 2
    assert ask(file, "select 1 where false").num_rows == 0


def test_sums_of_whole_numbers_are_whole_numbers(file):
    sums = ask(file, "select sum(x) as total from range(4) of(x)")
    assert sums.schema.field("total").type == pa.int64()
    assert sums.to_pylist() == [{"total": 6}]
    odd = "select (2::hugeint ** 63)::hugeint as huge, sum(1.25::decimal(9, 2)) as money, null::hugeint as none"
    answered = ask(file, odd)
    assert answered.schema.types == [pa.float64(), pa.decimal128(38, 2), pa.int64()]
    assert answered["huge"].to_pylist() == [2.0**63]


READS = [
    "from read_csv('{}/secret.csv')",
    "from '{}/secret.csv'",
    "from read_text('{}/secret.csv')",
    "from read_blob('{}/secret.csv')",
    "from read_json('{}/secret.csv')",
    "from sniff_csv('{}/secret.csv')",
    "from read_parquet('{}/secret.parquet')",
    "from parquet_metadata('{}/secret.parquet')",
    "from read_duckdb('{}/secret.duckdb', table_name = 'secret')",
    "from glob('{}/*')",
    "from read_csv('https://example.org/secret.csv')",
    "from query('copy (select 1) to ''{}/new.csv''')",
    "select getenv('HOME')",
    "from enable_logging(storage = 'file', storage_path = '{}/new.log')",
    "from enable_profiling(save_location = '{}/new.json')",
    "with new as (insert into dim_artist values (2, 'me') returning *) from new",
    "from secret_frame",
]
STATEMENTS = [
    "copy dim_artist to '{}/new.csv'",
    "explain analyze copy dim_artist to '{}/new.csv'",
    "export database '{}/new'",
    "attach '{}/secret.duckdb' as other",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "set memory_limit = '100GB'",
    "reset memory_limit",
    "set variable x = 1",
    "call enable_logging()",
    "insert into dim_artist values (2, 'me')",
    "update dim_artist set name = 'me'",
    "delete from dim_artist",
    "drop table dim_artist",
    "create temp table new as select 1",
    "create macro new() as 1",
    "begin",
    "use memory",
    "select 1; select 2",
    "",
    "-- only a remark",
]


@pytest.mark.parametrize("sql", READS)
def test_a_query_reaches_nothing_but_the_file(file, secret, sql):
    secret_frame = pa.table({"password": ["hunter2"]})  # a name in the caller's own code
    before, listed = file.read_bytes(), sorted(file.parent.iterdir())
    with pytest.raises(AskError):
        ask(file, sql.format(file.parent))
    assert secret_frame.num_rows == 1
    assert (file.read_bytes(), sorted(file.parent.iterdir())) == (before, listed)


@pytest.mark.parametrize("sql", STATEMENTS)
def test_anything_but_one_query_is_refused(file, secret, sql):
    before, listed = file.read_bytes(), sorted(file.parent.iterdir())
    with pytest.raises(AskError, match="Only one query"):
        ask(file, sql.format(file.parent))
    assert (file.read_bytes(), sorted(file.parent.iterdir())) == (before, listed)


def test_answers_are_cut_at_the_limit_and_say_so(file):
    cut = ask(file, "select * from range(100000)", limit=7)
    assert cut.num_rows == 7 and cut.schema.metadata == {TRUNCATED: b"yes"}
    whole = ask(file, "select * from range(7)", limit=7)
    assert whole.num_rows == 7 and not whole.schema.metadata


ENDLESS = {
    "rows without end": "select count(*) from range(1000000000000)",
    "a recursion": "with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t",
    "one huge list, folded while planning": "select len(range(200000000))",
    "one slow call": "select levenshtein(repeat('ab', 200000 + n::int), repeat('ba', 200000)) from range(1) t(n)",
}


@pytest.mark.parametrize("sql", ENDLESS.values(), ids=ENDLESS)
def test_a_runaway_question_is_stopped_wherever_it_runs_away(file, sql):
    with pytest.raises(AskError, match=r"longer than 0\.5 s|more than 2GB of memory"):
        ask(file, sql, timeout_s=0.5)


def test_a_greedy_question_is_stopped(monkeypatch):
    monkeypatch.setattr("warehouse.ask._MEMORY", "50MB")
    with duckdb.connect() as connection, pytest.raises(AskError, match="more than 50MB of memory"):
        answer_on(connection, "select list(range) from range(100000000)")


def test_what_is_wrong_is_said(file, tmp_path):
    with pytest.raises(AskError, match=r"none\.duckdb does not exist. Run `artlake run`"):
        ask(tmp_path / "none.duckdb", "select 1")
    (tmp_path / "odd.duckdb").write_bytes(b"x" * 5000)
    with pytest.raises(AskError, match=r"odd\.duckdb cannot be opened"):
        ask(tmp_path / "odd.duckdb", "select 1")
    with pytest.raises(AskError, match="nosuch"):
        ask(file, "select nosuch from dim_artist")
    with pytest.raises(AskError, match="selec"):
        ask(file, "selec 1")


def test_a_new_question_sees_the_file_that_was_swapped_in(file, tmp_path):
    assert ask(file, "select count(*) from dim_artist")[0].to_pylist() == [1]
    with duckdb.connect(tmp_path / "new.duckdb") as connection:
        connection.execute("create table dim_artist as from range(3)")
    (tmp_path / "new.duckdb").replace(file)
    assert ask(file, "select count(*) from dim_artist")[0].to_pylist() == [3]


def test_a_prepared_connection_reads_what_it_was_allowed_and_is_locked(secret):
    with duckdb.connect() as connection:
        allowed = secret.parent / "secret.parquet"
        connection.execute(f"create view kept as from '{allowed}'")
        connection.execute(f"set allowed_paths = ['{allowed}']")
        assert answer_on(connection, "from kept").to_pylist() == [{"password": "hunter2"}]
        with pytest.raises(duckdb.Error, match="locked"):
            connection.execute("set memory_limit = '1GB'")
        with pytest.raises(duckdb.Error, match="disabled by configuration"):
            connection.execute(f"from '{secret}'")


def test_a_process_that_breaks_off_is_an_error_and_not_a_wait():
    started = time.monotonic()
    with pytest.raises(AskError, match="memory"):
        apart(partial(os._exit, 9), timeout_s=60)
    assert time.monotonic() - started < 60


def test_an_error_of_our_own_in_the_process_is_not_taken_for_a_refusal(capfd):
    with pytest.raises(RuntimeError, match="see its traceback"):
        apart(partial(operator.truediv, 1, 0), timeout_s=60)
    assert "ZeroDivisionError" in capfd.readouterr().err


@pytest.mark.parametrize("rows", [0, 1, 300_000])
def test_an_answer_of_any_size_comes_back_whole(rows):
    table = pa.table({"n": range(rows)}).replace_schema_metadata({TRUNCATED: b"yes"})
    assert apart(table.combine_chunks, timeout_s=60).equals(table, check_metadata=True)


def test_questions_are_answered_beside_threads_that_work_in_duckdb(file):
    """A fork copies the locks that other threads hold: none of them may be one that the child waits for."""
    done = threading.Event()

    def work(number: int) -> None:
        while not done.is_set():
            with duckdb.connect(file.with_name(f"beside-{number}.duckdb")) as connection:
                connection.sql("select list(range::varchar) from range(20000)").to_arrow_table()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    with duckdb.connect(file, read_only=True):
        try:
            for worker in workers:
                worker.start()
            for _ in range(20):
                found = ask(file, "select count(*) as n from dim_artist", timeout_s=20)
                assert found.to_pylist() == [{"n": 1}]
        finally:
            done.set()
            for worker in workers:
                worker.join()


def test_an_idle_process_that_was_killed_is_no_obstacle(file):
    assert ask(file, "select 1 as n").num_rows == 1
    for worker in warehouse.ask._idle:
        worker.process.kill()
        worker.process.wait()
    assert ask(file, "select 1 as n").num_rows == 1


def test_questions_at_once_do_not_wait_for_each_other_nor_mix_their_answers(file):
    with ThreadPoolExecutor(3) as pool:
        found = pool.map(lambda n: ask(file, f"select {n} as n").to_pylist(), range(12))
        assert list(found) == [[{"n": n}] for n in range(12)]


_ASKING = """
import signal, sys, time
from functools import partial
from warehouse import ask
# What runs in the background of a shell that has no jobs is born deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
print("asking", flush=True)
ask.apart(partial(exec, "while True: pass"), timeout_s=float(sys.argv[1]))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_nothing_goes_on_asking_when_the_one_who_asked_is_gone(how):
    # Who is killed cannot clear up: then the process ends by its own alarm, when its time is up.
    limit = "1000" if how == signal.SIGINT else "3"
    with subprocess.Popen(
        [sys.executable, "-c", _ASKING, limit],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as parent:
        assert parent.stdout and parent.stdout.readline() == b"asking\n"
        time.sleep(3)  # the process has started and is busy, or starts yet: neither may outlive it
        os.killpg(parent.pid, how)
        # What both write to ends only when both are gone.
        try:
            said = parent.communicate(timeout=60)[1].decode()
        finally:
            parent.kill()
    assert said.count("Traceback") == (how == signal.SIGINT)  # the parent's own, at most
