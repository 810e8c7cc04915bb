"""Pixels of a picture opened by Pillow as they should be seen: 8-bit sRGB, over white, turned upright.

What belongs here: colour modes, bit depths, profiles and orientation, whatever the file format was. The rules are
stated in `imaging.decode`.
"""

import numpy as np
from PIL import Image

from imaging import profiles

_ORIENTATION = 0x0112
TURNED = 5  # EXIF orientations from here on exchange width and height


def as_rgb(image: Image.Image) -> np.ndarray:
    """A loaded picture as height×width×3 uint8 in sRGB, in its stored orientation."""
    profile = image.info.get("icc_profile")
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        image = Image.fromarray(_stretched(np.asarray(image, dtype=np.float64)))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    return np.asarray(profiles.applied(image, profile).convert("RGB"))


def orientation(image: Image.Image) -> int:
    """EXIF orientation, 1–8; 1 where there is none, or the EXIF block cannot be read."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a broken EXIF block says nothing about the pixels
        return 1
    return found if found in range(1, 9) else 1


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels stored in that EXIF orientation, as they should be seen; height and width come first."""
    if orientation >= TURNED:
        pixels = pixels.swapaxes(0, 1)  # now 5 is right, 6 lacks a mirror, 8 a flip, 7 both
    mirrored = orientation in (2, 3, 6, 7)
    flipped = orientation in (3, 4, 7, 8)
    return np.ascontiguousarray(pixels[:: -1 if flipped else 1, :: -1 if mirrored else 1])


def _stretched(values: np.ndarray) -> np.ndarray:
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    scale = 255 / (high - low) if high > low else 0.0
    # What is no number is black, what is infinite lies at its end of the scale.
    known = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return ((known - low) * scale).astype(np.uint8)
