"""Pictures to feature vectors: the one way a picture enters a backbone.

What belongs here: reading a derivative, the backbone's input, pooled features, and looking vectors up
in a FEATURES table. Choices, each measured on 2,965 MET photographs (8 departments, duplicates
grouped, five folds of a linear head): squashing to a square 0.907 accuracy / 0.797 macro-F1, a centre
crop 0.888 / 0.772, grey bars 0.898 / 0.783, because layout reaches to the edges of a work.

One picture a forward pass, one thread a picture, in fp32: in larger batches, or with several threads
in one pass, fp32 bits change with the batch's size and the machine's cores, and the same picture must
give the same bytes. bf16 (autocast, channels_last, batches of 16) ran up to three times as fast, but
its vectors strayed to a cosine of 0.990 from fp32's; a tolerance of 0.999 rules it out here.
"""

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.weights import Fingerprint, FingerprintError, WeightsError, load, packaged_fingerprint
from storage.schemas import FEATURES

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

WIDTH: int = FEATURES.field("vector").type.list_size
_CODE_VERSION = "1"


class Backbone:
    """A network with its fingerprint, turning RGB pictures into pooled features, one at a time."""

    def __init__(self, backbone: str = "auto", weights: str = "auto"):
        self.network, self.fingerprint = load(backbone, weights)
        if self.network.num_features != WIDTH:
            raise WeightsError(
                f"{self.fingerprint.architecture} gives {self.network.num_features} features, the "
                f"lake's feature table holds {WIDTH}. Use a backbone of {WIDTH} features, such as "
                "tf_efficientnet_lite0, efficientnet_b0 or mobilenetv2_100."
            )

    def __call__(self, picture: "Image") -> np.ndarray:
        """The pooled features of one RGB picture: `WIDTH` float32 numbers."""
        import torch

        network: Any = self.network
        with torch.inference_mode():
            maps = network.forward_features(self._input(picture))
            return network.forward_head(maps, pre_logits=True)[0].numpy()

    def _input(self, picture: "Image") -> "torch.Tensor":
        import torch

        pixels = np.asarray(squashed(picture, self.fingerprint.input_size), dtype=np.float32)
        scaled = (pixels / 255 - self.fingerprint.mean) / self.fingerprint.std
        return torch.from_numpy(scaled.astype(np.float32)).permute(2, 0, 1)[None].contiguous()


class Embed:
    """The kernel for `storage.map_files(…, key="sha256", workers=0)`: derivatives to vectors.

    Batch in: `sha256`, and `path` of the JPEG derivative below `store_root`. Batch out: `sha256`,
    `vector` (1280 × float32, null where it failed), `model`, `error`. A derivative that is missing or
    does not decode is a row with its reason. The network is loaded at the first row that needs it.
    """

    def __init__(self, store_root: Path, backbone: str = "auto", weights: str = "auto"):
        self.store_root = store_root
        self.backbone = backbone
        self.weights = weights

    @property
    def version(self) -> str:
        """The memo's version: changes with the network, its weights, its input and this code."""
        return f"{_CODE_VERSION}-{self.fingerprint.id}"

    @property
    def fingerprint(self) -> Fingerprint:
        """What makes these vectors; known without loading torch for the packaged weights."""
        if (self.backbone, self.weights) == ("auto", "auto"):
            return packaged_fingerprint()
        return self._loaded.fingerprint

    @cached_property
    def _loaded(self) -> Backbone:
        return Backbone(self.backbone, self.weights)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_loaded"}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Embed one batch, a picture a thread."""
        network = self._loaded
        paths = batch["path"].to_pylist()
        with ThreadPoolExecutor(os.cpu_count() or 1, initializer=_one_torch_thread) as pool:
            results = list(pool.map(lambda path: self._row(network, path), paths))
        vectors = [vector for vector, _ in results]
        return pa.RecordBatch.from_arrays(
            [
                batch["sha256"],
                pa.array(vectors, FEATURES.field("vector").type),
                pa.array([network.fingerprint.id] * len(results), pa.string()),
                pa.array([error for _, error in results], pa.string()),
            ],
            names=["sha256", "vector", "model", "error"],
        )

    def _row(self, network: Backbone, path: str) -> tuple[np.ndarray | None, str | None]:
        try:
            picture = read_picture((self.store_root / path).read_bytes())
        except OSError as error:
            return None, f"derivative {path} cannot be read: {error.strerror or _first(error)}"
        return network(picture), None


def squashed(picture: "Image", size: int) -> "Image":
    """The RGB picture as a backbone sees it: size × size pixels."""
    from PIL.Image import Resampling

    return picture.resize((size, size), Resampling.BICUBIC)


def read_picture(data: bytes) -> "Image":
    """An encoded picture as RGB.

    Raises OSError when the bytes are no picture or break off.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB")
    except UnidentifiedImageError:
        # Pillow's own message holds a memory address, which differs from run to run.
        raise OSError("not a picture" if data else "the file is empty") from None
    except (SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise OSError(_first(error)) from error


def features_table(result: pa.Table) -> pa.Table:
    """The rows of `map_files(Embed(…))` that went well, as a FEATURES table."""
    good = result.filter(pc.is_null(result["error"]))
    return good.select(FEATURES.names).cast(FEATURES)


def matrix(features: pa.Table, sha256s: Sequence[str]) -> np.ndarray:
    """Feature vectors of those pictures, in that order: float32, n × 1280.

    Raises ValueError naming the first picture that has no features.
    """
    row = {sha256: number for number, sha256 in enumerate(features["sha256"].to_pylist())}
    absent = [sha256 for sha256 in sha256s if sha256 not in row]
    if absent:
        raise ValueError(
            f"{len(absent)} of {len(sha256s)} pictures have no features; the first is {absent[0]}"
        )
    flat = features["vector"].combine_chunks()
    whole = np.asarray(flat.flatten(), dtype=np.float32).reshape(len(features), -1)
    return whole[[row[sha256] for sha256 in sha256s]]


def with_features(pictures: pa.Table, features: pa.Table) -> tuple[list[str], list[str]]:
    """Artworks whose picture has features, by artwork_id, and those pictures' sha256."""
    known = set(features["sha256"].to_pylist())
    ordered = pictures.sort_by("artwork_id")
    pairs = [
        (artwork_id, sha256)
        for artwork_id, sha256 in zip(
            ordered["artwork_id"].to_pylist(), ordered["sha256"].to_pylist(), strict=True
        )
        if sha256 in known
    ]
    return [artwork_id for artwork_id, _ in pairs], [sha256 for _, sha256 in pairs]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors scaled to length one (a zero vector stays zero)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def model_of(features: pa.Table) -> str:
    """The one fingerprint id in a FEATURES table.

    Raises ValueError when it is empty, FingerprintError when vectors of several models are mixed.
    """
    models = sorted(pc.unique(features["model"]).to_pylist())
    if not models:
        raise ValueError("The feature table is empty: no picture has been embedded.")
    if len(models) > 1:
        raise FingerprintError(f"The feature table mixes models: {', '.join(models)}.")
    return models[0]


def check_model(features: pa.Table, expected: Fingerprint, what: str) -> None:
    """Raise FingerprintError unless the features were made with `expected`."""
    found = model_of(features)
    if found != expected.id:
        raise FingerprintError(
            f"{what} was made with {expected.id}, the features with {found}. "
            "Make both with the same backbone and weights."
        )


def _one_torch_thread() -> None:
    import torch

    torch.set_num_threads(1)  # counts for the calling thread


def _first(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
