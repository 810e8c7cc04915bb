"""Derivatives to logits through map_files: each once, and a bad file costs one row."""

import pickle

import numpy as np
import pyarrow as pa
import pytest

from models.inference import Infer
from models.pixels import read_square
from models.recipe import Architecture
from storage import map_files
from tests._networks import LABELS, derivative, model_folder

BAD = {"html": b"<html>404</html>", "empty": b""}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    for number in range(9):
        derivative(root, f"p{number}", number)
    for name, data in BAD.items():
        (root / "derivative" / f"{name}.jpg").write_bytes(data)
    whole = (root / "derivative" / "p0.jpg").read_bytes()
    (root / "derivative" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    return root


@pytest.fixture(scope="module")
def infer(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "m" / "1"
    return Infer(model_folder(folder, Architecture("small", "none")), store, "torch")


def rows(*names: str) -> pa.Table:
    return pa.table({"sha256": list(names), "path": [f"derivative/{name}.jpg" for name in names]})


def test_logits_are_the_engines_for_the_squashed_derivative(infer, store):
    (batch,) = rows(*(f"p{number}" for number in range(9))).to_batches()
    made = infer(batch)
    assert made.schema.names == ["sha256", *sorted(LABELS), "model", "error"]
    assert made["error"].null_count == 9
    assert set(made["model"].to_pylist()) == {infer.engine.model_id}
    for number in range(9):
        square = read_square(store / f"derivative/p{number}.jpg", 32)
        wanted = infer.engine(square.transpose(2, 0, 1)[None])
        for attribute in LABELS:
            assert (
                np.array(made[attribute][number].as_py(), np.float32) == wanted[attribute]
            ).all()


def test_a_bad_derivative_is_a_row_with_its_reason(infer):
    (batch,) = rows("p1", "html", "gone", "p2", "cut", "empty").to_batches()
    made = infer(batch).to_pylist()
    assert [row["error"] is None for row in made] == [True, False, False, True, False, False]
    assert [row["style"] is None for row in made] == [False, True, True, False, True, True]
    assert made[2]["error"] == "missing: derivative derivative/gone.jpg is not there"
    assert "derivative/html.jpg cannot be read" in made[1]["error"]
    assert "the file is empty" in made[5]["error"]
    (good,) = infer(batch.slice(3, 1)).to_pylist()
    assert made[3] == good


def test_a_second_run_asks_the_network_of_nothing_but_what_is_new(infer, store, tmp_path):
    asked: list[str] = []

    def counting(batch: pa.RecordBatch) -> pa.RecordBatch:
        asked.extend(batch["sha256"].to_pylist())
        return infer(batch)

    def run(table: pa.Table) -> pa.Table:
        return map_files(
            counting, table, tmp_path, key="sha256", version=infer.version, label="", workers=0
        )

    first = run(rows("p3", "p1", "html", "gone"))
    assert first["sha256"].to_pylist() == ["gone", "html", "p1", "p3"]
    again = run(rows("p2", "gone", "p1", "html", "p3"))
    assert asked == ["p3", "p1", "html", "gone", "p2", "gone"]  # what was not there is tried again
    assert again.filter(pa.array([one != "p2" for one in again["sha256"].to_pylist()])) == first


def test_the_version_names_engine_and_weights(infer):
    assert infer.version == f"1-torch-{infer.engine.model_id}"
    assert infer.engine.model_id.startswith("small-")


def test_no_row_at_all_has_the_columns_too(infer):
    batch = pa.RecordBatch.from_pylist([], schema=rows("p1").schema)
    made = infer(batch)
    assert made.num_rows == 0
    assert made.schema == infer(rows("p1").to_batches()[0]).schema


def test_the_kernel_travels_without_its_engine(infer, store):
    (batch,) = rows("p1").to_batches()
    assert pickle.loads(pickle.dumps(infer))(batch) == infer(batch)
