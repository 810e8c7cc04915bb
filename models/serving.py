"""What a registered model says of pictures: logits of files or features, calibrated, as predictions.

What belongs here: the one way from a model of the registry, a head or a network, to labels with
probabilities. How networks are run fast is models.engines, which model is asked models.registry.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.calibration import softmax
from models.features import Embed, check_model, features_table, matrix, squashed
from models.inference import Infer
from models.registry import Version
from models.weights import Fingerprint, FingerprintError
from storage.schemas import PREDICTIONS

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.networks import Network
    from storage.memo import Kernel

TOP = 3


def signature(version: Version) -> str:
    """The model and its weights, as every prediction bears them: `<name>@<version> <fingerprint id>`."""
    return f"{version.id} {Fingerprint.from_dict(version.config['fingerprint']).id}"


def kernel(version: Version, store_root: Path) -> tuple["Kernel", str]:
    """The kernel for `storage.map_files(…, key="sha256", workers=0, batch_size=BATCH_SIZE)` behind this model,
    and its version.

    Its rows go to `logits`. Of a head that is the embedding of pictures, which its own layer follows.
    """
    if version.config["kind"] == "head":
        embed = Embed(store_root)
        return embed, embed.version
    infer = Infer(version.folder, store_root)
    return infer, infer.version


def logits(version: Version, found: pa.Table, attribute: str) -> pa.Table:
    """`sha256` and `logits` (list<float32>, the labels in the model's order) of every row without an error.

    found: what the kernel made of pictures, or for a head a FEATURES table. Raises FingerprintError when
    features were made with another backbone than the head's.
    """
    if version.config["kind"] == "network":
        good = found.filter(pc.is_null(found["error"]))
        return good.select(["sha256", attribute]).rename_columns(["sha256", "logits"])
    features = features_table(found) if "error" in found.column_names else found
    kind = pa.list_(pa.float32())
    if not len(features):
        return pa.table({"sha256": pa.array([], pa.string()), "logits": pa.array([], kind)})
    made_with = Fingerprint.from_dict(version.config["fingerprint"])
    check_model(features, made_with, f"The head {version.id}")
    values = head_logits(version)(matrix(features, features["sha256"].to_pylist()))
    rows = pa.array(values.astype(np.float32).tolist(), kind)
    return pa.table({"sha256": features["sha256"], "logits": rows})


def head_logits(version: Version) -> Callable[[np.ndarray], np.ndarray]:
    """The layer of a registered head: features, n × 1280, to logits, n × labels, before temperature."""
    import safetensors.numpy

    tensors = safetensors.numpy.load_file(version.folder / "head.safetensors")

    def layer(vectors: np.ndarray) -> np.ndarray:
        inputs = (vectors.astype(np.float64) - tensors["mean"]) / tensors["scale"]
        return inputs @ tensors["weight"].T.astype(np.float64) + tensors["bias"]

    return layer


def network(version: Version) -> "Network":
    """The model as a network, for `models.explain`: a head is one layer behind the packaged backbone.

    Of pictures as `seen` gives them it says the model's own logits. Raises FingerprintError for a head of another
    backbone than the packaged one, NetworkError or WeightsError as `networks.of_folder` does.
    """
    import safetensors.numpy
    import torch

    from models import networks
    from models.recipe import Architecture

    if version.config["kind"] == "network":
        return networks.of_folder(version.folder)
    made_with = Fingerprint.from_dict(version.config["fingerprint"])
    labels = {name: tuple(of) for name, of in version.config["labels"].items()}
    made = networks.build(Architecture(), labels, made_with.input_size)
    if made.fingerprint.id != made_with.id:
        raise FingerprintError(
            f"The head {version.id} was made with {made_with.id}, not with {made.fingerprint.id}, which it would "
            "be explained by. Train it anew with this artlake."
        )
    tensors = safetensors.numpy.load_file(version.folder / "head.safetensors")
    weight = tensors["weight"].astype(np.float64) / tensors["scale"]
    state = {"weight": weight, "bias": tensors["bias"] - weight @ tensors["mean"]}
    (attribute,) = labels
    made.heads[attribute].load_state_dict(
        {name: torch.from_numpy(values.astype(np.float32)) for name, values in state.items()}
    )
    return made


def seen(version: Version, picture: "Image") -> "Image":
    """What the model is shown of an RGB picture: a head sees it as features are made, a network all of it."""
    if version.config["kind"] == "network":
        return picture
    return squashed(picture, version.config["image_size"])


def probabilities(version: Version, found: pa.Table, attribute: str) -> np.ndarray:
    """Calibrated probabilities of the rows of `logits`, n × labels, each row summing to one."""
    labels = version.config["labels"][attribute]
    flat = pc.list_flatten(found["logits"]).to_numpy(zero_copy_only=False).astype(np.float64)
    return softmax(flat.reshape(len(found), len(labels)) / version.config["temperature"][attribute])


def predictions(version: Version, found: pa.Table, pictures: pa.Table, attribute: str) -> pa.Table:
    """A PREDICTIONS table: the `TOP` likeliest labels of each artwork, by artwork_id.

    found: as `logits` gives it; pictures: `artwork_id` and the `sha256` of its primary picture. One that
    the model was not shown gets no row.
    """
    place = {sha256: row for row, sha256 in enumerate(found["sha256"].to_pylist())}
    ordered = pictures.sort_by("artwork_id").select(["artwork_id", "sha256"]).to_pylist()
    works = [row for row in ordered if row["sha256"] in place]
    if not works:
        return PREDICTIONS.empty_table()
    rows = [place[row["sha256"]] for row in works]
    likely = probabilities(version, found, attribute)[rows]
    top = np.argsort(-likely, axis=1, kind="stable")[:, :TOP]
    count, ranks = top.shape
    labels = version.config["labels"][attribute]
    columns = [
        np.repeat(np.array([row["artwork_id"] for row in works], dtype=object), ranks),
        [attribute] * (count * ranks),
        np.tile(np.arange(1, ranks + 1, dtype=np.int16), count),
        [labels[label] for label in top.ravel()],
        np.take_along_axis(likely, top, axis=1).ravel().astype(np.float32),
        [signature(version)] * (count * ranks),
    ]
    arrays = [
        pa.array(column, type=field.type)
        for column, field in zip(columns, PREDICTIONS, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=PREDICTIONS)
