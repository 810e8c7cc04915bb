"""A lake with labelled pictures to learn from, made by hand: what stands before the training stage."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from models.features import WIDTH
from models.weights import packaged_fingerprint
from storage import Lake, schemas

TONES = {"Armour": (60, 70, 160), "Paintings": (190, 120, 40)}
A_LABEL = 30


def jpeg(label: str, number: int, size: int = 256) -> bytes:
    """A picture in its label's tone, with noise of its own."""
    random = np.random.default_rng([list(TONES).index(label), number])
    noise = random.normal(0, 30, (32, 32, 3)) + np.array(TONES[label])
    small = Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))
    data = io.BytesIO()
    small.resize((size, size), Image.Resampling.NEAREST).save(data, "JPEG", quality=90)
    return data.getvalue()


def make(root: Path) -> Lake:
    """Write the lake below `root`: catalogue, derivatives, features, examples and splits of `department`."""
    lake = Lake.open(root, "hand-made")
    random = np.random.default_rng(0)
    model, rows = packaged_fingerprint().id, {name: [] for name in _SCHEMAS}
    for label in TONES:
        for number in range(A_LABEL):
            name, data = f"met:{label}{number:02d}", jpeg(label, number)
            sha256, _ = lake.images.add_bytes(data, ".jpg")
            path = lake.images.path(sha256, "derivative", ".jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            place = lake.images.relative(path)
            side = "test" if number % 3 == 0 else "validation" if number % 3 == 1 else "train"
            shift = np.full(WIDTH, 0.1 if label == "Armour" else -0.1)
            own = {"artwork_id": name, "sha256": sha256, "group_id": name}
            rows["catalog/artworks"].append(
                {
                    "artwork_id": name,
                    "source": "met",
                    "source_id": name[4:],
                    "source_row": "met.csv#1",
                    "licence": "CC0-1.0",
                    "department": label,
                    "begin_year": 1650 if number % 2 else 1750,
                }
            )
            rows["images/derivatives"].append(
                {"sha256": sha256, "path": place, "width": 256, "height": 256, "content": sha256}
            )
            rows["duplicates/primary"].append({**own, "image_id": f"{name}#0", "path": place})
            rows["embeddings/features"].append(
                {
                    "sha256": sha256,
                    "vector": (random.normal(size=WIDTH) + shift).astype(np.float32).tolist(),
                    "model": model,
                }
            )
            rows["training/examples"].append(
                {
                    **own,
                    "attribute": "department",
                    "label": label,
                    "provenance": "department of met",
                    "as_written": label,
                }
            )
            rows["training/splits"].append(
                {"attribute": "department", "artwork_id": name, "split": side, "scheme": "grouped"}
            )
    for key, schema in _SCHEMAS.items():
        named = [{field: row.get(field) for field in schema.names} for row in rows[key]]
        lake.write(key, schemas.table(schema, named), [schema.names[0]])
    return lake


_SCHEMAS: dict[str, pa.Schema] = {
    "catalog/artworks": schemas.ARTWORKS,
    "images/derivatives": schemas.DERIVATIVES,
    "duplicates/primary": schemas.PRIMARY,
    "embeddings/features": schemas.FEATURES,
    "training/examples": schemas.EXAMPLES,
    "training/splits": schemas.SPLITS,
}
