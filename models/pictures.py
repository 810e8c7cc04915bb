"""A picture however somebody has it at hand, as a network takes it.

What belongs here: opening one, and the square of pixels it becomes. Many derivatives of the lake at once are
read by `models.feed` and `models.inference`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.augment import prepare
from models.pixels import squash
from storage.errors import MendableError

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from models.networks import Network

_SIDE = 256  # a file is read so that its shorter side keeps this many pixels, as derivatives do


class PictureError(MendableError):
    """What was handed in cannot be read as a picture; the message says which one and why."""


def opened(picture: Any, number: int) -> "Image":
    """A path, a PIL image or an array height×width×3 (or height×width, grey) of uint8 as an RGB picture.

    A file or an image is read as everywhere in artlake (`imaging.decode`: upright, in sRGB, over white), a file at
    the smallest scale that keeps what a derivative keeps. Raises PictureError naming the picture, `number` among those handed in.
    """
    from PIL import Image

    from imaging.decode import decode
    from imaging.errors import DecodeError
    from imaging.srgb import as_rgb, orientation, turned

    if isinstance(picture, Image.Image):
        try:
            picture.load()
        except OSError as error:
            raise PictureError(f"Picture {number} cannot be read: {error}.") from error
        return Image.fromarray(turned(as_rgb(picture), orientation(picture)))
    if isinstance(picture, np.ndarray):
        if (
            picture.dtype != np.uint8
            or picture.ndim not in (2, 3)
            or picture.shape[2:] not in ((), (3,))
        ):
            raise PictureError(
                f"Picture {number} is an array {picture.shape} of {picture.dtype}; wanted are "
                "height×width×3, or height×width, of uint8."
            )
        return Image.fromarray(picture).convert("RGB")
    try:
        return Image.fromarray(decode(Path(picture), side=_SIDE).rgb)
    except DecodeError as error:
        raise PictureError(
            f"Picture {number}, {picture}, cannot be read: {error.detail}"
        ) from error
    except TypeError as error:
        raise PictureError(
            f"Picture {number} is a {type(picture).__name__}, neither a path, an image nor an array."
        ) from error


def inputs(network: "Network", pictures: Sequence["Image"]) -> "torch.Tensor":
    """RGB pictures of any size as the network takes them, float n×3×s×s on its device.

    The same square as in training and in the engines (`models.pixels.squash`).
    """
    import torch

    size = network.image_size
    pixels = [squash(np.asarray(one.convert("RGB")), size) for one in pictures]
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    device = next(network.parameters()).device
    return prepare(images.to(device), network.fingerprint, augmentation="none", seed=0)
