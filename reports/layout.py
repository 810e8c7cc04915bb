"""A slide as a sheet of inches: titles, text that fits its box, pictures, tables, notes.

What belongs here: placing. What a deck says is `reports.slides`. Text is measured in DejaVu Sans, which every
machine with matplotlib has and which is wider than the fonts of the deck: what fits in it fits in those.
"""

import io
import zipfile
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont
    from pptx.slide import Slide

WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.75
BODY = WIDTH - 2 * MARGIN
SMALLEST = 12  # points; smaller is not read from the last row
_INK, _PAPER, _LINE = "1D1B19", "FDFCFA", "D9D2C7"
_SERIF, _SANS = "Georgia", "Arial"
# Office files carry a date; equal content must give equal bytes.
EPOCH = datetime(2000, 1, 1)
_CELL, _TALLEST = 0.1, 1.2  # inches: margin of a cell, text of the fullest
_MOST = 5000  # letters of a paragraph; no slide holds more at 12 points
_LINE_HEIGHT, _GAP = 1.2, 0.5  # of the points: a line, and the space below a paragraph


class Deck:
    """A presentation in the making: slides of 13.33 × 7.5 inches, each with a title."""

    def __init__(self, title: str):
        from pptx import Presentation
        from pptx.util import Inches

        self._file = Presentation()
        self._file.slide_width, self._file.slide_height = Inches(WIDTH), Inches(HEIGHT)
        properties = self._file.core_properties
        properties.author = properties.last_modified_by = "artlake"
        properties.title = title
        properties.created = properties.modified = EPOCH

    def add(self, title: str, notes: str = "") -> "Slide":
        """A slide with its title, and what the speaker may say."""
        from pptx.util import Inches, Pt

        slide = self._file.slides.add_slide(self._file.slide_layouts[5])
        slide.background.fill.solid()
        slide.background.fill.fore_color.rgb = colour(_PAPER)
        box = slide.shapes.title
        assert box is not None  # of the layout "Title Only"
        box.left, box.top, box.width, box.height = map(Inches, (MARGIN, 0.4, BODY, 0.95))
        points, lines = fitted([title], BODY, 0.95, 30)
        _fill(box.text_frame, lines, points, _SERIF)
        box.text_frame.paragraphs[0].space_after = Pt(0)
        if notes:
            frame = slide.notes_slide.notes_text_frame
            assert frame is not None  # of the notes' own layout
            frame.text = plain(notes)
        return slide

    def bytes(self) -> bytes:
        """The file; equal slides give equal bytes."""
        buffer = io.BytesIO()
        self._file.save(buffer)
        return _undated(buffer.getvalue())


def write(
    slide: "Slide", lines: Sequence[str], box: tuple[float, float, float, float], points: float
) -> None:
    """Paragraphs in a box (left, top, width, height in inches), smaller or fewer until they fit.

    A line that ends with a colon is set bold: it names what follows.
    """
    from pptx.util import Inches

    shape = slide.shapes.add_textbox(*map(Inches, box))
    size, kept = fitted(lines, box[2], box[3], points)
    _fill(shape.text_frame, kept, size, _SANS)


def picture(slide: "Slide", data: bytes, box: tuple[float, float, float, float], alt: str) -> None:
    """Fit the picture into the box, its own shape kept; alt says in words what it shows."""
    from PIL import Image
    from pptx.util import Inches

    left, top, width, height = box
    with Image.open(io.BytesIO(data)) as image:
        scale = min(width / image.width, height / image.height)
        wide, high = image.width * scale, image.height * scale
    place = (left + (width - wide) / 2, top + (height - high) / 2, wide, high)
    shape = slide.shapes.add_picture(io.BytesIO(data), *map(Inches, place))
    _describe(shape, alt)


def table(
    slide: "Slide", rows: Sequence[Sequence[str]], widths: Sequence[float], top: float, alt: str
) -> None:
    """Rows of text, the first its heading; widths in inches; as many rows as the slide has room for."""
    from pptx.util import Inches, Pt

    inner = [width - 2 * _CELL for width in widths]
    heights: list[float] = []
    shown: list[tuple[float, list[list[str]]]] = []
    for row in rows:
        pairs = list(zip(row, inner, strict=True))
        # The fullest cell says how large the row's letters may be.
        size = min(fitted([cell], width, _TALLEST, 14)[0] for cell, width in pairs)
        cells = [fitted([cell], width, _TALLEST, size)[1] for cell, width in pairs]
        high = max(tall(cell, width, size) for cell, width in zip(cells, inner, strict=True)) + 0.12
        if top + sum(heights) + high > HEIGHT - 0.2:
            break
        heights.append(high)
        shown.append((size, cells))
    frame = slide.shapes.add_table(
        len(shown), len(widths), *map(Inches, (MARGIN, top, sum(widths), sum(heights)))
    )
    _describe(frame, alt)
    grid = frame.table
    for place, width in enumerate(widths):
        grid.columns[place].width = Inches(width)
    for number, (size, cells_of_row) in enumerate(shown):
        grid.rows[number].height = Inches(heights[number])
        for place, lines in enumerate(cells_of_row):
            cell = grid.cell(number, place)
            cell.fill.solid()
            cell.fill.fore_color.rgb = colour(_LINE if number == 0 else _PAPER)
            cell.margin_left = cell.margin_right = Inches(_CELL)
            cell.margin_top = cell.margin_bottom = Inches(0.03)
            _fill(cell.text_frame, lines, size, _SANS)
            for paragraph in cell.text_frame.paragraphs:
                paragraph.space_after = Pt(0)


def fitted(
    lines: Sequence[str], width: float, height: float, points: float
) -> tuple[float, list[str]]:
    """The largest size up to `points` at which the paragraphs fit, and those that do.

    At 12 points the last ones are left out, and a single one that is too long ends with an ellipsis.
    """
    kept = [plain(line)[:_MOST] for line in lines]
    size = points
    while size > SMALLEST and tall(kept, width, size) > height:
        size -= 1
    while len(kept) > 1 and tall(kept, width, size) > height:
        kept.pop()
        kept[-1] = kept[-1].rstrip("…").rstrip() + " …"
    if tall(kept, width, size) > height:
        text = kept[0].rstrip("…")
        room = bisect_right(
            range(len(text)), height, key=lambda n: tall([text[:n] + "…"], width, size)
        )
        kept[0] = text[: max(room - 1, 0)].rstrip() + "…"
    return size, kept


def tall(lines: Sequence[str], width: float, points: float) -> float:
    """Inches that the paragraphs take, wrapped at `width` inches."""
    rows = sum(_wrapped(line, width * 72, points) for line in lines)
    return (rows * _LINE_HEIGHT + (len(lines) - 1) * _GAP) * points / 72


def _wrapped(text: str, width: float, points: float) -> int:
    """Rows of a paragraph; a word longer than a row takes several."""
    space, rows, used = _length(" ", points), 1, 0.0
    for word in text.split():
        length = _length(word, points)
        if used and used + space + length > width:
            rows, used = rows + 1, 0.0
        used += length + (space if used else 0.0)
        if used > width:
            more = int(used // width)
            rows, used = rows + more, used - more * width
    return rows


@cache
def _length(word: str, points: float) -> float:
    return float(_font().getlength(word)) * points / 100


@cache
def _font() -> "FreeTypeFont":
    import matplotlib
    from PIL import ImageFont

    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(file), 100)


def plain(text: str) -> str:
    """Without control characters, which are no XML; a title may hold any."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _fill(frame: Any, lines: Sequence[str], points: float, font: str) -> None:
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Pt

    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.vertical_anchor = MSO_ANCHOR.TOP
    for place, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.LEFT
        run = paragraph.add_run()
        run.text = line
        run.font.size, run.font.name = Pt(points), font
        run.font.bold = line.endswith(":")
        run.font.color.rgb = colour(_INK)
        paragraph.space_after = Pt(points * _GAP if not line.endswith(":") else 0)


def _describe(shape: Any, alt: str) -> None:
    # The library has no name for the text that screen readers say.
    shape._element.xpath(".//p:cNvPr")[0].set("descr", plain(alt))


def colour(code: str) -> Any:
    """A colour of six hexadecimal digits."""
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(code)


def _undated(office_file: bytes) -> bytes:
    """The same zip with its entries' times set to one date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office_file)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return buffer.getvalue()
