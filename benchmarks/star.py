"""How long the star and the published file take for a lake as large as the MET, the NGA and the Web Gallery together.

`full_s`, `peak_rss_mb`: every table of the star built and held against its contract, then the published
file and the Parquet export, in a fresh process, as the assets call them; 700,000 made-up artworks
(`_lake`). Not in it: recording the publication (its profile, and links to the exported files), the dictionary, the pages,
and Dagster's own. `vs_copy`: by the seconds DuckDB needs to copy the same input tables, as they are, into one
file, in a process of its own. `incremental_ratio`: the same again after 1 % of the artworks got other
titles and years and a few came and went, by `full_s`. `slowest_question_ms`: of all questions answered
from the published file, the median of 5 after one to warm up. Seconds of each part are among the sizes.

A 1 % change is far from a hundredth of the work, and the ratio stays near 0.8 by design. A table is one sorted file,
written whole, so that equal data has equal bytes, history is kept by link and half a change can never stand; and one
changed artwork in a hundred touches nearly every row group. On two cores, of 75.4 s in full and 60.0 s again: facts
and bridges 25.9 and 21.3, contracts 7.3 and 6.9, dimensions 8.6 and 8.2, published file 24.1 and 19.9 (unchanged
tables taken over, the rest and the search index anew), export 9.6 and 3.6.

What changes little else is cheap: with other predictions, or one other keeper of a duplicate, Dagster runs the one
fact behind it, and publishing takes 11.7 or 14.6 s of CPU instead of 38.7 (`warehouse.reuse`). Leaving a table as it
is when the columns that it reads hold what they held, known by a hash of each, was measured and taken out: it took
5.8 s of CPU in a full build, and saved 2 s (`dim_artist`) after a 1 % change; what whole inputs tell, Dagster knows.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import _lake
from benchmarks._harness import arguments, report
from benchmarks._pictures import CACHE
from storage import Lake
from storage.sql import literal

_WAREHOUSE = "published/artlake.duckdb"
_ASKED = 5
# An artwork in a hundred gets another title and year, one in 2,000 is withdrawn, as many are new.
_CHANGED = """
select
    * exclude (is_changed) replace (
        if(is_changed, title || ' (retouched)', title) as title,
        if(is_changed, begin_year - 1, begin_year) as begin_year,
        if(hash(artwork_id) % 2000 = 1, source || '-4', withdrawn_in) as withdrawn_in
    )
from (select *, hash(artwork_id) % 100 = 0 as is_changed from catalog_artworks)
union all
select * replace (artwork_id || '-new' as artwork_id, source_id || '-new' as source_id)
from catalog_artworks where hash(artwork_id) % 2000 = 2
"""


def _built(root: Path) -> dict[str, float]:
    """Seconds of each part of what the assets of the star and of the published stage do."""
    from warehouse.contracts import check, kept
    from warehouse.export import export
    from warehouse.publish import publish
    from warehouse.star import STAR, build

    seconds: dict[str, float] = {}

    def timed(part: str, work: Callable[..., Any], *given: Any) -> Any:
        started = time.perf_counter()
        done = work(*given)
        seconds[part] = seconds.get(part, 0.0) + time.perf_counter() - started
        return done

    lake = Lake.open(root)
    for table in STAR:
        timed(table.name, build, lake, table)
        if not timed("contracts", kept, lake, table.name):
            broken = timed("contracts", check, lake, table.name)
            assert not broken, broken
    timed("published file", publish, lake, lake.file(_WAREHOUSE), {})
    timed("parquet export", export, lake, lake.file("published/parquet"))
    return seconds


def _copied(root: Path) -> dict[str, float]:
    """Seconds DuckDB needs to copy every input table into one file."""
    import duckdb

    started = time.perf_counter()
    with duckdb.connect(str(root / "copy.duckdb")) as connection:
        for key in _lake.KEYS:
            path = literal(str(Lake.open(root).path(key)))
            connection.execute(f"create table {key.replace('/', '_')} as from read_parquet({path})")
    return {"copy": time.perf_counter() - started}


def _changed(root: Path) -> dict[str, float]:
    """Change 1 % of the artworks."""
    lake = Lake.open(root)
    with lake.connect(["catalog/artworks"]) as connection:
        lake.write_query("catalog/artworks", connection, _CHANGED, ["artwork_id"])
    return {}


def _answered(root: Path) -> dict[str, float]:
    """Milliseconds of each question."""
    from warehouse.questions import answer, questions

    file, found = root / _WAREHOUSE, {}
    for question in questions():
        taken = []
        for _ in range(1 + _ASKED):
            started = time.perf_counter()
            answer(file, question.name)
            taken.append(1000 * (time.perf_counter() - started))
        found[question.name] = statistics.median(taken[1:])
    return found


def _apart(work: Callable[[Path], dict[str, float]], root: Path) -> tuple[dict[str, float], float]:
    """What the work gives and the most memory in MiB, in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_watched, work, root).result()


def _watched(
    work: Callable[[Path], dict[str, float]], root: Path
) -> tuple[dict[str, float], float]:
    import resource

    found = work(root)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found, peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    """Measure and report."""
    options = arguments(__doc__ or "")
    works = 20_000 if options.quick else _lake.FULL
    made = _lake.lake(works)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        root = Path(name) / "lake"
        shutil.copytree(made.root, root, copy_function=os.link)  # each table is replaced whole
        full, peak = _apart(_built, root)
        copied, _ = _apart(_copied, root)
        answers, _ = _apart(_answered, root)
        _apart(_changed, root)
        again, _ = _apart(_built, root)
        rows = {f"rows {key}": _rows(root, key) for key in _lake.KEYS}
    full_s = sum(full.values())
    slowest = max(answers, key=lambda name: answers[name])
    report(
        "star",
        {
            "full_s": full_s,
            "peak_rss_mb": peak,
            "copy_s": copied["copy"],
            "vs_copy": full_s / copied["copy"],
            "incremental_ratio": sum(again.values()) / full_s,
            "slowest_question_ms": answers[slowest],
        },
        peers=["duckdb"],
        sizes=rows
        | {"slowest question": slowest}
        | {f"seconds {part}": f"{full[part]:.2f}, again {again[part]:.2f}" for part in full}
        | {f"ms {name}": f"{taken:.0f}" for name, taken in answers.items()},
    )


def _rows(root: Path, key: str) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(Lake.open(root).path(key)).num_rows)


if __name__ == "__main__":
    main()
