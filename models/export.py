"""Networks as files for engines: ONNX of a model folder, and what torch says of a few made pictures.

What belongs here: what is kept beside a model folder, in `.engines`, so that no engine needs torch again. Files
are named by the network, its weights and its input; a model's own folder is never written into.
"""

import hashlib
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.folders import to_json
from storage.errors import MendableError
from storage.files import replacing, sha256_file, write_bytes

if TYPE_CHECKING:
    import torch

_VERSION = "1"
# Of all that a config says, what an export depends on.
_DEFINING = ("labels", "architecture", "fingerprint")


class ExportError(MendableError):
    """A model folder is not whole, cannot be brought into ONNX, or has no room beside it."""


def key_of(folder: Path, config: Mapping[str, Any]) -> str:
    """12 hex digits that change with the network, its weights, its input and this code.

    Raises ExportError when the folder does not hold all of that.
    """
    weights = folder / "weights.safetensors"
    try:
        facts = {name: config[name] for name in _DEFINING}
        facts |= {"weights": sha256_file(weights), "export": _VERSION}
    except KeyError as error:
        raise ExportError(f"The config of {folder} does not say its {error.args[0]}.") from error
    except OSError as error:
        raise ExportError(f"{weights} cannot be read: {error.strerror or error}.") from error
    return hashlib.sha256(to_json(facts)).hexdigest()[:12]


def whole_network(folder: Path) -> "torch.nn.Module":
    """The folder's network with normalisation inside: uint8 n × s × s × 3 to a tuple of logits.

    One float32 n × labels for each attribute, attributes sorted. Raises NetworkError and WeightsError, from
    models.networks, when weights and config do not fit.
    """
    import torch

    from models.networks import Network, of_folder

    class Whole(torch.nn.Module):
        mean: torch.Tensor
        std: torch.Tensor

        def __init__(self, network: Network):
            super().__init__()
            self.network = network
            seen = network.fingerprint
            self.register_buffer("mean", torch.tensor(seen.mean).view(1, 3, 1, 1))
            self.register_buffer("std", torch.tensor(seen.std).view(1, 3, 1, 1))

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
            scaled = (images.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std
            said = self.network(scaled)
            return tuple(said[name] for name in sorted(said))

    return Whole(of_folder(folder)).eval()


def onnx_file(folder: Path, key: str, size: int) -> Path:
    """The network as ONNX, any number of pictures at once; made now unless it is there."""
    file = _beside(folder, f"{key}.onnx")
    if file.exists():
        return file
    import torch

    network = whole_network(folder)
    example = torch.from_numpy(made_pictures(size))
    try:
        with replacing(file) as part, torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's remarks on its own code
            torch.onnx.export(
                network,
                (example,),
                part,
                dynamo=True,
                external_data=False,
                input_names=["images"],
                dynamic_shapes={"images": {0: torch.export.Dim("pictures", min=1)}},
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise ExportError(
            f"{folder} cannot be exported: {str(error).splitlines()[0]} Use the engine torch."
        ) from error
    except OSError as error:
        raise ExportError(_unwritable(file, error)) from error
    return file


def expected(folder: Path, key: str, size: int) -> list[np.ndarray]:
    """Probabilities of `made_pictures` by torch in fp32 on the CPU, 4 × labels for each attribute, sorted."""
    file = _beside(folder, f"{key}.npz")
    if not file.exists():
        import torch

        network = whole_network(folder)
        with torch.inference_mode():
            said = network(torch.from_numpy(made_pictures(size)))
        kept = io.BytesIO()
        np.savez(kept, *(softmax(logits.numpy()) for logits in said))
        try:
            write_bytes(file, kept.getvalue())
        except OSError as error:
            raise ExportError(_unwritable(file, error)) from error
    with np.load(file) as told:
        return [told[name] for name in told.files]


def made_pictures(size: int) -> np.ndarray:
    """Four made pictures, uint8 4 × size × size × 3: slopes, patches, stripes and noise, in colour."""
    random = np.random.default_rng(0)
    down, across = np.mgrid[0:size, 0:size] / size
    slopes = np.stack([across, down, 1 - across], axis=-1)
    tile = np.ones((size // 8 + 1, size // 8 + 1, 1))
    patches = np.kron(random.random((8, 8, 3)), tile)[:size, :size]
    stripes = 0.5 + 0.5 * np.sin(40 * across + 9 * down)[..., None] * np.array([1, 0.6, 0.2])
    noise = random.random((size, size, 3))
    return (255 * np.stack([slopes, patches, stripes, noise])).astype(np.uint8)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows of logits as probabilities, float64."""
    from scipy.special import softmax as of_rows

    return of_rows(logits.astype(np.float64), axis=1)


def _beside(folder: Path, name: str) -> Path:
    return folder.absolute().parent / ".engines" / name


def _unwritable(file: Path, error: OSError) -> str:
    return (
        f"{file} cannot be written: {error.strerror or error}. Engines keep their files beside a model's folder: "
        "copy it to where you may write."
    )
