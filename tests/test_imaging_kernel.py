"""imaging.kernel: one pass over originals, run as the lake runs it."""

import pickle
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
