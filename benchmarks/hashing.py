"""How fast pictures are hashed and measured, beside imagehash, imagededup and bare JPEG decoding on the same files.

Each in a fresh process, ours and the peer's in turn; the figures are medians of the pairs' ratios of seconds:
processor time where both sides are one process on one core, the clock's where they are several.
`phash_vs_imagehash_1core`: our pHash alone against imagehash.phash, one core; at least 3.4.
`phash_vs_imagededup_2cores`: against imagededup's PHash, two processes on two cores, their start included; at least 5.
`phash_vs_decode_limit`: simplejpeg's smallest-scale grey decode (128 px) against our pHash; at least 0.8.
`full_pass_vs_imagehash`: the whole pass of the images stage, derivative on disk included, against imagehash's pHash
alone, one core; at least 1.2. `bits_off_…`: the fast mode against imagehash on our decode of all pixels.
Default pictures: the sandbox's paintings at 1,500 px with photographic grain, and of each all edits of
`variants.EDITS` that leave its longer side at 1,000–1,500 px (15 of 18: not the two that make it smaller, not the
border), written at JPEG quality 90, or 60 and 30 where that is the edit. `phash_vs_imagehash_pristine` and
`full_pass_vs_imagehash_pristine` are measured on the paintings alone: quality 90 and unsmoothed grain make most of
everybody's time that of the entropy code, so that bare decoding itself is little over 3 times imagehash.
Of the samples' originals none has 1,000 px; `full_pass_vs_imagehash_small` tells of them, for the measures that are taken at 256 px
weigh more where there is less to decode. Of scikit-image's photographs two have 1,000 px, an eye's ground and a field
of stars, and are no reason to install it; `--bases FOLDER` measures on any others.
"""

import argparse
import hashlib
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks._harness import report
from benchmarks._pictures import bases, edited, paintings, photographs
from benchmarks.peers import env

_PEERS = Path(__file__).parent / "peers" / "hash_peers.py"


def phash_alone(files: Sequence[Path]) -> float:
    """Processor seconds for our pHash of all files."""
    from imaging import hashes
    from imaging.threads import one_thread

    with one_thread():
        hashes.of_file(files[0])
        started = time.process_time()
        for file in files:
            hashes.of_file(file)
        return time.process_time() - started


def phash_shared(files: Sequence[Path], workers: int) -> float:
    """Seconds by the clock for our pHash of all files in so many processes, started as imagededup starts its own."""
    from imaging import hashes
    from imaging.threads import one_thread

    with one_thread():
        hashes.of_file(files[0])
        started = time.perf_counter()
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            pool.map(hashes.of_file, files)
        return time.perf_counter() - started


def full_pass(files: Sequence[Path]) -> float:
    """Processor seconds for all measures and derivatives, into a fresh store.

    A first pass, which is not timed, fills the tables of filters for each size, as the first pictures of a
    collection do.
    """
    import pyarrow as pa

    from imaging.kernel import Measure

    rows = [
        {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "path": str(file)}
        for file in files
    ]
    batches = pa.Table.from_pylist(rows).to_batches(max_chunksize=64)
    for _ in range(2):
        with tempfile.TemporaryDirectory() as store:
            kernel = Measure(Path(store))
            started = time.process_time()
            made = [kernel(batch) for batch in batches]
            seconds = time.process_time() - started
    wrong = [error for batch in made for error in batch["error"].to_pylist() if error]
    assert not wrong, wrong
    return seconds


def bare_decoding(files: Sequence[Path]) -> float:
    """Processor seconds for reading and decoding alone."""
    import simplejpeg

    started = time.process_time()
    for file in files:
        simplejpeg.decode_jpeg(file.read_bytes(), "GRAY", min_height=128, min_width=128)
    return time.process_time() - started


def bits_off(files: Sequence[Path]) -> dict[str, float]:
    """How many bits the fast mode's pHash differs from imagehash's."""
    import imagehash
    from PIL import Image

    from imaging import hashes
    from imaging.decode import decode

    off = []
    for file in files:
        exact = int(str(imagehash.phash(Image.fromarray(decode(file).rgb))), 16)
        assert exact == hashes.of_file(file, exact=True)
        off.append((exact ^ hashes.of_file(file)).bit_count())
    return {
        "bits_off_none": sum(not bits for bits in off) / len(off),
        "bits_off_mean": statistics.mean(off),
        "bits_off_most": max(off),
    }


def alone(work: Callable[..., Any], *what: Any, cores: int = 1) -> Any:
    """Do some work in a fresh process on so many cores."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=_limit, initargs=(cores,)) as pool:
        return pool.submit(work, *what).result()


def _limit(cores: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def in_turn(
    ours: Callable[[], float], peer: Callable[[], float], pairs: int
) -> tuple[float, float, float]:
    """Median of peer's seconds over ours, and the medians of both."""
    taken = []
    for pair in range(pairs):
        first, second = (ours, peer) if pair % 2 else (peer, ours)
        one, two = first(), second()
        taken.append((one, two) if pair % 2 else (two, one))
    mine, theirs = zip(*taken, strict=True)
    ratio = statistics.median(theirs[n] / mine[n] for n in range(pairs))
    return ratio, statistics.median(mine), statistics.median(theirs)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--bases", type=Path, help="a folder of JPEGs to measure on")
    asked = parser.parse_args()
    each, pairs = (2, 1) if asked.quick else (24, 5)
    pristine: list[Path] = []
    small: list[Path] = []
    if asked.bases:
        files = [it for it in bases(asked.bases, each) if it.suffix.lower() in (".jpg", ".jpeg")]
    else:
        pristine = paintings(each)
        files = edited(pristine)
        small = [it for it in photographs(80) if it.parent.name == "met_original"]

    figures: dict[str, float] = {}
    ratio, mine, theirs = in_turn(lambda: alone(phash_alone, files), imagehash(files), pairs)
    figures["phash_vs_imagehash_1core"] = ratio
    figures |= _rate("phash", mine, files) | _rate("imagehash", theirs, files)
    if pristine:
        ratio, *_ = in_turn(lambda: alone(phash_alone, pristine), imagehash(pristine), pairs)
        figures["phash_vs_imagehash_pristine"] = ratio
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(files):
            Path(folder, f"{number:05d}.jpg").symlink_to(file.resolve())
        ratio, mine, theirs = in_turn(
            lambda: alone(phash_shared, files, 2, cores=2),
            lambda: env.ask(_PEERS, "imagededup", 2, folder, cores=2)["seconds"],
            min(pairs, 3),  # the peer takes seconds to load
        )
    figures["phash_vs_imagededup_2cores"] = ratio
    figures |= _rate("phash_2cores", mine, files) | _rate("imagededup_2cores", theirs, files)
    ratio, _, theirs = in_turn(
        lambda: alone(phash_alone, files), lambda: alone(bare_decoding, files), pairs
    )
    figures |= {"phash_vs_decode_limit": ratio} | _rate("decode_limit", theirs, files)
    ratio, mine, _ = in_turn(lambda: alone(full_pass, files), imagehash(files), pairs)
    figures |= {"full_pass_vs_imagehash": ratio} | _rate("full_pass", mine, files)
    for name, those in (("pristine", pristine), ("small", small)):
        if those:
            ours = partial(alone, full_pass, those)
            ratio, *_ = in_turn(ours, imagehash(those), min(pairs, 3))
            figures[f"full_pass_vs_imagehash_{name}"] = ratio
    figures |= alone(bits_off, files)
    versions = env.versions() | {"simplejpeg": version("simplejpeg")}
    peers = {name: versions[name] for name in ("imagehash", "imagededup", "simplejpeg")}
    sizes = {
        "pictures": len(files),
        "pristine_pictures": len(pristine),
        "small_pictures": len(small),
        "pairs": pairs,
    }
    report("hashing", figures, peers=peers, sizes=sizes)


def imagehash(files: Sequence[Path]) -> Callable[[], float]:
    """What takes imagehash's processor seconds for its pHash of all files: those of its process, less its start."""
    return lambda: _spent(files[0], *files) - _spent(files[0])


def _spent(*files: Path) -> float:
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env.ask(_PEERS, "imagehash", *files, cores=1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _rate(name: str, seconds: float, files: Sequence[Path]) -> dict[str, float]:
    return {f"{name}_ms_a_picture": 1000 * seconds / len(files)}


if __name__ == "__main__":
    main()
