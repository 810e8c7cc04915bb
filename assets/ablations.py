"""Training stage: what each part of a network adds, by training it without; run when people ask for it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from assets.floors import NAME, floor
from assets.judging import network_facts, of_network
from assets.networks import PLANS, Changes, changed, training_set
from assets.runs import prune, taught
from assets.stage import Results, Work, spec, stage
from models.recipe import Plan
from storage import Lake
from storage.files import write_text

if TYPE_CHECKING:
    from models.ablations import Contender

ABLATIONS = "training/ablations"


class Ablations(Changes):
    """Which recipes are taken apart, and what all trainings do otherwise than them."""

    plans: list[str] = Field(default_factory=lambda: ["style"])


@stage(
    spec(
        ABLATIONS,
        [
            "training/examples",
            "training/splits",
            "images/derivatives",
            "embeddings/features",
            "catalog/artworks",
        ],
        "The backbone alone against CNN-RNN, and frozen against fine-tuned, on one split, with whatever it says.",
        code_version="1",
        kinds={"pytorch"},
    ).replace_attributes(automation_condition=None),
    pool="training",
)
def ablations(
    context: dg.AssetExecutionContext,
    config: Ablations,
    lake: dg.ResourceParam[Lake],
    pipes: dg.ResourceParam[dg.PipesSubprocessClient],
) -> Results:
    """Train each variant, or take it from its finished run folder, and set them side by side."""
    from models.ablations import table

    rows = []
    for name in config.plans:
        plan = changed(PLANS[name], config)
        for attribute in plan.attributes:
            rows += table(list(_contenders(context, lake, pipes, plan, attribute)))
    file = lake.file(f"{ABLATIONS}.json")
    write_text(file, json.dumps(rows, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
    told = {f"{row['name']}: {row['attribute']} accuracy": row["accuracy"]["value"] for row in rows}
    yield Work(lake).file(ABLATIONS, file, metadata=told)


def variants(plan: Plan) -> dict[str, Plan]:
    """Name → the plan with that part of it; the plan's own recipe stays as it is otherwise.

    Each has a name of its own, and with it run folders of its own, but the one that is the plan itself.
    """
    alone = replace(plan.architecture, sequence="none", pooling="mean")
    rnn = plan.architecture
    if rnn.sequence == "none":
        rnn = replace(rnn, sequence="gru", pooling="attention")
    still, tuned = (replace(plan.recipe, frozen=frozen) for frozen in (True, False))
    parts = {
        "CNN-RNN, frozen backbone": replace(plan, architecture=rnn, recipe=still),
        "backbone alone, fine-tuned": replace(plan, architecture=alone, recipe=tuned),
        "attention alone, fine-tuned": replace(
            plan, architecture=replace(alone, pooling="attention"), recipe=tuned
        ),
        "CNN-RNN, fine-tuned": replace(plan, architecture=rnn, recipe=tuned),
    }
    return {
        name: part if part == plan else replace(part, name=f"{plan.name}_{_slug(name)}")
        for name, part in parts.items()
    }


def _slug(name: str) -> str:
    return "_".join(re.findall("[a-z]+", name.lower()))


def _contenders(
    context: dg.AssetExecutionContext,
    lake: Lake,
    pipes: dg.PipesSubprocessClient,
    plan: Plan,
    attribute: str,
) -> "Iterator[Contender]":
    """The frozen backbone with a linear head, which the others are compared with, then the variants."""
    from models import outputs
    from models.ablations import Contender

    table = training_set(lake, plan)
    beside = {name: floor(lake, name, plan.scheme) for name in plan.attributes}
    floors = {name: (NAME, one.outputs) for name, one in beside.items()}
    networks = []
    for name, variant in variants(plan).items():
        result = taught(context, pipes, lake, variant, table)
        said = network_facts(result)
        whole = outputs.read(result / "outputs.parquet")
        summary = of_network(lake, variant, result, floors)[attribute]
        prune(result.parent)
        networks.append(
            Contender(
                name,
                said["architecture"],
                variant.recipe.frozen,
                summary,
                whole,
                said["parameters"],
            )
        )
    alone = next(one for one in networks if one.architecture["sequence"] == "none")
    yield Contender(
        "frozen features, linear head",
        {**alone.architecture, "pooling": "mean"},
        True,
        beside[attribute].summary,
        beside[attribute].outputs,
        alone.parameters,  # the same layers, but that the backbone was not taught
    )
    yield from networks
