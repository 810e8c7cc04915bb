"""What runs by itself: schedules look at the sources, conditions run what changed, a sensor tells of failures."""

import dagster as dg

from pipelines.failures import append
from pipelines.jobs import CHECK_FRESHNESS, OBSERVE_DECISIONS, observe_name
from pipelines.settings import load
from scrapers import MUSEUMS

schedules = [
    dg.ScheduleDefinition(
        name=f"{museum.cadence.name}_{name}",
        job_name=observe_name(name),
        cron_schedule=museum.cadence.cron,
        execution_timezone="UTC",
        description=f"Look whether {museum.title} has changed; what changed then runs.",
    )
    for name, museum in MUSEUMS.items()
] + [
    dg.ScheduleDefinition(
        name="hourly_decisions",
        job_name=OBSERVE_DECISIONS,
        cron_schedule="0 * * * *",
        execution_timezone="UTC",
        description="Look whether people have decided anything new about duplicates.",
    ),
    dg.ScheduleDefinition(
        name="daily_freshness",
        job_name=CHECK_FRESHNESS,
        cron_schedule="0 13 * * *",
        execution_timezone="UTC",
        description="Say which sources have not answered, or not been looked at, for too long.",
    ),
]

run_what_changed = dg.AutomationConditionSensorDefinition(
    "run_what_changed",
    target=dg.AssetSelection.all(),
    minimum_interval_seconds=60,
    description="Runs assets whose code or inputs have changed, and nothing else.",
)


@dg.run_failure_sensor(
    name="note_failures",
    description="Appends every failed run to failures.jsonl in the lake, which `artlake status` shows.",
)
def note_failures(context: dg.RunFailureSensorContext) -> None:
    """Keep a line about a failed run where people look."""
    append(
        load().lake,
        context.dagster_run.run_id,
        context.dagster_run.job_name,
        context.failure_event.message,
    )


sensors = [run_what_changed, note_failures]
