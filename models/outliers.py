"""Artworks that do not look like their label: a list for a curator to look at, oddest first.

What belongs here: from examples and features to ranked rows with reasons. The measures themselves are
models.uncertainty and models.label_errors, how much each is worth models.planted.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models import uncertainty
from models.calibration import softmax, temperature
from models.features import matrix
from models.label_errors import issues
from models.outputs import Outputs
from models.splits import grouped_folds
from storage.schemas import OUTLIERS, table

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.networks import Network
    from models.versions import Version

# The share of all above which a distance is worth a word.
_TOLD = 0.9
_FAR = {
    "centroid_distance": "from the centre of its label (cosine distance {:.2f})",
    "mahalanobis": "from its label in the ways it varies (Mahalanobis distance {:.0f})",
    "knn_distance": "from other pictures ({:.2f} to the 10th nearest)",
}


def frozen_outputs(features: pa.Table, examples: pa.Table, attribute: str) -> Outputs:
    """What linear heads on frozen features say of every example, each asked of works it was not taught.

    The side of a split does not matter here: label errors of the test side are looked for, too. Raises
    ValueError when there is no example of the attribute or a picture without features.
    """
    chosen = examples.filter(pc.equal(examples["attribute"], attribute)).sort_by("artwork_id")
    if not len(chosen):
        raise ValueError(f"There is no example of {attribute} to look for outliers among.")
    names = chosen["label"].to_pylist()
    labels = tuple(sorted(set(names)))
    targets = np.array([labels.index(name) for name in names])
    sha256s = chosen["sha256"].to_pylist()
    groups = np.array(chosen["group_id"].to_pylist())
    logits = out_of_fold(matrix(features, sha256s), targets, groups, len(labels))
    artworks = np.array(chosen["artwork_id"].to_pylist())
    return Outputs(labels, artworks, np.array(sha256s), groups, targets, logits)


def held_out_outputs(version: "Version", examples: pa.Table, attribute: str) -> Outputs | None:
    """What a registered model says of every example without having been taught it, where that is known.

    Of train and validation what was held out, of test what the model itself says; None where a picture is in
    neither (networks without folds hold out validation alone) or bears a label that the model does not know.
    The label is the one that the example bears today.
    """
    chosen = examples.filter(pc.equal(examples["attribute"], attribute)).sort_by("artwork_id")
    labels = tuple(version.config["labels"][attribute])
    said = pa.concat_tables([version.held_out(attribute), version.outputs(attribute)])
    logits = dict(zip(said["sha256"].to_pylist(), said["logits"].to_pylist(), strict=True))
    names, sha256s = chosen["label"].to_pylist(), chosen["sha256"].to_pylist()
    if set(sha256s) - set(logits) or set(names) != set(labels):
        return None
    return Outputs(
        labels,
        np.array(chosen["artwork_id"].to_pylist()),
        np.array(sha256s),
        np.array(chosen["group_id"].to_pylist()),
        np.array([labels.index(name) for name in names]),
        np.array([logits[sha256] for sha256 in sha256s], np.float64),
    )


def out_of_fold(
    vectors: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    labels: int,
    sound: np.ndarray | None = None,
) -> np.ndarray:
    """Logits, n × labels, of linear heads on n × d features, each taught without the fold it is asked of.

    sound: n truth values, which pictures teach (all by default).
    Five grouped folds, weight decay 0.01 as the heads' candidates have it. A label that all of a fold's
    others lack gets the lowest logit there is: nobody could have learned it.
    """
    from models.fitting import Fit, Settings, fit_linear, side_by_side

    settings = Settings(1e-2, False)
    folds = grouped_folds(targets, groups, min(uncertainty.FOLDS, len(np.unique(groups))))
    taught = np.arange(len(targets)) if sound is None else np.flatnonzero(sound)
    rests = [np.setdiff1d(taught, fold) for fold in folds]
    scaled = []
    for rest in rests:
        mean, spread = vectors[rest].mean(axis=0), vectors[rest].std(axis=0)
        scaled.append((vectors - mean) / np.where(spread > 1e-6, spread, 1))

    def job(number: int) -> Callable[[], Fit]:
        learned, asked = (
            (scaled[number][rows], targets[rows]) for rows in (rests[number], folds[number])
        )
        return lambda: fit_linear(learned, asked, labels, settings)

    logits = np.zeros((len(targets), labels))
    fits = side_by_side([job(number) for number in range(len(folds))])
    for number, fit in enumerate(fits):
        fold = folds[number]
        logits[fold] = fit.logits(scaled[number][fold])
        absent = np.setdiff1d(np.arange(labels), targets[rests[number]])
        logits[np.ix_(fold, absent)] = logits[fold].min()
    return logits


def embedder(network: "Network") -> Callable[["Image"], np.ndarray]:
    """From an RGB picture to the features (d float32) that the heads of a trained network see."""
    import torch

    from models.augment import prepare
    from models.pixels import squash

    def embed(picture: "Image") -> np.ndarray:
        pixels = squash(np.asarray(picture), network.image_size)
        images = torch.from_numpy(pixels).permute(2, 0, 1)[None]
        with torch.inference_mode():
            found: np.ndarray = network.features(prepare(images, network.fingerprint))[0].numpy()
        return found

    return embed


def measures(
    logits: np.ndarray,
    vectors: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    sound: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Every measure of every picture, n numbers each, higher for odder; `combined` is last.

    logits: n × labels, calibrated and out of fold; vectors: n × d; targets: label numbers; sound: which
    pictures distances are measured from (all by default). Matrix products keep to one thread: on a busy
    machine those of two spent most of their time waiting for each other.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        distances = uncertainty.across_folds(vectors, targets, groups, sound)
    found = {
        "uncertainty": uncertainty.softmax_uncertainty(logits),
        "entropy": uncertainty.entropy(logits),
        "margin": uncertainty.margin(logits),
        "energy": uncertainty.energy(logits),
        "label_doubt": uncertainty.doubt_of_label(logits, targets),
        **distances,
    }
    return {**found, "combined": combined(found)}


def combined(found: Mapping[str, np.ndarray]) -> np.ndarray:
    """What outliers are ranked by: doubt of the label and distance from it, by `uncertainty.surprise`.

    Chosen among 28 combinations of label_doubt, centroid_distance, mahalanobis and knn_distance: its mean
    AUROC over seven kinds of planted outliers was within 0.001 of the best (0.918, FPR at 95 % recall 0.22;
    the mean percentile of uncertainty and centroid_distance: 0.853 and 0.40), on frozen features of 2,958
    MET photographs, three folds of five. No measure finds swapped labels as label_doubt does
    (0.986), none finds inverted pictures (at most 0.60).
    """
    return uncertainty.surprise(found["label_doubt"], found["mahalanobis"])


def outliers(attribute: str, said: Outputs, vectors: np.ndarray) -> pa.Table:
    """An OUTLIERS table over all works that `said` tells of, the oddest first.

    said: one row a work, by a model that was not taught it. vectors: features of the same rows, n × d; the
    frozen backbone's, for fine-tuning draws the pictures of a label together and hides the odd among them
    (arXiv 2603.11269). Equal works rank by artwork_id, whatever the order of rows.
    """
    logits = said.logits / temperature(said.logits, said.targets)
    likely = softmax(logits)
    found = measures(logits, vectors, said.targets, said.groups)
    wrong = issues(likely, said.targets)
    # In a narrower number two machines' last bits are equal, and so is the order of ties.
    odd = found["combined"].astype(np.float32)
    order = sorted(range(len(odd)), key=lambda row: (-odd[row], said.artworks[row]))
    shares = {name: uncertainty.percentile(found[name]) for name in ("label_doubt", *_FAR)}
    rows: list[dict[str, Any]] = []
    for rank, row in enumerate(order, start=1):
        guess = said.labels[likely[row].argmax()]
        values = {name: float(found[name][row]) for name in found}
        far = {name: float(share[row]) for name, share in shares.items()}
        rows.append(
            {
                **{name: values[name] for name in OUTLIERS.names if name in values},
                "artwork_id": str(said.artworks[row]),
                "attribute": attribute,
                "label_issue": bool(wrong[row]),
                "suggested_label": guess if wrong[row] else None,
                "suggested_probability": float(likely[row].max()) if wrong[row] else None,
                "rank": rank,
                "reason": _reason(said.labels[said.targets[row]], guess, likely[row], values, far),
            }
        )
    return table(OUTLIERS, rows)


def _reason(
    label: str,
    guess: str,
    likely: np.ndarray,
    values: Mapping[str, float],
    shares: Mapping[str, float],
) -> str:
    """What the model says, and each way in which the work is farther out than nine of ten."""
    if guess != label:
        said = [f"filed under {label}, the model says {guess} at {likely.max():.0%}"]
    elif (surer := shares["label_doubt"]) > _TOLD:
        said = [
            f"the model agrees with {label}, at {likely.max():.0%}, and is surer of {_of_all(surer)}"
        ]
    else:
        said = [f"the model agrees with {label}, at {likely.max():.0%}"]
    for name, words in _FAR.items():
        if shares[name] > _TOLD:
            said.append(f"farther than {_of_all(shares[name])} {words.format(values[name])}")
    return "; ".join(said)


def _of_all(share: float) -> str:
    return f"{min(99, int(100 * share))} % of all"
