"""imaging.duplicates.compare: pairs of derivatives measured once, the same whichever way round."""

from pathlib import Path

import pyarrow as pa
import pytest
from PIL import ImageOps

from imaging.duplicates.compare import MEASURED, compare
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
    assert compared.column_names == [*proposed.column_names, *MEASURED.names, "error"]
    first, second, third = compared.to_pylist()
    assert first == third
    assert first["likeness"] < 0.3
    assert second["likeness"] > 0.85
    assert compared["error"].null_count == 3


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


def test_a_missing_derivative_is_named(easel) -> None:
    lost = easel.add("lost", painting(3))
    lost.unlink()
    with pytest.raises(FileNotFoundError, match=lost.name):
        rows(easel, ("whole", "lost", 0))


def test_a_broken_derivative_is_an_error_of_its_pairs_only(easel) -> None:
    easel.add("broken", painting(3)).write_bytes(b"\xff\xd8\xff no picture")
    bad, good = rows(easel, ("whole", "broken", 0), ("whole", "crop", 0))
    assert bad["error"].startswith("broken_derivative")
    assert bad["likeness"] is None
    assert good["error"] is None


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
    assert compared.schema.field("error").type == pa.string()
