"""Generated variants: every kind, the same bytes every time, and the truth beside them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.duplicates import variants
from imaging.duplicates.variants import EDITS, OF_ART, ORIGINAL, VARIANTS, write

SIZE = (240, 160)


def picture(seed: int = 0) -> Image.Image:
    """Colours and shapes at random."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (8, 12, 3), dtype=np.uint8))
    return coarse.resize(SIZE, Image.Resampling.BICUBIC)


@pytest.fixture
def bases(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{seed}.png" for seed in range(3)]
    for seed, file in enumerate(files):
        picture(seed).save(file)
    return files


def test_eighteen_edits_and_four_of_arts_own() -> None:
    assert len(EDITS) == 18
    assert list(VARIANTS) == [*EDITS, *OF_ART]
    assert set(VARIANTS) >= variants.UNGROUPED


@pytest.mark.parametrize("kind", VARIANTS)
def test_an_edit_changes_the_picture_the_same_way_every_time(kind: str) -> None:
    before = picture()
    one, two = VARIANTS[kind](before), VARIANTS[kind](picture())
    assert one.mode == "RGB"
    assert one.tobytes() == two.tobytes()
    assert before.tobytes() == picture().tobytes(), "the base itself was edited"
    assert one.size != before.size or one.tobytes() != before.tobytes()


@pytest.mark.parametrize("kind", VARIANTS)
def test_even_a_picture_of_one_pixel_has_its_variants(kind: str) -> None:
    made = VARIANTS[kind](Image.new("RGB", (1, 1), "red"))
    assert min(made.size) >= 1


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("resize_25", (60, 40)),
        ("crop_10", (216, 144)),
        ("rot90", (160, 240)),
        ("flip", SIZE),
        ("rotate_3", SIZE),
        ("detail", (139, 92)),
    ],
)
def test_sizes(kind: str, size: tuple[int, int]) -> None:
    assert VARIANTS[kind](picture()).size == pytest.approx(size, abs=1)


@pytest.mark.parametrize("kind", ["border", "frame", "chart"])
def test_what_is_put_around_leaves_the_picture_inside_as_it_was(kind: str) -> None:
    before = np.asarray(picture())
    around = np.asarray(VARIANTS[kind](picture()))
    windows = np.lib.stride_tricks.sliding_window_view(around[..., 0], before.shape[:2])
    assert any((window == before[..., 0]).all() for row in windows for window in row)


def test_a_detail_holds_a_third_of_the_picture() -> None:
    made = VARIANTS["detail"](picture())
    assert made.width * made.height / (SIZE[0] * SIZE[1]) == pytest.approx(1 / 3, abs=0.01)


def test_files_and_their_truth(bases: list[Path], tmp_path: Path) -> None:
    files = write(bases, tmp_path / "out", workers=0)
    rows = files.to_pylist()
    assert len(rows) == 3 * (1 + len(VARIANTS))
    assert files["file"].to_pylist() == sorted(files["file"].to_pylist())
    assert len({row["base"] for row in rows}) == 3
    for row in rows:
        with Image.open(tmp_path / "out" / row["file"]) as image:
            image.load()
            assert image.format == "JPEG"
    [one] = [row for row in rows if row["kind"] == "recompress_30"][:1]
    [full] = [row for row in rows if row["kind"] == ORIGINAL and row["base"] == one["base"]]
    sizes = [(tmp_path / "out" / row["file"]).stat().st_size for row in (one, full)]
    assert sizes[0] < sizes[1]


def test_neither_order_nor_workers_nor_a_killed_run_change_a_byte(
    bases: list[Path], tmp_path: Path
) -> None:
    def made(order: list[Path], name: str, workers: int) -> dict[str, bytes]:
        files = write(order, tmp_path / name, workers=workers)["file"].to_pylist()
        return {file: (tmp_path / name / file).read_bytes() for file in files}

    first = made(bases, "one", 0)
    assert made(bases[::-1], "two", 2) == first
    for file in sorted(first)[::2]:  # as if the run had been killed half-way
        target = tmp_path / "three" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(first[file])
    assert made(bases, "three", 0) == first


def test_equal_files_are_one_base_and_a_side_brings_it_down(
    bases: list[Path], tmp_path: Path
) -> None:
    twin = tmp_path / "twin.png"
    twin.write_bytes(bases[0].read_bytes())
    files = write([bases[0], twin], tmp_path / "out", kinds=["grey"], side=80, workers=0)
    assert files["kind"].to_pylist() == ["grey", ORIGINAL]
    with Image.open(tmp_path / "out" / files["file"][1].as_py()) as image:
        assert image.size == (120, 80)


def test_no_bases_give_no_files(tmp_path: Path) -> None:
    assert write([], tmp_path / "out", workers=0).num_rows == 0


def test_a_base_that_is_no_picture_is_named(bases: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    with pytest.raises(
        ValueError, match=r"bad\.jpg cannot be the base of variants: unknown_format"
    ):
        write([*bases, bad], tmp_path / "out", workers=0)


def test_an_unknown_kind_is_refused(bases: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="melt"):
        write(bases, tmp_path / "out", kinds=["melt"])
