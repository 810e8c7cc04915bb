"""Engines say what torch says, picture by picture, and what cannot be is refused."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models import engines, export
from models.backbones import NetworkError
from models.engines import TOLERANCE, EngineError, open_engine
from models.export import ExportError, made_pictures, softmax
from models.recipe import Architecture
from tests._networks import LABELS, model_folder

ROOT = Path(__file__).resolve().parent.parent
SIZE = 32
ENGINES = ("openvino", "openvino-bf16", "onnxruntime", "torch")
NETWORKS = {
    "plain": Architecture("small", "none"),
    "gru": Architecture("small", "none", "gru", 8, True, "attention"),
    "lstm": Architecture("small", "none", "lstm", 8, False, "mean"),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {
        name: model_folder(root / name / "1", architecture)
        for name, architecture in NETWORKS.items()
    }


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(3)
    coarse = random.integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)
    return np.kron(coarse, np.ones((1, 1, SIZE // 4, SIZE // 4), np.uint8))


@pytest.mark.parametrize("network", NETWORKS)
def test_every_engine_says_what_torch_says(folders, images, network):
    wanted = open_engine(folders[network], "torch")(images)
    assert set(wanted) == set(LABELS)
    chances = softmax(wanted["department"])
    assert np.abs(chances - chances[0]).max() > 10 * TOLERANCE["openvino"], "pictures must differ"
    for name in ENGINES[:3]:
        engine = open_engine(folders[network], name)
        assert engine.name == name
        for attribute, logits in engine(images).items():
            assert logits.dtype == np.float32
            assert logits.shape == (5, len(LABELS[attribute]))
            off = np.abs(softmax(logits) - softmax(wanted[attribute])).max()
            assert off <= TOLERANCE[name]


@pytest.mark.parametrize("name", ENGINES)
def test_a_picture_has_the_same_bytes_whatever_its_company(folders, images, name):
    engine = open_engine(folders["gru"], name)
    together = engine(images)
    for row in range(5):
        alone = engine(images[row : row + 1])
        assert all((alone[one][0] == together[one][row]).all() for one in LABELS)


def test_a_process_that_closed_an_engine_still_answers_signals(folders):
    code = """
import faulthandler, gc, os, signal, sys
from pathlib import Path
from models.engines import open_engine
faulthandler.enable()  # as Dagster and test runners do: it has a stack for signals of its own
first, second = (open_engine(Path(sys.argv[1]), "openvino") for _ in range(2))
del first
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGUSR1, lambda *_: print("answered"))
os.kill(os.getpid(), signal.SIGUSR1)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, folders["plain"]], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout.strip()) == (0, "answered"), done.stderr


def test_no_picture_at_all_is_an_answer_too(folders, images):
    made = open_engine(folders["plain"], "onnxruntime")(images[:0])
    assert {name: logits.shape for name, logits in made.items()} == {
        "department": (0, 3),
        "style": (0, 2),
    }


def test_images_of_another_size_or_type_are_refused(folders, images):
    engine = open_engine(folders["plain"], "onnxruntime")
    with pytest.raises(ValueError, match="takes uint8 n × 3 × 32 × 32, not uint8 5 × 3 × 16 × 16"):
        engine(images[:, :, ::2, ::2])
    with pytest.raises(ValueError, match="not float32"):
        engine(images.astype(np.float32))


def test_auto_takes_the_fastest_that_is_installed(folders, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert open_engine(folders["plain"]).name == "openvino"
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *a: None if name == "openvino" else found(name, *a),
    )
    assert open_engine(folders["plain"]).name == "onnxruntime"
    with pytest.raises(
        EngineError, match="openvino-bf16 is not installed. Run `pip install openvino`"
    ):
        open_engine(folders["plain"], "openvino-bf16")


def test_an_engine_that_nobody_knows_is_refused(folders):
    with pytest.raises(EngineError, match="no engine 'tensorrt'; there are auto, openvino"):
        open_engine(folders["plain"], "tensorrt")


def test_the_export_lies_beside_the_folder_and_is_made_once(folders, monkeypatch):
    open_engine(folders["plain"], "onnxruntime")
    assert {file.name for file in folders["plain"].iterdir()} == {
        "config.json",
        "weights.safetensors",
    }
    kept = sorted(file.suffix for file in (folders["plain"].parent / ".engines").iterdir())
    assert kept == [".npz", ".onnx"]
    monkeypatch.setattr(export, "whole_network", None)  # with which a new one would be made
    open_engine(folders["plain"], "onnxruntime")


def test_another_copy_of_the_model_has_the_same_id_and_other_weights_another(folders, tmp_path):
    from safetensors.numpy import load_file, save_file

    first = open_engine(folders["plain"], "torch").model_id
    folder = shutil.copytree(folders["plain"], tmp_path / "copy" / "9")
    assert open_engine(folder, "torch").model_id == first
    state = load_file(folder / "weights.safetensors")
    state["heads.style.bias"] += 1
    save_file(state, folder / "weights.safetensors")
    assert open_engine(folder, "torch").model_id != first


def test_an_engine_that_strays_is_refused(folders, tmp_path):
    folder = shutil.copytree(folders["plain"].parent, tmp_path / "m") / "1"
    (told,) = (folder.parent / ".engines").glob("*.npz")
    with np.load(told) as kept:
        said = [kept[name] for name in kept.files]
    said[0] += 0.01
    np.savez(told, *said)
    with pytest.raises(
        EngineError, match=r"onnxruntime strays by 0\.01 from torch's probabilities"
    ):
        open_engine(folder, "onnxruntime")
    assert open_engine(folder, "openvino-bf16").name == "openvino-bf16"  # within its tolerance


def test_weights_that_do_not_fit_the_config_are_named(folders, tmp_path):
    folder = shutil.copytree(folders["plain"], tmp_path / "m" / "1")
    said = json.loads((folder / "config.json").read_text())
    said["labels"]["style"] = ["Baroque", "Rococo", "Cubism"]
    (folder / "config.json").write_text(json.dumps(said))
    with pytest.raises(NetworkError, match=r"weights\.safetensors.*heads\.style"):
        open_engine(folder, "onnxruntime")
    assert not list((tmp_path / "m").rglob("*.onnx*"))


def test_a_folder_without_a_whole_model_is_named(folders, tmp_path):
    with pytest.raises(NetworkError, match="is no model's folder"):
        open_engine(tmp_path, "onnxruntime")
    shutil.copy(folders["plain"] / "config.json", tmp_path)
    with pytest.raises(ExportError, match=r"weights\.safetensors cannot be read: No such file"):
        open_engine(tmp_path, "onnxruntime")


def test_the_pictures_for_the_proof_differ_from_each_other():
    made = made_pictures(SIZE)
    assert made.shape == (4, SIZE, SIZE, 3) and made.dtype == np.uint8
    assert len({picture.tobytes() for picture in made}) == 4
    assert (made == made_pictures(SIZE)).all()


def test_every_engine_has_its_tolerance():
    assert set(engines._RUNS) == set(TOLERANCE)
