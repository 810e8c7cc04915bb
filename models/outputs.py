"""What a model said of labelled pictures: the one table that every judgement is made from.

What belongs here: the schema OUTPUTS, keeping and reading it, and lining it up as arrays. Heads and networks
write it, the trainer besides it one that is out of fold; models.evaluation judges both by the same figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import MendableError
from storage.files import replacing

OUTPUTS = pa.schema(
    [
        pa.field(name, kind, nullable=False, metadata={"meaning": meaning})
        for name, kind, meaning in (
            ("attribute", pa.string(), "what was asked: department, style, genre, artist"),
            ("artwork_id", pa.string(), "the artwork"),
            ("sha256", pa.string(), "the picture that was shown"),
            ("group_id", pa.string(), "what stays on one side of the split: one observation"),
            ("side", pa.string(), "train, validation or test"),
            ("label", pa.string(), "the label it bears"),
            (
                "logits",
                pa.list_(pa.float32()),
                "one a label, in the model's order, before temperature",
            ),
        )
    ]
)


class OutputsError(MendableError):
    """A model's outputs cannot be judged; the message names the picture or the label."""


@dataclass(frozen=True)
class Outputs:
    """Outputs of one attribute as arrays, by artwork_id.

    artworks, sha256s, groups: strings, n; targets: n label numbers; logits: n × labels, float64.
    """

    labels: tuple[str, ...]
    artworks: np.ndarray
    sha256s: np.ndarray
    groups: np.ndarray
    targets: np.ndarray
    logits: np.ndarray


def table(
    attribute: str, side: np.ndarray, outputs: Outputs, rows: np.ndarray | None = None
) -> pa.Table:
    """An OUTPUTS table of those rows (all of them by default), by artwork_id; side: of each of n."""
    chosen = np.arange(len(outputs.targets)) if rows is None else rows
    flat = outputs.logits[chosen].astype(np.float32)
    offsets = np.arange(len(chosen) + 1, dtype=np.int32) * flat.shape[1]
    labels = np.array(outputs.labels, dtype=object)
    columns = [
        pa.array([attribute] * len(chosen), pa.string()),
        *(
            pa.array(column[chosen].tolist(), pa.string())
            for column in (outputs.artworks, outputs.sha256s, outputs.groups, side)
        ),
        pa.array(labels[outputs.targets[chosen]].tolist(), pa.string()),
        pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat.ravel())),
    ]
    return pa.Table.from_arrays(columns, schema=OUTPUTS).sort_by("artwork_id")


def arrays(
    outputs: pa.Table, labels: Sequence[str], attribute: str, side: str | None = None
) -> Outputs:
    """The rows of an attribute (and of a side) as arrays; labels: those of the model, in its order.

    Raises OutputsError when there is none, for a label that the model does not know, for a row with
    another number of logits than labels, and for logits that are not finite.
    """
    chosen = outputs.filter(pc.equal(outputs["attribute"], attribute))
    if side is not None:
        chosen = chosen.filter(pc.equal(chosen["side"], side))
    where = f"{attribute}, {side} side" if side else attribute
    if not len(chosen):
        raise OutputsError(f"There are no outputs to judge ({where}). Train the model anew.")
    chosen = chosen.sort_by([("artwork_id", "ascending"), ("sha256", "ascending")])
    number = {label: index for index, label in enumerate(labels)}
    names = chosen["label"].to_pylist()
    if strangers := sorted(set(names) - set(number)):
        raise OutputsError(
            f"The model does not know the label {strangers[0]!r} ({where}). Judge it on examples of "
            "the label map it was trained with, or train it anew."
        )
    artworks = np.array(chosen["artwork_id"].to_pylist())
    width = pc.list_value_length(chosen["logits"]).to_numpy(zero_copy_only=False)
    if len(odd := np.flatnonzero(width != len(labels))):
        raise OutputsError(
            f"{artworks[odd[0]]} has {width[odd[0]]} logits for {len(labels)} labels ({where}): "
            "these outputs are another model's."
        )
    flat = pc.list_flatten(chosen["logits"]).to_numpy(zero_copy_only=False)
    logits = flat.astype(np.float64).reshape(len(chosen), len(labels))
    if len(odd := np.flatnonzero(~np.isfinite(logits).all(axis=1))):
        raise OutputsError(
            f"The logits of {len(odd)} pictures are not numbers ({where}), first {artworks[odd[0]]}. "
            "The training went astray: look at its curve, and train anew with a lower learning rate."
        )
    return Outputs(
        tuple(labels),
        artworks,
        np.array(chosen["sha256"].to_pylist()),
        np.array(chosen["group_id"].to_pylist()),
        np.array([number[name] for name in names]),
        logits,
    )


def write(path: Path, outputs: pa.Table) -> None:
    """Keep outputs as Parquet, sorted, as a whole or not at all: equal rows give equal bytes."""
    import pyarrow.parquet as pq

    keys = [(name, "ascending") for name in ("attribute", "artwork_id", "sha256")]
    ordered = outputs.cast(OUTPUTS).sort_by(keys).combine_chunks()
    with replacing(path) as part:
        pq.write_table(ordered, part, compression="zstd")


def read(path: Path) -> pa.Table:
    """The outputs that `write` kept; raises OutputsError naming a file that holds none."""
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path).cast(OUTPUTS)
    except (OSError, ValueError, KeyError) as error:
        raise OutputsError(f"{path} holds no outputs of a model: {error}") from error
