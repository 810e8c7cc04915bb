"""Batches of bytes to a network's input, varied as a work of art may be.

What belongs here: normalisation and augmentation, in batches, on the device where the images lie.
Mild means what a photographer might have done: a crop of at least 0.8 of the area, a little more or less
light and contrast. Colour and layout tell of school and hand, so there is no hue or saturation jitter, no
vertical flip, and no mirror either: it makes writing unreadable, turns scrolls and manuscripts to the wrong
reading direction, and no museum holds the mirrored work.
"""

from typing import TYPE_CHECKING

from models.weights import Fingerprint

if TYPE_CHECKING:
    import torch

AREA = 0.8  # of the picture, at least
LIGHT = 0.1  # brightness and contrast, times 0.9 to 1.1


def prepare(
    images: "torch.Tensor", fingerprint: Fingerprint, *, augmentation: str = "none", seed: int = 0
) -> "torch.Tensor":
    """Normalised float32 input of the same shape, device and memory format as `images`.

    images: uint8 n × 3 × s × s. augmentation: `none` or `mild`. What is drawn depends on `seed` alone,
    whatever the device.
    """
    import torch

    device = images.device
    std = torch.tensor(fingerprint.std, device=device).view(1, 3, 1, 1)
    mean = torch.tensor(fingerprint.mean, device=device).view(1, 3, 1, 1)
    pixels = images.float()
    if augmentation == "none":
        return pixels.mul_(1 / (255 * std)).sub_(mean / std)
    drawn = torch.rand(len(images), 5, generator=torch.Generator().manual_seed(seed))
    area, right, down, brightness, contrast = drawn.to(device, non_blocking=True).unbind(1)
    pixels = _cropped(pixels, (1 - (1 - AREA) * area).sqrt(), right, down)
    gain = _light(brightness)
    spread = gain * _light(contrast)
    grey = pixels.mean((1, 2, 3)).view(-1, 1, 1, 1)  # contrast is about the picture's own mean
    return pixels.mul_(spread / (255 * std)).add_(grey * (gain - spread) / (255 * std) - mean / std)


def _light(drawn: "torch.Tensor") -> "torch.Tensor":
    return (1 - LIGHT + 2 * LIGHT * drawn).view(-1, 1, 1, 1)


def _cropped(
    pixels: "torch.Tensor", side: "torch.Tensor", right: "torch.Tensor", down: "torch.Tensor"
) -> "torch.Tensor":
    """The square of `side` (share of the whole) at a random place, enlarged to the whole.

    right, down: 0 to 1, where in the room that is left.
    """
    import torch

    size = pixels.shape[-1]
    # grid_sample counts from −1 to 1 between the outer edges of the outermost pixels.
    centres = (torch.arange(size, device=pixels.device) * 2 + 1) / size - 1
    across = centres * side[:, None] + ((1 - side) * (2 * right - 1))[:, None]
    along = centres * side[:, None] + ((1 - side) * (2 * down - 1))[:, None]
    count = len(pixels)
    grid = torch.stack(
        [
            across[:, None, :].expand(count, size, size),
            along[:, :, None].expand(count, size, size),
        ],
        dim=-1,
    )
    made = torch.nn.functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    return made.contiguous(memory_format=torch.channels_last)
