"""When each layer learns how fast: parameter groups, warm-up, cosine, head first."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from models.recipe import Recipe


def groups(layers: Sequence[Sequence[torch.nn.Parameter]], recipe: Recipe, steps: int) -> list[Any]:
    """AdamW's parameter groups; the last layer is the heads', and begins at once.

    `peak` is a group's highest learning rate: the recipe's for the heads, `layer_decay` times that of the
    layer behind it for every other. `first`: the step at which it begins; steps: of an epoch. Norms and
    biases, which have one dimension, are not decayed.
    """
    found = []
    for distance, layer in enumerate(reversed(layers)):
        for decays in (True, False):
            parameters = [one for one in layer if (one.ndim > 1) == decays]
            if parameters:
                found.append(
                    {
                        "params": parameters,
                        "lr": 0.0,
                        "weight_decay": recipe.weight_decay if decays else 0.0,
                        "peak": recipe.learning_rate * recipe.layer_decay**distance,
                        "first": recipe.head_epochs * steps if distance else 0,
                    }
                )
    return found


def factor(step: int, first: int, steps: int, warm_up: float) -> float:
    """The share of its peak at which a group that begins at `first` learns in `step` of `steps`, from 0.

    Linear over the share `warm_up` of its own steps, then half a cosine that would reach 0 at `steps`.
    """
    if step < first:
        return 0.0
    own, done = steps - first, step - first
    rising = round(warm_up * own)
    if done < rising:
        return (done + 1) / rising
    return (1 + math.cos(math.pi * (done - rising) / (own - rising))) / 2


def set_rates(optimizer: torch.optim.Optimizer, step: int, steps: int, warm_up: float) -> float:
    """Set every group's learning rate for `step` and return that of the heads."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor(step, group["first"], steps, warm_up)
    return float(optimizer.param_groups[0]["lr"])
