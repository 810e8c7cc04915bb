"""Look-alikes: an exact index over embeddings, neighbours of every work, and of any given picture.

FAISS inner product over unit vectors is cosine similarity. The Flat index is exact; at 100,000
vectors it answers in tens of milliseconds, above that an approximate one belongs here.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.features import Backbone, check_model, matrix, model_of, unit, with_features
from models.folders import read_version, to_json, write_version
from models.weights import Fingerprint, FingerprintError, packaged_fingerprint
from storage.errors import MendableError
from storage.schemas import NEIGHBOURS

_FILES = ["index.json", "index.faiss"]
# The same picture in two rows may differ in the last bits of a dot product: ties are told here.
_DIGITS = 6
_DERIVATIVE_SIDE = 256  # a picture asked about is read as finely as the derivatives in the index


class NotAPictureError(MendableError):
    """The file asked about is no picture that can be read; the message names it."""


def build(features: pa.Table, folder: Path, backbone: Fingerprint | None = None) -> Path:
    """Write the index over all vectors as a version below `folder`; return the version's path.

    backbone: what made the features (the packaged one by default).
    Raises FingerprintError when the features were made with another.
    """
    import faiss

    backbone = backbone or packaged_fingerprint()
    check_model(features, backbone, "The index")
    sha256s = sorted(features["sha256"].to_pylist())
    index = _flat(matrix(features, sha256s))
    facts = {"format": 1, "backbone": backbone.as_dict(), "sha256": sha256s}
    data = faiss.serialize_index(index).tobytes()
    return write_version(folder, {"index.json": to_json(facts), "index.faiss": data})


def search(
    folder: Path, picture: Path, k: int = 10, backbone: str = "auto", weights: str = "auto"
) -> list[tuple[str, float]]:
    """The `k` pictures most like the file `picture`: (sha256, cosine), nearest first.

    backbone, weights: as in models.weights.load. Raises NotAPictureError naming the file,
    MissingVersionError without an index, FingerprintError when the index was made otherwise.
    """
    import faiss
    from PIL import Image

    from imaging.decode import decode
    from imaging.errors import DecodeError

    files = read_version(folder, _FILES)
    facts: dict[str, Any] = json.loads(files["index.json"])
    made_with = Fingerprint.from_dict(facts["backbone"])
    try:
        opened = Image.fromarray(decode(picture, side=_DERIVATIVE_SIDE).rgb)
    except DecodeError as error:
        raise NotAPictureError(f"{picture} is no readable picture: {error.detail}") from error
    network = Backbone(backbone, weights)
    if network.fingerprint != made_with:
        raise FingerprintError(
            f"The index was made with {made_with.id}, the picture would be read with "
            f"{network.fingerprint.id}. Ask with the same backbone and weights, or build it anew."
        )
    index = faiss.deserialize_index(np.frombuffer(files["index.faiss"], np.uint8))
    cosines, rows = index.search(unit(network(opened)[None]), min(k, index.ntotal))
    found = [
        (facts["sha256"][row], round(float(cosine), _DIGITS))
        for row, cosine in zip(rows[0], cosines[0], strict=True)
    ]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def neighbours(features: pa.Table, pictures: pa.Table, groups: pa.Table, k: int = 10) -> pa.Table:
    """Return a NEIGHBOURS table: up to `k` look-alikes of every artwork, none of its own group.

    pictures: `artwork_id`, `sha256` of the primary picture; one without features is left out.
    groups: `artwork_id`, `group_id`. Equal cosines (to six digits) rank by artwork_id.
    """
    model_of(features)
    names, sha256s = with_features(pictures, features)
    group_of = dict(
        zip(groups["artwork_id"].to_pylist(), groups["group_id"].to_pylist(), strict=True)
    )
    absent = [name for name in names if name not in group_of]
    if absent:
        raise ValueError(f"{len(absent)} artworks have no duplicate group, first {absent[0]}.")
    rows: list[tuple[str, int, str, float]] = []
    if names:
        found = _others(matrix(features, sha256s), [group_of[name] for name in names], k)
        for asked, others in enumerate(found):
            best = sorted((-cosine, names[other]) for other, cosine in others)[:k]
            rows.extend(
                (names[asked], rank, name, -cosine)
                for rank, (cosine, name) in enumerate(best, start=1)
            )
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [[]] * len(NEIGHBOURS)
    arrays = [pa.array(column, f.type) for column, f in zip(columns, NEIGHBOURS, strict=True)]
    return pa.Table.from_arrays(arrays, schema=NEIGHBOURS)


def evaluate_retrieval(features: pa.Table, pictures: pa.Table) -> dict[str, Any]:
    """How well look-alikes find what is known to belong together.

    pictures: `sha256`, `group_id` and, where there is one, `label` (null for none). A picture that
    occurs twice is asked once. Duplicates: among pictures with another picture in their group,
    `r_at_1` and `r_at_10` are the shares that find one of it in the first 1 or 10. Labels:
    `p_at_10`, the mean share of the ten nearest of other groups that bear the same label, beside
    `p_by_chance`, the share that a random one of another group would. A figure without a query is
    null.
    """
    groups = dict(
        zip(pictures["sha256"].to_pylist(), pictures["group_id"].to_pylist(), strict=True)
    )
    known = set(features["sha256"].to_pylist())
    sha256s = sorted(sha256 for sha256 in groups if sha256 in known)
    group = np.array([groups[sha256] for sha256 in sha256s])
    _, member, size = np.unique(group, return_inverse=True, return_counts=True)
    twins = np.flatnonzero(size[member] > 1) if len(group) else np.array([], int)
    vectors = unit(matrix(features, sha256s))
    ranks = [_nearer_strangers(vectors, group, row) for row in twins]
    facts: dict[str, Any] = {
        "pictures": len(sha256s),
        "duplicates": {
            "queries": len(twins),
            "r_at_1": _mean([rank == 0 for rank in ranks]),
            "r_at_10": _mean([rank < 10 for rank in ranks]),
        },
    }
    if "label" in pictures.column_names:
        label_of = dict(
            zip(pictures["sha256"].to_pylist(), pictures["label"].to_pylist(), strict=True)
        )
        labelled = [row for row, sha256 in enumerate(sha256s) if label_of[sha256]]
        labels = np.array([label_of[sha256s[row]] for row in labelled])
        found = _others(vectors[labelled], group[labelled].tolist(), 10) if labelled else []
        hits = [
            np.mean([labels[other] == labels[asked] for other, _ in others[:10]])
            for asked, others in enumerate(found)
            if others
        ]
        facts["labels"] = {
            "queries": len(hits),
            "p_at_10": _mean(hits),
            "p_by_chance": _by_chance(labels, group[labelled]),
        }
    return facts


def _flat(vectors: np.ndarray) -> Any:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(unit(vectors), dtype=np.float32))
    return index


def _others(vectors: np.ndarray, groups: Sequence[str], k: int) -> list[list[tuple[int, float]]]:
    """Each row's nearest rows of other groups, at least `k` where there are as many."""
    _, member, size = np.unique(groups, return_inverse=True, return_counts=True)
    # Its own group may fill the front of the list, and a tie at the end needs one more to be told.
    reach = min(len(vectors), k + int(size.max()) + 1)
    cosines, rows = _flat(vectors).search(unit(vectors), reach)
    return [
        [
            (int(other), round(float(cosine), _DIGITS))
            for other, cosine in zip(rows[asked], cosines[asked], strict=True)
            if member[other] != member[asked]
        ]
        for asked in range(len(vectors))
    ]


def _nearer_strangers(directions: np.ndarray, group: np.ndarray, row: int) -> int:
    """How many pictures of other groups are nearer than the nearest of its own."""
    cosine = directions @ directions[row]
    own = group == group[row]
    own[row] = False
    return int((cosine[group != group[row]] > cosine[own].max()).sum())


def _by_chance(labels: np.ndarray, groups: np.ndarray) -> float | None:
    """The mean chance that a random picture of another group bears the same label."""
    chances = []
    for label, group in zip(labels, groups, strict=True):
        other = groups != group
        if other.any():
            chances.append(float((labels[other] == label).mean()))
    return _mean(chances)


def _mean(values: Sequence[Any]) -> float | None:
    return float(np.mean(values)) if len(values) else None
