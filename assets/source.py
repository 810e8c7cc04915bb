"""Source stage: what the museums have now, observed without fetching it.

A source's data version changes when the museum's data does (id lists and change dates, ETags, file
listings), so nothing downstream runs while it stays the same.
"""

import time
import warnings

import dagster as dg

from assets.partitions import partitions_of
from assets.stage import OWNER
from scrapers import MUSEUMS
from scrapers.freshness import Look, judge, last_look, note_look
from scrapers.ledger import Ledger
from scrapers.museum import WHOLE, Site
from scrapers.politeness import GaveUpError, RunCapError
from storage import Lake
from storage.files import sha256_file

# The decorator is beta in this Dagster; the lock pins the version it was tried with.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

DECISIONS = "source/decisions"
DECISIONS_FILE = "decisions.jsonl"
CHOICES = "source/choices"
IS_FRESH = "is_fresh"


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
    def observe(
        context: dg.OpExecutionContext, site: dg.ResourceParam[Site]
    ) -> dg.DataVersion | dg.DataVersionsByPartition:
        try:
            versions = museum.observe(site, list(museum.partitions))
        except GaveUpError as error:
            if not isinstance(error, RunCapError):  # our own cap says nothing of the source
                _looked(context.instance, site, name, str(error))
            raise dg.Failure(str(error)) from error
        _looked(context.instance, site, name, None)
        if museum.partitions:
            return dg.DataVersionsByPartition(versions)
        return dg.DataVersion(versions[WHOLE])

    return observe  # type: ignore[return-value]


observed = [_observed(name) for name in MUSEUMS]


def _looked(instance: dg.DagsterInstance, site: Site, name: str, error: str | None) -> None:
    """Note the look, and let the check say what it found: no run of its own is needed for that."""
    with Ledger(site.ledger) as ledger:
        result = _freshness(name, note_look(ledger, name, time.time(), error))
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(source_key(name).split("/")),
            check_name=IS_FRESH,
            passed=result.passed,
            severity=result.severity,
            description=result.description,
            metadata=result.metadata,
        )
    )


def _freshness(name: str, look: Look | None) -> dg.AssetCheckResult:
    fresh, says = judge(look, MUSEUMS[name].cadence.allowed_days, time.time())
    return dg.AssetCheckResult(passed=fresh, severity=dg.AssetCheckSeverity.WARN, description=says)


def _is_fresh(name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name=IS_FRESH,
        asset=source_key(name).split("/"),
        description="It answered when it was last looked at, and that is not too long ago.",
    )
    def is_fresh(site: dg.ResourceParam[Site]) -> dg.AssetCheckResult:
        with Ledger(site.ledger) as ledger:
            return _freshness(name, last_look(ledger, name))

    return is_fresh


freshness_checks = [_is_fresh(name) for name in MUSEUMS]


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


@dg.observable_source_asset(
    key=CHOICES.split("/"),
    group_name="source",
    description="What was chosen of the pictures: their size, further hashes. Another choice makes them anew.",
    tags={"owner": OWNER.removeprefix("team:")},
)
def choices(
    site: dg.ResourceParam[Site], hashes: dg.ResourceParam[tuple[str, ...]]
) -> dg.DataVersion:
    """The choices themselves are the version."""
    chosen = [f"image_size={site.image_size}", *(f"hash={name}" for name in hashes)]
    return dg.DataVersion(", ".join(chosen))
