"""What runs by itself: schedules look at the sources, conditions run what changed, a sensor tells of failures."""

import json
from datetime import UTC, datetime

import dagster as dg

from pipelines.jobs import OBSERVE_DECISIONS, observe_name
from pipelines.settings import load
from scrapers import MUSEUMS

# National Gallery exports at about 06:00 US Eastern; the others change slowly.
_NIGHTLY = "30 12 * * *"
_WEEKLY = "0 3 * * 1"

schedules = [
    dg.ScheduleDefinition(
        name=f"{'nightly' if museum == 'nga' else 'weekly'}_{museum}",
        job_name=observe_name(museum),
        cron_schedule=_NIGHTLY if museum == "nga" else _WEEKLY,
        execution_timezone="UTC",
        description=f"Look whether {MUSEUMS[museum].title} has changed; what changed then runs.",
    )
    for museum in MUSEUMS
] + [
    dg.ScheduleDefinition(
        name="hourly_decisions",
        job_name=OBSERVE_DECISIONS,
        cron_schedule="0 * * * *",
        execution_timezone="UTC",
        description="Look whether people have decided anything new about duplicates.",
    )
]

run_what_changed = dg.AutomationConditionSensorDefinition(
    "run_what_changed",
    target=dg.AssetSelection.all(),
    minimum_interval_seconds=60,
    description="Runs assets whose code or inputs have changed, and nothing else.",
)

FAILURES = "failures.jsonl"


@dg.run_failure_sensor(
    name="note_failures",
    description="Appends every failed run to failures.jsonl in the lake, which `artlake status` shows.",
)
def note_failures(context: dg.RunFailureSensorContext) -> None:
    """Keep a line about a failed run where people look."""
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": context.dagster_run.run_id,
        "job": context.dagster_run.job_name,
        "error": context.failure_event.message,
    }
    with (load().lake / FAILURES).open("a", encoding="utf-8") as failures:
        failures.write(json.dumps(line) + "\n")


sensors = [run_what_changed, note_failures]
