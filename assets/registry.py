"""Registry stage: heads and networks are registered here, and the model that is asked for an attribute chosen.

Registering keeps a model with all that is known of it; choosing is by models.promotion alone. What people
promote or roll back is observed, and wins: a model that they took back is not promoted again by itself.
"""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

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
_BY_TRAINING = "train_"


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
            code_version="2",
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


def by_training(plan: str) -> str:
    """The name that a promotion bears when a training of the plan made it by itself."""
    return f"{_BY_TRAINING}{plan}"


def promote_by_itself(root: Path, model: str, attribute: str, *, by: str) -> str:
    """Promote a model just made for an attribute where that is right; return what was done and why.

    Right is what `models.promotion.gate_by_itself` lets pass, unless it was people who last replaced this
    very model or rolled it back. One that was replaced by itself may come again: data that are as they were
    before a correction make the model that was there before it.
    """
    from models import registry
    from models.promotion import gate_by_itself

    asked = registry.in_use(root).get(attribute)
    if asked == model:
        return f"{model} is asked for the {attribute}"
    if person := _taken_back(registry.history(root), model, attribute):
        return f"{asked} stays: {person} replaced {model} or rolled it back"
    name, _, version = model.partition("@")
    try:
        registry.promote(root, name, version, attributes=[attribute], by=by, allowed=gate_by_itself)
    except registry.RegistryError as error:
        return f"{asked} stays: {error}"
    return f"{model} is promoted for the {attribute}"


def _taken_back(history: list[dict[str, Any]], model: str, attribute: str) -> str | None:
    """Who, of people, last decided against the model; None when no person did, or one asked for it since."""
    person = None
    for line in history:
        if line.get("attribute") != attribute or line["by"] == BY_ITSELF:
            continue
        if line["by"].startswith(_BY_TRAINING):
            continue
        if line["from"] == model:
            person = str(line["by"])
        elif line["model"] == model:
            person = None
    return person
