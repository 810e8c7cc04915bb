"""Pictures that benchmarks measure on: the user's own, or the sandbox's paintings and the samples' photographs."""

import csv
import hashlib
import io
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._harness import ROOT

if TYPE_CHECKING:
    from PIL import Image

CACHE = ROOT / ".cache" / "benchmarks"
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
LONGEST = 1_500  # pixels of a painting's longer side
_LARGE = 1_000
EDITS_OF_SCENE = 5
_GRAIN = 5.0  # grey levels; a film scan or ISO 800 at this size
_KINDS = (
    "river", "garden", "still_life", "portrait", "gold_panel", "abstract", "ink_scroll", "engraving",
    "photograph", "arms", "instrument", "quilt",
)  # fmt: skip
_LEAST = 300  # pixels; the samples' smaller photographs are thumbnails


def bases(folder: Path | None, each: int) -> list[Path]:
    """Pictures of different works: all below `folder`, or by default three kinds in like parts.

    each: about how many paintings, originals and scaled photographs by default. Sorted by path.
    Raises FileNotFoundError when `folder` holds no picture.
    """
    if folder:
        found = [it for it in sorted(folder.rglob("*")) if it.suffix.lower() in SUFFIXES]
        if not found:
            raise FileNotFoundError(f"{folder} holds no picture ({', '.join(SUFFIXES)})")
        return found
    return sorted(paintings(each) + photographs(each))


def paintings(count: int) -> list[Path]:
    """`count` paintings of the sandbox as JPEGs of 1,500 px with photographic grain, kinds in turn."""
    place = CACHE / f"paintings-{LONGEST}"
    place.mkdir(parents=True, exist_ok=True)
    files = [place / f"{number:04d}.jpg" for number in range(count)]
    todo = [number for number in range(count) if not files[number].exists()]
    if todo:
        with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
            list(pool.map(_paint, todo, [files[number] for number in todo]))
    return files


def edited(files: Sequence[Path]) -> list[Path]:
    """Those pictures and all EDITS of them as JPEGs, but for what leaves the longer side out of 1,000–1,500 px."""
    from PIL import Image

    from imaging.duplicates import variants

    place = CACHE / "hashing"
    written = variants.write(files, place, kinds=tuple(variants.EDITS))
    found = []
    for file in (place / name for name in written["file"].to_pylist()):
        with Image.open(file) as image:
            if _LARGE <= max(image.size) <= LONGEST:
                found.append(file)
    return found


def photographs(each: int) -> list[Path]:
    """Up to `each` untouched museum files and `each` scaled ones of the samples, a work only once.

    None where ARTLAKE_SAMPLES is not set. Which ones is drawn by the hash of their names.
    """
    samples = os.environ.get("ARTLAKE_SAMPLES")
    if not samples:
        return []
    images = Path(samples).resolve() / "images"
    with (images / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["corpus"] == "met"]
    group = {row["original_sha256"]: row["dup_group"] for row in rows}
    originals = [
        (group.get(_sha256(path), path.name), path)
        for path in (images / "met_original").iterdir()
        if path.suffix in SUFFIXES
    ]
    taken = _one_each(originals, each, set())
    scaled = [
        (row["dup_group"], images / row["file"])
        for row in rows
        if min(int(row["width"]), int(row["height"])) >= _LEAST
    ]
    return taken + _one_each(scaled, each, {work for work, path in originals if path in taken})


def _one_each(found: Sequence[tuple[str, Path]], count: int, without: set[str]) -> list[Path]:
    """The first `count` by the hash of their names, one a work and none of `without`."""
    works: dict[str, Path] = {}
    for work, path in sorted(found, key=lambda it: hashlib.sha256(it[1].name.encode()).digest()):
        if work not in without:
            works.setdefault(work, path)
    return list(works.values())[:count]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _paint(number: int, file: Path) -> None:
    import numpy as np
    from PIL import Image

    from sandbox.paint import paint

    kind = _KINDS[number % len(_KINDS)]
    image = Image.open(io.BytesIO(paint(kind, (2026, number)))).convert("RGB")
    scale = LONGEST / max(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    tones = np.asarray(image.resize(size, Image.Resampling.LANCZOS), dtype=np.float32)
    grain = np.random.default_rng(number).standard_normal(tones.shape[:2], dtype=np.float32)
    seen = np.clip(tones + _GRAIN * grain[..., None], 0, 255).astype(np.uint8)
    part = file.with_suffix(f".{os.getpid()}.part")
    Image.fromarray(seen).save(part, "JPEG", quality=90)
    part.replace(file)


def many(count: int) -> tuple[Path, list[str]]:
    """A folder and the names of `count` small JPEGs in it, `<scene>-<n>.jpg`, five edits of each scene.

    A scene is a window of one painting mixed with one of another, so that no two are near each other.
    """
    place = CACHE / "many"
    place.mkdir(parents=True, exist_ok=True)
    scenes = [f"{number:06d}" for number in range(count // EDITS_OF_SCENE)]
    names = [f"{scene}-{n}.jpg" for scene in scenes for n in range(EDITS_OF_SCENE)]
    there = {path.name for path in place.iterdir()}
    todo = sorted({int(name[:6]) for name in names if name not in there})
    if todo:
        sources = paintings(48)
        with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
            list(pool.map(partial(_scene, place, sources), todo, chunksize=64))
    return place, names


def _scene(place: Path, sources: Sequence[Path], number: int) -> None:
    import numpy as np
    from PIL import Image, ImageEnhance, ImageOps

    rng = np.random.default_rng((7, number))
    windows = []
    for source in rng.choice(len(sources), 2, replace=False):
        painting = _opened(sources[source])
        width = int(rng.integers(300, 700))
        height = round(width * 3 / 4)
        left = int(rng.integers(0, painting.width - width))
        top = int(rng.integers(0, painting.height - height))
        box = (left, top, left + width, top + height)
        window = painting.resize((400, 300), Image.Resampling.BILINEAR, box)
        windows.append(ImageOps.mirror(window) if rng.random() < 0.5 else window)
    scene = ImageEnhance.Contrast(Image.blend(windows[0], windows[1], 0.5)).enhance(1.6)
    edits = (
        (scene, 88),
        (scene, int(rng.integers(30, 70))),
        (scene.resize((300, 225), Image.Resampling.LANCZOS), 85),
        (ImageEnhance.Brightness(scene).enhance(rng.uniform(0.8, 1.2)), 85),
        (scene.crop((6, 4, 396, 296)), 85),
    )
    for n, (edit, quality) in enumerate(edits):
        file = place / f"{number:06d}-{n}.jpg"
        part = file.with_suffix(f".{os.getpid()}.part")
        edit.save(part, "JPEG", quality=quality)
        part.replace(file)


@lru_cache(maxsize=48)  # 48 paintings of 5 MB, opened once a worker
def _opened(path: Path) -> "Image.Image":
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("RGB")
