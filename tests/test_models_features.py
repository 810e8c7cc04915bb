"""Pictures to vectors: stable, independent of their company, and a bad file costs one row."""

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from models import features
from models.features import Embed, features_table, matrix, model_of
from models.weights import FingerprintError, WeightsError, packaged_fingerprint
from storage import map_files
from storage.schemas import FEATURES


def paint(path: Path, seed: int, size: tuple[int, int] = (320, 256)) -> None:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path, quality=90)


def batch(*names: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {"sha256": list(names), "path": [f"derivative/{name}.jpg" for name in names]}
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    for number in range(4):
        paint(root / "derivative" / f"p{number}.jpg", number)
    (root / "derivative" / "html.jpg").write_bytes(b"<html>404</html>")
    (root / "derivative" / "empty.jpg").write_bytes(b"")
    whole = (root / "derivative" / "p0.jpg").read_bytes()
    (root / "derivative" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    return root


@pytest.fixture(scope="module")
def embed(store):
    return Embed(store)


def test_a_picture_has_the_same_bytes_whatever_its_batch(embed):
    alone = embed(batch("p1"))
    among = embed(batch("p0", "p1", "p2", "p3"))
    turned = embed(batch("p3", "p2", "p1", "p0"))
    assert alone["vector"][0] == among["vector"][1] == turned["vector"][2]
    assert among["error"].null_count == 4
    assert len({str(vector) for vector in among["vector"].to_pylist()}) == 4


def test_a_known_picture_keeps_its_features(embed):
    """Guards weights, normalisation, channel order and pooling together."""
    grey = np.full((224, 224, 3), 127, np.uint8)
    grey[:, 112:] = (200, 60, 30)
    vector = embed._loaded(Image.fromarray(grey))
    assert vector.shape == (1280,) and vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(13.0831, rel=1e-4)
    assert np.argsort(-vector)[:3].tolist() == [829, 468, 504]


def test_bad_files_are_rows_with_their_reason(embed, store):
    result = embed(batch("html", "p0", "empty", "cut", "absent"))
    errors = result["error"].to_pylist()
    assert errors[1] is None
    assert [errors[number].rpartition(": ")[2] for number in (0, 2, 4)] == [
        "not a picture",
        "the file is empty",
        "No such file or directory",
    ]
    assert "cut.jpg" in errors[3] and "truncated" in errors[3]
    assert not any(str(store) in (error or "") for error in errors)
    assert result["vector"].is_null().to_pylist() == [True, False, True, True, True]
    table = features_table(pa.Table.from_batches([result]))
    assert table.schema.equals(FEATURES) and table["sha256"].to_pylist() == ["p0"]


def test_the_memo_embeds_a_picture_once(embed, store, tmp_path, monkeypatch):
    rows = pa.Table.from_batches([batch("p0", "p1")])
    call = {"key": "sha256", "version": embed.version, "label": "embed", "workers": 0}
    first = map_files(embed, rows, tmp_path, **call)
    monkeypatch.setattr(Embed, "__call__", None)
    assert map_files(Embed(store), rows, tmp_path, **call).equals(first)


def test_the_version_names_the_fingerprint_and_needs_no_network(store):
    kernel = Embed(store)
    assert packaged_fingerprint().id in kernel.version
    assert "_loaded" not in kernel.__dict__


def test_the_kernel_is_picklable_after_use(embed):
    embed(batch("p0"))
    assert "_loaded" not in pickle.loads(pickle.dumps(embed)).__dict__


def test_a_backbone_of_another_width_is_refused(store):
    with pytest.raises(WeightsError, match="512 features"):
        Embed(store, "resnet18", "none")(batch("p0"))


def test_missing_features_name_the_picture(embed):
    table = features_table(pa.Table.from_batches([embed(batch("p0", "p1"))]))
    assert matrix(table, ["p1", "p0"]).shape == (2, 1280)
    with pytest.raises(ValueError, match=r"1 of 2 pictures have no features; the first is p9"):
        matrix(table, ["p0", "p9"])


def test_mixed_models_and_empty_tables_are_refused():
    def row(model):
        return {"sha256": model, "vector": [0.0] * features.WIDTH, "model": model}

    with pytest.raises(FingerprintError, match="mixes models: a, b"):
        model_of(pa.Table.from_pylist([row("a"), row("b")], schema=FEATURES))
    with pytest.raises(ValueError, match="empty"):
        model_of(FEATURES.empty_table())
