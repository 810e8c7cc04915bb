"""`artlake run`: look at the sources, then run what is missing or stale, and nothing else."""

import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from assets.raw import raw_keys
from pipelines.definitions import defs
from pipelines.failures import append
from pipelines.jobs import (
    OBSERVE_DECISIONS,
    ON_REQUEST,
    REFRESH,
    RUN_TAG,
    ingest_name,
    observe_name,
)
from pipelines.resources import require_origin
from pipelines.settings import ROOT, Settings, load, of_lake, prepare_home
from pipelines.staleness import Verdict, verdicts
from scrapers import MUSEUMS
from scrapers.answers import may_pass
from storage import Lake
from storage.lake import LIVE

# The lock pins the Dagster whose unfinished corners we use; people need not read of them.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

# Marks the runs of a command among those that the UI's daemon starts.
# The second tag lets the UI list them under their jobs.
_BY = "artlake run"


def _tags(by: str) -> dict[str, str]:
    return {"artlake/by": by, ".dagster/repository": "__repository__@artlake"}


_CATALOG = "catalog/artworks"
_TRY_AGAIN = ("refusals that may have passed",)
_CHECK_AGAIN = ("a check that failed",)


@dataclass
class Outcome:
    """What one `artlake run` did."""

    executed: list[Verdict] = field(default_factory=list)
    unreachable: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything asked for is there."""
        return not self.unreachable and not self.failures


@contextmanager
def museum(lake: Lake) -> Iterator[None]:
    """Serve the sandbox museum while a lake of a sandbox's works is worked on."""
    if lake.origin == LIVE or load().museum_url is not None:
        yield
        return
    import sandbox

    with sandbox.serve(lake.origin, cache=ROOT / ".cache" / "sandbox") as served:
        os.environ["ARTLAKE_MUSEUM_URL"] = served.url
        try:
            yield
        finally:
            del os.environ["ARTLAKE_MUSEUM_URL"]


class Runner:
    """Executes jobs of the definitions in this process against one Dagster instance."""

    def __init__(self, instance: dg.DagsterInstance, lake: Path, by: str = _BY):
        self.instance, self._lake = instance, lake
        self._tags = _tags(by) | {RUN_TAG: uuid4().hex}
        self._pending: list[Verdict] | None = None
        self.graph = defs.resolve_asset_graph()
        self._repository = ReconstructableRepository.for_module(
            "pipelines.definitions", "defs", working_directory=str(ROOT)
        )

    def execute(
        self,
        job: str,
        keys: Sequence[dg.AssetKey] | None = None,
        partition: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Run a job, or some assets of it; return None when all went well, else what failed."""
        self._pending = None
        with dg.execute_job(
            self._repository.get_reconstructable_job(job),
            instance=self.instance,
            asset_selection=keys,
            tags=self._tags | ({"dagster/partition": partition} if partition else {}),
            run_config={"loggers": {"console": {}}, **(config or {})},
        ) as result:
            if _interrupted(result):  # Dagster takes Ctrl-C for one step's failure
                raise KeyboardInterrupt
            if result.success:
                return None
            failure = _first_failure(result)
            append(self._lake, result.run_id, job, failure)
            return failure

    def pending(self) -> list[Verdict]:
        """What is missing or stale now, upstream first: judged anew once a job has run."""
        if self._pending is None:
            judged = verdicts(self.instance, self.graph)
            self._pending = [found for found in judged if found.state != "fresh"]
        return self._pending

    def whole_steps(self, keys: Sequence[dg.AssetKey]) -> list[dg.AssetKey]:
        """The keys together with those that the same steps write."""
        return sorted(
            {
                other
                for key in keys
                for other in self.graph.get(key).execution_set_entity_keys
                if isinstance(other, dg.AssetKey)
            }
        )

    def settled(self, wanted: Sequence[dg.AssetKey]) -> list[dg.AssetKey]:
        """Those of `wanted` behind which nothing may still change in this wave.

        An unselected asset behind a selected one may turn stale by this very run; what reads it waits
        for the next wave, or it would mix the old with the new.
        """
        selected = set(wanted)
        unsettled: set[dg.AssetKey] = set()
        for key in self.graph.toposorted_asset_keys:
            parents = self.graph.get(key).parent_keys
            if unsettled & parents or (key not in selected and selected & parents):
                unsettled.add(key)
                selected.discard(key)
        return self._together(selected)

    def _together(self, selected: set[dg.AssetKey]) -> list[dg.AssetKey]:
        """Only steps all of whose assets are selected."""
        return [key for key in sorted(selected) if set(self.whole_steps([key])) <= selected]

    def held(self, wanted: Sequence[dg.AssetKey]) -> list[dg.AssetKey]:
        """Those of `wanted` that stand behind a failed blocking check which is not run anew."""
        selected, held = set(wanted), set()
        for key in self.graph.toposorted_asset_keys:
            parents = self.graph.get(key).parent_keys
            if any(
                parent in held or (parent not in selected and self.failed(parent))
                for parent in parents
            ):
                held.add(key)
        return [key for key in wanted if key in held]

    def failed(self, key: dg.AssetKey) -> bool:
        """Whether a blocking check of that asset has failed, when it was last made."""
        checks = [check for check in self.graph.asset_check_keys if check.asset_key == key]
        latest = self.instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
        return any(
            record.status.value == "FAILED" and self.graph.get(check).blocking
            for check, record in latest.items()
        )


def run(settings: Settings) -> Outcome:
    """Bring the lake of `settings` up to date; the definitions must have been loaded with them.

    Raises BusyError when another run works on the lake, LakeError when it cannot be used.
    """
    started = time.monotonic()
    outcome = Outcome()
    lake = Lake.open(settings.lake)
    settings = of_lake(settings, lake)
    prepare_home(settings)
    with lake.lock("run", f"artlake run on {lake.root}"), dg.DagsterInstance.get() as instance:
        lake.tidy()
        end_killed(instance)
        runner = Runner(instance, lake.root)
        with museum(lake):
            require_origin(load(), lake)
            _observe(runner, outcome, settings.museums)
            if _nobody_answers(settings, outcome) and not lake.has(_CATALOG):
                outcome.seconds = time.monotonic() - started
                return outcome
            _ingest(runner, outcome, lake, settings.museums)
            _refresh(runner, outcome, lake)
    outcome.seconds = time.monotonic() - started
    return outcome


def end_killed(instance: dg.DagsterInstance, by: str = _BY) -> None:
    """End a command's runs that still count as going on: under its lock, their process is gone.

    A killed process keeps its slots of the pools, and the next run would wait for them for ever.
    """
    for killed in instance.get_runs(dg.RunsFilter(tags=_tags(by), statuses=NOT_FINISHED_STATUSES)):
        instance.report_run_failed(killed, "its process was killed")
    storage = instance.event_log_storage
    for run_id in storage.get_concurrency_run_ids():
        holder = instance.get_run_by_id(run_id)
        if holder is None or holder.is_finished:
            storage.free_concurrency_slots_for_run(run_id)


def _nobody_answers(settings: Settings, outcome: Outcome) -> bool:
    """Whether there is nothing at all to take in: no museum was reached, no folder or list is given."""
    reached = set(settings.museums) - outcome.unreachable.keys()
    museums = [name for name in reached if not MUSEUMS[name].own_addresses]
    given = settings.folder is not None or settings.listing is not None
    return not museums and not (reached and given)


def _observe(runner: Runner, outcome: Outcome, sources: Sequence[str]) -> None:
    for name in sources:
        failure = runner.execute(observe_name(name))
        if failure:
            outcome.unreachable[name] = failure
    failure = runner.execute(OBSERVE_DECISIONS)
    if failure:
        outcome.failures.append(failure)


def _ingest(runner: Runner, outcome: Outcome, lake: Lake, sources: Sequence[str]) -> None:
    raw = {key: name for name in sources for key in raw_keys(name)}
    todo: dict[tuple[str, str | None], Verdict] = {}
    for name in sources:
        if MUSEUMS[name].partitions or name in outcome.unreachable:
            continue
        keys = raw_keys(name)
        if _may_pass(lake, keys[-1]):
            todo[name, None] = Verdict(keys[-1], None, "stale", _TRY_AGAIN)
        elif any(runner.failed(dg.AssetKey(key.split("/"))) for key in keys):
            # Also where the source is again what it was before: nothing else would lift the failure.
            todo[name, None] = Verdict(keys[0], None, "stale", _CHECK_AGAIN)
    for found in runner.pending():
        museum_name = raw.get(found.key)
        if museum_name and museum_name not in outcome.unreachable:
            todo.setdefault((museum_name, found.partition), found)
    for (museum_name, partition), found in todo.items():
        failure = runner.execute(ingest_name(museum_name), partition=partition)
        if failure:
            outcome.failures.append(failure)
        else:
            outcome.executed.append(found)


def _may_pass(lake: Lake, rejects: str) -> bool:
    """Whether something was refused for a reason that may have passed since: then it is tried again."""
    return lake.has(rejects) and any(map(may_pass, lake.read(rejects)["reason"].to_pylist()))


def _refresh(runner: Runner, outcome: Outcome, lake: Lake) -> None:
    """Run what is stale, wave by wave: what a wave leaves unchanged wakes nothing behind it."""
    elsewhere = {key for name in MUSEUMS for key in raw_keys(name)}
    elsewhere |= ON_REQUEST.keys()
    last: list[dg.AssetKey] = []
    again = _may_pass(lake, "images/download_rejects")
    while True:
        pending = [found for found in runner.pending() if found.key not in elsewhere]
        if again:
            pending.append(Verdict("images/originals", None, "stale", _TRY_AGAIN))
            again = False
        keys = runner.whole_steps([dg.AssetKey(found.key.split("/")) for found in pending])
        held = runner.held(keys)
        keys = runner.settled([key for key in keys if key not in held])
        if not keys or keys == last:
            break
        failure = runner.execute(REFRESH, keys)
        if failure:
            outcome.failures.append(failure)
            break
        outcome.executed += [
            found for found in pending if dg.AssetKey(found.key.split("/")) in keys
        ]
        last = keys
    if held and not outcome.failures:
        names = ", ".join(key.to_user_string() for key in held)
        outcome.failures.append(f"held back behind a failed check: {names} (see `artlake status`)")
    elif keys and not outcome.failures:
        names = ", ".join(key.to_user_string() for key in keys)
        outcome.failures.append(f"still stale after having run: {names}")


def _interrupted(result: dg.JobExecutionResult) -> bool:
    return any(
        error.cls_name == DagsterExecutionInterruptedError.__name__
        for event in result.all_events
        if event.is_step_failure
        for error in [event.step_failure_data.error]
        if error is not None
    )


def _first_failure(result: dg.JobExecutionResult) -> str:
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        step = (event.step_key or "").replace("__", "/")
        if data.user_failure_data and data.user_failure_data.description:
            return f"{step}: {data.user_failure_data.description}"
        error = data.error
        while error is not None and error.cause is not None:
            error = error.cause
        return f"{step}: {error.message.strip() if error else 'failed'}"
    return f"the run {result.run_id} failed before its first step"
