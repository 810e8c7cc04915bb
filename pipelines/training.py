"""`artlake train` and `ablate` behind their command lines: changes of a recipe, and jobs run in this process."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from models import recipe
from models.recipe import Architecture, Plan, Recipe, RecipeError
from pipelines.run import Runner, end_killed
from pipelines.settings import Settings, prepare_home
from storage import Lake
from storage.errors import MendableError

_BY = "artlake train"


class TrainingFailedError(MendableError):
    """A job of trainings failed; the message is the failure's own sentence."""


def changes_of(plan: Plan, file: Path | None, settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The fields of architecture and recipe that differ from the plan's own, checked.

    file: a YAML of another plan for the same attributes; settings: `name=value`, which win over it.
    Raises RecipeError naming what does not fit.
    """
    said, wanted = plan.as_dict(), settings_of(settings)
    if file is not None:
        other = recipe.read(file)
        if (other.attributes, other.scheme) != (plan.attributes, plan.scheme):
            raise RecipeError(
                f"{file} teaches {', '.join(other.attributes)} ({other.scheme}), {plan.name} teaches "
                f"{', '.join(plan.attributes)} ({plan.scheme}). Make it a recipe of its own: models/recipes/NAME.yaml"
            )
        said = other.as_dict()
    asked = {part: {**said[part], **wanted[part]} for part in _PARTS}
    made = recipe.plan({**said, **asked, "name": plan.name}, "what was asked for").as_dict()
    own = plan.as_dict()
    return {
        part: {name: value for name, value in made[part].items() if value != own[part][name]}
        for part in _PARTS
    }


def settings_of(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The fields of architecture and recipe that `name=value` texts set. Raises RecipeError for another field."""
    home = {one.name: part for part, kind in _PARTS.items() for one in fields(kind)}
    said: dict[str, dict[str, Any]] = {part: {} for part in _PARTS}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in home:
            raise RecipeError(f"--set {setting}: write NAME=VALUE with one of {', '.join(home)}.")
        said[home[name]][name] = yaml.safe_load(text)
    return said


_PARTS: dict[str, type] = {"architecture": Architecture, "recipe": Recipe}


def run(settings: Settings, job: str, key: str, config: Mapping[str, Any]) -> None:
    """Run a job of trainings in this process; key: its asset that `config` is for.

    Raises TrainingFailedError with the failure's sentence, BusyError when another training works on the lake,
    KeyboardInterrupt when it was stopped.
    """
    lake = Lake.open(settings.lake)
    prepare_home(settings)
    with lake.lock("train", f"artlake {job} on {lake.root}"), dg.DagsterInstance.get() as instance:
        end_killed(instance, _BY)
        runner = Runner(instance, lake.root, _BY)
        step = key.replace("/", "__")
        failure = runner.execute(job, config={"ops": {step: {"config": dict(config)}}})
    if failure is not None:
        raise TrainingFailedError(failure)
