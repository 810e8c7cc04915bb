"""Raw stage: each museum's own tables, with its own names and values and the address of every row."""

from collections.abc import Iterator, Mapping

import dagster as dg

from assets.children import in_child, shown
from assets.partitions import partitions_of
from assets.source import source_key
from assets.stage import Work, blocking, spec, stage
from scrapers import MUSEUMS
from scrapers.crawl import run_crawl
from scrapers.museum import WHOLE, Site
from storage import Lake, snapshots

REJECTS = "rejects"
_COUNTS = "counts_must_not_halve"
# A table of fewer rows than this (a small folder, a tiny department) may halve by chance.
_FEW = 20


def raw_keys(museum: str) -> list[str]:
    """The keys of a museum's raw tables, its rejects last."""
    return [f"raw/{museum}_{noun}" for noun in (*MUSEUMS[museum].nouns, REJECTS)]


def _raw(name: str) -> dg.AssetsDefinition:
    museum = MUSEUMS[name]

    @stage(
        *(
            spec(
                key,
                [source_key(name)],
                f"{museum.title}: {key.removeprefix(f'raw/{name}_').replace('_', ' ')}, as the source writes it.",
                code_version="1",
                kinds={"scrapy" if museum.crawl else "python", "parquet"},
                partitions=partitions_of(name),
            )
            for key in raw_keys(name)
        ),
        checks=[
            blocking(_COUNTS, f"raw/{name}_{noun}", "a source has not lost more than half its rows")
            for noun in museum.nouns
        ],
        pool="network",
    )
    def raw(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        site: dg.ResourceParam[Site],
        pipes: dg.PipesSubprocessClient,
        accept_loss: dg.ResourceParam[bool],
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        work = Work(lake)
        partition = context.partition_key if museum.partitions else None
        summary = {}
        if museum.crawl is not None:
            with lake.lock(f"crawl-{name}-{partition or WHOLE}", f"the crawl of {museum.title}"):
                if museum.pending is None or museum.pending(site, partition or WHOLE):
                    done = in_child(context, pipes, site, museum=name, partition=partition)
                else:
                    done = run_crawl(name, site, partition)
                summary = shown(done)
        tables, rejects = museum.tables(site, partition or WHOLE)
        counts = {
            noun: (_rows(lake, name, noun, partition), tables[noun].num_rows) for noun in tables
        }
        before = snapshots.newest(lake, name)
        alike = before is None or before.facts["limit"] == site.net.limit
        if alike and not accept_loss:
            yield from _refuse_loss(name, partition, counts)
        for noun in museum.nouns:
            yield work.table(
                f"raw/{name}_{noun}",
                tables[noun],
                ["source_row"],
                partition=partition,
                checks=[_check(name, noun, *counts[noun], passed=True)],
                metadata=summary,
            )
        yield work.table(f"raw/{name}_{REJECTS}", rejects, ["subject"], partition=partition)

    return raw


def _rows(lake: Lake, name: str, noun: str, partition: str | None) -> int:
    """Rows of a raw table as the last crawl left it."""
    import pyarrow.parquet as pq

    path = lake.path(f"raw/{name}_{noun}", partition)
    return int(pq.read_metadata(path).num_rows) if path.exists() else 0


def _refuse_loss(
    name: str, partition: str | None, counts: Mapping[str, tuple[int, int]]
) -> Iterator[dg.AssetCheckResult]:
    """A dead or redesigned source must not empty the lake (threshold: half, table by table).

    Raises dg.Failure before anything is written, once the failing checks have been told.
    """
    lost = {
        noun: (was, now) for noun, (was, now) in counts.items() if was >= _FEW and now * 2 < was
    }
    if not lost:
        return
    for noun, (was, now) in lost.items():
        yield _check(name, noun, was, now, passed=False)
    said = ", ".join(f"{noun} from {was:,} to {now:,}" for noun, (was, now) in lost.items())
    where = f", partition {partition}" if partition else ""
    raise dg.Failure(
        f"More than half of the rows of {MUSEUMS[name].title}{where} are gone: {said}. What was there "
        "stays as it was. If the source really has so few now, run once with ARTLAKE_ACCEPT_LOSS=true."
    )


def _check(name: str, noun: str, was: int, now: int, *, passed: bool) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=_COUNTS,
        asset_key=dg.AssetKey(["raw", f"{name}_{noun}"]),
        passed=passed,
        metadata={"rows before": was, "rows now": now},
    )


raw_assets = [_raw(name) for name in MUSEUMS]
