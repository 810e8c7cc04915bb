"""Batches to a network's input: normalised as the backbone wants it, mildly varied, the same by its seed."""

import numpy as np
import torch

from models.augment import AREA, prepare
from models.weights import Fingerprint

SEEN = Fingerprint("small", "none", "0" * 64, 32, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3))


def slopes(count: int, size: int = 64) -> torch.Tensor:
    """Red rises from left to right, green from top to bottom, 20 to 220; blue is 120."""
    rise = torch.linspace(20, 220, size)
    one = torch.stack(
        [rise.expand(size, size), rise[:, None].expand(size, size), torch.full((size, size), 120.0)]
    )
    return (
        one.round()
        .byte()
        .expand(count, 3, size, size)
        .contiguous(memory_format=torch.channels_last)
    )


def pixels(prepared: torch.Tensor) -> np.ndarray:
    """Back to 0–255."""
    mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in (SEEN.mean, SEEN.std))
    return ((prepared * std + mean) * 255).numpy()


def test_without_augmentation_only_the_scale_changes():
    images = slopes(2)
    made = prepare(images, SEEN)
    assert made.dtype == torch.float32
    assert made.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(pixels(made), images.numpy(), atol=1e-3)


def test_one_seed_gives_the_same_bytes_and_another_others():
    one, two, three = (
        prepare(slopes(4), SEEN, augmentation="mild", seed=seed) for seed in (7, 7, 8)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, three)


def test_the_pictures_of_a_batch_are_varied_each_by_itself():
    made = prepare(slopes(8), SEEN, augmentation="mild", seed=0)
    assert len({picture.numpy().tobytes() for picture in made}) == 8


def test_nothing_is_mirrored_or_turned_upside_down():
    made = pixels(prepare(slopes(64), SEEN, augmentation="mild", seed=1))
    assert (np.diff(made[:, 0], axis=2) >= -1e-3).all()
    assert (np.diff(made[:, 1], axis=1) >= -1e-3).all()


def test_a_crop_keeps_most_of_the_picture_and_wanders_over_it():
    made = pixels(prepare(slopes(256), SEEN, augmentation="mild", seed=2))
    spans = [made[:, 0, 0, -1] - made[:, 0, 0, 0], made[:, 1, -1, 0] - made[:, 1, 0, 0]]
    contrast = (0.9**2, 1.1**2)
    for span in spans:
        assert span.min() > 200 * np.sqrt(AREA) * contrast[0] - 4
        assert span.max() < 200 * contrast[1] + 1
    middle = made[:, 0].mean((1, 2)) / made[:, 2].mean((1, 2))  # free of light: blue is even
    assert middle.std() > 0.01


def test_light_changes_little_and_hue_not_at_all():
    grey = torch.full((256, 3, 32, 32), 100, dtype=torch.uint8)
    made = pixels(prepare(grey, SEEN, augmentation="mild", seed=3))
    assert made.min() > 89.9 and made.max() < 110.1
    assert made.mean((1, 2, 3)).std() > 3
    np.testing.assert_allclose(made[:, 0], made[:, 2], atol=1e-3)
