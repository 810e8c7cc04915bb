"""The code location: every asset, check, job, schedule, sensor and resource."""

import dagster as dg

from assets import (
    ablations,
    catalog,
    corrections,
    crops,
    duplicates,
    embeddings,
    evaluation,
    examples,
    images,
    networks,
    outlier_evaluation,
    outliers,
    predictions,
    published,
    raw,
    reconciliation,
    registry,
    reports,
    searches,
    similarity,
    snapshots,
    source,
    star,
    training,
    trainings,
)
from pipelines.automation import schedules, sensors
from pipelines.console import console_logger
from pipelines.jobs import jobs
from pipelines.resources import resources
from pipelines.settings import load

ASSET_MODULES = [
    source,
    raw,
    snapshots,
    catalog,
    images,
    duplicates,
    crops,
    embeddings,
    evaluation,
    corrections,
    examples,
    training,
    networks,
    searches,
    ablations,
    trainings,
    registry,
    predictions,
    outlier_evaluation,
    outliers,
    similarity,
    star,
    published,
    reconciliation,
    reports,
]


def build(executor: str) -> dg.Definitions:
    """Make the definitions for one executor ("in_process" or "multiprocess")."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(ASSET_MODULES),
        asset_checks=source.freshness_checks,
        jobs=jobs,
        schedules=schedules,
        sensors=sensors,
        resources=resources(),
        loggers={"console": console_logger},
        executor=_executor(executor),
    )


def _executor(name: str) -> dg.ExecutorDefinition:
    if name == "in_process":
        return dg.in_process_executor
    # forkserver with the graph preloaded: about a second a step, half of what spawn costs.
    return dg.multiprocess_executor.configured(
        {
            "max_concurrent": 2,
            "start_method": {"forkserver": {"preload_modules": ["pipelines.definitions"]}},
        }
    )


defs = build(load().executor)
