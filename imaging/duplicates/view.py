"""One picture made ready for comparing: grey levels, fine structure, local features, spread of colour.

What belongs here: what can be told of one picture alone, worked out when it is first asked for and kept; so one
picture that is compared with many costs once. Two pictures meet in `imaging.duplicates.alignment`.
"""

import hashlib
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from imaging.errors import DecodeError

SIDE = 160  # shorter side of what is compared: at 128, 160 and 256 px the natural pairs part alike
TONE = 11  # px: side of the square over which tones are averaged, so that sharpness does not count
_LONGEST = 3 * SIDE  # a scroll or a strip is compared at this length
_FEATURES = 400
_FEATURE_SIDE = 112  # shorter side in which features are sought, since SIFT doubles it first
_FINE, _WIDE = 0.6, 5.0  # px: grain below the first and tone above the second are no structure
_SILENT = 6.0  # grey levels that count as no structure at all when contrast is evened out
_PLAIN = 0.1  # standard deviation of structure; below it there is too little of it


class View:
    """One picture at the size in which pictures are compared."""

    def __init__(self, rgb: np.ndarray) -> None:
        """rgb: H×W×3 uint8, any size; it is made smaller than SIDE, never larger."""
        height, width = rgb.shape[:2]
        scale = min(1.0, SIDE / min(height, width), _LONGEST / max(height, width))
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        self.rgb = rgb
        self.grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.grey.shape[1], self.grey.shape[0]

    @cached_property
    def structure(self) -> np.ndarray:
        """What `structure` makes of the grey levels."""
        return structure(self.grey)

    @cached_property
    def coarse(self) -> np.ndarray:
        """The structure at half the size: a first alignment needs no more."""
        return np.ascontiguousarray(cv2.GaussianBlur(self.structure, (0, 0), 1.0)[::2, ::2])

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Places (n×2 float32, px of this View) and RootSIFT descriptors (n×128 float32, length 1)."""
        scale = min(1.0, _FEATURE_SIDE / min(self.size))
        size = tuple(max(1, round(length * scale)) for length in self.size)
        small = cv2.resize(self.grey, size, interpolation=cv2.INTER_AREA)
        sift = cv2.SIFT.create(_FEATURES, contrastThreshold=0.02, edgeThreshold=15)
        keys, found = sift.detectAndCompute(small, None)
        if found is None:
            return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
        factor = np.array(self.size, np.float32) / np.array(size, np.float32)
        places = (np.array([key.pt for key in keys], np.float32) + 0.5) * factor - 0.5
        return places, np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6))

    @cached_property
    def is_flat(self) -> bool:
        """Whether there is too little structure to recognise the picture by."""
        return bool(self.structure.std() < _PLAIN)

    @cached_property
    def colour_spread(self) -> float:
        """Standard deviation of chroma that lightness does not explain, in CIELAB's units.

        Near 0 for a grey picture, and for one toned in sepia.
        """
        tones = cv2.blur(self.rgb, (TONE, TONE))[::3, ::3]
        lab = cv2.cvtColor(tones.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        lightness, chroma = lab[..., 0].ravel().astype(np.float64), lab[..., 1:].reshape(-1, 2)
        known = np.column_stack([np.ones(len(lightness)), lightness, lightness**2])
        gram = known.T @ known + 1e-3 * np.eye(3)
        left = chroma - known @ np.linalg.solve(gram, known.T @ chroma)
        return float(np.sqrt(np.mean(left * left)))

    def turned(self, form: int) -> "View":
        """The picture turned by `form`, an index into MEASURES' phash_turned; 0 is itself."""
        return self if form == 0 else View(np.ascontiguousarray(_turn(self.rgb, form)))


def structure(grey: np.ndarray) -> np.ndarray:
    """H×W float32: grey levels (uint8) without tone, cast and vignette, their contrast evened out."""
    fine = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _FINE)
    fine = fine - cv2.GaussianBlur(fine, (0, 0), _WIDE)
    strength = cv2.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), _WIDE))
    return fine / (strength + _SILENT)


def read(path: Path, content: str) -> View:
    """The View of a derivative whose bytes have that sha256.

    Raises DecodeError: "missing" or "changed", which are no facts of the content.
    """
    import simplejpeg

    try:
        data = path.read_bytes()
    except OSError as error:
        raise DecodeError("missing", f"{path}: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != content:
        raise DecodeError("changed", f"{path} is not what was measured")
    return View(simplejpeg.decode_jpeg(data, "RGB", min_height=SIDE, min_width=SIDE))


def _turn(pixels: np.ndarray, form: int) -> np.ndarray:
    """Mirrored left to right for forms 4 to 7, then turned counter-clockwise by (form mod 4) × 90°."""
    return np.rot90(pixels[:, ::-1] if form >= 4 else pixels, form % 4)


def inverse(form: int) -> int:
    """The form that undoes `form`: quarter turns change places, mirrorings undo themselves."""
    return {1: 3, 3: 1}.get(form, form)
