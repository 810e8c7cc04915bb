"""Jobs: observe a source, ingest a source, refresh what follows.

Partitioned and unpartitioned assets never share a job: without a partition key it would fail, with
one it would re-run everything behind it.
"""

import dagster as dg

from assets.partitions import partitions_of
from assets.raw import raw_keys
from assets.source import CHOICES, DECISIONS, freshness_checks, source_key
from scrapers import MUSEUMS

REFRESH = "refresh"
OBSERVE_DECISIONS = "observe_decisions"
CHECK_FRESHNESS = "check_freshness"
# One id on all runs of one `artlake run`: caps on requests and bytes count them together.
RUN_TAG = "artlake/run"


def observe_name(museum: str) -> str:
    """The job that looks at what a museum has now."""
    return f"observe_{museum}"


def ingest_name(museum: str) -> str:
    """The job that fetches a museum's records."""
    return f"ingest_{museum}"


def _keys(names: list[str]) -> list[dg.AssetKey]:
    return [dg.AssetKey(name.split("/")) for name in names]


observe_jobs = [
    dg.define_asset_job(
        observe_name(museum),
        # The look itself says whether the source is fresh, also when it fails.
        selection=dg.AssetSelection.assets(*_keys([source_key(museum)])).without_checks(),
        description=f"Look whether {MUSEUMS[museum].title} has changed.",
    )
    for museum in MUSEUMS
]

observe_decisions = dg.define_asset_job(
    OBSERVE_DECISIONS,
    selection=_keys([DECISIONS, CHOICES]),
    description="Look whether people have decided anything new: of duplicates, of pictures' size.",
)

freshness_job = dg.define_asset_job(
    CHECK_FRESHNESS,
    selection=dg.AssetSelection.checks(*freshness_checks),
    description="Say which sources have not answered, or not been looked at, for too long.",
)

ingest_jobs = [
    dg.define_asset_job(
        ingest_name(museum),
        selection=_keys(raw_keys(museum)),
        partitions_def=partitions_of(museum),
        description=f"Fetch the records of {MUSEUMS[museum].title} that are new or changed.",
    )
    for museum in MUSEUMS
]

_raw = [key for museum in MUSEUMS for key in _keys(raw_keys(museum))]

refresh_job = dg.define_asset_job(
    REFRESH,
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.groups("source")
    - dg.AssetSelection.assets(*_raw),
    description="Everything behind the raw records, from the catalog to the reports.",
)

jobs = [*observe_jobs, observe_decisions, freshness_job, *ingest_jobs, refresh_job]
