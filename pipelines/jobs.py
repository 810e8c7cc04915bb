"""Jobs: observe a source, ingest a source, refresh what follows, train a network.

Partitioned and unpartitioned assets never share a job: without a partition key it would fail, with
one it would re-run everything behind it.
"""

import dagster as dg

from assets.ablations import ABLATIONS
from assets.corrections import SOURCE as CORRECTIONS
from assets.networks import PLANS, network_keys
from assets.partitions import partitions_of
from assets.raw import raw_keys
from assets.registry import PROMOTIONS
from assets.searches import search_key
from assets.source import CHOICES, DECISIONS, freshness_checks, source_key
from assets.trainings import TRAININGS
from scrapers import MUSEUMS

REFRESH = "refresh"
OBSERVE_DECISIONS = "observe_decisions"
CHECK_FRESHNESS = "check_freshness"
ABLATE = "ablate"
# One id on all runs of one `artlake run`: caps on requests and bytes count them together.
RUN_TAG = "artlake/run"


def observe_name(museum: str) -> str:
    """The job that looks at what a museum has now."""
    return f"observe_{museum}"


def ingest_name(museum: str) -> str:
    """The job that fetches a museum's records."""
    return f"ingest_{museum}"


def train_name(plan: str) -> str:
    """The job that trains the network of a recipe."""
    return f"train_{plan}"


def search_name(plan: str) -> str:
    """The job that searches a plan's recipe."""
    return f"search_{plan}"


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
    selection=_keys([DECISIONS, CHOICES, CORRECTIONS, PROMOTIONS, TRAININGS]),
    description="Look whether people have decided anything new: of duplicates, pictures' size, labels, models, or had anything trained.",
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

# The command that makes them. They take to hours, when people ask for it: never by a refresh.
ON_REQUEST = {
    **{key: f"train {name}" for name in PLANS for key in network_keys(name)},
    **{search_key(name): f"train {name} --trials 20" for name in PLANS},
    ABLATIONS: "ablate",
}

train_jobs = [
    dg.define_asset_job(
        train_name(name),
        selection=_keys(network_keys(name)),
        description=f"Train {name} by models/recipes/{name}.yaml, judge and register it.",
    )
    for name in PLANS
]

search_jobs = [
    dg.define_asset_job(
        search_name(name),
        selection=_keys([search_key(name)]),
        description=f"Look for a better recipe than models/recipes/{name}.yaml.",
    )
    for name in PLANS
]

ablations_job = dg.define_asset_job(
    ABLATE,
    selection=_keys([ABLATIONS]),
    description="Train variants of a recipe, to see what each part of it adds.",
)

refresh_job = dg.define_asset_job(
    REFRESH,
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.groups("source")
    - dg.AssetSelection.assets(*_raw, *_keys(list(ON_REQUEST))),
    description="Everything behind the raw records, from the catalog to the reports.",
)

jobs = [
    *observe_jobs,
    observe_decisions,
    freshness_job,
    *ingest_jobs,
    refresh_job,
    *train_jobs,
    *search_jobs,
    ablations_job,
]
