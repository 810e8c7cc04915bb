"""`artlake classify` and `models` on files of people's own, with a registered head that is asked."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import safetensors.numpy
import torch
from PIL import Image
from typer.testing import CliRunner

from models import registry, serving
from models.features import WIDTH, Backbone
from models.folders import REGISTRY
from models.outputs import OUTPUTS
from models.pictures import inputs
from models.weights import FingerprintError, packaged_fingerprint
from pipelines import classifying
from pipelines.classifying import FOR_A_PERSON, ROUTED, ClassifyError
from pipelines.cli import app
from storage import Lake
from storage.files import write_bytes
from tests.test_models_registry import summary

LABELS = ["armour", "drawings", "paintings"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake", "hand-made")


def head(
    lake: Lake, *, threshold: float | None = 0.5, sure: bool = True, random: bool = False
) -> registry.Version:
    """A head that says `paintings` of everything, surely or not; or what random numbers say."""
    weights = lake.root.parent / "head.safetensors"
    tensors = {
        "weight": np.zeros((3, WIDTH), np.float32),
        "bias": np.array([0, 0, 9 if sure else 0.1], np.float32),
        "mean": np.zeros(WIDTH, np.float32),
        "scale": np.ones(WIDTH, np.float32),
    }
    if random:
        draw = np.random.default_rng(0)
        tensors["weight"] = draw.normal(0, 0.1, (3, WIDTH)).astype(np.float32)
        tensors["mean"] = draw.normal(0, 1, WIDTH).astype(np.float32)
        tensors["scale"] = draw.uniform(0.5, 2, WIDTH).astype(np.float32)
    write_bytes(weights, safetensors.numpy.save(tensors))
    config = {
        "name": "department_head",
        "kind": "head",
        "attributes": ["department"],
        "scheme": "grouped",
        "labels": {"department": LABELS},
        "architecture": {"backbone": "tf_efficientnet_lite0", "frozen": True},
        "recipe": {"weight_decay": 0.01},
        "image_size": 224,
        "fingerprint": packaged_fingerprint().as_dict(),
        "temperature": {"department": 2.0},
        "threshold": {"department": threshold},
        "data": {"set": "cd" * 32, "pictures": 400, "sources": ["met"], "licences": ["CC0-1.0"]},
        "weights": {"source": "packaged", "licence": "Apache-2.0"},
    }
    root = lake.file(REGISTRY)
    empty, held_out = OUTPUTS.empty_table(), pa.Table.from_pylist(unseen(), schema=OUTPUTS)
    version = registry.Version(
        registry.register(root, config, {"department": summary(0.9)}, empty, held_out, weights)
    )
    registry.promote(root, version.folder.parent.name, version.folder.name, "a test")
    return version


def unseen() -> list[dict]:
    """Enough pictures held out to prove that on paper or canvas it it is right from 2 in 3, and of labels nothing."""
    rows = []
    for number in range(400):
        logits = [0.0, 0.1, 0.1] if number % 2 else [0.0, 0.0, 0.0]
        names = {"artwork_id": f"met:{number:03d}", "group_id": f"met:{number:03d}"}
        own = {"sha256": f"{number:064x}", "side": "train", "attribute": "department"}
        rows.append({**names, **own, "label": LABELS[1 + number // 2 % 2], "logits": logits})
    return rows


def pictures(folder: Path) -> Path:
    """A folder of four formats, one in a folder of its own, and a broken file."""
    (folder / "deeper").mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in ("a.jpg", "b.png", "c.tif", "deeper/d.webp"):
        pixels = random.integers(0, 256, (40, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    (folder / "broken.jpg").write_bytes((folder / "a.jpg").read_bytes()[:200])
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_every_picture_is_a_row_whatever_its_format_and_a_broken_one_has_its_reason(
    lake: Lake, tmp_path: Path
) -> None:
    version = head(lake)
    folder = pictures(tmp_path / "scans")
    rows = classifying.classify(lake, [folder, tmp_path / "nowhere.jpg"])
    assert [Path(row["file"]).name for row in rows] == [
        "a.jpg", "b.png", "broken.jpg", "c.tif", "d.webp", "nowhere.jpg",
    ]  # fmt: skip
    by_name = {Path(row["file"]).name: row for row in rows}
    assert by_name["broken.jpg"]["error"].startswith("truncated")
    assert by_name["nowhere.jpg"]["error"].startswith("missing")
    good = [row for row in rows if not row["error"]]
    assert len(good) == 4
    expected = np.exp(4.5) / (np.exp(4.5) + 2)  # 9 over the temperature of 2
    for row in good:
        assert (row["label"], row["decision"]) == ("paintings", ROUTED)
        assert row["probability"] == pytest.approx(expected, abs=1e-5)
        assert row["model"].startswith(f"{version.id} tf_efficientnet_lite0-packaged-")


def test_what_is_not_sure_enough_or_has_no_threshold_is_for_a_person_and_says_why(
    lake: Lake, tmp_path: Path
) -> None:
    picture = [pictures(tmp_path / "scans") / "a.jpg"]

    def told(**of: float | bool | None) -> tuple[str, str]:
        head(lake, **of)
        (row,) = classifying.classify(lake, picture)
        return row["decision"], row["why"]

    assert told() == (ROUTED, "0.978 reaches 0.500")
    assert told(sure=False) == (FOR_A_PERSON, "0.345 is under 0.500")
    assert told(threshold=0.9783) == (FOR_A_PERSON, "0.97826 is under 0.97830")
    assert told(threshold=None) == (
        FOR_A_PERSON,
        "no threshold was proven: see the model's card",
    )


def test_a_grouping_adds_probabilities_up_without_training(lake: Lake, tmp_path: Path) -> None:
    head(lake, sure=False)
    grouping = tmp_path / "two.yaml"
    grouping.write_text(
        "attribute: department\ngroups:\n  on paper and canvas: [drawings, paintings]\n  objects: [armour]\n"
    )
    folder = pictures(tmp_path / "scans")
    (plain,) = classifying.classify(lake, [folder / "a.jpg"])
    (row,) = classifying.classify(lake, [folder / "a.jpg"], grouping=grouping)
    each = np.exp([0, 0, 0.05]) / np.exp([0, 0, 0.05]).sum()
    assert plain["probability"] == pytest.approx(each[2], abs=1e-5)
    assert row["label"] == "on paper and canvas"
    assert row["probability"] == pytest.approx(each[1] + each[2], abs=1e-5)
    assert (plain["decision"], row["decision"]) == (FOR_A_PERSON, ROUTED)
    grouping.write_text("attribute: style\ngroups:\n  all: [Baroque]\n")
    with pytest.raises(ClassifyError, match="no model that is asked tells"):
        classifying.classify(lake, [folder / "a.jpg"], grouping=grouping)


def test_without_a_model_in_use_it_says_what_to_do(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(ClassifyError, match="No model is in use .* `./artlake.* run`"):
        classifying.classify(lake, [pictures(tmp_path / "scans")])


def test_a_head_is_explained_by_the_backbone_before_it(lake: Lake, tmp_path: Path) -> None:
    version = head(lake, random=True)
    folder = pictures(tmp_path / "scans")
    rows = classifying.classify(lake, [folder], overlays=tmp_path / "why")
    told = [row for row in rows if not row["error"]]
    assert sorted(map(str, (tmp_path / "why").iterdir())) == [row["overlay"] for row in told]
    drawn = np.asarray(Image.open(told[0]["overlay"]), int)
    small = np.asarray(Image.open(folder / "a.jpg"), int)
    assert drawn.shape == small.shape and np.abs(drawn - small).max() > 40

    # The network that is looked into says what the head says, of pixels as features are made of.
    picture = Image.open(folder / "a.jpg").convert("RGB")
    network = serving.network(version)
    with torch.inference_mode():
        shown = inputs(network, [serving.seen(version, picture)])
        logits = network(shown)["department"].numpy()
    wanted = serving.head_logits(version)(Backbone()(picture)[None])
    assert np.ptp(wanted) > 0.5 and logits == pytest.approx(wanted, abs=1e-3)


def test_a_head_of_another_backbone_is_not_explained_by_ours(lake: Lake) -> None:
    version = head(lake)
    version.config["fingerprint"]["sha256"] = "ab" * 32
    with pytest.raises(FingerprintError, match="department_head@.* was made with .*Train it anew"):
        serving.network(version)


def test_a_folder_without_pictures_has_nothing_to_say(lake: Lake, tmp_path: Path) -> None:
    head(lake)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ClassifyError, match="There is no picture in"):
        classifying.classify(lake, [tmp_path / "empty"])


def test_the_command_writes_what_it_prints_and_leaves_the_pictures_alone(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTLAKE_LAKE", "")  # the command sets it: put back behind the test
    head(lake)
    folder = pictures(tmp_path / "scans")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    words = ["--lake", str(lake.root), "classify", str(folder)]
    done = CliRunner().invoke(
        app, [*words, "--csv", str(tmp_path / "out.csv")], catch_exceptions=False
    )
    assert done.exit_code == 0 and "4 of 4 routed" in done.output, done.output
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 and list(rows[0]) == list(classifying.HEADER)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    only_broken = ["--lake", str(lake.root), "classify", str(folder / "broken.jpg")]
    assert CliRunner().invoke(app, only_broken).exit_code == 1
