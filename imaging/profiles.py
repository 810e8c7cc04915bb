"""Embedded ICC profiles: what they are called, and the way from them to sRGB.

What belongs here: everything that asks LittleCMS. A profile that cannot be read counts as none.
"""

import io
from functools import lru_cache

from PIL import Image, ImageCms

_SPACES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK", "Lab ": "LAB"}
_LONGEST = 200  # a name that is longer is no name


@lru_cache(maxsize=32)
def name(profile: bytes) -> str | None:
    """The description that the profile gives of itself, such as "Adobe RGB (1998)"."""
    found = _opened(profile)
    text = (found.profile.profile_description or "") if found else ""
    return " ".join(text.replace("\0", " ").split())[:_LONGEST] or None


@lru_cache(maxsize=32)
def to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform of pictures of Pillow's `mode` to sRGB.

    None where there is nothing to do, or the profile is unreadable or of another colour space.
    """
    source = _opened(profile)
    if source is None or _SPACES.get(source.profile.xcolor_space) != mode:
        return None
    if "sRGB" in (source.profile.profile_description or ""):
        return None
    try:
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except ImageCms.PyCMSError:
        return None


def applied(image: Image.Image, profile: bytes | None) -> Image.Image:
    """`image` in sRGB, as its profile wants it; unchanged where `to_srgb` has nothing to do."""
    transform = to_srgb(profile, image.mode) if profile else None
    return image if transform is None else ImageCms.applyTransform(image, transform) or image


def _opened(profile: bytes) -> ImageCms.ImageCmsProfile | None:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
