"""From labels to predictions through Dagster: heads, a network trained in a child, and which of them is asked."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from assets import ablations, floors, networks, predictions, registry, runs, searches, training
from models import recipe
from models import registry as models
from models.folders import REGISTRY
from pipelines.cli import app
from pipelines.training import changes_of
from storage import Lake
from tests import _learning

ROOT = Path(__file__).resolve().parent.parent
ASSETS = dg.load_assets_from_modules([training, registry, networks, predictions])
TINY = (
    *("backbone=small", "weights=none", "image_size=32"),
    *("folds=0", "head_epochs=0", "frozen_stages=0"),
)


def made(lake: Lake, *keys: str) -> dict[str, dict]:
    """Materialize those assets, and return the metadata of each."""
    wanted = [dg.AssetKey(key.split("/")) for key in keys]
    steps = [
        one
        for one in ASSETS
        if isinstance(one, dg.AssetsDefinition) and set(one.keys) & set(wanted)
    ]
    done = dg.materialize(steps, resources={"lake": lake, "pipes": dg.PipesSubprocessClient()})
    return {
        event.asset_key.to_user_string(): {
            name: value.value for name, value in event.materialization.metadata.items()
        }
        for event in done.get_asset_materialization_events()
        if event.asset_key is not None
    }


def asked(lake: Lake) -> str:
    """The model that predictions name, of all of them one."""
    (model,) = set(lake.read("predictions/departments")["model"].to_pylist())
    return str(model)


def artlake(lake: Lake, *words: str) -> str:
    done = CliRunner().invoke(app, ["--lake", str(lake.root), *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


@pytest.fixture(scope="module")
def headed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake whose department is told by a head."""
    lake = _learning.make(tmp_path_factory.mktemp("headed") / "lake")
    made(lake, "training/department_head", "training/department_in_use", "predictions/departments")
    return lake.root


@pytest.fixture
def lake(headed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ARTLAKE_LAKE", "")  # the command sets it: put back behind the test
    return Lake.open(shutil.copytree(headed, tmp_path / "lake"))


def test_a_head_is_registered_promoted_and_predicts_with_its_fingerprint_in_every_row(
    lake: Lake,
) -> None:
    root = lake.file(REGISTRY)
    (version,) = models.versions(root)
    assert models.in_use(root) == {"department": version.id}
    table = lake.read("predictions/departments")
    assert len(set(table["artwork_id"].to_pylist())) == 2 * _learning.A_LABEL
    assert asked(lake).startswith(f"{version.id} tf_efficientnet_lite0-packaged-")
    said = json.loads(lake.file("training/department_evaluation.json").read_text())
    assert said["registered"] == version.id
    assert version.config["data"]["licences"] == ["CC0-1.0"]
    assert {one["value"] for one in said["slices"]["period"]} == {"1600s", "1700s"}


def test_an_attribute_without_examples_says_so_and_has_no_predictions(lake: Lake) -> None:
    told = made(lake, "training/style_head", "training/style_in_use", "predictions/styles")
    assert told["training/style_in_use"]["model"] == "none"
    assert lake.read("predictions/styles").num_rows == 0


def test_made_again_nothing_changes_and_only_people_are_news(lake: Lake) -> None:
    root = lake.file(REGISTRY)
    before = models.history(root)
    made(lake, "training/department_head", "training/department_in_use", "predictions/departments")
    assert models.history(root) == before
    version = observed(lake)
    assert version == "none"  # the refresh's own promotion
    (head,) = models.versions(root)
    made_worse(root, head)
    artlake(lake, "models", "promote", "other", "--force", "a test", "--by", "ada")
    assert observed(lake) != version


def observed(lake: Lake) -> str:
    key = dg.AssetKey(registry.PROMOTIONS.split("/"))
    job = dg.define_asset_job("look", selection=[key])
    house = dg.Definitions(assets=[registry.promotions], jobs=[job], resources={"lake": lake})
    with dg.DagsterInstance.ephemeral() as instance:
        assert house.resolve_job_def("look").execute_in_process(instance=instance).success
        [event] = instance.fetch_observations(key, limit=1).records
    return str(event.asset_observation.data_version)


def made_worse(root: Path, of: models.Version) -> models.Version:
    """Another head of the same layer, registered as `other`."""
    config = {**of.config, "name": "other"}
    outputs, held_out = of.outputs("department"), of.held_out("department")
    return models.Version(
        models.register(root, config, of.metrics, outputs, held_out, of.folder / "head.safetensors")
    )


def test_what_people_took_back_is_not_promoted_again_by_itself(lake: Lake) -> None:
    root = lake.file(REGISTRY)
    (head,) = models.versions(root)
    other = made_worse(root, head)
    assert "is asked for the department" in artlake(lake, "models", "promote", "other")
    told = made(lake, "training/department_in_use", "predictions/departments")
    assert told["training/department_in_use"]["model"] == other.id
    assert "stays" in told["training/department_in_use"]["why"]
    assert asked(lake).startswith(other.id)
    assert head.id in artlake(lake, "models", "rollback", "department")
    made(lake, "training/department_in_use", "predictions/departments")
    assert asked(lake).startswith(head.id)
    listed = artlake(lake, "models", "list")
    assert head.id in listed and other.id in listed
    assert "How well it tells the department" in artlake(lake, "models", "show", "other")
    assert "on 20 pictures" in artlake(lake, "models", "compare", "other", "department_head")


def test_a_model_that_was_damaged_stops_its_predictions_and_is_named(lake: Lake) -> None:
    (head,) = models.versions(lake.file(REGISTRY))
    (head.folder / "head.safetensors").write_bytes(b"")
    with pytest.raises(models.RegistryError, match=r"head\.safetensors was changed"):
        made(lake, "predictions/departments")


def test_changes_of_a_recipe_are_checked_before_anything_is_trained(tmp_path: Path) -> None:
    plan = networks.PLANS["department"]
    assert changes_of(plan, None, ["epochs=3", "backbone=small"]) == {
        "architecture": {"backbone": "small"},
        "recipe": {"epochs": 3},
    }
    for setting in ("epoch=3", "epochs", "epochs=0", "epochs=many", "sequence=lstn"):
        with pytest.raises(recipe.RecipeError):
            changes_of(plan, None, [setting])
    with pytest.raises(recipe.RecipeError, match="3 stages would stay random numbers"):
        changes_of(plan, None, ["weights=none"])
    file = tmp_path / "other.yaml"
    file.write_text("attributes: [style]\nscheme: grouped\n")
    with pytest.raises(recipe.RecipeError, match="Make it a recipe of its own"):
        changes_of(plan, file, [])


def test_another_set_plan_or_code_is_another_run_folder(lake: Lake) -> None:
    plan = networks.PLANS["department"]
    table = networks.training_set(lake, plan)
    first = runs.run_folder(lake, plan, table)
    assert first == runs.run_folder(lake, plan, table)
    assert first != runs.run_folder(lake, plan, table.slice(1))
    other = networks.changed(plan, networks.Changes(recipe={"epochs": 2}))
    assert first != runs.run_folder(lake, other, table)


def test_the_newest_run_folders_and_the_present_one_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate("abcde"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").touch()
        for path in (tmp_path / name / "plan.json", tmp_path / name):
            os.utime(path, (1000 - age, 1000 - age))
    runs.prune(tmp_path / "d")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "d"]


def test_the_floor_is_the_registered_head_and_otherwise_made_once(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa

    from models import head as heads

    found = floors.floor(lake, "department", "grouped")
    (version,) = models.versions(lake.file(REGISTRY))
    assert found.outputs.equals(version.outputs("department"))
    assert found.summary == version.metrics["department"] and not lake.file(floors.FLOORS).exists()
    splits = lake.read("training/splits")
    column = pa.array(["artist_disjoint"] * len(splits), pa.string())
    place = splits.column_names.index("scheme")
    other = splits.set_column(place, splits.schema.field("scheme"), column)
    lake.write("training/splits", pa.concat_tables([splits, other]), ["artwork_id", "scheme"])
    made_now = floors.floor(lake, "department", "artist_disjoint")
    assert made_now.summary["scheme"] == "artist_disjoint"
    monkeypatch.delattr(heads, "train")
    again = floors.floor(lake, "department", "artist_disjoint")
    assert again.summary == json.loads(json.dumps(made_now.summary))


@pytest.mark.parametrize("frozen", [True, False])
def test_what_is_called_fine_tuned_is_so_whatever_the_plan_says(frozen: bool) -> None:
    plan = networks.changed(
        networks.PLANS["department"], networks.Changes(recipe={"frozen": frozen})
    )
    for name, part in ablations.variants(plan).items():
        assert part.recipe.frozen == ("fine-tuned" not in name), name


def test_a_plan_without_examples_is_refused_by_name(lake: Lake) -> None:
    with pytest.raises(dg.Failure, match="No style has enough pictures"):
        networks.training_set(lake, networks.PLANS["style"])


def start(lake: Lake, *words: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARTLAKE_")}
    command = [sys.executable, "-m", "pipelines.cli", "--lake", str(lake.root), *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def settings(*more: str) -> list[str]:
    return [word for one in (*TINY, *more) for word in ("--set", one)]


@pytest.mark.slow
def test_a_network_is_trained_stopped_gone_on_with_promoted_and_asked(
    lake: Lake, tmp_path: Path
) -> None:
    words = ("train", "department", "--epochs", "30", *settings("patience=30"))
    first = start(lake, *words)
    curve = None
    deadline = time.monotonic() + 300
    while curve is None and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
        curve = next(lake.file("training/runs").glob("*/*/curve.jsonl"), None)
    first.send_signal(signal.SIGTERM)
    output, _ = first.communicate(timeout=200)
    assert curve is not None and first.returncode == 130, output
    assert "the same command goes on" in " ".join(output.split())
    run = curve.parent
    assert list((run / "checkpoints").iterdir()) and not (run / "result").exists()
    assert not (run / "trainer.json").exists()  # the child went too, and gave its lock back
    done = start(lake, *words)
    output, _ = done.communicate(timeout=600)
    assert done.returncode == 0, output
    assert (run / "result" / "network.json").exists()
    assert len(list(lake.file("training/runs/department").iterdir())) == 1

    root = lake.file(REGISTRY)
    network = models.find(root, "department")
    assert network.config["kind"] == "network" and network.config["engine_tolerance"]
    assert network.metrics["department"]["floor"]["name"].startswith("frozen")
    if models.in_use(root)["department"] != network.id:  # not as good as the head
        artlake(lake, "models", "promote", network.id, "--force", "a test")
    made(lake, "training/department_in_use", "predictions/departments")
    assert asked(lake).startswith(f"{network.id} small-none-")
    assert lake.read("predictions/departments").num_rows == 2 * 2 * _learning.A_LABEL

    picture = tmp_path / "armour.png"
    picture.write_bytes(_learning.jpeg("Armour", 99))
    artlake(
        lake,
        "classify",
        str(picture),
        "--overlays",
        str(tmp_path / "why"),
        "--csv",
        str(tmp_path / "a.csv"),
    )
    assert len(list((tmp_path / "why").glob("*_armour_department.jpg"))) == 1
    assert network.id in (tmp_path / "a.csv").read_text()


@pytest.mark.slow
def test_a_search_keeps_its_best_recipe_as_a_file_to_train_by(lake: Lake) -> None:
    words = ("train", "department", "--trials", "2", "--epochs", "2", *settings())
    done = start(lake, *words)
    output, _ = done.communicate(timeout=600)
    assert done.returncode == 0, output
    best = lake.file(f"{searches.search_key('department')}.yaml")
    assert f"train department --recipe {best}" in " ".join(output.split())
    found = changes_of(networks.PLANS["department"], best, [])
    assert found["architecture"]["backbone"] == "small"
    assert {"learning_rate", "layer_decay", "epochs"} <= found["recipe"].keys()
    (trials,) = lake.file("training/runs/department").glob("*/search/best.json")
    assert json.loads(trials.read_text())["trials"] == 2
    assert not [
        one for one in models.versions(lake.file(REGISTRY)) if one.config["name"] == "department"
    ]


@pytest.mark.slow
def test_a_recipe_is_taken_apart_and_each_part_is_compared_with_the_frozen_backbone(
    lake: Lake,
) -> None:
    done = start(lake, "ablate", "department", "--epochs", "1", *settings())
    output, _ = done.communicate(timeout=600)
    assert done.returncode == 0, output
    rows = json.loads(lake.file(f"{ablations.ABLATIONS}.json").read_text())
    variants = list(ablations.variants(networks.PLANS["department"]))
    assert [row["name"] for row in rows] == ["frozen features, linear head", *variants]
    assert rows[0]["difference"] is None
    assert {row["difference"]["against"] for row in rows[1:]} == {rows[0]["name"]}
    assert {row["pictures"] for row in rows} == {2 * _learning.A_LABEL // 3}
    rnn, plain = (
        next(r for r in rows if r["name"] == f"{n}, fine-tuned")
        for n in ("CNN-RNN", "backbone alone")
    )
    assert rnn["sequence"] == "gru" and rnn["parameters"] > plain["parameters"]
    assert "CNN-RNN, fine-tuned" in output


def test_a_training_s_process_keeps_what_it_frees_and_asks_for_no_pages_again() -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc is told to keep memory")
    code = """
import resource
import torch
def work():
    torch.ones(2**24).add_(1)
for _ in range(6):  # until the heap is as large as it will be
    work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    kept, given_back = (
        int(
            subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, **more},
            ).stdout
        )
        for more in (runs.KEEP_FREED, {})
    )
    assert kept * 20 < given_back
