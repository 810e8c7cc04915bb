"""Perceptual hashes of pictures, timed; runs in the peers' environment.

    python hash_peers.py imagehash PICTURE…
    python hash_peers.py imagededup WORKERS FOLDER

The last line printed is JSON: seconds, and the number of hashes made.
"""

import json
import sys
import time


def _imagehash(files: list[str]) -> tuple[float, int]:
    import imagehash
    from PIL import Image

    imagehash.phash(Image.open(files[0]))  # what is loaded once
    started = time.perf_counter()
    made = [imagehash.phash(Image.open(file)) for file in files]
    return time.perf_counter() - started, len(made)


def _imagededup(words: list[str]) -> tuple[float, int]:
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    started = time.perf_counter()
    made = hasher.encode_images(image_dir=words[1], num_enc_workers=int(words[0]))
    return time.perf_counter() - started, len(made)


if __name__ == "__main__":
    seconds, count = {"imagehash": _imagehash, "imagededup": _imagededup}[sys.argv[1]](sys.argv[2:])
    print(json.dumps({"seconds": seconds, "count": count}))
