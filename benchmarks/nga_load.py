"""How long the National Gallery's largest tables take from CSV to raw Parquet, beside pandas.

`seconds`, `peak_rss_mb`: the terms (383,000 rows) and the makers and owners of objects (465,000 rows) of
the samples, read, checked, addressed row by row and written sorted, as the raw stage does it.
`against_pandas`: its seconds by those of `pandas.read_csv` and `to_parquet`, every value as text, which
checks, addresses and sorts nothing. Each in a fresh process, in turn; medians of seconds, the most memory.
"""

import os
import statistics
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks._harness import arguments, report

_TABLES = ("objects_terms", "objects_constituents")


def _load(folder: Path) -> int:
    from scrapers import csv_tables
    from scrapers.museums.nga import NOUNS
    from storage import Lake

    lake, rows = Lake.open(folder / "lake"), 0
    for noun in _TABLES:
        path, refused = folder / f"{noun}.csv", []
        table = csv_tables.read(path, NOUNS[noun].columns, NOUNS[noun].key, "nga", refused)
        assert not refused
        rows += lake.write(f"raw/nga_{noun}", table, ["source_row"]).rows
    return rows


def _pandas(folder: Path) -> int:
    import pandas

    rows = 0
    for noun in _TABLES:
        table = pandas.read_csv(folder / f"{noun}.csv", dtype=str, keep_default_na=False)
        table.to_parquet(folder / f"{noun}.parquet", compression="zstd")
        rows += len(table)
    return rows


def _measured(way: str, folder: Path) -> tuple[float, float, int]:
    """Seconds, peak MiB and rows of one way, imports included."""
    import resource

    started = time.perf_counter()
    rows = {"artlake": _load, "pandas": _pandas}[way](folder)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), rows


def main() -> None:
    """Measure and report."""
    options = arguments(__doc__ or "")
    if "ARTLAKE_SAMPLES" not in os.environ:
        sys.exit(
            "This benchmark reads the real tables: name the folder of samples in ARTLAKE_SAMPLES."
        )
    zips = Path(os.environ["ARTLAKE_SAMPLES"]) / "nga_csv" / "zips_2021"
    runs: dict[str, list[tuple[float, float, int]]] = {"artlake": [], "pandas": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for noun in _TABLES:
            with zipfile.ZipFile(zips / f"{noun}.zip") as packed:
                packed.extract(f"{noun}.csv", folder)
        for _ in range(1 if options.quick else 5):
            for way, found in runs.items():
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    found.append(pool.submit(_measured, way, folder).result())
    seconds = {way: statistics.median(s for s, _, _ in found) for way, found in runs.items()}
    peak = {way: max(mb for _, mb, _ in found) for way, found in runs.items()}
    rows = {way: found[0][2] for way, found in runs.items()}
    assert rows["artlake"] == rows["pandas"], rows
    report(
        "nga_load",
        {
            "seconds": seconds["artlake"],
            "peak_rss_mb": peak["artlake"],
            "pandas_seconds": seconds["pandas"],
            "pandas_peak_rss_mb": peak["pandas"],
            "against_pandas": seconds["artlake"] / seconds["pandas"],
        },
        peers=["pandas"],
        sizes={"rows": rows["artlake"], "rounds": len(runs["artlake"])},
    )


if __name__ == "__main__":
    main()
