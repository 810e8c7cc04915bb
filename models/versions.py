"""A version of a model: a folder named by the content of its files, which never changes.

What belongs here: what such a folder holds, writing it as a whole or not at all, and checking that it is as it
was written. Which versions there are, and which of them is asked, is `models.registry`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models import card
from models.folders import to_json
from storage.errors import MendableError
from storage.files import link, sha256_file, write_bytes

FORMAT = 1
MANIFEST = "files.json"
WEIGHTS = {"network": "weights.safetensors", "head": "head.safetensors"}
# How long a training took is kept in the metrics, but two equal ones are the same model.
_CLOCK = ("seconds", "images_per_second")


class RegistryError(MendableError):
    """A model is not there, not whole, or may not be promoted; the message says which and why."""


@dataclass(frozen=True)
class Version:
    """A registered model: its folder is `<registry>/<name>/<version>`, checked to be whole."""

    folder: Path

    @property
    def id(self) -> str:
        """`<name>@<version>`."""
        return f"{self.folder.parent.name}@{self.folder.name}"

    @cached_property
    def config(self) -> dict[str, Any]:
        """What the model is: kind, attributes, labels, temperature, threshold, data, weights…"""
        return dict(json.loads((self.folder / "config.json").read_text()))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Attribute → the summary of models.evaluation."""
        return dict(json.loads((self.folder / "metrics.json").read_text()))

    def outputs(self, attribute: str) -> pa.Table:
        """What it said of the test pictures that bear the attribute (models.outputs)."""
        return self._said("outputs", attribute)

    def held_out(self, attribute: str) -> pa.Table:
        """What was said of train and validation by models that were not taught the picture (models.outputs).

        Out of fold, or of the validation side alone where there were no folds.
        """
        return self._said("held_out", attribute)

    def _said(self, name: str, attribute: str) -> pa.Table:
        whole = pq.read_table(self.folder / f"{name}.parquet")
        return whole.filter(pc.equal(whole["attribute"], attribute))


def write(
    parent: Path,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    outputs: pa.Table,
    held_out: pa.Table,
    weights: Path,
) -> tuple[Path, bool]:
    """Write a version below `parent`, the folder of its name; its folder, and whether it is new.

    The arguments are those of `registry.register`. Raises RegistryError where it is there and was changed.
    """
    config = {**config, "format": FORMAT}
    held = {attribute: _count(held_out, attribute) for attribute in config["attributes"]}
    made = {
        "config.json": to_json(config),
        "metrics.json": to_json(metrics),
        "outputs.parquet": _parquet(outputs.filter(pc.equal(outputs["side"], "test"))),
        "held_out.parquet": _parquet(held_out.filter(pc.not_equal(held_out["side"], "test"))),
        "MODEL_CARD.md": card.markdown(config, metrics, held).encode(),
    }
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    sums[WEIGHTS[config["kind"]]] = sha256_file(weights)
    manifest = to_json(sums)
    folder = parent / _named(manifest, made["metrics.json"])
    if (folder / MANIFEST).exists():
        return check(folder), False
    for name, data in made.items():
        write_bytes(folder / name, data)
    (folder / WEIGHTS[config["kind"]]).unlink(missing_ok=True)  # of a run that was killed
    link(weights, folder / WEIGHTS[config["kind"]])
    write_bytes(folder / MANIFEST, manifest)  # last: without it there is no version
    return folder, True


def check(folder: Path) -> Path:
    """The folder, when every file of the version is there as it was written.

    Raises RegistryError naming the first file that is not.
    """
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except OSError:
        raise RegistryError(
            f"There is no model {folder.parent.name}@{folder.name} in {folder.parent.parent}. "
            "`artlake models` lists those there are."
        ) from None
    if wrong := _wrong(folder, manifest):
        raise RegistryError(
            f"The model {folder.parent.name}@{folder.name} is not whole: {wrong} in {folder}. Restore "
            "the folder from a backup, or roll back to another model with `artlake models rollback`."
        )
    return folder


def _wrong(folder: Path, manifest: bytes) -> str:
    """What is not as it was written; empty when all is."""
    try:
        sums = dict(json.loads(manifest))
    except ValueError:
        return f"{MANIFEST} was changed"
    for name, sha256 in sums.items():
        if not (folder / name).is_file():
            return f"{name} is missing"
        if sha256_file(folder / name) != sha256:
            return f"{name} was changed"
    metrics = folder / "metrics.json"
    if "metrics.json" not in sums or _named(manifest, metrics.read_bytes()) != folder.name:
        return f"{MANIFEST} was changed"
    return ""


def _named(manifest: bytes, metrics: bytes) -> str:
    """The version: 12 digits of the sha256 of the manifest, the metrics counted without the clock's figures."""
    said = json.loads(metrics)
    for summary in said.values():
        training = summary.get("training", {})
        summary["training"] = {name: of for name, of in training.items() if name not in _CLOCK}
    written, timeless = (hashlib.sha256(data).hexdigest() for data in (metrics, to_json(said)))
    return hashlib.sha256(manifest.replace(written.encode(), timeless.encode())).hexdigest()[:12]


def _parquet(outputs: pa.Table) -> bytes:
    """The rows as Parquet: equal rows give equal bytes, whatever their order."""
    keys = [(name, "ascending") for name in ("attribute", "artwork_id", "sha256")]
    sink = pa.BufferOutputStream()
    pq.write_table(outputs.sort_by(keys).combine_chunks(), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _count(outputs: pa.Table, attribute: str) -> int:
    own = outputs.filter(pc.equal(outputs["attribute"], attribute))
    return len(own["sha256"].unique())
