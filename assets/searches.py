"""Training stage: the search for a better recipe, an asset a recipe, run in a child process when people ask for it."""

import shutil

import dagster as dg
from pydantic import Field

from assets.networks import PLANS, Changes, changed, training_set
from assets.runs import in_child
from assets.stage import Results, Work, spec, stage
from models.recipe import RECIPES
from storage import Lake
from storage.files import replacing


class Search(Changes):
    """What one search does: how many recipes it tries in all, and what it does otherwise than the recipe."""

    trials: int = Field(20, ge=2)


def search_key(name: str) -> str:
    """The key of the search for a plan's recipe."""
    return f"training/{name}_search"


def _search(name: str) -> dg.AssetsDefinition:
    key = search_key(name)
    declared = spec(
        key,
        ["training/examples", "training/splits", "images/derivatives"],
        f"The best recipe of a search around models/recipes/{name}.yaml, to train by; the test side is never looked at.",
        code_version="1",
        kinds={"yaml"},
    )

    @stage(declared.replace_attributes(automation_condition=None), pool="training")
    def search(
        context: dg.AssetExecutionContext,
        config: Search,
        lake: dg.ResourceParam[Lake],
        pipes: dg.ResourceParam[dg.PipesSubprocessClient],
    ) -> Results:
        plan = changed(PLANS[name], config)
        table = training_set(lake, plan)
        found = in_child(context, pipes, lake, plan, table, trials=config.trials)
        file = lake.file(f"{key}.yaml")
        with replacing(file) as part:
            shutil.copyfile(found["result"], part)
        metadata = {
            "accuracy and macro-F1 on validation, mean": found["figure"],
            "recipe": dg.MetadataValue.json(found["recipe"]),
            "architecture": dg.MetadataValue.json(found["architecture"]),
            "beside": dg.MetadataValue.path(RECIPES / f"{name}.yaml"),
        }
        yield Work(lake).file(key, file, metadata=metadata)

    return search


searches = [_search(name) for name in PLANS]
