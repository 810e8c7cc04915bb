"""Resources made from the settings when a run begins, never when the graph is loaded."""

import uuid
from typing import Any

import dagster as dg

from pipelines.jobs import RUN_TAG
from pipelines.settings import Settings, load, of_lake
from scrapers.museum import Site
from scrapers.net import Net
from storage import Lake, LakeError
from storage.lake import LIVE

# A child that is asked to stop ends its step and keeps a checkpoint; one given up on would go on unseen.
_UNTIL_STOPPED = 180.0


class NoIOManager(dg.IOManager):
    """Stands where Dagster would pickle silently, and says what to do instead."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Refuse values: an asset writes its own file."""
        if obj is not None:
            raise dg.DagsterInvariantViolationError(
                f"{context.asset_key.to_user_string()} returned a value. Assets here write with "
                "`assets.stage.Work` and yield its result; there are no I/O managers."
            )

    def load_input(self, context: dg.InputContext) -> Any:
        """Refuse inputs: an asset reads its own files."""
        raise dg.DagsterInvariantViolationError(
            f"{context.asset_key.to_user_string()} was asked for as an argument. Name it in the "
            "spec's deps and read it with `lake.read`; there are no I/O managers."
        )


def require_origin(settings: Settings, lake: Lake) -> None:
    """Refuse real records in a lake of a sandbox's works, and the reverse.

    Raises LakeError.
    """
    if (lake.origin == LIVE) == (settings.museum_url is not None):
        asked = settings.museum_url or "the real museums"
        raise LakeError(
            f"The lake {lake.root} holds works of {lake.origin!r}, and the records asked for would "
            f"come from {asked}. Keep them apart: name another folder with ARTLAKE_LAKE (or --lake). "
            "`artlake demo` makes a lake of a sandbox's works, `artlake run` one of the real museums'."
        )


def site(settings: Settings, run: str) -> Site:
    """Where this deployment's crawls happen; `run` is what their requests and bytes count for.

    Raises LakeError as `require_origin` does.
    """
    lake = Lake.open(settings.lake)
    settings = of_lake(settings, lake)
    require_origin(settings, lake)
    return Site(
        net=Net(
            museum_url=settings.museum_url,
            contact=settings.contact,
            rate=settings.rate,
            concurrency=settings.concurrency,
            limit=settings.limit,
            max_requests=settings.max_requests,
            max_bytes=int(settings.max_gb * 1e9),
            run=run,
        ),
        ledger=lake.file("ledger.sqlite"),
        downloads=lake.file("downloads"),
        folder=settings.folder,
        listing=settings.listing,
        met_csv=settings.met_csv,
        image_size=settings.image_size,
    )


def _hashes() -> tuple[str, ...]:
    settings = load()
    return of_lake(settings, Lake.open(settings.lake)).further_hashes


def _run(context: dg.InitResourceContext) -> str:
    """The id under which this Dagster run's requests are counted."""
    if context.run is None:  # an asset called by hand: each call is a run of its own
        return str(uuid.uuid4())
    return context.run.tags.get(RUN_TAG, context.run.run_id)


def resources() -> dict[str, Any]:
    """The resources by the names that assets ask for."""
    return {
        "lake": dg.ResourceDefinition(lambda _: Lake.open(load().lake)),
        "site": dg.ResourceDefinition(lambda context: site(load(), _run(context))),
        "accept_loss": dg.ResourceDefinition(lambda _: load().accept_loss),
        "hashes": dg.ResourceDefinition(lambda _: _hashes()),
        "keep_snapshots": dg.ResourceDefinition(lambda _: load().keep_snapshots),
        "samples": dg.ResourceDefinition(lambda _: load().samples),
        "pipes": dg.PipesSubprocessClient(termination_timeout_seconds=_UNTIL_STOPPED),
        "io_manager": NoIOManager(),
    }
