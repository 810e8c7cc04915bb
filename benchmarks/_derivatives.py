"""Derivatives to learn from and to classify: real museum photographs where there are samples, else the sandbox's paintings."""

import hashlib
from pathlib import Path

import pyarrow as pa

from benchmarks._pictures import paintings, photographs


def derivatives(count: int, store: Path) -> pa.Table:
    """Up to `count` different ones below `store`, as the images stage makes them: `sha256` and `path`."""
    from imaging.kernel import Measure

    files = (photographs(count) or paintings(min(count, 48)))[:count]
    content = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in files}
    rows = pa.table({"sha256": list(content), "path": [str(file) for file in content.values()]})
    kernel = Measure(store)
    made = pa.Table.from_batches([kernel(batch) for batch in rows.to_batches(max_chunksize=64)])
    assert made["error"].null_count == len(made), made["error"]
    return made.select(["sha256", "derivative_path"]).rename_columns(["sha256", "path"])
