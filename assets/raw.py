"""Raw stage: each museum's own tables, with its own names and values and the address of every row."""

import dagster as dg

from assets.children import in_child, shown
from assets.partitions import partitions_of
from assets.source import source_key
from assets.stage import Results, Work, spec, stage
from scrapers import MUSEUMS
from scrapers.crawl import run_crawl
from scrapers.museum import WHOLE, Site
from storage import Lake

REJECTS = "rejects"


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
        pool="network",
    )
    def raw(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        site: dg.ResourceParam[Site],
        pipes: dg.PipesSubprocessClient,
    ) -> Results:
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
        for noun in museum.nouns:
            yield work.table(
                f"raw/{name}_{noun}",
                tables[noun],
                ["source_row"],
                partition=partition,
                metadata=summary,
            )
        yield work.table(f"raw/{name}_{REJECTS}", rejects, ["subject"], partition=partition)

    return raw


raw_assets = [_raw(name) for name in MUSEUMS]
