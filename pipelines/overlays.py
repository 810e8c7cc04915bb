"""Overlays of `artlake classify`: pictures of where a model looked, saved beside each other."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.files import printable

if TYPE_CHECKING:
    from models.networks import Network
    from models.registry import Version


def draw(
    asked: "dict[Version, list[str]]",
    said: dict[Path, list[dict[str, Any]]],
    small: dict[Path, tuple[str, str]],
    store: Path,
    folder: Path,
) -> None:
    """Save for each row where the model looked for its label, and note the file in the row."""
    from tqdm import tqdm

    from models import explain, serving
    from models.features import read_picture
    from storage.files import replacing

    opened: dict[str, tuple[Version, Network]] = {}
    for version, names in asked.items():
        network = serving.network(version)
        opened |= dict.fromkeys(names, (version, network))
    for number, (path, rows) in enumerate(
        tqdm(said.items(), desc="overlays", unit="file", disable=None)
    ):
        for row in rows:
            picture = read_picture((store / small[path][1]).read_bytes())
            attribute = row["attribute"]
            version, network = opened[attribute]
            shown = serving.seen(version, picture)
            drawn = explain.overlay(network, picture, attribute, row["looked_for"], shown)
            stem = re.sub(r"[^\w.-]+", "_", printable(path.stem))[:60]
            target = folder / f"{number:05d}_{stem}_{attribute}.jpg"
            with replacing(target) as part:
                drawn.save(part, "JPEG", quality=90)
            row["overlay"] = printable(target)
