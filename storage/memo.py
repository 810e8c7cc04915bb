"""Work over many rows, done once: the one place that runs a kernel over files.

A kernel takes an Arrow batch and returns one of the same length with a string column `error` (null
where all went well); it never raises for a row. Results are kept as small Parquet shards below the
memo folder, each committed as a whole, so a run that was killed goes on where it stopped and a row
already worked on (same key, same kernel version) is never worked on again.
"""

import hashlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from storage.files import replacing

if TYPE_CHECKING:  # loaded by the functions that need it: the asset graph loads without
    import pyarrow as pa

# How errors begin that say nothing of the file as named by its key: such a row is tried again.
MISSING = "missing"  # the file was not there
CHANGED = "changed"  # it changed while it was read
CRASHED = "crashed"  # the process that worked on it was killed
_TOGETHER = 64  # batches: thousands of small ones hold many times the memory that they fill
Kernel = Callable[["pa.RecordBatch"], "pa.RecordBatch"]


def map_files(
    kernel: Kernel,
    rows: "pa.Table",
    memo: Path,
    *,
    key: str,
    version: str,
    label: str,
    batch_size: int = 64,
    workers: int | None = None,
) -> "pa.Table":
    """Return the kernel's result for every row of `rows`, in the order of `key`.

    kernel: picklable; batch in, batch of the same length out, with the columns `key` and `error`.
    memo: folder of this kernel; shards of another `version` in it are ignored.
    workers: processes; 0 runs in this one (a kernel that holds a network), None means one a core. A
    single batch runs in this one too.

    A row that kills its worker (a decoder that crashes, memory that runs out) is found by working on its
    batch row by row, and gets an error; like a missing file it is tried again by the next run.

    Raises RuntimeError when a kernel breaks its contract.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from tqdm import tqdm

    folder = memo / version
    done = _read_shards(folder)
    todo = _missing(rows, done, key)
    if todo.num_rows:
        batches = todo.to_batches(max_chunksize=batch_size)
        made, few = [], []
        with tqdm(total=todo.num_rows, desc=label, unit="row", disable=None) as bar:
            count = cores() if workers is None else workers
            for batch in _run(kernel, batches, count, key):
                _commit(folder, batch, key)
                few.append(_table(batch))
                if len(few) == _TOGETHER:
                    made.append(_joined(few).combine_chunks())
                    few.clear()
                bar.update(batch.num_rows)
        fresh = _joined([*made, *few])
        done = fresh if done is None else pa.concat_tables([done, fresh])
    if done is None:  # nothing ever came: the kernel's own columns, without a row
        empty = pa.RecordBatch.from_pylist([], schema=rows.schema)
        return pa.Table.from_batches([kernel(empty)])
    wanted = done.filter(pc.is_in(done[key], value_set=pc.unique(rows[key])))
    return _one_a_key(wanted, key)


def _run(
    kernel: Kernel, batches: "list[pa.RecordBatch]", workers: int, key: str
) -> "Iterator[pa.RecordBatch]":
    """The one seam: another engine takes batches here and gives theirs back, in any order."""
    if workers == 0 or len(batches) == 1:
        yield from (_checked(kernel, batch, key) for batch in batches)
        return
    queue = deque(batches)
    while queue:
        flying: dict[Future[pa.RecordBatch], pa.RecordBatch] = {}
        try:
            with _pool(workers) as pool:
                while queue or flying:
                    # A few batches a worker in flight keep memory flat however long the list is.
                    while queue and len(flying) < 3 * workers:
                        batch = queue.popleft()
                        flying[pool.submit(_checked, kernel, batch, key)] = batch
                    for future in wait(flying, return_when=FIRST_COMPLETED).done:
                        made = future.result()
                        del flying[future]
                        yield made
        except BrokenProcessPool:
            # Whoever killed the worker is among these; the rest of them is innocent.
            for batch in flying.values():
                for number in range(batch.num_rows):
                    yield _alone(kernel, batch.slice(number, 1), key)


@contextmanager
def _pool(workers: int) -> "Iterator[ProcessPoolExecutor]":
    # forkserver: the parent may hold threads (Dagster, Arrow), which a plain fork would break.
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("forkserver"), initializer=_leave_interrupts
    )
    try:
        yield pool
    finally:
        # After Ctrl-C what waits is dropped: it is worked on by the next run.
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C reaches the whole group of processes; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _alone(kernel: Kernel, row: "pa.RecordBatch", key: str) -> "pa.RecordBatch":
    """One row in a process of its own; if that dies, the row's error says so."""
    import pyarrow as pa

    with _pool(1) as pool:
        try:
            return pool.submit(_checked, kernel, row, key).result()
        except BrokenProcessPool:
            pass
    with _pool(1) as pool:
        # Raises when not even no row can be worked on: then it is the machine, not the file.
        schema = pool.submit(kernel, row.slice(0, 0)).result().schema
    fault = (
        f"{CRASHED}: the process that worked on it was killed (a broken file, or too little memory)"
    )
    columns = {field.name: pa.nulls(1, field.type) for field in schema}
    columns |= {key: row[key], "error": pa.array([fault])}
    # Nulls stand even where the kernel promises a value: there is none.
    return pa.RecordBatch.from_arrays(
        list(columns.values()), schema=pa.schema([field.with_nullable(True) for field in schema])
    )


def _missing(rows: "pa.Table", done: "pa.Table | None", key: str) -> "pa.Table":
    """The rows that are not done, each key once, in the order they came in: the caller puts together what is read
    together.
    """
    import numpy as np
    import pyarrow.compute as pc

    keys = rows[key].combine_chunks()
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys.dictionary_encode().indices, return_index=True)[1]] = True
    unique = rows if first.all() else rows.filter(first)  # a filter copies, whatever it drops
    if done is None:
        return unique
    return unique.filter(pc.invert(pc.is_in(unique[key], value_set=pc.unique(done[key]))))


def _one_a_key(table: "pa.Table", key: str) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.compute as pc

    ordered = table.sort_by(key)
    keys = ordered[key].combine_chunks()
    if len(keys) == 0:
        return ordered
    first = pa.concat_arrays([pa.array([True]), pc.not_equal(keys[1:], keys[:-1])])
    return ordered.filter(first)


def _checked(kernel: Kernel, batch: "pa.RecordBatch", key: str) -> "pa.RecordBatch":
    made = kernel(batch)
    missing = {key, "error"} - set(made.schema.names)
    if missing:
        raise RuntimeError(f"the kernel returned no column {sorted(missing)}")
    if made.num_rows != batch.num_rows:
        raise RuntimeError(f"the kernel returned {made.num_rows} rows for {batch.num_rows}")
    if not made[key].equals(batch[key]):
        raise RuntimeError(f"the kernel returned other values of {key} than it was given")
    return made


def _commit(folder: Path, batch: "pa.RecordBatch", key: str) -> None:
    """Keep a batch, but for rows whose error says nothing of the file."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    passing = pc.match_substring_regex(batch["error"], f"^({MISSING}|{CHANGED}|{CRASHED})")
    kept = _table(batch).filter(pc.invert(pc.fill_null(passing, False)))
    if kept.num_rows:
        name = hashlib.sha256("\n".join(map(str, kept[key].to_pylist())).encode()).hexdigest()[:16]
        with replacing(folder / f"{name}.parquet") as part:
            pq.write_table(kept, part, compression="zstd")


def _joined(made: "list[pa.Table]") -> "pa.Table":
    import pyarrow as pa

    return pa.concat_tables(made, promote_options="default")


def _table(batch: "pa.RecordBatch") -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def cores() -> int:
    """Cores this process may use, which in a container are fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read_shards(folder: Path) -> "pa.Table | None":
    import pyarrow as pa
    import pyarrow.dataset as ds

    shards = sorted(str(path) for path in folder.glob("*.parquet"))
    if not shards:
        return None
    try:
        return ds.dataset(shards, format="parquet").to_table()
    except pa.ArrowInvalid:
        whole = [shard for shard in shards if _is_whole(Path(shard))]
    return ds.dataset(whole, format="parquet").to_table() if whole else None


def _is_whole(shard: Path) -> bool:
    """Whether a shard can be read; one that was damaged is removed, and its rows are worked on again."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from tqdm import tqdm

    try:
        pq.read_table(shard)
    except pa.ArrowInvalid as error:
        tqdm.write(f"{shard} is damaged, its rows are worked on again: {error}", file=sys.stderr)
        shard.unlink()
        return False
    return True
