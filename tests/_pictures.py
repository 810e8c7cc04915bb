"""Pictures drawn from a seed, and rows of their hashes, for the tests of duplicates."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from imaging import hashes, kernel
from storage.schemas import MEASURES


def row(image_id: str, picture: Image.Image, **facts: Any) -> dict[str, Any]:
    """What proposing reads of a picture; `trimmed` is the box without its border."""
    grey = np.asarray(picture.convert("L"))
    made = hashes.grey_hashes(grey)
    content = hashlib.sha256(picture.tobytes() + repr(picture.size).encode()).hexdigest()
    return {
        "image_id": image_id,
        "artwork_id": image_id,
        "sha256": hashlib.sha256(f"{image_id} {content}".encode()).hexdigest(),
        "content": content,
        "width": picture.width,
        "height": picture.height,
        "phash": made.phash,
        "dhash_h": made.dhash_h,
        "dhash_v": made.dhash_v,
        "phash_turned": list(made.turned),
        "frame_hashes": hashes.frame_hashes(grey, facts.pop("trimmed", None)),
        **facts,
    }


def images(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as a table of the types that measures have."""
    known = {field.name: field.type for field in MEASURES}
    names = ("image_id", "artwork_id", "content", "sha256", "width", "height", "phash")
    names += ("dhash_h", "dhash_v", "phash_turned", "frame_hashes")
    schema = pa.schema([(name, known.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def vectors(rows: dict[str, np.ndarray]) -> pa.Table:
    """sha256 and vector, as embeddings are handed in."""
    width = len(next(iter(rows.values())))
    columns = {
        "sha256": pa.array(list(rows), pa.string()),
        "vector": pa.array([it.tolist() for it in rows.values()], pa.list_(pa.float32(), width)),
    }
    return pa.table(columns)


def measured(files: dict[str, Path], store_root: Path) -> pa.Table:
    """Files by image_id as the images stage leaves them: one row a picture, its derivative in the store."""
    contents = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    distinct = {contents[name]: path for name, path in files.items()}
    columns = {
        "sha256": list(distinct),
        "path": [str(path.resolve()) for path in distinct.values()],
    }
    result = pa.Table.from_batches(
        [kernel.Measure(store_root)(pa.RecordBatch.from_pydict(columns))]
    )
    facts = kernel.measures(result).to_pylist()
    small = {it["sha256"]: it for it in kernel.derivatives(result).to_pylist()}
    by_content = {it["sha256"]: it for it in facts}
    rows = [
        {
            **by_content[contents[name]],
            "image_id": name,
            "artwork_id": name.split("#", maxsplit=1)[0],
            "source": name.split(":", maxsplit=1)[0],
            "bytes": path.stat().st_size,
            "derivative": small[contents[name]]["path"],
            "content": small[contents[name]]["content"],
        }
        for name, path in files.items()
    ]
    own = [
        (it, pa.string()) for it in ("image_id", "artwork_id", "source", "derivative", "content")
    ]
    schema = pa.schema([*own, ("bytes", pa.int64()), *MEASURES])
    return pa.Table.from_pylist(rows, schema=schema)
