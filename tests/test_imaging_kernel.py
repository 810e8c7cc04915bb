"""imaging.kernel: one pass over originals, run as the lake runs it."""

import hashlib
import os
import pickle
import sys
import zlib
from pathlib import Path

import imagehash
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from imaging import kernel
from imaging.decode import decode
from imaging.versions import MEASURE
from storage import ImageStore, map_files
from storage.schemas import DERIVATIVES, MEASURES, ORIGINALS, REJECTS, table


def painting(seed: int, width: int = 700, height: int = 500) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def originals(tmp_path) -> pa.Table:
    """Four files of five images in a store: a JPEG filed twice, a small PNG, a web page, an empty file."""
    store = ImageStore(tmp_path / "store")
    painting(1).save(tmp_path / "a.jpg", quality=92)
    painting(2, 90, 60).save(tmp_path / "b.png")
    files = [
        ((tmp_path / "a.jpg").read_bytes(), ".jpg", ["met:1#0", "met:2#0"]),
        ((tmp_path / "b.png").read_bytes(), ".png", ["nga:1#0"]),
        (b"<html>404</html>", ".jpg", ["wga:1#0", "wga:2#0"]),
        (b"", ".jpg", ["wga:3#0"]),
    ]
    rows = []
    for data, suffix, images in files:
        sha256, path = store.add_bytes(data, suffix)
        rows += [
            {
                "image_id": image,
                "artwork_id": image.split("#")[0],
                "source": image.split(":")[0],
                "url": f"https://museum.example/{image}",
                "sha256": sha256,
                "path": store.relative(path),
                "bytes": len(data),
                "media_type": "image/jpeg",
            }
            for image in images
        ]
    return table(ORIGINALS, rows)


def run(originals: pa.Table, tmp_path: Path, workers: int = 0) -> pa.Table:
    return map_files(
        kernel.Measure(tmp_path / "store"),
        originals,
        tmp_path / "memo",
        key="sha256",
        version=MEASURE,
        label="measures",
        batch_size=2,
        workers=workers,
    )


def test_every_original_is_measured_or_rejected(originals, tmp_path):
    result = run(originals, tmp_path)
    measures, derivatives = kernel.measures(result), kernel.derivatives(result)
    rejects = kernel.rejects(result, originals)
    assert measures.schema.equals(MEASURES)
    assert derivatives.schema.equals(DERIVATIVES)
    assert rejects.schema.equals(REJECTS)
    assert measures.num_rows == derivatives.num_rows == 2
    told = {(row["subject"], row["source"], row["reason"]) for row in rejects.to_pylist()}
    assert told == {
        ("wga:1#0", "wga", "html"),
        ("wga:2#0", "wga", "html"),
        ("wga:3#0", "wga", "empty"),
    }
    measured = set(measures["sha256"].to_pylist())
    good = [image for image in originals.to_pylist() if image["sha256"] in measured]
    assert len(good) + rejects.num_rows == originals.num_rows


def test_measures_and_derivative_of_a_jpeg(originals, tmp_path):
    result = run(originals, tmp_path)
    sha256 = originals["sha256"][0].as_py()
    [row] = [row for row in kernel.measures(result).to_pylist() if row["sha256"] == sha256]
    assert (row["width"], row["height"], row["mode"], row["format"]) == (700, 500, "RGB", "JPEG")
    whole = Image.open(tmp_path / "a.jpg")
    assert (row["phash"] ^ int(str(imagehash.phash(whole)), 16)).bit_count() <= 4
    assert (row["dhash_h"] ^ int(str(imagehash.dhash(whole)), 16)).bit_count() <= 8
    grey = np.asarray(whole.convert("L")) / 255
    assert row["brightness"] == pytest.approx(grey.mean(), abs=0.01)
    assert row["contrast"] == pytest.approx(grey.std(), abs=0.02)
    [small] = [row for row in kernel.derivatives(result).to_pylist() if row["sha256"] == sha256]
    picture = decode(tmp_path / "store" / small["path"])
    assert (picture.width, picture.height) == (small["width"], small["height"]) == (358, 256)
    shrunk = np.asarray(whole.resize((358, 256), Image.Resampling.BOX)).astype(int)
    assert np.abs(picture.rgb - shrunk).mean() < 4


def test_a_small_picture_is_not_enlarged(originals, tmp_path):
    result = kernel.derivatives(run(originals, tmp_path)).to_pylist()
    assert (90, 60) in {(row["width"], row["height"]) for row in result}


def test_two_processes_and_a_second_run_give_the_same_bytes(originals, tmp_path):
    first = run(originals, tmp_path)
    files = {path: path.read_bytes() for path in (tmp_path / "store" / "derivative").rglob("*.jpg")}
    assert len(files) == 2
    (tmp_path / "memo").rename(tmp_path / "old")
    again = run(originals, tmp_path, workers=2)
    assert again.equals(first)
    assert {path: path.read_bytes() for path in files} == files


def test_the_kernel_travels_to_another_process():
    measure = kernel.Measure(Path("store"))
    assert pickle.loads(pickle.dumps(measure)) == measure


def one_row(path: Path, store: Path, wanted: tuple[str, ...] = ()) -> dict:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    batch = pa.RecordBatch.from_pylist([{"sha256": sha256, "path": os.fsencode(path)}])
    result = pa.Table.from_batches([kernel.Measure(store, wanted)(batch)])
    assert result["error"].to_pylist() == [None]
    assert kernel.measures(result).num_rows == kernel.derivatives(result).num_rows == 1
    return result.to_pylist()[0]


def test_every_measure_of_a_photograph_with_a_border(tmp_path) -> None:
    seen = Image.new("RGB", (1200, 900), "black")
    seen.paste(painting(3, 1080, 780), (60, 60))
    exif = Image.Exif()
    exif[0x0110] = "Model 1"
    exif[0x8769] = {0x9003: "2024:05:31 14:03:22", 0x9291: "51"}
    seen.save(tmp_path / "a.jpg", quality=83, exif=exif)
    row = one_row(tmp_path / "a.jpg", tmp_path)
    frames = {frame["frame"]: frame["phash"] for frame in row["frame_hashes"]}
    assert {"95 %", "90 %", "trimmed"} <= set(frames)
    inside = int(str(imagehash.phash(seen.crop((60, 60, 1140, 840)))), 16)
    assert (frames["trimmed"] ^ inside).bit_count() <= 4
    for side, share in (("left", 0.05), ("top", 1 / 15), ("right", 0.05), ("bottom", 1 / 15)):
        assert row[f"border_{side}"] == pytest.approx(share, abs=0.01)
    assert row["phash_turned"][0] == row["phash"]
    assert max(one["share"] for one in row["colours"] if one["rgb"] < "#101010") > 0.15
    assert row["clipped_dark"] == pytest.approx(0.22, abs=0.03)
    assert row["jpeg_quality"] == 83
    assert (row["camera"], row["taken_at"]) == ("Model 1", "2024-05-31T14:03:22.510")
    assert (row["has_chart"], row["whash"], row["crop_hashes"]) == (False, None, None)
    derivative = (tmp_path / row["derivative_path"]).read_bytes()
    assert row["derivative_content"] == hashlib.sha256(derivative).hexdigest()


def test_the_optional_hashes_come_where_asked_for(tmp_path) -> None:
    painting(4, 500, 400).save(tmp_path / "a.png")
    row = one_row(tmp_path / "a.png", tmp_path, ("whash", "crop"))
    picture = Image.open(tmp_path / "a.png")
    assert row["whash"] == int(str(imagehash.whash(picture)), 16)
    segments = imagehash.crop_resistant_hash(picture).segment_hashes
    assert row["crop_hashes"] == [int(str(one), 16) for one in segments]


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (700, 1), (5, 2000), (511, 513)])
def test_no_shape_is_too_odd(tmp_path, size) -> None:
    painting(5, *size).save(tmp_path / "a.png")
    row = one_row(tmp_path / "a.png", tmp_path)
    assert (row["width"], row["height"]) == size
    assert row["derivative_width"] * row["derivative_height"] > 0


def test_a_path_that_is_no_utf_8_and_absolute(tmp_path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9\n.png")
    painting(6).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(path)
    row = one_row(path, tmp_path / "store")
    assert (tmp_path / "store" / row["derivative_path"]).is_file()


def test_a_file_whose_content_is_no_longer_its_own_has_changed(originals, tmp_path) -> None:
    first = originals.slice(0, 1).to_pylist()[0]
    painting(9).save(tmp_path / "store" / first["path"], "JPEG")
    [row] = kernel.Measure(tmp_path / "store")(originals.slice(0, 1).to_batches()[0]).to_pylist()
    assert row["reason"] == "changed"
    assert row["phash"] is None


def test_a_batch_gives_the_same_whatever_its_order(originals, tmp_path) -> None:
    measure = kernel.Measure(tmp_path / "store")
    rows = originals.select(["sha256", "path"]).to_pylist()[1:]  # the first file is there twice
    ways = [measure(pa.RecordBatch.from_pylist(way)).to_pylist() for way in (rows, rows[::-1])]
    assert ways[0] == ways[1][::-1]


@pytest.mark.samples
def test_every_odd_sample_is_a_row(samples: Path, tmp_path) -> None:
    rows = [
        {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "path": str(file)}
        for file in sorted((samples / "odd").iterdir())
        if file.suffix != ".csv"
    ]
    made = kernel.Measure(tmp_path)(pa.RecordBatch.from_pylist(rows))
    result = pa.Table.from_batches([made])
    assert made.num_rows == len(rows) >= 40
    assert kernel.measures(result).schema.equals(MEASURES)
    assert kernel.measures(result).num_rows + sum(made["error"].is_valid().to_pylist()) == len(rows)


def test_a_bomb_is_a_row_and_takes_no_memory(tmp_path) -> None:
    """40,000×40,000 pixels of one bit, a file of some 200 kB; Pillow would take 1.6 GB for them."""
    resource = pytest.importorskip("resource")  # Unix only

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    side = 40_000
    packer = zlib.compressobj(1)
    lines = bytes(100 * (1 + side // 8))
    packed = b"".join(packer.compress(lines) for _ in range(side // 100)) + packer.flush()
    header = 2 * side.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    parts = chunk(b"IHDR", header), chunk(b"IDAT", packed), chunk(b"IEND", b"")
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    assert path.stat().st_size < 2_000_000
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    batch = pa.RecordBatch.from_pylist([{"sha256": sha256, "path": str(path)}])
    [row] = kernel.Measure(tmp_path / "store")(batch).to_pylist()
    assert row["reason"] == "too_many_pixels"
    assert "1600000000" in row["error"]
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 100_000_000


@pytest.mark.filterwarnings("error")
def test_damaged_exif_is_not_talked_about(tmp_path, caplog) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A maker whose name is told at some length"
    painting(7).save(tmp_path / "a.jpg", exif=exif)
    whole = (tmp_path / "a.jpg").read_bytes()
    at = whole.index(b"II*\0" if b"II*\0" in whole else b"MM\0*") + 18  # the offset of that text
    (tmp_path / "a.jpg").write_bytes(whole[:at] + b"\xff\xff\x00\xff" + whole[at + 4 :])
    with pytest.warns(UserWarning, match="Truncated"), Image.open(tmp_path / "a.jpg") as image:
        dict(image.getexif())
    assert one_row(tmp_path / "a.jpg", tmp_path)["camera"] is None
    assert caplog.records == []


def test_a_file_that_vanished_is_a_row_with_its_reason(tmp_path):
    batch = pa.RecordBatch.from_pylist([{"sha256": "ab" * 32, "path": "original/ab/gone"}])
    [row] = kernel.Measure(tmp_path)(batch).to_pylist()
    assert row["reason"] == "missing"
    assert row["error"].startswith("missing: ")
    assert str(tmp_path) not in row["error"]


def test_a_store_that_cannot_be_written_is_no_fault_of_a_picture(originals, tmp_path):
    (tmp_path / "store" / "derivative").write_text("in the way")
    with pytest.raises(OSError, match="derivative"):
        kernel.Measure(tmp_path / "store")(originals.slice(0, 1).to_batches()[0])
