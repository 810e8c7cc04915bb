"""The linear head on frozen features: training it, asking it, keeping it.

What belongs here: one attribute's classifier from pooled features to calibrated probabilities. The
optimisation is models.fitting, how good it is models.evaluation.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models import outputs
from models.calibration import settle, softmax
from models.data import Prepared, data_version, prepare, standardisation
from models.features import check_model
from models.fitting import CANDIDATES, Fit, Settings, fit_linear, side_by_side
from models.folders import read_version, to_json, version_of, write_version
from models.outputs import Outputs
from models.splits import grouped_folds
from models.trainer import TrainingError
from models.weights import Fingerprint, packaged_fingerprint

Report = Callable[[dict[str, Any]], None]
_FORMAT = 2
_TENSORS = ("weight", "bias", "mean", "scale")


def _silent(_: dict[str, Any]) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Head:
    """A trained classifier of one attribute.

    labels: in the order of the rows of `weight` (labels × 1280, float32); mean, scale: standardise a
    feature vector; temperature: divides the logits; data_version: sha256 over examples, sides and
    features; curve: one record an epoch of the chosen settings, taught by train alone and watched by
    validation; candidates: what was chosen between; threshold: the confidence from which 99 % are
    proven right out of fold (None: none; models.routing). scheme: of the split it was taught on.
    """

    attribute: str
    labels: tuple[str, ...]
    weight: np.ndarray
    bias: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    temperature: float
    backbone: Fingerprint
    settings: Settings
    data_version: str
    curve: list[dict[str, float]]
    candidates: list[dict[str, Any]]
    threshold: float | None
    scheme: str

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        """n × labels, before temperature: float64."""
        inputs = (vectors.astype(np.float64) - self.mean) / self.scale
        return inputs @ self.weight.T.astype(np.float64) + self.bias

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, n × labels, each row summing to one."""
        return softmax(self.logits(vectors) / self.temperature)

    @cached_property
    def id(self) -> str:
        """`<attribute>-<version>`: changes with anything that is kept of the head."""
        return f"{self.attribute}-{version_of(_files(self))}"


@dataclass(frozen=True)
class Trained:
    """A head, what it says of every picture (OUTPUTS, all sides), and out of fold (train, validation)."""

    head: Head
    outputs: pa.Table
    held_out: pa.Table


def train(
    features: pa.Table,
    examples: pa.Table,
    splits: pa.Table,
    attribute: str,
    report: Report = _silent,
    *,
    scheme: str = "grouped",
    backbone: Fingerprint | None = None,
) -> Trained:
    """Train on the sides train and validation; `test` is never looked at.

    Weight decay, imbalance, temperature and threshold are chosen on out-of-fold predictions of both
    sides (grouped folds): validation alone holds too few of a small label to choose by. The choice
    is by the mean of macro-F1 and accuracy (macro-F1 alone turns on a handful of pictures of the
    smallest label), then by loss. The head that is kept is taught by both sides.
    report: gets a record for each fold (`fit`, `of`) and for each epoch of the curve. scheme: of the
    split. backbone: what made the features (the packaged one by default).
    Raises TrainingError, ValueError, SplitError or FingerprintError; nothing is kept then.
    """
    backbone = backbone or packaged_fingerprint()
    check_model(features, backbone, "The backbone named for this head")
    data = prepare(features, examples, splits, attribute, scheme=scheme)
    train_side, held_side = data.side == "train", data.side == "validation"
    taught = train_side | held_side
    for side, rows in (("train", train_side), ("validation", held_side)):
        absent = sorted(set(range(len(data.labels))) - set(data.targets[rows].tolist()))
        if absent:
            raise TrainingError(
                f"{attribute}: no {side} example of {data.labels[absent[0]]!r}. Raise `minimum_support` in "
                "its label map, or gather more works."
            )
    mean, scale = standardisation(data.vectors[taught])
    inputs = (data.vectors.astype(np.float64) - mean) / scale

    def job(
        learn: np.ndarray, watch: np.ndarray, settings: Settings, tell: Report = _silent
    ) -> Callable[[], Fit]:
        learned, watched = ((inputs[rows], data.targets[rows]) for rows in (learn, watch))
        return lambda: fit_linear(learned, watched, len(data.labels), settings, tell)

    settings, logits, candidates = _choose(data, np.flatnonzero(taught), inputs, job, report)
    held_out = np.zeros((len(data.targets), len(data.labels)), np.float32)
    held_out[taught] = logits  # as OUTPUTS keeps them, so that judging chooses the same
    out_of_fold = _outputs(data, held_out, np.flatnonzero(taught))
    heat, threshold = settle(outputs.arrays(out_of_fold, data.labels, attribute))
    said = {"attribute": attribute, **asdict(settings)}
    watched, fit = side_by_side(
        [
            job(train_side, held_side, settings, lambda record: report({**said, **record})),
            job(taught, held_side, settings),
        ]
    )
    head = Head(
        attribute=attribute,
        labels=data.labels,
        weight=fit.weight.astype(np.float32),
        bias=fit.bias.astype(np.float32),
        mean=mean,
        scale=scale,
        temperature=heat,
        backbone=backbone,
        settings=settings,
        data_version=data_version(data),
        curve=watched.curve,
        candidates=candidates,
        threshold=threshold,
        scheme=scheme,
    )
    return Trained(head, _outputs(data, head.logits(data.vectors)), out_of_fold)


def _outputs(data: Prepared, logits: np.ndarray, rows: np.ndarray | None = None) -> pa.Table:
    said = Outputs(data.labels, data.artworks, data.sha256s, data.groups, data.targets, logits)
    return outputs.table(data.attribute, data.side, said, rows)


def _choose(
    data: Prepared,
    rows: np.ndarray,
    inputs: np.ndarray,
    job: Callable[..., Callable[[], Fit]],
    report: Report,
) -> tuple[Settings, np.ndarray, list[dict[str, Any]]]:
    """The best settings, their out-of-fold logits of `rows`, and every candidate's figures."""
    from scipy.special import log_softmax
    from sklearn.metrics import f1_score

    folds = [rows[fold] for fold in grouped_folds(data.targets[rows], data.groups[rows])]
    pairs = [(settings, fold) for settings in CANDIDATES for fold in folds]
    fits = side_by_side([job(np.setdiff1d(rows, fold), fold, settings) for settings, fold in pairs])
    place = np.zeros(len(data.targets), int)
    place[rows] = np.arange(len(rows))
    logits = {settings: np.zeros((len(rows), len(data.labels))) for settings in CANDIDATES}
    for number, ((settings, fold), fit) in enumerate(zip(pairs, fits, strict=True), start=1):
        logits[settings][place[fold]] = fit.logits(inputs[fold])
        report({"attribute": data.attribute, "fit": number, "of": len(pairs)})
    targets = data.targets[rows]
    candidates = []
    for settings, values in logits.items():
        loss = -log_softmax(values, axis=1)[np.arange(len(rows)), targets].mean()
        guesses = values.argmax(axis=1)
        figures = {
            "accuracy": float((guesses == targets).mean()),
            "macro_f1": float(f1_score(targets, guesses, average="macro")),
            "loss": float(loss),
        }
        candidates.append({**asdict(settings), **figures})
    best = max(
        range(len(CANDIDATES)),
        key=lambda number: (
            candidates[number]["macro_f1"] + candidates[number]["accuracy"],
            -candidates[number]["loss"],
        ),
    )
    return CANDIDATES[best], logits[CANDIDATES[best]], candidates


def save(head: Head, folder: Path) -> Path:
    """Keep the head as a version below `folder`, make it current, and return the version's path."""
    return write_version(folder, _files(head))


def load(folder: Path) -> Head:
    """The current head below `folder`, or the one in a version's own folder.

    Raises MissingVersionError when there is none or its files were changed.
    """
    import safetensors.numpy

    files = read_version(folder, ["config.json", "head.safetensors"])
    config: dict[str, Any] = json.loads(files["config.json"])
    if config.pop("format") != _FORMAT:
        raise ValueError(f"{folder} is of another format than this artlake reads; train anew.")
    tensors: Mapping[str, np.ndarray] = safetensors.numpy.load(files["head.safetensors"])
    return Head(
        **{
            **config,
            **tensors,
            "labels": tuple(config["labels"]),
            "backbone": Fingerprint.from_dict(config["backbone"]),
            "settings": Settings(**config["settings"]),
        }
    )


def _files(head: Head) -> dict[str, bytes]:
    import safetensors.numpy

    config = {
        "format": _FORMAT,
        "attribute": head.attribute,
        "labels": list(head.labels),
        "temperature": head.temperature,
        "backbone": head.backbone.as_dict(),
        "settings": asdict(head.settings),
        "data_version": head.data_version,
        "curve": head.curve,
        "candidates": head.candidates,
        "threshold": head.threshold,
        "scheme": head.scheme,
    }
    tensors = {name: np.ascontiguousarray(getattr(head, name)) for name in _TENSORS}
    return {"config.json": to_json(config), "head.safetensors": safetensors.numpy.save(tensors)}
