"""Source stage: what the museums have now, observed without fetching it.

A source's data version changes when the museum's data does (id lists and change dates, ETags, file
listings), so nothing downstream runs while it stays the same.
"""

import warnings

import dagster as dg

from assets.partitions import partitions_of
from assets.stage import OWNER
from scrapers import MUSEUMS
from scrapers.museum import WHOLE, Site
from scrapers.politeness import GaveUpError
from storage import Lake
from storage.files import sha256_file

# The decorator is beta in this Dagster; the lock pins the version it was tried with.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

DECISIONS = "source/decisions"
DECISIONS_FILE = "decisions.jsonl"


def source_key(museum: str) -> str:
    """The key of the observed source that a museum's raw tables depend on."""
    return f"source/{MUSEUMS[museum].source or museum}"


def _observed(name: str) -> dg.AssetsDefinition:
    museum = MUSEUMS[name]

    @dg.observable_source_asset(
        key=source_key(name).split("/"),
        group_name="source",
        description=f"What {museum.title} has now.",
        partitions_def=partitions_of(name),
        metadata={"hosts": ", ".join(sorted(museum.hosts)) or "none", "licence": museum.licence},
        tags={"owner": OWNER.removeprefix("team:")},
    )
    def observe(site: dg.ResourceParam[Site]) -> dg.DataVersion | dg.DataVersionsByPartition:
        try:
            versions = museum.observe(site, list(museum.partitions))
        except GaveUpError as error:
            raise dg.Failure(str(error)) from error
        if museum.partitions:
            return dg.DataVersionsByPartition(versions)
        return dg.DataVersion(versions[WHOLE])

    return observe  # type: ignore[return-value]


observed = [_observed(name) for name in MUSEUMS]


@dg.observable_source_asset(
    key=DECISIONS.split("/"),
    group_name="source",
    description="What people decided about duplicates: an append-only file in the lake.",
    tags={"owner": OWNER.removeprefix("team:")},
)
def people_decisions(lake: dg.ResourceParam[Lake]) -> dg.DataVersion:
    """The file's content is its version."""
    file = lake.file(DECISIONS_FILE)
    return dg.DataVersion(sha256_file(file) if file.exists() else "none")
