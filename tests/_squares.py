"""Pictures of coloured squares, and small networks that learn them, for tests of models.networks and the API."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models.recipe import Architecture

SIZE = 64
COLOURS = {"green": (40, 200, 60), "red": (210, 40, 40)}


def architecture(**said: Any) -> Architecture:
    return Architecture(**{"backbone": "small", "weights": "none", "hidden": 16, **said})


def squares(
    count: int, seed: int = 0
) -> tuple[list[Image.Image], list[str], list[tuple[int, int]]]:
    """Grey noise with a red or a green square of 20 px: pictures, colours, and where its corner lies."""
    random = np.random.default_rng(seed)
    pictures, labels, corners = [], [], []
    for number in range(count):
        label = sorted(COLOURS)[number % 2]
        pixels = random.integers(90, 160, (SIZE, SIZE, 1), dtype=np.uint8).repeat(3, axis=2)
        top, left = (int(place) for place in random.integers(0, SIZE - 20, 2))
        pixels[top : top + 20, left : left + 20] = COLOURS[label]
        pictures.append(Image.fromarray(pixels))
        labels.append(label)
        corners.append((top, left))
    return pictures, labels, corners


@cache
def taught(sequence: str, pooling: str) -> Any:
    """A network that tells the colour of `squares`; shared, so leave it as it is."""
    import torch

    from models.networks import build, loss
    from models.pictures import inputs

    torch.set_num_threads(1)
    labels = tuple(sorted(COLOURS))
    network = build(architecture(sequence=sequence, pooling=pooling), {"colour": labels}, SIZE)
    pictures, told, _ = squares(48)
    images = inputs(network, pictures)
    targets = torch.tensor([labels.index(label) for label in told])
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    network.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for _ in range(40):
            batch = torch.randperm(len(images))[:16]
            optimiser.zero_grad()
            loss(network(images[batch]), {"colour": targets[batch]}).backward()
            optimiser.step()
    return network.eval()


def keep(network: Any, folder: Path, **said: Any) -> Path:
    """The network as a model's folder, with whatever else its config says."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file(network.state_dict(), folder / "weights.safetensors")
    config = {
        "labels": {attribute: list(of) for attribute, of in network.labels.items()},
        "architecture": asdict(network.architecture),
        "image_size": network.image_size,
        "fingerprint": network.fingerprint.as_dict(),
        **said,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder
