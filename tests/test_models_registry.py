"""The registry: versions that stay whole, and a gate before what is asked."""

import json
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import safetensors.numpy

from models import promotion, registry, versions
from models.card import markdown
from models.outputs import OUTPUTS
from models.registry import RegistryError
from storage.files import write_bytes
from storage.locks import BusyError, held

LABELS = ("armour", "paintings")


def outputs(
    right: int, works: Sequence[int] = range(60), labels: Sequence[str] = LABELS
) -> pa.Table:
    """What a model says that is right of the first `right` of those works, on the test side."""
    rows = []
    for place, work in enumerate(works):
        truth = work % 2
        guess = truth if place < right else 1 - truth
        rows.append(
            {
                "attribute": "department",
                "artwork_id": f"met:{work}",
                "sha256": f"{work:064x}",
                "group_id": f"met:{work}",
                "side": "test",
                "label": LABELS[truth],
                "logits": [4.0 if label == LABELS[guess] else 0.0 for label in labels],
            }
        )
    return pa.Table.from_pylist(rows, schema=OUTPUTS)


def on_side(said: pa.Table, side: str) -> pa.Table:
    return said.set_column(4, OUTPUTS.field("side"), pa.array([side] * len(said)))


def summary(accuracy: float) -> dict:
    figure = {"value": accuracy, "low": accuracy - 0.05, "high": accuracy + 0.05}
    return {
        "pictures": {"train": 280, "validation": 60, "test": 60},
        "accuracy": figure,
        "macro_f1": figure,
        "majority_accuracy": 0.5,
        "per_class": [
            {"label": label, "precision": 0.9, "recall": 0.8, "f1": 0.85, "support": support}
            for label, support in zip(LABELS, (50, 10), strict=True)
        ],
        "headline": {"macro_f1": figure, "apart": ["paintings"]},
        "calibration": {
            "temperature": 1.2,
            "ece": 0.02,
            "low": 0.0,
            "high": 0.034,
            "ece_before": 0.05,
        },
        "routing": {
            "threshold": 0.97,
            "wanted_precision": 0.99,
            "bound_confidence": 0.95,
            "test": {"share": 0.4, "share_low": 0.31, "share_high": 0.49, "precision": 1.0},
        },
    }


def made(
    root: Path,
    said: pa.Table,
    name: str = "department",
    accuracy: float = 0.9,
    labels: Sequence[str] = LABELS,
    seconds: float = 60.0,
    scheme: str = "grouped",
    kind: str = "network",
    taught: Sequence[int] = range(1000, 1045),
) -> registry.Version:
    held_out = on_side(outputs(40, taught, labels), "validation")
    weights = root.parent / "weights.safetensors"
    tensors = {"weight": np.full((2, 3), accuracy, np.float32)}
    write_bytes(weights, safetensors.numpy.save(tensors))
    config = {
        "name": name,
        "kind": kind,
        "attributes": ["department"],
        "scheme": scheme,
        "labels": {"department": list(labels)},
        "architecture": {"backbone": "resnet18", "sequence": "none"},
        "recipe": {"epochs": 3, "frozen_stages": 2},
        "image_size": 224,
        "fingerprint": {"architecture": "resnet18", "weights": "hub", "sha256": "ab" * 32},
        "temperature": {"department": 1.2},
        "threshold": {"department": 0.97},
        "data": {"set": "cd" * 32, "pictures": 400, "sources": ["met"], "licences": ["CC0-1.0"]},
        "weights": {"source": "hub", "licence": "that of its page"},
    }
    training = {
        "seconds": seconds,
        "images_per_second": 600 / seconds,
        "epochs": 3,
        "device": "cpu",
        "precision": "fp32",
        "parameters": 4_652_008,
    }
    metrics = {"department": {**summary(accuracy), "training": training}}
    return registry.Version(registry.register(root, config, metrics, said, held_out, weights))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "registry"


def promote(root: Path, version: registry.Version, reason: str | None = None) -> list[str]:
    return registry.promote(root, version.folder.parent.name, version.folder.name, reason)


def test_the_same_model_is_kept_once_and_another_beside_it(root: Path) -> None:
    first, again = made(root, outputs(50)), made(root, outputs(50))
    other = made(root, outputs(50), accuracy=0.91)
    assert first.folder == again.folder != other.folder
    assert [one.id for one in registry.versions(root)] == [first.id, other.id]
    assert registry.find(root, "department").id == other.id  # the newest
    assert registry.find(root, first.id[:-4]).id == first.id
    assert [line["event"] for line in registry.history(root)] == ["registered"] * 2


def test_only_the_test_side_of_the_outputs_is_kept(root: Path) -> None:
    said = outputs(50)
    parts = [on_side(said.slice(0, 30), "train"), said.slice(30)]
    version = made(root, pa.concat_tables(parts))
    assert set(version.outputs("department")["side"].to_pylist()) == {"test"}
    assert version.outputs("department").num_rows == 30


def test_what_was_held_out_is_kept_beside_it_and_the_card_says_how_much(root: Path) -> None:
    version = made(root, outputs(50))
    held_out = version.held_out("department")
    assert len(held_out) == 45 and set(held_out["side"].to_pylist()) == {"validation"}
    assert "chosen on 45 pictures" in (version.folder / "MODEL_CARD.md").read_text()


def test_how_long_training_took_does_not_make_another_model(root: Path) -> None:
    first, slower = made(root, outputs(50)), made(root, outputs(50), seconds=90.0)
    assert first.folder == slower.folder and len(registry.versions(root)) == 1
    assert slower.metrics["department"]["training"]["seconds"] == 60.0  # of the one that is kept
    metrics = first.folder / "metrics.json"
    metrics.write_text(metrics.read_text().replace("60.0", "61.0"))
    with pytest.raises(RegistryError, match=r"metrics\.json was changed"):
        registry.find(root, first.id)


def test_rows_in_another_order_are_the_same_version(root: Path) -> None:
    said = outputs(50)
    assert made(root, said).id == made(root, said.take(list(range(59, -1, -1)))).id


@pytest.mark.parametrize(
    "name",
    ["weights.safetensors", "config.json", "outputs.parquet", "held_out.parquet", "files.json"],
)
def test_a_changed_or_missing_file_is_named(root: Path, name: str) -> None:
    version = made(root, outputs(50))
    promote(root, version)
    kept = (version.folder / name).read_bytes()
    (version.folder / name).unlink()
    (version.folder / name).write_bytes(kept + b" ")
    with pytest.raises(RegistryError, match=f"{name} was changed"):
        registry.promoted(root, "department")
    (version.folder / name).unlink()
    with pytest.raises(RegistryError, match=f"{name} is missing|There is no model"):
        registry.promoted(root, "department")


def test_the_first_is_promoted_and_a_better_one_follows(root: Path) -> None:
    first, better = made(root, outputs(40)), made(root, outputs(58), accuracy=0.97)
    assert registry.promoted(root, "department") is None
    assert promote(root, first) == ["department"]
    assert promote(root, first) == []
    assert promote(root, better) == ["department"]
    assert registry.promoted(root, "department") == better.folder
    assert registry.in_use(root) == {"department": better.id}
    last = registry.history(root)[-1]
    assert (last["from"], last["model"], last["attribute"]) == (first.id, better.id, "department")
    assert last["by"] and last["at"] and "on 60 pictures that both were tested on" in last["why"]


def test_a_little_worse_passes_and_worse_beyond_the_interval_is_refused(root: Path) -> None:
    first = made(root, outputs(58))
    slightly, far = made(root, outputs(57), accuracy=0.8), made(root, outputs(30), accuracy=0.5)
    promote(root, first)
    promote(root, slightly)
    before = registry.history(root)
    with pytest.raises(RegistryError, match="worse beyond its interval"):
        promote(root, far)
    assert registry.history(root) == before
    promote(root, far, "the others saw the test pictures")
    assert registry.history(root)[-1]["why"] == "the others saw the test pictures"
    assert registry.promoted(root, "department") == far.folder


def test_models_are_judged_on_the_pictures_that_both_were_tested_on(root: Path) -> None:
    # Right where only it was tested, wrong on all that is common: that is what counts.
    old = made(root, outputs(300, range(300)))
    new = made(root, outputs(80, [*range(400, 480), *range(120)]), accuracy=0.6)
    found = registry.compare(new, old, "department")
    assert (found["pictures"], found["of"], found["difference"]) == (120, 200, -1)
    promote(root, old)
    with pytest.raises(RegistryError, match="accuracy is worse beyond its interval"):
        promote(root, new)


def test_without_a_common_test_picture_a_reason_is_needed(root: Path) -> None:
    promote(root, made(root, outputs(30)))
    new = made(root, outputs(60, range(100, 160)), accuracy=0.99)
    with pytest.raises(RegistryError, match="tested on no common picture"):
        promote(root, new)
    assert promote(root, new, "another museum") == ["department"]


def test_a_label_that_one_of_two_models_lacks_is_never_its_guess(root: Path) -> None:
    wider = ("armour", "drawings", "paintings")
    old, new = made(root, outputs(50)), made(root, outputs(50, labels=wider), labels=wider)
    found = registry.compare(new, old, "department")
    assert found["pictures"] == 60 and found["difference"] == 0


def test_rolling_back_goes_back_one_by_one(root: Path) -> None:
    three = [made(root, outputs(50), accuracy=0.8 + number / 100) for number in range(3)]
    for version in three:
        promote(root, version)
    assert registry.rollback(root, "department", "it sees ghosts") == three[1].id
    assert registry.rollback(root, "department") == three[0].id
    with pytest.raises(RegistryError, match="the first one promoted"):
        registry.rollback(root, "department")
    with pytest.raises(RegistryError, match="none was promoted"):
        registry.rollback(root, "style")
    assert promote(root, three[2]) == ["department"]
    assert registry.rollback(root, "department") == three[0].id


def test_what_was_rolled_back_to_must_be_whole(root: Path) -> None:
    first, second = made(root, outputs(50)), made(root, outputs(50), accuracy=0.7)
    promote(root, first)
    promote(root, second)
    (first.folder / "weights.safetensors").unlink()
    with pytest.raises(RegistryError, match=r"weights\.safetensors is missing"):
        registry.rollback(root, "department")
    assert registry.promoted(root, "department") == second.folder


def test_unknown_models_and_attributes_are_refused_with_what_there_is(root: Path) -> None:
    version = made(root, outputs(50))
    with pytest.raises(RegistryError, match=f"There are: {version.id}"):
        registry.find(root, "deparment")
    with pytest.raises(RegistryError, match="does not tell the style"):
        registry.promote(root, "department", version.folder.name, attributes=["style"])


def _promote_and_wait(root: Path, version: str, reached, go) -> None:
    real = registry.write_text

    def slow(path: Path, text: str) -> None:
        reached.set()
        go.wait(20)
        real(path, text)

    registry.write_text = slow
    registry.promote(root, "department", version)


def test_two_promotions_at_once_and_one_killed_before_it_wrote(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = made(root, outputs(50)), made(root, outputs(55), accuracy=0.95)
    promote(root, first)
    context = multiprocessing.get_context("fork")
    reached, go = context.Event(), context.Event()
    child = context.Process(target=_promote_and_wait, args=(root, second.folder.name, reached, go))
    child.start()
    assert reached.wait(20)
    monkeypatch.setattr(registry, "WAIT_S", 0.05)
    with pytest.raises(BusyError, match="promoting"):
        promote(root, second)
    child.kill()
    child.join()
    assert registry.promoted(root, "department") == first.folder
    assert promote(root, second) == ["department"]  # the dead one's lock is free


def test_a_registration_waits_for_another_step_instead_of_being_lost(root: Path) -> None:
    promote(root, made(root, outputs(50)))
    with ThreadPoolExecutor(1) as other:
        with held(root / ".lock", "promoting another"):
            waiting = other.submit(made, root, outputs(55), accuracy=0.95)
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
        version = waiting.result(20)
    assert [one.id for one in registry.versions(root)][-1] == version.id


def test_what_was_promoted_while_two_were_compared_is_what_the_next_must_follow(
    root: Path,
) -> None:
    first, meanwhile = made(root, outputs(40)), made(root, outputs(60), accuracy=0.99)
    late = made(root, outputs(41), accuracy=0.91)
    promote(root, first)
    against: list[str] = []

    def slow(ours: registry.Version, theirs: registry.Version, attribute: str) -> str:
        if not against:
            promote(root, meanwhile)  # nobody waits at the lock for a comparison
        against.append(theirs.id)
        return promotion.gate(ours, theirs, attribute)

    with pytest.raises(RegistryError, match="worse beyond its interval"):
        registry.promote(root, *late.id.split("@"), allowed=slow)
    assert against == [first.id, meanwhile.id]
    assert registry.in_use(root) == {"department": meanwhile.id}


def test_the_card_of_a_model_whose_labels_are_all_rare_has_no_figure_of_common_ones() -> None:
    config = {
        "name": "department",
        "kind": "head",
        "attributes": ["department"],
        "scheme": "grouped",
        "architecture": {},
        "recipe": {},
        "fingerprint": {"architecture": "resnet18", "weights": "hub", "sha256": "ab" * 32},
        "data": {"set": "cd" * 32, "pictures": 40, "sources": ["met"], "licences": ["CC0-1.0"]},
        "weights": {"source": "hub", "licence": "that of its page"},
    }
    rare = {"macro_f1": None, "apart": [*LABELS]}
    card = markdown(config, {"department": {**summary(0.9), "headline": rare}}, {"department": 9})
    assert "macro-F1 |" in card and "macro-F1 without" not in card


def test_the_card_tells_what_the_files_say_and_nothing_else(root: Path) -> None:
    version = made(root, outputs(50))
    card = (version.folder / "MODEL_CARD.md").read_text()
    for said in ("CC0-1.0", "met", "0.900", "0.850 to 0.950", "400", "that of its page", "0.9700"):
        assert said in card, said
    assert "Recipe: epochs 3, frozen stages 2" in card
    assert "4,652,008 parameters, taught on cpu in fp32" in card
    assert "macro-F1 without paintings" in card and "0.000 to 0.034" in card
    assert "40.0% (31.0% to 49.0%) of the pictures" in card
    assert "paintings (10 test pictures)" in card and "armour (50" not in card
    assert json.loads((version.folder / "config.json").read_text())["format"] == versions.FORMAT
