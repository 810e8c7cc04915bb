"""Overlays of `artlake classify`: pictures of where a network looked, saved beside each other."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.helptext import command
from storage.errors import MendableError
from storage.files import printable

if TYPE_CHECKING:
    from models.registry import Version


class OverlayError(MendableError):
    """An overlay was asked of a model that has none; the message says which and what to do."""


def require_networks(asked: "dict[Version, list[str]]") -> None:
    """Raise OverlayError where a head is asked: it looks at features, not at places."""
    by_head = [
        name for one, names in asked.items() if one.config["kind"] == "head" for name in names
    ]
    if by_head:
        raise OverlayError(
            f"The {' and '.join(by_head)} is told by a head on frozen features, which has no overlay. Leave out "
            f"--overlays, name a network with --model, or make one: {command()} train {by_head[0]}"
        )


def draw(
    asked: "dict[Version, list[str]]",
    said: dict[Path, list[dict[str, Any]]],
    small: dict[Path, tuple[str, str]],
    store: Path,
    folder: Path,
) -> None:
    """Save for each row where the network looked for its label, and note the file in the row."""
    from tqdm import tqdm

    from models import explain, networks
    from models.features import read_picture
    from storage.files import replacing

    opened = {
        name: networks.of_folder(one.folder) for one, names in asked.items() for name in names
    }
    for number, (path, rows) in enumerate(
        tqdm(said.items(), desc="overlays", unit="file", disable=None)
    ):
        for row in rows:
            picture = read_picture((store / small[path][1]).read_bytes())
            drawn = explain.overlay(
                opened[row["attribute"]], picture, row["attribute"], row["looked_for"]
            )
            stem = re.sub(r"[^\w.-]+", "_", printable(path.stem))[:60]
            target = folder / f"{number:05d}_{stem}_{row['attribute']}.jpg"
            with replacing(target) as part:
                drawn.save(part, "JPEG", quality=90)
            row["overlay"] = printable(target)
