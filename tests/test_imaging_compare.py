"""imaging.duplicates.compare: pairs of derivatives measured once, the same whichever way round."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageDraw, ImageOps

from imaging.duplicates.compare import MEASURED, DerivativeError, compare
from imaging.duplicates.view import View
from tests._paintings import Easel, candidates, painting


@pytest.fixture
def easel(tmp_path: Path) -> Easel:
    made = Easel(tmp_path / "store")
    made.add("whole", painting(1))
    made.add("crop", painting(1).crop((30, 24, 290, 232)))
    made.add("mirror", ImageOps.mirror(painting(1)))
    made.add("quarter", painting(1).rotate(90, expand=True))
    made.add("other", painting(2))
    return made


def rows(easel: Easel, *pairs: tuple[str, str, int], memo: Path | None = None) -> list[dict]:
    return compare(candidates(*pairs), easel.images, easel.root, memo).to_pylist()


def test_candidates_keep_their_order_and_columns(easel) -> None:
    proposed = candidates(("whole", "other", 0), ("crop", "whole", 0), ("whole", "other", 0))
    compared = compare(proposed, easel.images, easel.root, None)
    assert compared.select(proposed.column_names) == proposed
    assert compared.column_names == [*proposed.column_names, *MEASURED.names]
    first, second, third = compared.to_pylist()
    assert first == third
    assert first["likeness"] < 0.3
    assert second["likeness"] > 0.85


def test_the_same_whichever_way_round(easel) -> None:
    one, other = rows(easel, ("whole", "crop", 0)), rows(easel, ("crop", "whole", 0))
    a, b = one[0], other[0]
    for name in ("likeness", "weakest", "residual", "inliers", "outline", "flat"):
        assert a[name] == b[name]
    assert (a["covered_a"], a["colour_a"]) == (b["covered_b"], b["colour_b"])
    assert a["covered_a"] == pytest.approx(260 * 208 / (320 * 256), abs=0.03)
    assert a["covered_b"] == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    "pair",
    [
        ("whole", "mirror", 4),
        ("mirror", "whole", 4),
        ("whole", "quarter", 1),
        ("quarter", "whole", 3),
    ],
)
def test_the_form_turns_a_onto_b(easel, pair) -> None:
    row = rows(easel, pair)[0]
    assert row["likeness"] > 0.85
    assert abs(row["angle"]) < 1


def test_a_mirror_image_is_not_recognised_in_the_wrong_form(easel) -> None:
    assert rows(easel, ("whole", "mirror", 0))[0]["likeness"] < 0.5


def test_what_was_compared_is_not_read_again(easel, tmp_path) -> None:
    pairs = (("whole", "crop", 0), ("crop", "other", 0))
    first = rows(easel, *pairs, memo=tmp_path / "memo")
    for path in easel.root.rglob("*.jpg"):
        path.unlink()
    assert rows(easel, *pairs, memo=tmp_path / "memo") == first
    turned_over = rows(easel, ("crop", "whole", 0), memo=tmp_path / "memo")
    assert turned_over[0]["likeness"] == first[0]["likeness"]


def test_new_pairs_do_not_change_old_ones(easel, tmp_path) -> None:
    pairs = (("whole", "crop", 0), ("whole", "other", 0), ("whole", "mirror", 4))
    rows(easel, pairs[1], memo=tmp_path / "memo")
    assert rows(easel, *pairs, memo=tmp_path / "memo") == rows(easel, *pairs)


@pytest.mark.parametrize("damage", ["gone", "cut short", "another picture's"])
def test_a_derivative_that_is_not_what_was_measured_is_named_until_it_is_back(
    easel, tmp_path, damage
) -> None:
    lost = easel.add("lost", painting(3))
    whole = lost.read_bytes()
    if damage == "gone":
        lost.unlink()
    else:
        other = easel.root / easel.images["derivative"][0].as_py()
        lost.write_bytes(whole[:-40] if damage == "cut short" else other.read_bytes())
    with pytest.raises(DerivativeError, match=lost.name):
        rows(easel, ("whole", "lost", 0), memo=tmp_path / "memo")
    lost.write_bytes(whole)
    assert rows(easel, ("whole", "lost", 0), memo=tmp_path / "memo")


def test_nothing_of_a_batch_is_held_once_it_is_done(easel, monkeypatch) -> None:
    """Not even until cycles are collected: a worker goes through thousands of batches."""
    made: list[weakref.ref] = []
    before = View.__init__

    def counted(view: View, rgb: np.ndarray) -> None:
        made.append(weakref.ref(view))
        before(view, rgb)

    monkeypatch.setattr(View, "__init__", counted)
    gc.disable()
    try:
        rows(easel, ("whole", "mirror", 4), ("whole", "other", 0))
        assert len(made) >= 4
        assert not [it for it in made if it() is not None]
    finally:
        gc.enable()


def test_no_candidates_make_an_empty_table(easel) -> None:
    none = candidates(("whole", "crop", 0)).slice(0, 0)
    assert compare(none, easel.images, easel.root, None).num_rows == 0


def test_a_pair_that_names_no_picture_is_refused(easel) -> None:
    with pytest.raises(ValueError, match="stranger"):
        rows(easel, ("whole", "stranger", 0))


def test_the_table_has_the_types_it_promises(easel) -> None:
    compared = compare(candidates(("whole", "crop", 0)), easel.images, easel.root, None)
    for field in MEASURED:
        assert compared.schema.field(field.name).type == field.type


def bowl() -> Image.Image:
    """A thing of few features on plain ground."""
    ground = Image.new("RGB", (320, 256), (225, 222, 215))
    ImageDraw.Draw(ground).chord((60, 40, 260, 230), 0, 180, (120, 70, 40), (60, 30, 20), 3)
    return ground


def test_a_frame_that_proposed_the_pair_is_where_the_overlay_starts(easel) -> None:
    easel.add("bowl", bowl())
    easel.add("framed", ImageOps.expand(bowl(), 36, (96, 60, 30)))
    proposed = candidates(("bowl", "framed", 0))
    where = proposed.column_names.index("frame")
    named = proposed.set_column(where, "frame", pa.array(["whole/inset 12 %"]))
    found = compare(named, easel.images, easel.root, None).to_pylist()[0]
    assert found["likeness"] > 0.9
    assert found["weakest"] > 0.7
    assert found["covered_b"] == pytest.approx(320 * 256 / (392 * 328), abs=0.02)
    over = candidates(("framed", "bowl", 0))
    over = over.set_column(where, "frame", pa.array(["inset 12 %/whole"]))
    assert compare(over, easel.images, easel.root, None)["likeness"][0].as_py() == found["likeness"]


def test_embeddings_propose_mirror_images_too(easel) -> None:
    proposed = candidates(("whole", "mirror", 0), ("whole", "crop", 0), ("whole", "other", 0))
    where = proposed.column_names.index("proposed_by")
    proposed = proposed.set_column(where, "proposed_by", pa.array(["embedding"] * 3))
    mirror, crop, other = compare(proposed, easel.images, easel.root, None).to_pylist()
    assert (mirror["form"], crop["form"], other["form"]) == (4, 0, 0)
    assert mirror["likeness"] > 0.85
    assert other["likeness"] < 0.3
