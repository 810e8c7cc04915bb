"""The preview that a camera put into its RAW file: what a lone RAW is judged by.

What belongs here: all that asks LibRaw. Nothing is developed: a development is a choice, the
camera's own JPEG is what the photographer saw.
"""

import io
from pathlib import Path

from imaging.errors import DecodeError

SUFFIXES = frozenset(
    {
        *(".3fr", ".arw", ".cr2", ".cr3", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef"),
        *(".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2"),
        *(".srf", ".srw", ".x3f"),
    }
)
_JPEG = b"\xff\xd8\xff"
# What no camera's RAW begins with: such a file was given a RAW's name by somebody.
_PICTURES = (_JPEG, b"\x89PNG", b"GIF8", b"RIFF")


def is_raw(path: Path) -> bool:
    """Whether the file is to be read as RAW: named like one, and not begun like a JPEG, PNG, GIF or WebP.

    Only the name makes a RAW, for most are TIFFs of a kind. One that cannot be read is told by its name.
    """
    if path.suffix.lower() not in SUFFIXES:
        return False
    try:
        if not path.is_file():  # a pipe would wait for ever
            return True
        with path.open("rb") as file:
            return not file.read(4).startswith(_PICTURES)
    except OSError:
        return True


def preview(path: Path) -> bytes:
    """The largest JPEG embedded in the RAW file at `path`.

    Raises DecodeError: "missing" when the file cannot be read, "empty", "no_preview" when LibRaw
    knows no RAW file in it or finds no JPEG.
    """
    import rawpy

    try:
        content = path.read_bytes()
    except OSError as error:
        raise DecodeError("missing", error.strerror or type(error).__name__) from error
    if not content:
        raise DecodeError("empty", "the file has no bytes")
    try:
        # From memory, for LibRaw opens no name that is not UTF-8.
        with rawpy.imread(io.BytesIO(content)) as raw:
            thumb = raw.extract_thumb()  # of several LibRaw takes the largest
    except Exception as error:  # LibRaw has an error for each stage that hostile bytes can break
        raise DecodeError("no_preview", _plain(error)) from error
    data = bytes(thumb.data) if thumb.format is rawpy.ThumbFormat.JPEG else b""
    if not data.startswith(_JPEG):
        raise DecodeError("no_preview", "the embedded preview is no JPEG")
    return data


def _plain(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return said or type(error).__name__
