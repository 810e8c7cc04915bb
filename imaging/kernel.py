"""The one pass over each original: decoded once, it gives the derivative and every measure.

What belongs here: the kernel that `storage.map_files` runs, and the tables made from its result.
What is measured is in `imaging.quality` and `imaging.hashes`.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import simplejpeg
from PIL import Image

from imaging import hashes, quality
from imaging.decode import DecodeError, Picture, decode
from storage import ImageStore
from storage.files import write_bytes
from storage.schemas import DERIVATIVES, MEASURES, REJECTS

DERIVATIVE_SIDE = 256
_JPEG_QUALITY = 90
_GAP = 6.0  # mean 0.25 bit of pHash and 1 of each dHash off imagehash on 279 museum photographs, at half the time
# A file is safe on disk only after fsync, which waits; a few at a time cost a tenth of one by one.
_WRITERS = 4

_RESULT = pa.schema(
    [field.with_nullable(field.name != "sha256") for field in MEASURES]
    + [
        pa.field("derivative_path", pa.string()),
        pa.field("derivative_width", pa.int32()),
        pa.field("derivative_height", pa.int32()),
        pa.field("reason", pa.string()),
        pa.field("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class Measure:
    """Kernel over originals: columns `sha256` and `path` (below `store_root`) in.

    Out: the columns of MEASURES, `derivative_path`, `derivative_width`, `derivative_height`, and
    `reason` and `error` ("reason: detail"), null where the picture decoded. Raises OSError only when
    the store cannot be written, which is no picture's fault.
    """

    store_root: Path

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One row an original, in the batch's order; a sha256 comes once (`map_files` sees to that)."""
        with ThreadPoolExecutor(_WRITERS) as writers:
            made = [self._row(row, writers) for row in batch.select(["sha256", "path"]).to_pylist()]
            for _, write in made:
                if write is not None:
                    write.result()
        return pa.RecordBatch.from_pylist([row for row, _ in made], schema=_RESULT)

    def _row(self, row: Mapping[str, str], writers: ThreadPoolExecutor) -> tuple[dict, Any]:
        try:
            picture = decode(self.store_root / row["path"], DERIVATIVE_SIDE)
        except DecodeError as error:
            return {"sha256": row["sha256"], "reason": error.reason, "error": str(error)}, None
        store = ImageStore(self.store_root)
        path = store.path(row["sha256"], "derivative", ".jpg")
        seen = Image.fromarray(picture.rgb)
        small = _derivative(seen)
        jpeg = simplejpeg.encode_jpeg(np.asarray(small), _JPEG_QUALITY, "RGB", "420")
        facts = {
            "sha256": row["sha256"],
            **_facts(picture, seen, small),
            "derivative_path": store.relative(path),
            "derivative_width": small.width,
            "derivative_height": small.height,
        }
        return facts, writers.submit(_keep, path, jpeg)


def measures(result: pa.Table) -> pa.Table:
    """The MEASURES of every original that decoded."""
    good = result.filter(pc.is_null(result["error"]))
    return good.select(MEASURES.names).cast(MEASURES)


def derivatives(result: pa.Table) -> pa.Table:
    """The DERIVATIVES of every original that decoded."""
    good = result.filter(pc.is_null(result["error"]))
    names = ["sha256", "derivative_path", "derivative_width", "derivative_height"]
    return good.select(names).rename_columns(DERIVATIVES.names).cast(DERIVATIVES)


def rejects(result: pa.Table, originals: pa.Table) -> pa.Table:
    """REJECTS of stage "images": a row for every image whose original did not decode.

    originals: ORIGINALS; an original that several images share is rejected for each of them.
    """
    bad = result.filter(pc.is_valid(result["error"])).select(["sha256", "reason", "error"])
    rows = originals.select(["image_id", "source", "sha256"]).join(bad, "sha256", join_type="inner")
    rows = rows.sort_by("image_id")
    stage = pa.array(["images"] * rows.num_rows, pa.string())
    columns = [stage, rows["source"], rows["image_id"], rows["reason"], rows["error"]]
    return pa.table(columns, schema=REJECTS)


def _derivative(seen: Image.Image) -> Image.Image:
    scale = DERIVATIVE_SIDE / min(seen.size)
    if scale >= 1:
        return seen
    size = (max(1, round(seen.width * scale)), max(1, round(seen.height * scale)))
    return seen.resize(size, Image.Resampling.HAMMING)


def _facts(picture: Picture, seen: Image.Image, small: Image.Image) -> dict[str, Any]:
    hashed = seen.convert("L")
    grey = hashed if small is seen else small.convert("L")
    histogram = np.array(grey.histogram())
    return {
        "width": picture.width,
        "height": picture.height,
        "mode": picture.mode,
        "format": picture.format,
        "frames": picture.frames,
        "phash": hashes.phash(hashed, _GAP),
        "dhash_h": hashes.dhash_h(hashed, _GAP),
        "dhash_v": hashes.dhash_v(hashed, _GAP),
        "sharpness": quality.sharpness(np.asarray(grey)),
        "brightness": quality.brightness(histogram),
        "contrast": quality.contrast(histogram),
        "colourfulness": quality.colourfulness(np.asarray(small)),
        "entropy": quality.entropy(histogram),
    }


def _keep(path: Path, jpeg: bytes) -> None:
    """Write the derivative unless just these bytes are there already."""
    if not (path.exists() and path.read_bytes() == jpeg):
        write_bytes(path, jpeg)
