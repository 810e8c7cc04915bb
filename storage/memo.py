"""Work over many rows, done once: the one place that runs a kernel over files.

A kernel takes an Arrow batch and returns one of the same length with a string column `error` (null
where all went well); it never raises for a row. Results are kept as small Parquet shards below the
memo folder, each committed as a whole, so a run that was killed goes on where it stopped and a row
already worked on (same key, same kernel version) is never worked on again.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from storage.files import replacing

if TYPE_CHECKING:  # loaded by the functions that need it: the asset graph loads without
    import pyarrow as pa

MISSING = "missing"  # how the error of a row begins whose file was not there
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
    workers: processes; 0 runs in this one (a kernel that holds a network), None means one a core.

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
        made = []
        with tqdm(total=todo.num_rows, desc=label, unit="row", disable=None) as bar:
            count = os.cpu_count() or 1 if workers is None else workers
            for batch in _run(kernel, batches, count):
                _check(batch, key, label)
                _commit(folder, batch, key)
                made.append(batch)
                bar.update(batch.num_rows)
        fresh = pa.Table.from_batches(made)
        if fresh.num_rows != todo.num_rows:
            raise RuntimeError(
                f"{label}: the kernel returned {fresh.num_rows} rows for {todo.num_rows}"
            )
        done = fresh if done is None else pa.concat_tables([done, fresh])
    if done is None:  # nothing ever came: the kernel's own columns, without a row
        empty = pa.RecordBatch.from_pylist([], schema=rows.schema)
        return pa.Table.from_batches([kernel(empty)])
    wanted = done.filter(pc.is_in(done[key], value_set=pc.unique(rows[key])))
    return _one_a_key(wanted, key)


def _run(
    kernel: Kernel, batches: "list[pa.RecordBatch]", workers: int
) -> "Iterator[pa.RecordBatch]":
    if workers == 0 or len(batches) == 1:
        yield from map(kernel, batches)
        return
    # forkserver: the parent may hold threads (Dagster, Arrow), which a plain fork would break.
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        waiting: set[Future[pa.RecordBatch]] = set()
        queue = iter(batches)
        while True:
            # A few batches a worker in flight keep memory flat however long the list is.
            for batch in queue:
                waiting.add(pool.submit(kernel, batch))
                if len(waiting) >= 3 * workers:
                    break
            if not waiting:
                return
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in finished)


def _missing(rows: "pa.Table", done: "pa.Table | None", key: str) -> "pa.Table":
    import pyarrow.compute as pc

    unique = _one_a_key(rows, key)
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


def _check(batch: "pa.RecordBatch", key: str, label: str) -> None:
    missing = {key, "error"} - set(batch.schema.names)
    if missing:
        raise RuntimeError(f"{label}: the kernel returned no column {sorted(missing)}")


def _commit(folder: Path, batch: "pa.RecordBatch", key: str) -> None:
    """Keep a batch, but for rows whose file was missing: that is no fact of the file, and may pass."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    absent = pc.fill_null(pc.starts_with(batch["error"], MISSING), False)
    kept = pa.Table.from_batches([batch]).filter(pc.invert(absent))
    if kept.num_rows:
        name = hashlib.sha256("\n".join(map(str, kept[key].to_pylist())).encode()).hexdigest()[:16]
        with replacing(folder / f"{name}.parquet") as part:
            pq.write_table(kept, part, compression="zstd")


def _read_shards(folder: Path) -> "pa.Table | None":
    import pyarrow.dataset as ds

    shards = sorted(str(path) for path in folder.glob("*.parquet"))
    return ds.dataset(shards, format="parquet").to_table() if shards else None
