"""Near-duplicates of a folder as the peers find them; runs in the peers' environment, alone.

    python find_groups.py PEER FOLDER OUT.json

Writes the pairs that each setting joins, as file names: its own default first, then the thresholds that its
manual or common use names. The last line printed is JSON: seconds and the name of the default.
"""

import json
import logging
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

Pairs = list[tuple[str, str]]


def imagehash_phash(folder: Path) -> dict[str, Pairs]:
    import imagehash
    import numpy as np
    from PIL import Image

    files = sorted(folder.iterdir())
    bits = np.stack([imagehash.phash(Image.open(file)).hash.ravel() for file in files])
    signs = bits.astype(np.float32) * 2 - 1
    apart = np.triu((64 - signs @ signs.T) / 2, 1)
    apart[np.tril_indices(len(files))] = 99
    return {
        f"≤ {most}": [(files[a].name, files[b].name) for a, b in np.argwhere(apart <= most)]
        for most in (10, 4, 6, 8, 12, 14)
    }


def imagededup_phash(folder: Path) -> dict[str, Pairs]:
    from imagededup.methods import PHash

    # Beyond 12 bits its tree no longer ends in useful time.
    found = PHash(verbose=False).find_duplicates(
        str(folder), max_distance_threshold=12, scores=True
    )
    return {
        f"≤ {most}": [
            (a, b) for a, near in found.items() for b, bits in near if a < b and bits <= most
        ]
        for most in (10, 4, 6, 8, 12)
    }


def imagededup_cnn(folder: Path) -> dict[str, Pairs]:
    from imagededup.methods import CNN

    found = CNN(verbose=False).find_duplicates(
        str(folder), min_similarity_threshold=0.85, scores=True
    )
    return {
        f"≥ {least}": [
            (a, b) for a, near in found.items() for b, like in near if a < b and like >= least
        ]
        for least in (0.90, 0.85, 0.92, 0.95, 0.97)
    }


def fastdup(folder: Path) -> dict[str, Pairs]:
    import fastdup as tool
    import pandas as pd

    with tempfile.TemporaryDirectory() as work:
        tool.run(str(folder), work, threshold=0.85, nearest_neighbors_k=20)
        like = pd.read_csv(Path(work, "similarity.csv"))
    rows = [
        (Path(row["from"]).name, Path(row["to"]).name, row["distance"])
        for _, row in like.iterrows()
    ]
    return {
        f"≥ {least}": [(a, b) for a, b, distance in rows if distance >= least]
        for least in (0.90, 0.85, 0.92, 0.94, 0.96, 0.98)
    }


def cleanvision(folder: Path) -> dict[str, Pairs]:
    from cleanvision import Imagelab

    lab = Imagelab(data_path=str(folder))
    lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, verbose=False)
    sets = [
        one for kind in lab.info if kind.endswith("duplicates") for one in lab.info[kind]["sets"]
    ]
    return {"default": [pair for one in sets for pair in _chain(one)]}


def czkawka(folder: Path) -> dict[str, Pairs]:
    from czkawka import ImageSimilarity

    made = {}
    for tolerance in (10, 2, 5, 15, 20):
        finder = ImageSimilarity()
        finder.set_directories([folder])
        finder.set_similarity(tolerance)
        made[f"≤ {tolerance}"] = [pair for one in finder.find_similar() for pair in _chain(one)]
    return made


def _chain(files: list) -> Pairs:
    """A set as the pairs that join it."""
    return list(pairwise(Path(file).name for file in files))


PEERS = {
    made.__name__: made
    for made in (imagehash_phash, imagededup_phash, imagededup_cnn, fastdup, cleanvision, czkawka)
}


def main(peer: str, folder: str, out: str) -> None:
    """Find, write, and say how long it took."""
    logging.disable(logging.WARNING)
    started = time.perf_counter()
    settings = PEERS[peer](Path(folder).resolve())
    seconds = time.perf_counter() - started
    Path(out).write_text(json.dumps(settings))
    print(json.dumps({"seconds": seconds, "default": next(iter(settings))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
