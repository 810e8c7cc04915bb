"""The report as PDF, set by typst: no browser, no network, no font of the machine.

What belongs here: handing a `Document` to the typesetter. How it looks is `templates/report.typ`.
"""

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reports.document import Block, Document

MAIN = "report.typ"
_TEMPLATE = Path(__file__).parent / "templates" / MAIN
# A PDF carries a date; equal content must give equal bytes.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Millimetres of the type area that a drawing may take, and one of its pixels.
_WIDE, _HIGH, _PIXEL = 166.0, 175.0, 25.4 / 150
# Letters of a column that is never broken, and those above which a long text earns no more width.
_NARROW, _BROAD = 22, 60


def pdf(document: Document) -> bytes:
    """The report as an A4 PDF, tagged for readers of the screen (PDF/UA-1); equal reports, equal bytes.

    Its fonts are typst's own and, for letters that those lack, matplotlib's DejaVu; a script that neither
    has (Chinese, Japanese, Korean) is drawn as boxes, its text can still be searched and copied.
    """
    import typst

    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, data in inputs(document).items():
            (folder / file).write_bytes(data)
        return typst.compile(
            folder / MAIN,
            font_paths=_font_folders(),
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="ua-1",
            timestamp=_EPOCH,
        )


def inputs(document: Document) -> dict[str, bytes]:
    """The files that typst reads. Text goes in as JSON, so that none of it is ever read as markup."""
    files = {MAIN: _TEMPLATE.read_bytes()}
    blocks = [_block(block, files) for block in document.blocks]
    said = {"title": document.title, "lead": document.lead, "blocks": blocks}
    files["report.json"] = json.dumps(said).encode()
    return files


def _block(block: Block, files: dict[str, bytes]) -> dict[str, Any]:
    said: dict[str, Any] = dict(vars(block))
    if block.kind == "figure":
        said |= {"png": _kept(block.png, "png", files), "width": _width(block.png)}
    elif block.kind == "gallery":
        said["pictures"] = [
            (None if data is None else _kept(data, "jpg", files), caption)
            for data, caption in block.pictures
        ]
    elif block.kind == "table":
        said["numbers"] = sorted(block.numbers)
        said["widths"] = _widths(block.columns, block.rows)
    return said


def _kept(data: bytes, suffix: str, files: dict[str, bytes]) -> str:
    name = f"picture-{len(files)}.{suffix}"
    files[name] = data
    return name


def _width(png: bytes) -> float:
    """Millimetres: its own size, as far as that fits the page."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return min(_WIDE, _HIGH * image.width / image.height, image.width * _PIXEL)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Shares of the width by the longest text of each column; 0 for one that takes what it needs."""
    texts = [[name, *(row[place] for row in rows)] for place, name in enumerate(columns)]
    longest = [max(map(len, column)) for column in texts]
    if max(longest) <= _NARROW:
        return longest
    return [0 if length <= _NARROW else min(length, _BROAD) for length in longest]


def _font_folders() -> list[Path]:
    import matplotlib

    return [Path(matplotlib.get_data_path()) / "fonts" / "ttf"]
