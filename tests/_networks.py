"""Small networks in folders, and derivatives with sets over them, for the tests of feed and engines."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from models.recipe import Architecture

LABELS = {"department": ("Arms", "Drawings", "Photographs"), "style": ("Baroque", "Rococo")}


def model_folder(folder: Path, architecture: Architecture, size: int = 32) -> Path:
    """A model of LABELS whose answers are far apart, as `config.json` and `weights.safetensors`."""
    import torch
    from safetensors.torch import save_file

    from models.networks import build

    network = build(architecture, LABELS, size)
    with torch.no_grad():
        for head in network.heads.values():
            head.weight.mul_(30)  # untrained heads give every label the same
    folder.mkdir(parents=True)
    save_file(network.state_dict(), folder / "weights.safetensors")
    facts = {
        "labels": {name: list(of) for name, of in LABELS.items()},
        "architecture": asdict(architecture),
        "fingerprint": network.fingerprint.as_dict(),
    }
    (folder / "config.json").write_text(json.dumps(facts))
    return folder


def derivative(store: Path, name: str, seed: int) -> str:
    """A made JPEG below the store; its path there."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    path = store / "derivative" / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((80, 64), Image.Resampling.BICUBIC).save(path, quality=90)
    return f"derivative/{name}.jpg"


def training_set(store: Path, sides: dict[str, int]) -> pa.Table:
    """A set of so many pictures a side, every third one without a style."""
    rows = []
    for side, count in sides.items():
        for _ in range(count):
            number = len(rows)
            rows.append(
                {
                    "sha256": f"{number:064x}",
                    "path": derivative(store, f"p{number}", number),
                    "artwork_id": f"x:{number:03d}",
                    "group_id": f"x:{number:03d}",
                    "side": side,
                    "department": LABELS["department"][number % 3],
                    "style": None if number % 3 == 0 else LABELS["style"][number % 2],
                }
            )
    return pa.Table.from_pylist(rows)
