"""Made pictures, and a store that holds them as derivatives: what tests of pairs need."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from storage import ImageStore


def painting(seed: int, size: tuple[int, int] = (320, 256)) -> Image.Image:
    """Patches of many sizes, as unlike another seed's as two paintings are."""
    rng = np.random.default_rng(seed)
    canvas = Image.new("RGB", size, tuple(rng.integers(0, 256, 3).tolist()))
    for _ in range(150):
        extent = rng.integers(4, 90, 2)
        corner = rng.integers(-20, 300, 2)
        colour = tuple(rng.integers(0, 256, 3).tolist())
        canvas.paste(colour, (*corner.tolist(), *(corner + extent).tolist()))
    return canvas


class Easel:
    """Pictures in a store as the images stage leaves them: `images` is what comparing reads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._rows: list[dict[str, str]] = []

    def add(self, image_id: str, picture: Image.Image, quality: int = 90) -> Path:
        """Keep the picture as the derivative of an original of its own."""
        sha256 = hashlib.sha256(image_id.encode()).hexdigest()
        store = ImageStore(self.root)
        path = store.path(sha256, "derivative", ".jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, quality=quality)
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        row = {"image_id": image_id, "sha256": sha256, "content": content}
        self._rows.append({**row, "derivative": store.relative(path)})
        return path

    @property
    def images(self) -> pa.Table:
        """image_id, sha256, content, derivative."""
        return pa.Table.from_pylist(self._rows)


def candidates(*pairs: tuple[str, str, int]) -> pa.Table:
    """A proposal for each (image_a, image_b, form)."""
    a, b, forms = zip(*pairs, strict=True)
    return pa.table(
        {
            "image_a": pa.array(a, pa.string()),
            "image_b": pa.array(b, pa.string()),
            "proposed_by": pa.array(["hash"] * len(pairs), pa.string()),
            "phash_distance": pa.array([4] * len(pairs), pa.int16()),
            "dhash_distance": pa.array([9] * len(pairs), pa.int16()),
            "frame": pa.array(["whole/whole"] * len(pairs), pa.string()),
            "form": pa.array(forms, pa.int8()),
            "cosine": pa.nulls(len(pairs), pa.float32()),
        }
    )
