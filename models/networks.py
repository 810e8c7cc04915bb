"""Networks that are trained: a backbone's feature map, read as a sequence or pooled, and a head an attribute.

What belongs here: the module itself, its loss, and making it anew from a model's folder. torch is imported at
the top, for this module defines networks; nothing may import it at its own top.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.backbones import NetworkError, feature_map, mismatch, stages, trunk
from models.recipe import Architecture
from models.weights import Fingerprint, load, read_state

_CONFIGS = ("config.json", "network.json")  # the registry's, and the trainer's


class Network(nn.Module):
    """One picture in, one row of logits for each attribute out.

    labels: attribute → labels, in the order of its logits. fingerprint: of the backbone as it was before any
    training, at this network's image_size. Made by `build` and `of_folder`, in evaluation mode.
    """

    def __init__(
        self,
        backbone: nn.Module,
        fingerprint: Fingerprint,
        architecture: Architecture,
        labels: Mapping[str, tuple[str, ...]],
    ) -> None:
        super().__init__()
        self.backbone, (channels, *_) = trunk(backbone, fingerprint.input_size)
        self.fingerprint = fingerprint
        self.architecture = architecture
        self.labels = {attribute: tuple(labels[attribute]) for attribute in sorted(labels)}
        self.image_size = fingerprint.input_size
        self.maps = nn.Identity()  # where an explanation looks in
        self.sequence: nn.RNNBase | None = None
        if architecture.sequence != "none":
            kind = nn.GRU if architecture.sequence == "gru" else nn.LSTM
            self.sequence = kind(
                channels,
                architecture.hidden,
                batch_first=True,
                bidirectional=architecture.bidirectional,
            )
            channels = architecture.hidden * (2 if architecture.bidirectional else 1)
        self.places = _Attention(channels) if architecture.pooling == "attention" else None
        self.dropout = nn.Dropout(architecture.dropout)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(channels, len(of)) for name, of in self.labels.items()}
        )
        self.frozen = False

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Normalised float images n×3×s×s to logits, n×labels for each attribute."""
        pooled = self.dropout(self.features(images))
        return {attribute: head(pooled) for attribute, head in self.heads.items()}

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What the heads see, n×d: places pooled by mean, or by attention."""
        places, _ = self._read(images)
        if self.places is None:
            return places.mean(dim=1)
        return torch.einsum("npd,np->nd", places, self.places(places).to(places.dtype))

    def attention(self, images: torch.Tensor) -> torch.Tensor:
        """How much each place counts, n×height×width of the feature map, a picture's summing to 1.

        Raises ValueError for a network that pools by mean.
        """
        if self.places is None:
            raise ValueError("This network pools by mean and has no attention.")
        places, size = self._read(images)
        return self.places(places).unflatten(1, size)

    def _read(self, images: torch.Tensor) -> tuple[torch.Tensor, tuple[int, int]]:
        """The places of the map, row by row, n×places×d, and the map's height and width."""
        maps = self.maps(feature_map(self.backbone, images))
        places = maps.flatten(2).transpose(1, 2)
        if self.sequence is not None:
            places, _ = self.sequence(places)
        return places, (maps.shape[2], maps.shape[3])

    def freeze(self, frozen: bool = True, first: int = 0) -> "Network":
        """Leave the backbone as it is, its batch norms' statistics too, or let it learn again.

        first: how many of its stages, from the input on, stay as they are when the others learn.
        Raises NetworkError for more than it has.
        """
        found = stages(self.backbone)
        if first > len(found):
            raise NetworkError(
                f"frozen_stages is {first}, but {self.architecture.backbone} has {len(found)} stages."
            )
        self.frozen = frozen
        self.backbone.requires_grad_(not frozen)
        for stage in found[:first]:
            for parameter in stage:
                parameter.requires_grad_(False)
        return self.train(self.training)

    def train(self, mode: bool = True) -> "Network":
        """Training mode, or not; what is frozen of the backbone stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        for part in self.backbone.modules():
            own = list(part.parameters(recurse=False))
            if own and not any(one.requires_grad for one in own):
                part.eval()
        return self

    def layers(self) -> list[list[nn.Parameter]]:
        """The parameters from the input to the heads, for layer-wise decay: the stages, then all that is ours."""
        ours = [one for name, one in self.named_parameters() if not name.startswith("backbone.")]
        return [*stages(self.backbone), ours]


class _Attention(nn.Module):
    """Additive attention over a sequence with one learned query (Bahdanau et al. 2015, arXiv 1409.0473;
    Yang et al. 2016): n×places×d to weights n×places, float32, that sum to 1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.keys = nn.Linear(width, width // 2)
        self.query = nn.Linear(width // 2, 1, bias=False)

    def forward(self, places: torch.Tensor) -> torch.Tensor:
        scores = self.query(torch.tanh(self.keys(places))).squeeze(2)
        return scores.float().softmax(dim=1)


def build(
    architecture: Architecture,
    labels: Mapping[str, tuple[str, ...]],
    image_size: int = 224,
    seed: int = 0,
) -> Network:
    """The network, its backbone with the weights asked for, all else random from `seed`.

    It can be taught wherever it is built, in a caller's inference mode too.
    Raises WeightsError when these weights are not to be had, NetworkError when an attribute has fewer than two
    labels, or the backbone takes no pictures of that size.
    """
    _check(labels)
    # Whatever mode the caller is in: what is made in inference mode could never be taught.
    with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        backbone, fingerprint = load(architecture.backbone, architecture.weights)
        torch.manual_seed(seed)
        return Network(
            backbone, replace(fingerprint, input_size=image_size), architecture, labels
        ).eval()


def of_folder(folder: Path) -> Network:
    """The network that a model's folder keeps: `config.json` (of a trainer's result `network.json`) and
    `weights.safetensors`, which must fit each other tensor by tensor.

    Raises NetworkError naming the folder or file and what is missing or does not fit, WeightsError for an
    unreadable file.
    """
    config = read_config(folder)
    try:
        architecture = Architecture(**config["architecture"])
        fingerprint = Fingerprint.from_dict(config["fingerprint"])
        labels = {name: tuple(of) for name, of in config["labels"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise NetworkError(f"{folder} does not say what network it keeps: {error!r}.") from error
    network = build(
        replace(architecture, backbone=fingerprint.architecture, weights="none"),
        labels,
        fingerprint.input_size,
    )
    network.architecture, network.fingerprint = architecture, fingerprint
    return fill(network, folder / "weights.safetensors")


def read_config(folder: Path) -> dict[str, Any]:
    """What a model's folder says of its network. Raises NetworkError when it says nothing readable."""
    for name in _CONFIGS:
        if (folder / name).is_file():
            try:
                config: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
            except ValueError as error:
                raise NetworkError(f"{folder / name} cannot be read: {error}.") from error
            return config
    raise NetworkError(
        f"{folder} is no model's folder: it has neither {' nor '.join(_CONFIGS)}. "
        "`artlake models` lists those that there are."
    )


def fill(network: Network, file: Path) -> Network:
    """Put the tensors of a network's own file (.safetensors, .pth or .pt) into it.

    Raises WeightsError for a file that cannot be read, NetworkError when one tensor does not fit; the network
    is then as it was.
    """
    state = read_state(file)
    if differs := mismatch(network.state_dict(), state):
        raise NetworkError(
            f"{file} is of another network than this {network.fingerprint.architecture} with sequence "
            f"{network.architecture.sequence} and {network.architecture.pooling} pooling: {differs}."
        )
    network.load_state_dict(state, strict=True)
    return network


@contextmanager
def evaluating(network: Network) -> Iterator[Network]:
    """The network in evaluation mode, and afterwards in the mode that it was in."""
    before = network.training
    try:
        yield network.eval()
    finally:
        network.train(before)


def loss(
    outputs: Mapping[str, torch.Tensor],
    targets: Mapping[str, torch.Tensor],
    *,
    label_smoothing: float = 0.0,
    log_priors: Mapping[str, torch.Tensor] | None = None,
    tau: float = 0.0,
) -> torch.Tensor:
    """Cross-entropy, a mean over the labelled pictures of each attribute, averaged over attributes.

    targets: int64 n for each attribute of `outputs`, −1 where a picture has no label; an attribute without any
    label in the batch adds 0. log_priors: logarithm of each label's share of the training set; `tau` times it
    is added to the logits (logit adjustment, Menon et al. 2021, arXiv 2007.07314).
    """
    total = torch.zeros((), device=next(iter(outputs.values())).device)
    for attribute, logits in outputs.items():
        target = targets[attribute]
        adjusted = logits.float()
        if log_priors is not None and tau:
            adjusted = adjusted + tau * log_priors[attribute].to(logits.device)
        summed = functional.cross_entropy(
            adjusted,
            target,
            ignore_index=-1,
            label_smoothing=label_smoothing,
            reduction="sum",
        )
        total = total + summed / (target >= 0).sum().clamp(min=1)
    return total / len(outputs)


def _check(labels: Mapping[str, tuple[str, ...]]) -> None:
    if not labels:
        raise NetworkError("A network needs an attribute to tell; none was named.")
    for attribute, of in labels.items():
        if len(of) < 2 or len(set(of)) < len(of):
            raise NetworkError(
                f"{attribute} has the labels {list(of)}: a network tells two labels or more, each once."
            )
