"""A small convolutional network of our own, for pictures of 32–256 px: `backbone: small`.

What belongs here: the network alone. It has 0.3 million parameters and no weights that come with it, so it
is taught from nothing; it speaks as timm's networks do, so that `models.backbones` treats both alike.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import nn

_WIDTHS = (16, 32, 64, 128)


class SmallCnn(nn.Module):
    """A stem and three residual stages, each halving height and width: 64 px give a map of 128 × 4 × 4."""

    num_features = _WIDTHS[-1]
    pretrained_cfg: dict[str, Any] = {  # noqa: RUF012 - timm's name, and timm's kind of value
        "input_size": (3, 64, 64),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
    }

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_convolution(3, _WIDTHS[0], stride=2), nn.ReLU())
        pairs = pairwise(_WIDTHS)
        self.stages = nn.Sequential(*(_Stage(narrow, wide) for narrow, wide in pairs))
        names = ["stem", *(f"stages.{number}" for number in range(len(self.stages)))]
        self.feature_info = [{"module": name} for name in names]

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        """Float images n×3×s×s to a feature map n×128×s/16×s/16 (rounded up)."""
        return self.stages(self.stem(images))

    def forward_head(self, maps: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """The map's mean, n×128; there is no classifier behind it, whatever `pre_logits` says."""
        return maps.mean(dim=(2, 3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The pooled features, n×128."""
        return self.forward_head(self.forward_features(images))


class _Stage(nn.Module):
    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.down = _convolution(narrow, wide, stride=2)
        self.same = _convolution(wide, wide, stride=1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        smaller = torch.relu(self.down(maps))
        return torch.relu(smaller + self.same(smaller))


def _convolution(narrow: int, wide: int, stride: int) -> nn.Sequential:
    layers = nn.Conv2d(narrow, wide, 3, stride, padding=1, bias=False), nn.BatchNorm2d(wide)
    return nn.Sequential(*layers)
