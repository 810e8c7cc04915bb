"""Why a network says what it says: where in a picture it looked, as numbers and laid over the picture.

What belongs here: heat of pictures for a label, and drawing it. A network with attention is asked for its own
weights; one that pools by mean for Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391) on its last feature map.
Both are as coarse as that map, 7 × 7 places at 224 px. Attention is the same for every label, and behind a
recurrent layer a place has also heard of its neighbours: it says where the network looked, not what for.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.pictures import inputs

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from models.networks import Network

_STRONGEST = 0.65  # opacity of the hottest place: the picture must still be seen
_COLOURS = "inferno"  # dark to light, told apart in grey and with colour-vision deficiencies


def heat(
    network: "Network", images: "torch.Tensor", attribute: str, labels: Sequence[str]
) -> np.ndarray:
    """How much each place of the feature map speaks for each picture's label, n×height×width, float32.

    images: float n×3×s×s as `pictures.inputs` makes them; labels: one for each. 0 is nothing, 1 the hottest place of
    that picture; a picture in which nothing speaks for the label is 0 throughout. The network's mode and
    gradients are left as they were. Raises ValueError for an attribute or label that it does not know.
    """
    import torch

    from models.networks import evaluating

    rows = _rows(network, attribute, labels)
    with evaluating(network):
        if network.places is not None:
            with torch.inference_mode():
                places = network.attention(images)
        else:
            places = _grad_cam(network, images, attribute, rows)
    found = places.float().cpu().numpy()
    hottest = found.max(axis=(1, 2), keepdims=True)
    return np.divide(found, hottest, out=np.zeros_like(found), where=hottest > 0)


def overlay(
    network: "Network", picture: "Image", attribute: str, label: str, seen: "Image | None" = None
) -> "Image":
    """The RGB picture with its heat for the label laid over it, at the picture's own size.

    seen: what the network is shown of it (`models.serving.seen`), where that is not the picture itself.
    Raises ValueError for an attribute or label that the network does not know.
    """
    import matplotlib
    from PIL import Image

    places = heat(network, inputs(network, [seen or picture]), attribute, [label])[0]
    spread = Image.fromarray(places).resize(picture.size, Image.Resampling.BICUBIC)
    shares = np.clip(np.asarray(spread), 0, 1)[..., None]
    colours = matplotlib.colormaps[_COLOURS](shares[..., 0])[..., :3] * 255
    opacity = shares * _STRONGEST
    mixed = np.asarray(picture.convert("RGB")) * (1 - opacity) + colours * opacity
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def _grad_cam(
    network: "Network", images: "torch.Tensor", attribute: str, rows: list[int]
) -> "torch.Tensor":
    import torch
    from captum.attr import LayerGradCam

    cam = LayerGradCam(lambda given: network(given)[attribute], network.maps)
    # cuDNN takes gradients through a recurrent layer only in training mode, with its dropout.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        target = torch.tensor(rows, device=images.device)
        spoken = cam.attribute(images, target=target, relu_attributions=True)
    return spoken.detach()[:, 0]


def _rows(network: "Network", attribute: str, labels: Sequence[str]) -> list[int]:
    known = network.labels.get(attribute)
    if known is None:
        told = ", ".join(network.labels)
        raise ValueError(f"The network tells {told}, not {attribute!r}.")
    if strange := sorted(set(labels) - set(known)):
        raise ValueError(
            f"{attribute} {strange[0]!r} is none of the network's labels: {', '.join(known)}."
        )
    return [known.index(label) for label in labels]
