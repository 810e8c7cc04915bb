"""Training stage: networks, one asset a recipe, taught in a child process that a run may stop and go on with.

They train for minutes to hours, so nothing starts them but people: job `train_<name>`, from the UI or
`artlake train <name>`. What comes out is judged, registered, and asked from then on where it is as good.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from assets.floors import NAME, floor
from assets.judging import data_facts, network_facts, of_network, weights_facts
from assets.registry import by_training, promote_by_itself
from assets.runs import prune, taught
from assets.stage import Results, Work, picture, spec, stage
from models import recipe
from models.folders import REGISTRY
from models.recipe import Plan
from storage import Lake
from storage.files import write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

PLANS = {plan.name: plan for plan in map(recipe.read, sorted(recipe.RECIPES.glob("*.yaml")))}


class Changes(dg.Config):
    """What one run does otherwise than the recipe: fields of its architecture and of its recipe."""

    architecture: dict[str, Any] = Field(default_factory=dict)
    recipe: dict[str, Any] = Field(default_factory=dict)


def network_keys(name: str) -> list[str]:
    """The keys that training a plan makes: the network and its evaluation."""
    return [f"training/{name}_network", f"training/{name}_network_evaluation"]


def changed(plan: Plan, changes: Changes) -> Plan:
    """The plan with those fields changed. Raises RecipeError for one that cannot be."""
    said = plan.as_dict()
    for part in ("architecture", "recipe"):
        said[part] = {**said[part], **getattr(changes, part)}
    return recipe.plan(said, plan.name)


def training_set(lake: Lake, plan: Plan) -> "pa.Table":
    """The pictures that teach and test the plan's attributes.

    Raises dg.Failure where an attribute has none.
    """
    from models.sets import training_set as collect

    examples, splits = lake.read("training/examples"), lake.read("training/splits")
    there = set(examples["attribute"].to_pylist())
    for attribute in plan.attributes:
        if attribute not in there:
            raise dg.Failure(
                f"No {attribute} has enough pictures to learn from, so {plan.name} cannot be trained. "
                "training/examples says what was found; take in more works."
            )
    derivatives = lake.read("images/derivatives")
    return collect(examples, splits, derivatives, plan.attributes, plan.scheme)


def _network(name: str) -> dg.AssetsDefinition:
    key, judged = network_keys(name)
    told = " and ".join(PLANS[name].attributes)
    version = hashlib.sha256(json.dumps(PLANS[name].as_dict()).encode()).hexdigest()[:12]
    inputs = [
        "training/examples",
        "training/splits",
        "images/derivatives",
        "embeddings/features",
        "catalog/artworks",
    ]
    declared = [
        spec(
            key,
            inputs,
            f"A network that tells the {told}, by models/recipes/{name}.yaml; trained when people ask for it.",
            code_version=f"1-{version}",
            kinds={"pytorch"},
        ),
        spec(
            judged,
            inputs,
            f"How good the {name} network is on pictures it has not seen.",
            code_version="1",
            kinds={"python"},
        ),
    ]

    @stage(
        *(one.replace_attributes(automation_condition=None) for one in declared), pool="training"
    )
    def network(
        context: dg.AssetExecutionContext,
        config: Changes,
        lake: dg.ResourceParam[Lake],
        pipes: dg.ResourceParam[dg.PipesSubprocessClient],
    ) -> Results:
        from models import plots

        plan = changed(PLANS[name], config)
        work, table = Work(lake), training_set(lake, plan)
        result = taught(context, pipes, lake, plan, table)
        beside = {name: (NAME, floor(lake, name, plan.scheme).outputs) for name in plan.attributes}
        metrics = of_network(lake, plan, result, beside)
        folder, outcome = registered(context, lake, plan, table, result, metrics)
        prune(result.parent)
        yield work.file(
            key,
            folder,
            version=outcome["registered"],
            metadata={
                "run": dg.MetadataValue.path(result.parent),
                "training curve": picture(plots.training_curve(metrics[plan.attributes[0]])),
                **outcome,
            },
        )
        page = lake.file(f"{judged}.json")
        write_bytes(page, (folder / "metrics.json").read_bytes())
        figures = {
            f"{attribute} {figure}": summary[figure]["value"]
            for attribute, summary in metrics.items()
            for figure in ("accuracy", "macro_f1")
        }
        drawn = {
            f"{attribute} confusion matrix": picture(plots.confusion_matrix(summary))
            for attribute, summary in metrics.items()
        }
        yield work.file(judged, page, metadata={**figures, **drawn})

    return network


networks = [_network(name) for name in PLANS]


def registered(
    context: dg.AssetExecutionContext,
    lake: Lake,
    plan: Plan,
    table: "pa.Table",
    result: Path,
    metrics: dict[str, Any],
) -> tuple[Path, dict[str, str]]:
    """Register the result, and promote it where it is as good: its folder, and what was said of each attribute."""
    from models import outputs, registry
    from models.engines import TOLERANCE

    said = network_facts(result)
    config = {
        "name": plan.name,
        "kind": "network",
        "attributes": list(plan.attributes),
        "scheme": plan.scheme,
        **{name: said[name] for name in ("labels", "architecture", "recipe", "image_size")},
        "fingerprint": said["fingerprint"],
        "temperature": {
            name: summary["calibration"]["temperature"] for name, summary in metrics.items()
        },
        "threshold": {name: summary["routing"]["threshold"] for name, summary in metrics.items()},
        "data": data_facts(table, lake.read("catalog/artworks")),
        "weights": weights_facts(said["fingerprint"]),
        "engine_tolerance": TOLERANCE,
    }
    folder = registry.register(
        lake.file(REGISTRY),
        config,
        metrics,
        outputs.read(result / "outputs.parquet"),
        outputs.read(result / "held_out.parquet"),
        result / "weights.safetensors",
    )
    outcome = {"registered": registry.Version(folder).id}
    for attribute in plan.attributes:
        done = promote_by_itself(
            lake.file(REGISTRY), outcome["registered"], attribute, by=by_training(plan.name)
        )
        outcome[f"promotion for {attribute}"] = done
        context.log.info(done)
    return folder, outcome
