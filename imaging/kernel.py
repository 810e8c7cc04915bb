"""The one pass over each original: decoded once, it gives the derivative and every measure.

What belongs here: the kernel that `storage.map_files` runs, and the tables made from its result.
What is measured is in `imaging.quality`, `imaging.colour`, `imaging.borders`, `imaging.charts` and `imaging.hashes`.
"""

import hashlib
import logging
import os
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import simplejpeg
from PIL import Image

from imaging import borders, charts, colour, hashes, quality
from imaging.decode import Picture, decode
from imaging.errors import DecodeError
from imaging.threads import one_thread
from storage import ImageStore
from storage.files import write_many
from storage.schemas import DERIVATIVES, MEASURES, REJECTS

DERIVATIVE_SIDE = 256
OPTIONAL = frozenset({"whash", "crop"})  # hashes that are only made where asked for
_JPEG_QUALITY = 90

_RESULT = pa.schema(
    [field.with_nullable(field.name != "sha256") for field in MEASURES]
    + [
        pa.field("derivative_path", pa.string()),
        pa.field("derivative_width", pa.int32()),
        pa.field("derivative_height", pa.int32()),
        pa.field("derivative_content", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class Measure:
    """Kernel over originals: columns `sha256` and `path` (below `store_root` or absolute; string, or
    binary as os.fsencode gives it) in.

    Out: the columns of MEASURES, `derivative_path`, `derivative_width`, `derivative_height`,
    `derivative_content`, and `reason` and `error` ("reason: detail"), null where the picture decoded; one whose
    content is no longer its sha256 has changed. hashes: which of `OPTIONAL` to make; the memo's version must name
    them. Raises OSError only when the store cannot be written, which is no picture's fault.
    """

    store_root: Path
    hashes: Collection[str] = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One row an original, in the batch's order; a sha256 comes once (`map_files` sees to that)."""
        made: list[dict[str, Any]] = []
        with one_thread(), _quiet():
            write_many(self._files(batch.select(["sha256", "path"]).to_pylist(), made))
        return pa.RecordBatch.from_pylist(made, schema=_RESULT)

    def _files(
        self, rows: Sequence[Mapping[str, str | bytes]], made: list[dict[str, Any]]
    ) -> Iterator[tuple[Path, bytes]]:
        """The derivatives one after the other, and beside them what is `made` of each row."""
        for row in rows:
            facts, jpeg = self._row(row)
            made.append(facts)
            if jpeg is not None:
                yield self.store_root / facts["derivative_path"], jpeg

    def _row(self, row: Mapping[str, str | bytes]) -> tuple[dict[str, Any], bytes | None]:
        sha256 = str(row["sha256"])
        try:
            original = self.store_root / os.fsdecode(row["path"])
            picture = decode(original, sha256=sha256, draft=True)
        except DecodeError as error:
            return {"sha256": sha256, "reason": error.reason, "error": str(error)}, None
        small = _derivative(picture.rgb)
        jpeg = simplejpeg.encode_jpeg(small, _JPEG_QUALITY, "RGB", "420")
        store = ImageStore(self.store_root)
        facts = {
            "sha256": sha256,
            **_facts(picture, small),
            **_optional(picture.rgb, self.hashes),
            "derivative_path": store.relative(store.path(sha256, "derivative", ".jpg")),
            "derivative_width": small.shape[1],
            "derivative_height": small.shape[0],
            "derivative_content": hashlib.sha256(jpeg).hexdigest(),
        }
        return facts, jpeg


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Pillow and tifffile remark on damage to themselves: a row says whether its picture decoded."""
    log = logging.getLogger("tifffile")
    former = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(former)


def measures(result: pa.Table) -> pa.Table:
    """The MEASURES of every original that decoded."""
    good = result.filter(pc.is_null(result["error"]))
    return good.select(MEASURES.names).cast(MEASURES)


def derivatives(result: pa.Table) -> pa.Table:
    """The DERIVATIVES of every original that decoded."""
    good = result.filter(pc.is_null(result["error"]))
    names = ["sha256", *(f"derivative_{name}" for name in DERIVATIVES.names[1:])]
    return good.select(names).rename_columns(DERIVATIVES.names).cast(DERIVATIVES)


def joined(files: pa.Table, result: pa.Table) -> pa.Table:
    """One row a file that decoded, in the order of `files`: its columns but `path`, then what was measured.

    files: sha256, and whatever else tells of a file; several may share a content. Added are the columns of
    MEASURES, `derivative` (its path below the store) and `content`. By positions: Arrow's own join takes no lists.
    """
    facts, small = measures(result), derivatives(result)
    known = facts["sha256"].combine_chunks()
    images = files.filter(pc.is_in(files["sha256"], value_set=known)).drop_columns(["path"])
    place = pc.index_in(images["sha256"], value_set=known)
    for name in facts.drop_columns(["sha256"]).column_names:
        images = images.append_column(name, facts[name].take(place))
    place = pc.index_in(images["sha256"], value_set=small["sha256"].combine_chunks())
    images = images.append_column("derivative", small["path"].take(place))
    return images.append_column("content", small["content"].take(place))


def rejects(result: pa.Table, originals: pa.Table) -> pa.Table:
    """REJECTS of stage "images": a row for every image whose original did not decode.

    originals: ORIGINALS; an original that several images share is rejected for each of them.
    """
    bad = result.filter(pc.is_valid(result["error"])).select(["sha256", "reason", "error"])
    rows = originals.select(["image_id", "source", "sha256"]).join(bad, "sha256", join_type="inner")
    rows = rows.sort_by("image_id")
    # A row whose process died never reached the kernel: its reason stands in the error alone.
    told = pc.list_element(pc.split_pattern(rows["error"], ":", max_splits=1), 0)
    reason = pc.coalesce(rows["reason"], told)
    stage = pa.array(["images"] * rows.num_rows, pa.string())
    columns = [stage, rows["source"], rows["image_id"], reason, rows["error"]]
    return pa.table(columns, schema=REJECTS)


def _derivative(rgb: np.ndarray) -> np.ndarray:
    """The picture at `DERIVATIVE_SIDE` pixels on its shorter side, or as it is where it has no more.

    Halved while it can be, then bilinear by less than half: every pixel counts, at a third of the time of an area
    filter at once. An odd last line or column is left out of a halving.
    """
    while min(rgb.shape[:2]) >= 2 * DERIVATIVE_SIDE:
        height, width = (length // 2 for length in rgb.shape[:2])
        rgb = cv2.resize(
            rgb[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
        )
    scale = DERIVATIVE_SIDE / min(rgb.shape[:2])
    if scale >= 1:
        return rgb
    height, width = (max(1, round(length * scale)) for length in rgb.shape[:2])
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)


def _facts(picture: Picture, small: np.ndarray) -> dict[str, Any]:
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    histogram = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel()
    border = borders.find(small)
    bits = hashes.grey_hashes(grey)
    dark, bright = quality.clipped(histogram)
    return {
        "width": picture.width,
        "height": picture.height,
        "mode": picture.mode,
        "format": picture.format,
        "frames": picture.frames,
        "phash": bits.phash,
        "ahash": bits.ahash,
        "dhash_h": bits.dhash_h,
        "dhash_v": bits.dhash_v,
        "phash_turned": bits.turned,
        "frame_hashes": hashes.frame_hashes(grey, border.box(small.shape[1], small.shape[0])),
        "sharpness": quality.sharpness(grey),
        **asdict(quality.detail(picture.detail)),
        "brightness": quality.brightness(histogram),
        "contrast": quality.contrast(histogram),
        "clipped_dark": dark,
        "clipped_bright": bright,
        "colourfulness": quality.colourfulness(small),
        "entropy": quality.entropy(histogram),
        "colours": colour.dominant(small),
        **{f"border_{side}": share for side, share in asdict(border).items()},
        "has_chart": charts.has_chart(small),
        **asdict(picture.metadata),
    }


def _optional(rgb: np.ndarray, wanted: Collection[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if wanted:
        seen = Image.fromarray(rgb)
        if "whash" in wanted:
            found["whash"] = hashes.whash(seen)
        if "crop" in wanted:
            found["crop_hashes"] = hashes.crop_hashes(seen)
    return found
