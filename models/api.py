"""The models in a notebook: a classifier to ask, how unsure it is, and the oddest pictures on one sheet.

What belongs here: names and values as people use them at a prompt, over `models.networks` and
`models.uncertainty`; docs/learning.md has the examples. What is trained for the lake goes by recipe.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.backbones import NetworkError
from models.pictures import inputs, opened
from models.weights import tensors_sha256
from storage.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from models.networks import Network

_ATTRIBUTE = "class"
_BATCH = 16
_COLUMNS = 5


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture: its likeliest label, how likely, and all labels' probabilities."""

    label: str
    probability: float
    probabilities: Mapping[str, float]


class CNNRNNModel:
    """A CNN whose feature map a recurrent layer reads, with attention over its places, for one attribute.

    num_classes: how many labels; class_names: what they are called, in the order of the outputs ("class 0", …
    by default). cnn_backbone: `auto` (the packaged one), `small` or any timm name. rnn_type: `gru`, `lstm` or
    `none`, hidden_size units in one direction. use_attention: else places are pooled by their mean.
    weights: of the backbone, as in `models.weights.load`. `auto` never asks the network: it is the packaged
    weights of the packaged backbone, so resnet50 needs `hub` (Hugging Face), `path:FILE` or `none` (random). A
    model that was taught takes its own by `load_weights`, and may start from `none`. `network` is the torch module,
    to be taught or moved to a GPU.

    Raises WeightsError when these weights are not to be had: nothing else ever stands in for them.
    """

    def __init__(
        self,
        num_classes: int,
        cnn_backbone: str = "resnet50",
        rnn_type: str = "gru",
        bidirectional: bool = True,
        use_attention: bool = True,
        class_names: Sequence[str] | None = None,
        weights: str = "auto",
        hidden_size: int = 256,
        image_size: int = 224,
    ):
        from models.networks import build
        from models.recipe import plan

        names = tuple(class_names or (f"class {number}" for number in range(num_classes)))
        if len(names) != num_classes:
            raise NetworkError(f"num_classes is {num_classes}, but class_names has {len(names)}.")
        pooling = "attention" if use_attention else "mean"
        said: dict[str, Any] = {"backbone": cnn_backbone, "weights": weights, "sequence": rnn_type}
        said |= {"hidden": hidden_size, "bidirectional": bidirectional, "pooling": pooling}
        whole = {"name": _ATTRIBUTE, "attributes": [_ATTRIBUTE], "architecture": said}
        architecture = plan(whole, "CNNRNNModel").architecture
        network = build(architecture, {_ATTRIBUTE: names}, image_size)
        untaught = None if weights == "none" else tensors_sha256(network.heads)
        self._take(network, _ATTRIBUTE, 1.0, untaught)

    @classmethod
    def from_folder(cls, folder: str | Path, attribute: str | None = None) -> "CNNRNNModel":
        """The model that a folder keeps (of the registry, or a trainer's result), as it is, calibrated.

        attribute: which one to tell, where the model knows several. Raises NetworkError or WeightsError.
        """
        from models.networks import of_folder, read_config

        folder = Path(folder)
        network = of_folder(folder)
        attribute = _chosen(network, attribute, folder)
        temperature = read_config(folder).get("temperature", {}).get(attribute, 1.0)
        model = cls.__new__(cls)
        model._take(network, attribute, float(temperature))
        return model

    def _take(
        self, network: "Network", attribute: str, temperature: float, untaught: str | None = None
    ) -> None:
        self.network = network
        self.attribute = attribute
        self.class_names = network.labels[attribute]
        self.temperature = temperature
        # Heads that are still these have never been taught; None where any answer is wanted.
        self._untaught = untaught

    def load_weights(self, source: str | Path, attribute: str | None = None) -> "CNNRNNModel":
        """Take the weights of a model's folder, or of a file that `network.state_dict()` was saved to.

        A folder brings its labels and calibration, and must hold the same architecture as this model; a file
        (.safetensors, .pth, .pt) must hold the same tensors. Returns the model itself.
        Raises NetworkError naming what differs, WeightsError for a file that cannot be read; the model is then
        as it was.
        """
        from models.networks import fill

        source = Path(source)
        if source.is_dir():
            kept = self.from_folder(source, attribute)
            ours, theirs = _described(self), _described(kept)
            if ours != theirs:
                raise NetworkError(
                    f"{source} keeps a model of {theirs}, this one is of {ours}. "
                    "CNNRNNModel.from_folder(…) takes a folder's model as it is."
                )
            device = next(self.network.parameters()).device
            self._take(kept.network.to(device), kept.attribute, kept.temperature)
        else:
            fill(self.network, source)
            self._untaught = None
        return self

    def predict(self, pictures: Any) -> Any:
        """What the model says of one picture, a Prediction, or of a list of them, a list of Predictions.

        A picture is a path, a PIL image, or an array height×width×3 (or height×width, grey) of uint8. The
        network is asked in evaluation mode and left in the mode it was in; with whom a picture shares a batch
        matters by less than 1e-5 of a probability (lite0 with GRU and attention, 16 pictures: 1.4e-6).

        Raises PictureError naming the picture that cannot be read, NetworkError while the heads have never
        been taught: their random answers would look like real ones. With weights="none" they are asked for.
        """
        many = isinstance(pictures, Sequence) and not isinstance(pictures, str)
        found = self._probabilities(list(pictures) if many else [pictures])
        named = [dict(zip(self.class_names, row.tolist(), strict=True)) for row in found]
        answers = [
            Prediction(max(one, key=one.__getitem__), max(one.values()), one) for one in named
        ]
        return answers if many else answers[0]

    def _probabilities(self, pictures: list[Any]) -> np.ndarray:
        import torch

        from models.networks import evaluating

        if self._untaught is not None and tensors_sha256(self.network.heads) == self._untaught:
            raise NetworkError(
                "This model's heads have never been taught, so its answers would be chance. Call "
                'load_weights(…), teach `network`, or say weights="none" to see random answers on purpose.'
            )
        rows = [np.zeros((0, len(self.class_names)))]
        with evaluating(self.network), torch.inference_mode():
            for start in range(0, len(pictures), _BATCH):
                ready = [
                    opened(one, number)
                    for number, one in enumerate(pictures[start : start + _BATCH], start)
                ]
                logits = self.network(inputs(self.network, ready))[self.attribute]
                scaled = logits.double() / self.temperature
                rows.append(scaled.softmax(dim=1).cpu().numpy())
        return np.concatenate(rows)


class SoftmaxUncertaintyDetector:
    """Pictures that a model is unsure of, by 1 − its highest probability."""

    def get_uncertainty_scores(self, predictions: Any) -> np.ndarray:
        """0 (sure) to 1 − 1/labels for each prediction: float64, n.

        predictions: what `CNNRNNModel.predict` gave for a list, or probabilities n×labels.
        Raises ValueError when the rows are no probabilities.
        """
        from models.uncertainty import softmax_uncertainty

        rows = [
            list(one.probabilities.values()) if isinstance(one, Prediction) else one
            for one in predictions
        ]
        shares = np.asarray(rows, np.float64).reshape(len(rows), -1 if rows else 1)
        if (shares < 0).any() or not np.allclose(shares.sum(axis=1), 1, atol=1e-3):
            raise ValueError("Each row must be probabilities: 0 or more, with a sum of 1.")
        with np.errstate(divide="ignore"):  # a probability of 0 is a logit of −∞
            return softmax_uncertainty(np.log(shares))

    def get_top_outliers(self, scores: Sequence[float], k: int = 5) -> list[tuple[int, float]]:
        """The `k` highest scores as (position, score), highest first; of equal ones the earlier."""
        values = np.asarray(scores, np.float64)
        order = np.argsort(-values, kind="stable")[: max(k, 0)]
        return [(int(place), float(values[place])) for place in order]


def visualize_outliers(
    pictures: Sequence[Any],
    scores: Sequence[float],
    k: int = 5,
    predictions: Sequence[Prediction] | None = None,
    out: str | Path | None = None,
) -> "Figure":
    """The `k` pictures of the highest scores on one sheet, each with its score and what was predicted.

    out: a PNG file to write it to besides.
    Raises PictureError for one that cannot be read, ValueError when there are not as many scores as pictures.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if {len(pictures), len(predictions or pictures)} != {len(scores)}:
        raise ValueError(f"There are {len(pictures)} pictures and {len(scores)} scores.")
    top = SoftmaxUncertaintyDetector().get_top_outliers(scores, k)
    lines, columns = max(-(-len(top) // _COLUMNS), 1), max(min(len(top), _COLUMNS), 1)
    figure = Figure(figsize=(2.6 * columns, 3.1 * lines), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    cells = figure.subplots(lines, columns, squeeze=False).flatten()
    for cell in cells:
        cell.set_axis_off()
    for cell, (place, score) in zip(cells, top, strict=False):
        cell.imshow(opened(pictures[place], place))
        said = [f"no. {place}: {score:.3f}"]
        if predictions is not None:
            said.append(f"{predictions[place].label} {predictions[place].probability:.0%}")
        cell.set_title("\n".join(said), fontsize=9)
    if out is not None:
        with replacing(Path(out)) as target:
            figure.savefig(target, format="png", metadata={"Software": None})
    return figure


def _chosen(network: "Network", attribute: str | None, folder: Path) -> str:
    told = list(network.labels)
    wanted = told[0] if attribute is None and len(told) == 1 else attribute
    if wanted not in told:
        raise NetworkError(f"{folder} tells {', '.join(told)}: name one of them as attribute.")
    return wanted


def _described(model: CNNRNNModel) -> str:
    """What decides whether two models are of one architecture, in words."""
    network, said = model.network, model.network.architecture
    both = " in both directions" if said.bidirectional else ""
    reads = "" if said.sequence == "none" else f", {said.sequence} of {said.hidden}{both}"
    pooled = f"pooling by {said.pooling}, {network.image_size} px, {len(model.class_names)} classes"
    return f"{network.fingerprint.architecture}{reads}, {pooled}"
