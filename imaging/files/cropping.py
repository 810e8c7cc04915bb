"""From proposals to files: sidecars that tell of a crop, or cropped copies, for the pictures of a folder.

What belongs here: choosing among the proposals, and making the bytes. What is made becomes steps of a plan
(`imaging.files.plan`); no original is ever touched.
"""

import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image, ImageOps

from imaging import raw
from imaging.crops.propose import Propose
from imaging.decode import PIXEL_LIMIT, decode
from imaging.errors import DecodeError
from imaging.files import xmp
from imaging.files.folder import Entry, Folder
from imaging.files.sidecars import Naming
from imaging.srgb import orientation
from imaging.versions import CROPS
from storage import map_files
from storage.files import printable

_ORIENTATION, _PIXELS_ACROSS, _PIXELS_DOWN, _EXIF = 0x0112, 0xA002, 0xA003, 0x8769
_QUALITY = 95
EDGES = ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class Made:
    """A finished file that is not yet in place: where it goes below the root, and why."""

    target: str
    data: bytes
    why: str


@dataclass(frozen=True)
class Unmade:
    """A picture for which no file is made, and why."""

    path: Path
    reason: str


def propose_all(folder: Folder, cache: Path, ratios: Sequence[str]) -> pa.Table:
    """Proposals for every picture of a measured folder.

    Columns: image_id, width, height (as seen), those of CROPS but sha256, and derivative (its path below
    `cache`), by image_id, ratio in the order asked for, and rank. Raises ValueError for what is no ratio.
    """
    images = folder.images
    result = map_files(
        Propose(cache, tuple(ratios)),
        images.select(["content", "derivative"]).rename_columns(["sha256", "path"]),
        cache / "crops",
        key="sha256",
        version="-".join([CROPS, *ratios]).replace(":", "x"),
        label="proposing crops",
    )
    made = dict(zip(result["sha256"].to_pylist(), result["proposals"].to_pylist(), strict=True))
    facts = ["image_id", "width", "height", "derivative"]
    rows = [
        {**{name: image[name] for name in facts}, **proposal}
        for image in images.select([*facts, "content"]).to_pylist()
        for proposal in made[image["content"]] or ()
    ]
    columns = [images.schema.field(name) for name in facts]
    element = result.schema.field("proposals").type.value_field.type
    return pa.Table.from_pylist(rows, schema=pa.schema([*columns, *element]))


def choose(proposals: pa.Table, least: float, *, one: bool) -> list[dict[str, Any]]:
    """The first-ranked proposals of at least that confidence.

    one: only the first of each picture, in the order of the ratios (a sidecar holds a single crop).
    """
    good = proposals.filter(
        pc.and_(pc.equal(proposals["rank"], 1), pc.greater_equal(proposals["confidence"], least))
    )
    chosen, seen = [], set()
    for row in good.to_pylist():
        if not (one and row["image_id"] in seen):
            chosen.append(row)
            seen.add(row["image_id"])
    return chosen


def sidecars(
    rows: Iterable[Mapping[str, Any]], entries: Mapping[str, Entry], root: Path, naming: Naming
) -> Iterator[Made | Unmade]:
    """A sidecar with the crop of each row, merged into the one that is there.

    naming: of pictures that have no sidecar yet; what is there keeps its name.
    """
    stems = _stems(entries.values())
    for row in rows:
        entry = entries[row["image_id"]]
        try:
            yield _sidecar(row, entry, root, naming, stems[_stem(entry.path)] > 1)
        except (xmp.XmpError, xmp.PersonsCropError) as error:
            yield Unmade(entry.path, f"its sidecar is left alone: {error}")
        except (OSError, DecodeError, Image.DecompressionBombError) as error:
            yield Unmade(entry.path, f"it cannot be read: {error}")


def copies(
    rows: Iterable[Mapping[str, Any]], entries: Mapping[str, Entry], root: Path
) -> Iterator[Made | Unmade]:
    """A cropped copy for each row, `name_4x5.jpg`, beside the original."""
    stems = _stems(entries.values())
    for row in rows:
        entry = entries[row["image_id"]]
        # Two pictures of one stem would otherwise claim one name.
        start = entry.path.name if stems[_stem(entry.path)] > 1 else entry.path.stem
        target = entry.path.with_name(f"{start}_{row['ratio'].replace(':', 'x')}.jpg")
        try:
            data = cropped(entry.path, xmp.Crop(*(row[name] for name in EDGES)))
            if os.path.lexists(target) and target.read_bytes() != data:
                yield Unmade(entry.path, f"{printable(target.name)} is there already, and another")
            else:
                yield Made(target.relative_to(root).as_posix(), data, _why(row))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            yield Unmade(entry.path, f"no cropped copy can be made: {error}")


def cropped(path: Path, edges: xmp.Crop) -> bytes:
    """A JPEG (quality 95) of a part of the picture, at full resolution, as it should be seen.

    edges: shares of width and height as seen. Grey, RGB and CMYK keep their ICC profile and their values;
    every other kind becomes sRGB as `imaging.decode` says. EXIF stays, but for the orientation.

    Raises DecodeError, OSError and ValueError where the picture cannot be read or written whole.
    """
    source = io.BytesIO(raw.preview(path)) if raw.is_raw(path) else path
    with Image.open(source) as image:
        size, profile, exif = image.size, image.info.get("icc_profile"), image.getexif()
        if image.mode in ("L", "RGB", "CMYK") and size[0] * size[1] <= PIXEL_LIMIT:
            seen = ImageOps.exif_transpose(image)
        else:
            picture, profile = decode(path), None
            if picture.rgb.shape[:2] != (picture.height, picture.width):
                raise DecodeError("too_many_pixels", "it is too large to be decoded whole")
            seen = Image.fromarray(picture.rgb)
    part = seen.crop(box(edges, *seen.size))
    exif.pop(_ORIENTATION, None)
    inner = exif.get_ifd(_EXIF)
    for tag, pixels in ((_PIXELS_ACROSS, part.width), (_PIXELS_DOWN, part.height)):
        if tag in inner:
            inner[tag] = pixels
    made = io.BytesIO()
    kept = {"exif": exif.tobytes()} if len(exif) else {}
    part.save(made, "JPEG", quality=_QUALITY, subsampling=0, icc_profile=profile, **kept)
    return made.getvalue()


def box(edges: xmp.Crop, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in whole pixels, at least one pixel each way."""
    left, top = round(edges.left * width), round(edges.top * height)
    left, top = min(left, width - 1), min(top, height - 1)
    right, bottom = round(edges.right * width), round(edges.bottom * height)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _sidecar(
    row: Mapping[str, Any], entry: Entry, root: Path, naming: Naming, shared: bool
) -> Made:
    full, stem = _with_suffix(entry, ".xmp", full=True), _with_suffix(entry, ".xmp", full=False)
    wanted, other = (full, stem) if naming is Naming.DARKTABLE else (stem, full)
    there = [path for path in (wanted, other) if path.exists()]
    if shared:  # `name.xmp` may be any one's of the pictures of that stem
        if wanted == stem and not full.exists():
            raise xmp.XmpError(
                f"{stem.name} would belong to several pictures. Use --naming darktable."
            )
        wanted, there = full, [full] if full.exists() else []
    packets = {path: path.read_bytes() for path in there}
    target = there[0] if there else wanted
    seen = xmp.Crop(*(row[name] for name in EDGES))
    edges = xmp.to_stored(seen, _orientation(entry.path))
    facts = {
        "Ratio": row["ratio"],
        "Proposer": row["proposer"],
        "Confidence": f"{row['confidence']:.3f}",
    }
    for path in there[1:]:  # a person's crop in either of them counts
        xmp.with_crop(packets[path], edges, facts)
    data = xmp.with_crop(packets.get(target), edges, facts)
    return Made(target.relative_to(root).as_posix(), data, _why(row))


def _with_suffix(entry: Entry, suffix: str, *, full: bool) -> Path:
    """The sidecar's path, as it is spelled where it is there already."""
    name = (entry.path.name if full else entry.path.stem) + suffix
    for other in entry.others:
        if other.name.lower() == name.lower():
            return other
    return entry.path.with_name(name)


def _orientation(path: Path) -> int:
    """EXIF orientation of a picture, for a RAW of the preview that was looked at; 1 where none is told."""
    source = io.BytesIO(raw.preview(path)) if raw.is_raw(path) else path
    with Image.open(source) as image:
        return orientation(image)


def _stem(path: Path) -> Path:
    return path.with_name(path.stem)


def _stems(entries: Iterable[Entry]) -> Counter[Path]:
    return Counter(_stem(entry.path) for entry in entries)


def _why(row: Mapping[str, Any]) -> str:
    return f"crop {row['ratio']} by {row['proposer']}, confidence {row['confidence']:.2f}"
