"""Registry stage: heads and networks are registered here, and the model that is asked for an attribute chosen.

Registering keeps a model with all that is known of it; choosing is by the registry's gate alone. What people
promote or roll back is observed, and wins: a model that they took back is not promoted again by itself.
"""

import hashlib
import json
import warnings
from pathlib import Path

import dagster as dg

from assets.examples import ATTRIBUTES
from assets.stage import OWNER, Results, Work, spec, stage
from models.folders import REGISTRY
from storage import Lake
from storage.files import write_bytes

# The decorator is beta in this Dagster; the lock pins the version it was tried with.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

PROMOTIONS = "source/promotions"
# Promotions of the stage below bear this name; all others are news to it.
BY_ITSELF = "refresh"


@dg.observable_source_asset(
    key=PROMOTIONS.split("/"),
    group_name="source",
    description="Models that people, or trainings, promoted or rolled back: an append-only file in the lake.",
    tags={"owner": OWNER.removeprefix("team:")},
)
def promotions(lake: dg.ResourceParam[Lake]) -> dg.DataVersion:
    """The lines that the refresh did not write itself are the version."""
    from models import registry

    told = [
        line
        for line in registry.history(lake.file(REGISTRY))
        if line["event"] != "registered" and line["by"] != BY_ITSELF
    ]
    return dg.DataVersion(hashlib.sha256(json.dumps(told).encode()).hexdigest() if told else "none")


def in_use_key(attribute: str) -> str:
    """The key of the asset that says which model is asked for an attribute."""
    return f"training/{attribute}_in_use"


def _in_use(attribute: str) -> dg.AssetsDefinition:
    key = in_use_key(attribute)

    @stage(
        spec(
            key,
            [f"training/{attribute}_head", f"training/{attribute}_evaluation", PROMOTIONS],
            f"The model that is asked for the {attribute}: the head on frozen features until something better is promoted.",
            code_version="1",
            kinds={"json"},
        )
    )
    def in_use(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Results:
        from models import registry
        from models.folders import to_json

        root = lake.file(REGISTRY)
        judged = json.loads(lake.file(f"training/{attribute}_evaluation.json").read_text())
        why = "no head was trained"
        if judged["trained"]:
            why = promote_by_itself(root, judged["registered"], attribute, by=BY_ITSELF)
            context.log.info(why)
        asked = registry.in_use(root).get(attribute)
        registry.promoted(root, attribute)  # one that is not whole is told here
        file = lake.file(f"{key}.json")
        write_bytes(file, to_json({"attribute": attribute, "model": asked}))
        yield Work(lake).file(
            key, file, version=asked or "none", metadata={"model": asked or "none", "why": why}
        )

    return in_use


in_use = [_in_use(attribute) for attribute in ATTRIBUTES]


def promote_by_itself(root: Path, model: str, attribute: str, *, by: str) -> str:
    """Promote a model just made for an attribute where that is right; return what was done and why.

    A head follows a network only where the network is worse beyond its interval; what was promoted
    once is left to people.
    """
    from models import registry

    name, _, version = model.partition("@")
    told = [
        line
        for line in registry.history(root)
        if line["event"] == "promoted" and line["attribute"] == attribute
    ]
    asked = registry.in_use(root).get(attribute)
    if asked == model:
        return f"{model} is asked for the {attribute}"
    if any(line["model"] == model for line in told):
        return f"{asked} stays: {model} was promoted before, and taken back or followed"
    try:
        ours = registry.find(root, model)
        if asked is not None and ours.config["kind"] == "head":
            theirs = registry.find(root, asked)
            if theirs.config["kind"] == "network":
                found = registry.compare(ours, theirs, attribute)
                if found["low"] <= 0:
                    return f"{asked} stays: the head is not better beyond its interval ({found['difference']:+.3f})"
        registry.promote(root, name, version, attributes=[attribute], by=by)
    except registry.RegistryError as error:
        return f"not promoted: {error}"
    return f"{model} is promoted for the {attribute}"
