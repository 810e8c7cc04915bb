"""What is trained, and how: a network's architecture and a trainer's recipe, as plain values.

What belongs here: the two dataclasses, reading them from YAML, and nothing of torch, so that assets, the
command line and a model's folder can speak of a network without making one. The recipes that come with
artlake are `models/recipes/*.yaml`, one file a model.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from storage.errors import MendableError

RECIPES = Path(__file__).parent / "recipes"


class RecipeError(MendableError):
    """A recipe says something that cannot be; the message names the file and the field."""


@dataclass(frozen=True)
class Architecture:
    """A network, without its labels.

    backbone: `auto`, `small` (our own small CNN) or any timm name. weights: as `models.weights.load` takes
    them. sequence: what reads the feature map, flattened row by row, `none` for no recurrence; hidden: its
    units in one direction. pooling: `mean` over places, or learned `attention`. dropout: before the heads.
    """

    backbone: str = "auto"
    weights: str = "auto"
    sequence: Literal["none", "gru", "lstm"] = "none"
    hidden: int = 256
    bidirectional: bool = True
    pooling: Literal["mean", "attention"] = "mean"
    dropout: float = 0.2


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    epochs: at most; head_epochs: the first of them, in which the backbone stays as it is; all of them when
    `frozen`. frozen_stages: stages of the backbone, from the input on, that are never taught: on a CPU the first
    ones are most of a step, and lines and colours are learned already. batch_size: pictures a step over all
    processes; accumulation: parts a step is divided into. learning_rate: of the heads at its highest; layer_decay: factor from a layer to the one before it.
    warm_up: share of the steps. ema: decay of the weights' moving average, 0 for none. patience: epochs
    without a better validation figure. logit_adjustment: the tau of Menon et al. 2021 (arXiv 2007.07314),
    0 for none. image_size: pixels of the square input. folds: networks taught besides for out-of-fold
    predictions of train and validation, 0 for none. refit: where there are folds, the network that is kept is
    taught anew by train and validation together, for as many epochs as validation chose; without folds nothing
    would be left to choose temperature and threshold by, and the one taught by train alone is kept. precision:
    `auto` is bf16 where the device is made for it. seed: of the order of pictures, augmentation, dropout, and
    of all weights that are no backbone's.
    """

    epochs: int = 13
    head_epochs: int = 1
    frozen: bool = False
    frozen_stages: int = 0
    batch_size: int = 32
    accumulation: int = 1
    learning_rate: float = 1e-3
    layer_decay: float = 0.8
    weight_decay: float = 0.05
    warm_up: float = 0.1
    label_smoothing: float = 0.1
    ema: float = 0.99
    logit_adjustment: float = 0.0
    augmentation: Literal["none", "mild"] = "mild"
    image_size: int = 224
    patience: int = 5
    folds: int = 0
    refit: bool = False
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    compile: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """One model to train: its name, the attributes it tells, the split it is judged on."""

    name: str
    attributes: tuple[str, ...]
    scheme: str = "grouped"
    architecture: Architecture = field(default_factory=Architecture)
    recipe: Recipe = field(default_factory=Recipe)

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON and YAML keep them."""
        return {**asdict(self), "attributes": list(self.attributes)}


def read(path: Path) -> Plan:
    """The plan of a YAML file, named after it.

    Raises RecipeError for a field that is unknown, missing or of another kind.
    """
    import yaml

    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RecipeError(f"{path} cannot be read as a recipe: {error}") from error
    if not isinstance(said, Mapping):
        raise RecipeError(f"{path} holds no recipe: name, attributes, architecture, recipe.")
    return plan({"name": path.stem, **said}, str(path))


def plan(said: Mapping[str, Any], where: str) -> Plan:
    """The plan that `as_dict` wrote, or that a person did; `where` is named in errors."""
    fields = dict(said)
    attributes = fields.pop("attributes", None)
    if not isinstance(attributes, list) or not attributes:
        raise RecipeError(f"{where}: `attributes` names no attribute to learn.")
    parts = {
        "architecture": _made(Architecture, fields.pop("architecture", {}), where),
        "recipe": _made(Recipe, fields.pop("recipe", {}), where),
    }
    known = {one.name for one in dataclasses.fields(Plan)}
    if strange := sorted(set(fields) - known):
        raise RecipeError(f"{where}: there is no field {strange[0]!r}.")
    made = Plan(attributes=tuple(map(str, attributes)), **fields, **parts)
    _check(made.recipe, where)
    if made.recipe.frozen_stages and made.architecture.weights == "none":
        raise RecipeError(
            f"{where}: the first {made.recipe.frozen_stages} stages would stay random numbers, for weights is "
            "none. Set frozen_stages to 0."
        )
    return made


def _made(kind: type, said: Any, where: str) -> Any:
    if not isinstance(said, Mapping):
        raise RecipeError(f"{where}: {kind.__name__.lower()} is no list of fields.")
    hints = get_type_hints(kind)
    values = {}
    for name, value in said.items():
        if name not in hints:
            raise RecipeError(
                f"{where}: {kind.__name__.lower()} has no field {name!r}; it has {', '.join(hints)}."
            )
        values[name] = _value(hints[name], value, f"{where}: {name}")
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise RecipeError(f"{where} is one of {', '.join(get_args(hint))}, not {value!r}.")
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise RecipeError(f"{where} is {hint.__name__}, not {value!r}.")


def _check(recipe: Recipe, where: str) -> None:
    for name in ("epochs", "batch_size", "accumulation", "image_size", "patience"):
        if getattr(recipe, name) < 1:
            raise RecipeError(f"{where}: {name} is at least 1, not {getattr(recipe, name)}.")
    if recipe.frozen_stages < 0:
        raise RecipeError(f"{where}: frozen_stages is at least 0, not {recipe.frozen_stages}.")
    if recipe.folds == 1 or recipe.folds < 0:
        raise RecipeError(f"{where}: folds is 0, or 2 and more, not {recipe.folds}.")
    if not 0 <= recipe.ema < 1:
        raise RecipeError(f"{where}: ema is 0 or more and less than 1, not {recipe.ema}.")
