"""Sheets of pictures to look at: contact sheets, and pairs side by side with a note.

What belongs here: laying out derivatives with captions for reports, the Dagster UI and the README.
"""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from imaging.decode import decode
from imaging.errors import DecodeError

SIZE_LIMIT = 400_000  # bytes of a sheet: they travel inside metadata, base64 and all
_MARGIN = 24
_GAP = 16
_TEXT_SIZE = 13
_LINE = 18
_CAPTION_LINES = 2
_PAPER, _INK, _FAINT, _MAT = "#ffffff", "#222222", "#6b6b6b", "#f2f1ee"
# What catalogues write most, and the font has not.
_PLAIN = {
    "–": "-",
    "—": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "…": "...",
    "×": "x",
    "≤": "<=",
}
_QUALITIES = (88, 75, 60, 45)

Item = tuple[Path, str]


@dataclass(frozen=True)
class Sheet:
    """A finished sheet: the bytes of a picture and their media type."""

    data: bytes
    media_type: str


def contact_sheet(items: Sequence[Item], columns: int = 6, thumb: int = 160) -> Sheet:
    """Pictures in rows, each with its caption below; one that cannot be read is shown as such.

    items: (path, caption); captions take two lines and are cut with an ellipsis. thumb: side of a
    picture's square in pixels.
    """
    columns = max(1, min(columns, len(items)))
    rows = max(1, -(-len(items) // columns))
    cell = thumb + 6 + _CAPTION_LINES * _LINE
    sheet = _paper(columns * (thumb + _GAP) - _GAP, rows * (cell + _GAP) - _GAP)
    if not items:
        _write(sheet, (_MARGIN, _MARGIN), "no pictures", thumb, lines=1, colour=_FAINT)
    for number, item in enumerate(items):
        row, column = divmod(number, columns)
        corner = (_MARGIN + column * (thumb + _GAP), _MARGIN + row * (cell + _GAP))
        _place(sheet, corner, item, thumb)
    return _finished(sheet)


def pair_sheet(pairs: Sequence[tuple[Item, Item, str]], thumb: int = 200) -> Sheet:
    """Pairs of pictures, one pair a row, side by side with a note on the right."""
    note = 2 * thumb
    cell = thumb + 6 + _CAPTION_LINES * _LINE
    sheet = _paper(2 * (thumb + _GAP) + note, max(1, len(pairs)) * (cell + _GAP) - _GAP)
    if not pairs:
        _write(sheet, (_MARGIN, _MARGIN), "no pairs", note, lines=1, colour=_FAINT)
    for number, (one, other, text) in enumerate(pairs):
        top = _MARGIN + number * (cell + _GAP)
        _place(sheet, (_MARGIN, top), one, thumb)
        _place(sheet, (_MARGIN + thumb + _GAP, top), other, thumb)
        left = _MARGIN + 2 * (thumb + _GAP)
        _write(sheet, (left, top), text, note, lines=thumb // _LINE, colour=_INK)
    return _finished(sheet)


def _paper(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width + 2 * _MARGIN, height + 2 * _MARGIN), _PAPER)


def _place(sheet: Image.Image, corner: tuple[int, int], item: Item, thumb: int) -> None:
    path, caption = item
    left, top = corner
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((left, top, left + thumb - 1, top + thumb - 1), fill=_MAT)
    try:
        picture = Image.fromarray(decode(path, thumb).rgb)
        picture.thumbnail((thumb, thumb))
        place = (left + (thumb - picture.width) // 2, top + (thumb - picture.height) // 2)
        sheet.paste(picture, place)
    except DecodeError as error:
        draw.rectangle((left, top, left + thumb - 1, top + thumb - 1), outline="#c9c6bf")
        text = f"no picture\n{error.reason.replace('_', ' ')}"
        middle = (left + thumb / 2, top + thumb / 2)
        draw.multiline_text(middle, text, _FAINT, _font(), anchor="mm", align="center")
    _write(sheet, (left, top + thumb + 6), caption, thumb, lines=_CAPTION_LINES, colour=_INK)


def _write(
    sheet: Image.Image, corner: tuple[int, int], text: str, width: int, *, lines: int, colour: str
) -> None:
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(_wrapped(text, width, lines)):
        draw.text((corner[0], corner[1] + number * _LINE), line, colour, _font())


def _wrapped(text: str, width: int, lines: int) -> list[str]:
    """Words in at most `lines` lines of `width` pixels; what does not fit ends in an ellipsis."""
    made: list[str] = []
    rest = _drawable(text).split()
    while rest and len(made) < lines:
        line = rest.pop(0)
        while rest and _fits(f"{line} {rest[0]}", width):
            line += " " + rest.pop(0)
        last = len(made) == lines - 1
        if not _fits(line, width) or (last and rest):
            keep = len(line)
            while keep and not _fits(line[:keep].rstrip() + "…", width):
                keep -= 1
            line = line[:keep].rstrip() + "…"
        made.append(line)
    return made


def _fits(line: str, width: int) -> bool:
    return _font().getlength(line) <= width


def _drawable(text: str) -> str:
    """Letters that the font lacks lose their accents; signs from other scripts stay as boxes."""
    return "".join(
        letter
        if _has(letter)
        else _PLAIN.get(letter)
        or unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
        or letter
        for letter in text
    )


@lru_cache(maxsize=4096)
def _has(letter: str) -> bool:
    missing = _font().getmask("\uffff")
    return letter.isspace() or bytes(_font().getmask(letter)) != bytes(missing)


@lru_cache(maxsize=1)
def _font() -> Any:
    # Pillow's own scalable font: it is there on every machine.
    return ImageFont.load_default(_TEXT_SIZE)


def _finished(sheet: Image.Image) -> Sheet:
    for scale in (1.0, 0.7, 0.5, 0.35, 0.25):
        size = (round(sheet.width * scale), round(sheet.height * scale))
        smaller = sheet if scale == 1 else sheet.resize(size, Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            data = io.BytesIO()
            smaller.save(data, "JPEG", quality=quality, optimize=True)
            if data.tell() < SIZE_LIMIT:
                return Sheet(data.getvalue(), "image/jpeg")
    raise ValueError(
        f"a sheet of {sheet.width}×{sheet.height} pixels does not fit {SIZE_LIMIT} bytes"
    )
