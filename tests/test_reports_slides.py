"""The deck: the report's own figures, nothing over an edge, nothing too small, notes and words for pictures."""

import dataclasses
import io

import pytest
from _evaluations import HOSTILE, drawing, labels, made, told
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont
from pptx import Presentation
from test_reports_pages import REJECTS, forbidden, starred

from reports import slides
from reports.facts import gather
from reports.layout import SMALLEST, fitted, tall
from reports.model import Told
from reports.quality import Model


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return starred(tmp_path_factory.mktemp("slides"))


@pytest.fixture(scope="module")
def found(lake):
    return gather(lake, REJECTS)


@pytest.fixture(scope="module")
def hostile() -> Told:
    """Labels that are long, many, or look like markup, and words without an end."""
    name = "X" * 300
    wild = made("artist", labels(45))
    return dataclasses.replace(
        told(),
        models=[
            *told().models,
            Model(name, "artist", wild, {"Reliability": drawing(9, 900), name: drawing(900, 9)}),
            Model("a_head", "style", {"attribute": "style", "trained": False, "why": " ".join(HOSTILE) * 20}),
        ],
        ablations=[
            {"name": f"{label} {n}", "backbone": "x", "sequence": "gru", "pooling": "mean", "frozen": True,
             "attribute": "style", "accuracy": 0.5, "macro_f1": 0.5}
            for n, label in enumerate(HOSTILE * 3)
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def plain(lake, found) -> bytes:
    return slides.deck(lake, found, told())


@pytest.fixture(scope="module")
def wild(lake, found, hostile) -> bytes:
    return slides.deck(lake, found, hostile)


def said(deck: bytes) -> str:
    return "\n".join(
        shape.text_frame.text
        for slide in Presentation(io.BytesIO(deck)).slides
        for shape in slide.shapes
        if shape.has_text_frame
    )


def test_the_deck_says_the_figures_of_the_lake_and_of_the_models(plain):
    text = said(plain).replace("\u00a0", " ")
    for figure in (
        "10 objects",
        "truncated (images): 1",
        "Accuracy 0.902 (0.882 to 0.922)",
        "47.9 %",
    ):
        assert figure in text, figure
    titles = [slide.shapes.title.text for slide in Presentation(io.BytesIO(plain)).slides]
    assert "What was wanted, and what was measured" in titles
    assert "Department: 90.2 % right on pictures it has not seen" in titles
    assert "Genre: not trained" in titles and "Too few pictures." in text


def test_equal_figures_give_equal_decks(lake, found, plain):
    assert slides.deck(lake, found, told()) == plain


def test_everything_lies_on_its_slide_and_can_be_read(wild):
    deck = Presentation(io.BytesIO(wild))
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0 and shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
            if shape.has_text_frame:
                frames = [shape.text_frame]
            elif shape.has_table:
                frames = [cell.text_frame for row in shape.table.rows for cell in row.cells]
            else:
                frames = []
            runs = [run for frame in frames for p in frame.paragraphs for run in p.runs]
            assert all(run.font.size.pt >= SMALLEST for run in runs)


def test_text_fits_its_box_by_the_widths_of_its_letters(wild):
    deck = Presentation(io.BytesIO(wild))
    boxes = 0
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_text_frame and shape.text_frame.text:
                lines = [paragraph.text for paragraph in shape.text_frame.paragraphs]
                points = shape.text_frame.paragraphs[0].runs[0].font.size.pt
                needed = tall(lines, shape.width / 914400, points)
                assert needed <= shape.height / 914400 + 0.01, shape.text_frame.text
                boxes += 1
    assert boxes > 30


def test_pictures_have_words_slides_have_titles_and_models_have_notes(plain):
    deck = Presentation(io.BytesIO(plain))
    for slide in deck.slides:
        assert slide.shapes.title is not None and slide.shapes.title.text
        for shape in slide.shapes:
            if shape.shape_type == 13 or shape.has_table:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")
        if "right on pictures" in slide.shapes.title.text:
            assert "95 % interval" in slide.notes_slide.notes_text_frame.text.replace("\u00a0", " ")


def test_pictures_that_may_not_be_republished_are_on_no_slide(lake, plain):
    deck = Presentation(io.BytesIO(plain))
    blobs = [s.image.blob for slide in deck.slides for s in slide.shapes if s.shape_type == 13]
    assert len(blobs) > 5 and forbidden(lake) not in blobs


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=12),
    width=st.floats(1.0, 12.0),
    height=st.floats(0.25, 6.0),
    points=st.integers(12, 30),
)
def test_any_text_is_made_to_fit(lines, width, height, points):
    size, kept = fitted(lines, width, height, points)
    assert SMALLEST <= size <= points and 1 <= len(kept) <= len(lines)
    assert tall(kept, width, size) <= height or kept == ["…"]


def test_rows_are_wrapped_as_pillow_measures_them():
    import matplotlib

    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", 100)
    text = "European Sculpture and Decorative Arts"
    exact = font.getlength(text) * 14 / 100 / 72
    assert tall([text], exact * 1.02, 14) == pytest.approx(1.2 * 14 / 72)
    assert tall([text], exact * 0.98, 14) == pytest.approx(2 * 1.2 * 14 / 72)
