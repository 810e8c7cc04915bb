"""smartcrop over pictures, timed; runs in the peers' environment, alone.

    python crop_peers.py RATIO[,RATIO…] PICTURE…

The last line printed is JSON: CPU seconds with the picture decoded once, those of decoding alone, and the
windows found, a list of left, top, right, bottom as shares for each picture and ratio.
"""

import json
import sys
import time

from PIL import Image
from smartcrop import SmartCrop

_SIDE = (
    100  # of the wanted crop, as in smartcrop's own examples: it looks at a picture scaled to that
)


def main() -> None:
    ratios = [tuple(map(int, ratio.split(":"))) for ratio in sys.argv[1].split(",")]
    sizes = [(round(_SIDE * w / max(w, h)), round(_SIDE * h / max(w, h))) for w, h in ratios]
    files = sys.argv[2:]
    cropper = SmartCrop()
    cropper.crop(Image.open(files[0]).convert("RGB"), *sizes[0])  # what is loaded once
    windows, decoding = [], 0.0
    started = time.process_time()
    for file in files:
        opened = time.process_time()
        image = Image.open(file).convert("RGB")
        decoding += time.process_time() - opened
        found = [cropper.crop(image, *size)["top_crop"] for size in sizes]
        windows.append(
            [
                [
                    crop["x"] / image.width,
                    crop["y"] / image.height,
                    (crop["x"] + crop["width"]) / image.width,
                    (crop["y"] + crop["height"]) / image.height,
                ]
                for crop in found
            ]
        )
    seconds = time.process_time() - started
    print(json.dumps({"seconds": seconds, "decoding": decoding, "windows": windows}))


if __name__ == "__main__":
    main()
