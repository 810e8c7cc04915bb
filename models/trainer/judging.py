"""What a network says of pictures, and how right it is: what chooses the best epoch.

Always in fp32, whatever the precision of training: engines answer in fp32, and temperatures and thresholds
that are chosen on these logits hold for their probabilities.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch

from models import outputs
from models.augment import prepare
from models.networks import Network, loss
from models.trainer.distributed import Processes

if TYPE_CHECKING:
    from models.feed import Feed


@torch.inference_mode()
def answers(
    network: Network,
    feed: "Feed",
    processes: Processes,
    parts: int = 1,
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Rows of the set, and for each attribute logits (n × labels, float32) and targets, of a feed's side.

    Every process reads its share and gets all; parts: as a batch must be cut to fit into memory.
    """
    shares = processes.gathered(processes.together(lambda: _share(network, feed, processes, parts)))
    places = _whole([one[0] for one in shares], 0)
    order = np.argsort(places, kind="stable")
    return (
        places[order],
        {
            attribute: _whole([one[1][attribute] for one in shares], len(labels))[order]
            for attribute, labels in network.labels.items()
        },
        {
            attribute: _whole([one[2][attribute] for one in shares], 0)[order]
            for attribute in network.labels
        },
    )


def _share(
    network: Network, feed: "Feed", processes: Processes, parts: int
) -> tuple[list[np.ndarray], dict[str, list[np.ndarray]], dict[str, list[np.ndarray]]]:
    """Rows, logits and targets of this process's batches."""
    network.eval()
    rows: list[np.ndarray] = []
    said: dict[str, list[np.ndarray]] = {attribute: [] for attribute in network.labels}
    wanted: dict[str, list[np.ndarray]] = {attribute: [] for attribute in network.labels}
    for batch in feed.epoch(0):
        for images in batch.images.tensor_split(min(parts, len(batch.images))):
            inputs = prepare(
                images.to(processes.device), network.fingerprint, augmentation="none", seed=0
            )
            found = network(inputs.contiguous(memory_format=torch.channels_last))
            for attribute, logits in found.items():
                said[attribute].append(logits.cpu().numpy())
        rows.append(np.asarray(batch.rows))
        for attribute, targets in batch.targets.items():
            wanted[attribute].append(targets.numpy())
    return rows, said, wanted


def figures(logits: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Validation loss, accuracy and macro-F1, averaged over the attributes, and of each of them.

    macro-F1 is over the labels that are there. An attribute without a labelled picture has no say.
    """
    from sklearn.metrics import f1_score

    own: dict[str, dict[str, float]] = {}
    for attribute, values in logits.items():
        known = targets[attribute] >= 0
        if not known.any():
            continue
        right, guesses = targets[attribute][known], values[known].argmax(1)
        error = loss(
            {attribute: torch.from_numpy(values[known])}, {attribute: torch.from_numpy(right)}
        )
        own[attribute] = {
            "loss": float(error),
            "accuracy": float((guesses == right).mean()),
            "macro_f1": float(
                f1_score(right, guesses, labels=np.unique(right), average="macro", zero_division=0)
            ),
        }
    means = {
        f"validation_{name}": float(np.mean([one[name] for one in own.values()]))
        for name in ("loss", "accuracy", "macro_f1")
    }
    return {**means, "attributes": own}


def outputs_of(
    table: pa.Table,
    labels: Mapping[str, tuple[str, ...]],
    logits: Mapping[str, np.ndarray],
    targets: Mapping[str, np.ndarray],
) -> pa.Table:
    """The OUTPUTS of labelled pictures: a row for each picture of `table` and each attribute that it has."""
    facts = {
        name: np.array(table[name].to_pylist(), dtype=object)
        for name in ("artwork_id", "sha256", "group_id", "side")
    }
    parts = [outputs.OUTPUTS.empty_table()]
    for attribute, names in labels.items():
        said = outputs.Outputs(
            names,
            facts["artwork_id"],
            facts["sha256"],
            facts["group_id"],
            targets[attribute],
            logits[attribute],
        )
        known = np.flatnonzero(targets[attribute] >= 0)
        parts.append(outputs.table(attribute, facts["side"], said, known))
    return pa.concat_tables(parts)


def _whole(shares: list[list[np.ndarray]], width: int) -> np.ndarray:
    pieces = [piece for share in shares for piece in share]
    if pieces:
        return np.concatenate(pieces)
    return np.zeros((0, width) if width else 0, np.float32 if width else np.int64)
