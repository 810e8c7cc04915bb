"""Where in a picture the eye goes first, without learning: maps that sum to 1, and the things in them.

What belongs here: importance of pixels, from cues that need no model: the spectral residual (Hou and
Zhang 2007), which finds what stands out from the usual, the difference in colour from the ground at the
picture's border, which finds an object on its ground, and the edges, skin and saturation that make a
picture interesting to smartcrop (Wagner 2014; own code after the published idea).
"""

import cv2
import numpy as np

_RESIDUAL_SIDE = 64  # Hou and Zhang's scale: finer ones find texture instead of things
_AVERAGE = (3, 3)  # their local average of the log spectrum
_SMOOTH = 2.5  # pixels; their Gaussian on the 64-pixel map
_APART = 12.0  # CIE76 distance at which a colour counts half as unlike its ground
_PLAIN = (
    6.0  # median CIE76 distance from one plane of colour below which border pixels are a ground
)
_THINGS = 3  # largest things told apart
_LEAST_THING = 0.1  # share of the importance below which a thing may be cut
_UNLIKE = 16  # levels of a channel by which a pixel is none of its border
_STRAY = 0.04  # share of a border's row that may be unlike it: dust, a stamp
# Skin is reddish; the direction in RGB is smartcrop's published default.
_SKIN = np.array([0.78, 0.57, 0.44], np.float32) / np.float32(np.linalg.norm((0.78, 0.57, 0.44)))
_SKIN_FROM = 0.96  # cosine to that direction from which a colour may be skin


def saliency(rgb: np.ndarray) -> np.ndarray:
    """Saliency of each pixel of an 8-bit RGB picture, float64, summing to 1 (even if it is flat).

    rgb: height×width×3, best with its longer side at most 128.
    """
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    unlike, plain = _unlike_ground(lab)
    # On a plain ground the object is known; elsewhere what differs from its surroundings is shown.
    odd = _share(_residual(lab[..., 0]))
    if plain:
        mixed = 0.25 * odd + 0.75 * _share(unlike)
    else:
        mixed = (odd + _share(_unlike_surroundings(lab))) * _central(odd.shape)
    return mixed / mixed.sum()


def interest(rgb: np.ndarray) -> np.ndarray:
    """Edges, skin and saturation of each pixel as smartcrop sees interest; float64, summing to 1."""
    part = rgb.astype(np.float32) * (1 / 255)
    red, green, blue = cv2.split(part)
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    high, low = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    chroma = (high - low) / np.maximum(high, 1e-6)
    length = cv2.sqrt(red * red + green * green + blue * blue) + 1e-6
    toward = (_SKIN[0] * red + _SKIN[1] * green + _SKIN[2] * blue) / length
    skin = np.clip((toward - _SKIN_FROM) / (1 - _SKIN_FROM), 0, 1)
    lit = (grey > 0.2) & (grey < 0.95)
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_32F, borderType=cv2.BORDER_REFLECT_101))
    cue = 0.4 * edges + lit * (skin * chroma + 0.2 * np.maximum(chroma - 0.4, 0))
    return _share(cv2.GaussianBlur(cue, (0, 0), 1.5))


def things(importance: np.ndarray) -> list[np.ndarray]:
    """The largest things of a map, as masks: connected places of high importance.

    importance: height×width. At most three, each of at least a tenth of the whole importance.
    """
    smooth = cv2.GaussianBlur(importance.astype(np.float32), (0, 0), 1.5)
    scaled = np.round(255 * smooth / max(float(smooth.max()), 1e-12)).astype(np.uint8)
    level, mask = cv2.threshold(scaled, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if level == 0 and mask.all():
        return []
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    masses = np.bincount(labels.ravel(), importance.ravel(), minlength=count)
    masses[0] = 0
    largest = np.argsort(-np.round(masses, 9), kind="stable")[:_THINGS]
    return [labels == label for label in largest if masses[label] >= _LEAST_THING]


def inner_frame(rgb: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (pixels) of the picture within a border of one colour, if it has one.

    A border's inner edge is straight and crosses the whole side; the ground around an object is not
    taken for one. At most a fifth of each side is border.
    """
    left, right = _border(rgb.swapaxes(0, 1)), _border(rgb.swapaxes(0, 1)[::-1])
    top, bottom = _border(rgb), _border(rgb[::-1])
    height, width = rgb.shape[:2]
    return left, top, width - right, height - bottom


def _border(rows: np.ndarray) -> int:
    """How many rows at the start are a border."""
    reach = len(rows) // 5
    if reach < 1 or rows.shape[1] < 8:
        return 0
    colour = np.sort(rows[0], axis=0)[rows.shape[1] // 2].astype(np.int16)
    if (np.abs(rows[0] - colour).max(axis=1) > _UNLIKE).mean() > _STRAY:
        return 0
    shares = (np.abs(rows[: reach + 3] - colour).max(axis=2) > _UNLIKE).mean(axis=1)
    plain = int(np.argmax(shares > _STRAY)) if (shares > _STRAY).any() else 0
    # The first row inside may be half border by resampling; the picture must begin right behind it.
    if not 0 < plain <= reach or shares[plain : plain + 3].max() < 0.7:
        return 0
    return plain + 1


def _residual(lightness: np.ndarray) -> np.ndarray:
    height, width = lightness.shape
    scale = min(1.0, _RESIDUAL_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    spectrum = np.fft.fft2(cv2.resize(lightness, size, interpolation=cv2.INTER_AREA))
    magnitude = np.maximum(np.abs(spectrum), 1e-9)
    log = np.log(magnitude)
    tiled = np.pad(log, 1, "wrap")  # the spectrum is periodic
    average = cv2.blur(tiled, _AVERAGE)[1:-1, 1:-1]
    # Keep the phase, replace the magnitude.
    shape = np.abs(np.fft.ifft2(np.exp(log - average) * spectrum / magnitude)) ** 2
    smooth = cv2.GaussianBlur(shape.astype(np.float32), (0, 0), _SMOOTH)
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)


def _unlike_ground(lab: np.ndarray) -> tuple[np.ndarray, bool]:
    """How unlike the border's colours each pixel is, 0–1, and whether the border is one plain ground."""
    height, width = lab.shape[:2]
    plane = np.ones((height, width, 3), np.float32)
    plane[..., 1] = np.arange(width) / width
    plane[..., 2] = np.arange(height)[:, None] / height
    at, colours = (np.concatenate([one[0], one[-1], one[:, 0], one[:, -1]]) for one in (plane, lab))
    # Studio grounds shade from side to side: a plane through the border, then through its nearer half.
    nearer = np.ones(len(at), bool)
    for _ in range(2):
        ground, *_ = np.linalg.lstsq(at[nearer], colours[nearer], rcond=None)
        away = np.sqrt(_squared(colours - at @ ground))
        nearer = away <= np.median(away)
    plain = float(np.median(away)) < _PLAIN
    squared = _squared(lab - (plane.reshape(-1, 3) @ ground).reshape(lab.shape))
    return squared / (squared + _APART**2), plain


def _unlike_surroundings(lab: np.ndarray) -> np.ndarray:
    """Distance in colour between each place and its wide surroundings (centre and surround)."""
    side = max(lab.shape[:2])
    near = cv2.GaussianBlur(lab, (0, 0), max(side / 40, 0.5))
    # So wide a blur loses nothing at a quarter of the size.
    height, width = lab.shape[:2]
    small = cv2.resize(lab, (-(-width // 4), -(-height // 4)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(side / 24, 0.5))
    wide = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.sqrt(_squared(near - wide))


def _squared(vectors: np.ndarray) -> np.ndarray:
    """Squared lengths along the last axis."""
    return np.einsum("...i,...i->...", vectors, vectors)


def _central(shape: tuple[int, ...]) -> np.ndarray:
    """A mild prior: painters and photographers put the subject within the picture, not at its rim."""
    y, x = (np.linspace(-1, 1, size) if size > 1 else np.zeros(1) for size in shape)
    return 0.4 + 0.6 * np.exp(-1.5 * (y[:, None] ** 2 + x[None, :] ** 2))


def _share(cue: np.ndarray) -> np.ndarray:
    """The cue above its median, summing to 1: what is background must not pull a window."""
    floor = np.partition(cue, cue.size // 2, axis=None)[cue.size // 2]
    above = np.maximum(cue.astype(np.float64) - floor, 0)
    total = above.sum()
    # A cue that says nothing says "everywhere alike".
    return above / total if total > 1e-6 * cue.size else np.full(cue.shape, 1 / cue.size)
