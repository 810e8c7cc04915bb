"""Backbones as they are built: the part that makes a feature map, whatever the family.

What belongs here: what timm's families (and our small CNN) do differently, so that `models.networks` sees one
kind of backbone: the layout of the map, which modules take part in making it, where one stage ends, and where
a file of tensors is another network's.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from storage.errors import MendableError

if TYPE_CHECKING:
    import torch
    from torch import nn


class NetworkError(MendableError):
    """A network cannot be built or filled as it was asked for; the message says where it differs."""


def feature_map(backbone: "nn.Module", images: "torch.Tensor") -> "torch.Tensor":
    """Float images n×3×s×s to the backbone's last feature map, n×channels×height×width.

    A transformer's patch tokens are laid out as the square that they came from; its class token is left out.
    Raises NetworkError where what comes is no square of places.
    """
    backbone_: Any = backbone
    maps: torch.Tensor = backbone_.forward_features(images)
    if maps.ndim == 4:
        return maps.permute(0, 3, 1, 2) if _channels_last(backbone) else maps
    if maps.ndim == 3:
        tokens = maps[:, getattr(backbone, "num_prefix_tokens", 0) :]
        side = math.isqrt(tokens.shape[1])
        if side**2 == tokens.shape[1]:
            return tokens.transpose(1, 2).unflatten(2, (side, side))
    raise NetworkError(
        f"{type(backbone).__name__} gives features of shape {tuple(maps.shape)}, not a map of places; "
        "choose a CNN, or a transformer of square patches."
    )


def trunk(backbone: "nn.Module", image_size: int) -> tuple["nn.Module", tuple[int, int, int]]:
    """The backbone without what its feature map does not need, and the map's channels, height and width.

    Classifiers and whatever else comes after the map (VGG's hidden layers, ConvNeXt's last norm) are replaced
    in place by `nn.Identity`: parameters that get no gradient would stop training on several processes. Which
    they are is seen in one forward pass, whatever the caller wants of gradients. (torch's meta device would save the pass, but took 5.8 s of CPU time to
    import before the first.) The backbone is expected in evaluation mode.

    Raises NetworkError when the backbone takes no pictures of that size.
    """
    import torch
    from torch import nn

    called: set[nn.Module] = set()
    hooks = [
        part.register_forward_pre_hook(lambda module, _: called.add(module))
        for part in backbone.modules()
    ]
    try:
        with torch.inference_mode(False), torch.no_grad():
            maps = feature_map(backbone, torch.zeros(1, 3, image_size, image_size))
    except NetworkError:
        raise
    except (RuntimeError, AssertionError, ValueError, IndexError) as error:
        raise NetworkError(
            f"{type(backbone).__name__} takes no pictures of {image_size} px: {error}. "
            "Choose another image_size or backbone."
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    for name, part in list(backbone.named_children()):
        if any(True for _ in part.parameters()) and called.isdisjoint(part.modules()):
            setattr(backbone, name, nn.Identity())
    _, channels, height, width = maps.shape
    return backbone, (channels, height, width)


def stages(backbone: "nn.Module") -> list[list["nn.Parameter"]]:
    """Its parameters from input to output: the stem with what halves the picture first, stage by stage.

    Stages end where timm's `feature_info` says that a family's do, so that VGG's thirteen convolutions are
    five stages as ResNet's fifty are. A backbone that does not say is one stage.
    """
    names = [name for name, _ in backbone.named_modules()]
    place = {name: number for number, name in enumerate(names)}
    last = [one["module"] for one in getattr(backbone, "feature_info", [])]
    ends = [
        max(place[name] for name in names if name == end or name.startswith(f"{end}."))
        for end in last
    ]
    groups: list[list[nn.Parameter]] = [[] for _ in range(len(ends) + 1)]
    for name, parameter in backbone.named_parameters():
        groups[bisect_left(ends, place[name.rpartition(".")[0]])].append(parameter)
    return [group for group in groups if group]


def mismatch(wanted: Mapping[str, Any], found: Any) -> str | None:
    """Where two states differ in names or shapes, the first three places in words; None where they agree."""
    if not isinstance(found, Mapping):
        return f"it is a {type(found).__name__}, not tensors by name"
    differences = []
    for name in [*wanted, *sorted(set(found) - set(wanted), key=str)]:
        shapes = [_shape(state[name]) if name in state else None for state in (wanted, found)]
        if shapes[0] is None:
            differences.append(f"{name} is not one of its tensors")
        elif shapes[1] is None:
            differences.append(f"{name} is missing")
        elif shapes[0] != shapes[1]:
            differences.append(f"{name} is {shapes[1]}, wanted {shapes[0]}")
    more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
    return "; ".join(differences[:3]) + more if differences else None


def _shape(value: Any) -> str:
    return "×".join(map(str, value.shape)) or "a number" if hasattr(value, "shape") else "no tensor"


def _channels_last(backbone: "nn.Module") -> bool:
    return getattr(backbone, "output_fmt", "NCHW") == "NHWC"
