"""imaging.hashes: bit for bit imagehash's, and the fast mode not far from it."""

import io
from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging import hashes
from imaging.decode import decode
from imaging.errors import DecodeError

PEERS = [
    (hashes.phash, imagehash.phash),
    (hashes.ahash, imagehash.average_hash),
    (hashes.dhash_h, imagehash.dhash),
    (hashes.dhash_v, imagehash.dhash_vertical),
]


def pictures():
    rng = np.random.default_rng(7)
    for width, height in [(8, 8), (33, 70), (300, 200), (257, 511), (1, 1), (640, 41)]:
        smooth = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        yield smooth.resize((width, height), Image.Resampling.BICUBIC)
        yield Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    yield Image.new("RGB", (90, 60), "white")
    yield Image.new("L", (90, 60), 3)
    yield Image.linear_gradient("L")
    yield Image.radial_gradient("L")


@pytest.mark.parametrize(("ours", "theirs"), PEERS)
def test_exact_mode_equals_imagehash(ours, theirs):
    for picture in pictures():
        assert ours(picture) == int(str(theirs(picture)), 16)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(9, 90), st.integers(9, 90))
def test_exact_mode_equals_imagehash_on_any_picture(seed, width, height):
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8))
    for ours, theirs in PEERS:
        assert ours(picture) == int(str(theirs(picture)), 16)


def theirs(of: Image.Image, hashed=imagehash.phash) -> int:
    return int(str(hashed(of)), 16)


def smooth(seed: int, width: int = 420, height: int = 300) -> Image.Image:
    """A picture with something in all of its frequencies, and no ties."""
    rng = np.random.default_rng(seed)
    waves = Image.fromarray(rng.integers(0, 256, (19, 17, 3), dtype=np.uint8))
    return waves.resize((width, height), Image.Resampling.BICUBIC)


def distance(a: int, b: int) -> int:
    return (a ^ b).bit_count()


@pytest.mark.parametrize("hashed", ["whash", "crop_resistant_hash"])
def test_the_optional_hashes_are_imagehashs(hashed) -> None:
    for seed in range(3):
        picture = smooth(seed, 300, 220)
        if hashed == "whash":
            assert hashes.whash(picture) == theirs(picture, imagehash.whash)
        else:
            segments = imagehash.crop_resistant_hash(picture).segment_hashes
            assert hashes.crop_hashes(picture) == [int(str(one), 16) for one in segments]


@pytest.mark.parametrize("size", [(1, 1), (5, 90), (7, 7), (8, 8)])
def test_no_picture_is_too_small_for_any_hash(size) -> None:
    picture = smooth(4, *size)
    grey = np.asarray(picture.convert("L"))
    whole = hashes.grey_hashes(grey)
    found = [hashes.whash(picture), *hashes.crop_hashes(picture), *whole.turned, whole.ahash]
    found += [frame["phash"] for frame in hashes.frame_hashes(grey)]
    assert all(0 <= one < 2**64 for one in found)


def test_the_fast_mode_moves_few_bits() -> None:
    off = []
    for seed in range(12):
        picture = smooth(seed)
        fast = hashes.grey_hashes(np.asarray(picture.convert("L")))
        values = (fast.phash, fast.ahash, fast.dhash_h, fast.dhash_v)
        off += [distance(one, ours(picture)) for one, (ours, _) in zip(values, PEERS, strict=True)]
    assert max(off) <= 4
    assert np.mean(off) < 0.3


def test_the_fast_mode_of_a_flat_picture_is_that_of_imagehash() -> None:
    for level in (0, 3, 128, 255):
        picture = Image.new("L", (301, 207), level)
        fast = hashes.grey_hashes(np.asarray(picture))
        assert (fast.phash, fast.ahash, fast.dhash_h, fast.dhash_v) == tuple(
            ours(picture) for ours, _ in PEERS
        )


def test_the_turned_forms_are_the_hashes_of_the_turned_pictures() -> None:
    for seed in range(6):
        pixels = np.asarray(smooth(seed, 190, 128).convert("L"))
        found = hashes.grey_hashes(pixels).turned
        forms = [np.rot90(form, turn) for form in (pixels, pixels[:, ::-1]) for turn in range(4)]
        for one, form in zip(found, forms, strict=True):
            assert distance(one, theirs(Image.fromarray(np.ascontiguousarray(form)))) <= 4
        others = [distance(found[0], other) for other in found[1:]]
        assert min(others) > 10  # forms are told apart


def test_a_turn_of_the_picture_permutes_its_forms() -> None:
    pixels = np.asarray(smooth(9, 256, 256).convert("L"))
    upright = hashes.grey_hashes(pixels).turned
    turned = hashes.grey_hashes(np.ascontiguousarray(np.rot90(pixels))).turned
    assert turned[:4] == (*upright[1:4], upright[0])
    assert set(turned) == set(upright)


def test_a_frame_is_the_hash_of_what_is_cut_out() -> None:
    picture = smooth(3, 400, 280)
    grey = np.asarray(picture.convert("L"))
    trimmed = (31, 17, 380, 266)
    frames = {frame["frame"]: frame for frame in hashes.frame_hashes(grey, trimmed)}
    boxes = {
        "95 %": (10, 7, 390, 273),
        "90 %": (20, 14, 380, 266),
        "trimmed": trimmed,
        "inset 7 %": (20, 20, 380, 260),
        "inset 12 %": (34, 34, 366, 246),
        "inset 18 %": (50, 50, 350, 230),
        "without left 8 %": (32, 0, 400, 280),
        "without top 8 %": (0, 22, 400, 280),
        "without right 8 %": (0, 0, 368, 280),
        "without bottom 8 %": (0, 0, 400, 258),
    }
    assert list(frames) == list(boxes)
    for name, box in boxes.items():
        cut = picture.crop(box)
        assert distance(frames[name]["phash"], theirs(cut)) <= 2
        assert distance(frames[name]["dhash_h"], theirs(cut, imagehash.dhash)) <= 2
        assert distance(frames[name]["dhash_v"], theirs(cut, imagehash.dhash_vertical)) <= 2
    assert [frame["frame"] for frame in hashes.frame_hashes(grey)] == [
        name for name in boxes if name != "trimmed"
    ]


@pytest.mark.parametrize("size", [(1500, 1000), (1001, 777), (333, 500), (60, 45)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_files_hash_alone(tmp_path, size, orientation) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    smooth(5, *size).save(path, quality=90, exif=exif)
    seen = Image.fromarray(decode(path).rgb)
    assert hashes.of_file(path, exact=True) == theirs(seen)
    assert distance(hashes.of_file(path), theirs(seen)) <= 2


def test_a_files_hash_alone_of_other_formats_and_of_what_is_none(tmp_path) -> None:
    picture = smooth(6)
    grey, cmyk, png = tmp_path / "l.jpg", tmp_path / "c.jpg", tmp_path / "p.png"
    picture.convert("L").save(grey)
    picture.convert("CMYK").save(cmyk)
    picture.save(png)
    for path in (grey, cmyk, png):
        assert distance(hashes.of_file(path), theirs(picture)) <= 4
    data = io.BytesIO()
    picture.save(data, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(data.getvalue()[:-900])
    with pytest.raises(DecodeError, match="truncated"):
        hashes.of_file(tmp_path / "cut.jpg")


@pytest.mark.samples
def test_the_fast_mode_on_real_photographs(samples: Path) -> None:
    off = []
    for path in sorted((samples / "images" / "met_original").glob("*.jpg"))[:30]:
        off.append(distance(hashes.of_file(path), hashes.of_file(path, exact=True)))
    assert len(off) == 30
    assert np.mean(off) < 1
    assert max(off) <= 4


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), min_size=1))
def test_hamming_counts_differing_bits(pairs):
    a, b = (np.array(side, dtype=np.uint64) for side in zip(*pairs, strict=True))
    assert hashes.hamming(a, b).tolist() == [(x ^ y).bit_count() for x, y in pairs]
