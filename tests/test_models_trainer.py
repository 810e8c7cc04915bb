"""The trainer: runs that are cut off, cut up and spoilt end as they should."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models import outputs
from models.recipe import Architecture
from models.trainer import StoppedError, TrainingError
from models.trainer.run import open_run
from storage.locks import BusyError, held
from tests._trainer import LABELS, PLAN, RECIPE, Told, one_thread, pictures, prepared

__all__ = ["one_thread", "pictures", "prepared"]

ROOT = Path(__file__).resolve().parent.parent


def train(run: Path, report: Callable[[dict[str, Any]], None] | None = None, **more: Any) -> Path:
    from models.trainer import loop

    return loop.train(run, Told() if report is None else report, **more)


def weights(run: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(run / "result" / "weights.safetensors")


def assert_equal_results(one: Path, other: Path) -> None:
    """Weights, outputs and curve, bit for bit."""
    names = ("weights.safetensors", "outputs.parquet", "held_out.parquet", "curve.json")
    for name in names:
        assert (one / "result" / name).read_bytes() == (other / "result" / name).read_bytes(), name


def child(run: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "models.trainer", str(run)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate()
    return process.returncode, said


def test_a_run_ends_in_weights_outputs_of_all_sides_and_what_made_them(
    prepared: Callable[..., Path],
) -> None:
    from models.networks import of_folder

    told = Told()
    run = prepared(epochs=8)
    result = train(run, told)
    facts = json.loads((result / "network.json").read_text())
    assert facts["labels"] == {key: list(names) for key, names in LABELS.items()}
    assert (facts["precision"], facts["image_size"], facts["processes"]) == ("fp32", 32, 1)
    assert facts["seconds"] > 0 and facts["images_per_second"] > 0
    assert set(weights(run)) == set(of_folder(result).state_dict())
    said = outputs.read(result / "outputs.parquet")
    labelled = said.group_by("attribute").aggregate([([], "count_all")]).to_pylist()
    assert {row["attribute"]: row["count_all"] for row in labelled} == {
        "department": 72,
        "style": 36,
    }
    tested = outputs.arrays(said, LABELS["department"], "department", "test")
    assert (tested.logits.argmax(1) == tested.targets).mean() > 0.9
    held = outputs.read(result / "held_out.parquet")
    assert set(held["side"].to_pylist()) == {"validation"}
    epochs = [record for record in told if record["event"] == "epoch"]
    curve = [json.loads(line) for line in (run / "curve.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in epochs] == [record["epoch"] for record in curve]
    assert json.loads((result / "curve.json").read_text())["curve"] == curve
    assert curve[-1]["train_loss"] < curve[0]["train_loss"]
    assert any((run / "tensorboard").iterdir())
    assert not (run / "checkpoints").exists()
    again = Told()
    before = (result / "network.json").read_bytes()
    assert train(run, again) == result and "nothing is left" in again.notes()
    assert (result / "network.json").read_bytes() == before


def test_what_is_judged_is_the_kept_network_in_fp32_though_bf16_taught_it(
    prepared: Callable[..., Path],
    pictures: tuple[Path, pa.Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from models.augment import prepare
    from models.feed import Feed
    from models.networks import Network, of_folder

    forward, seen = Network.forward, set()

    def noted(self: Network, images: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = forward(self, images)
        seen.update((self.training, one.dtype) for one in logits.values())
        return logits

    monkeypatch.setattr(Network, "forward", noted)
    architecture = Architecture("small", "none", "gru", 16, pooling="attention")
    run = prepared(precision="bf16", architecture=architecture, epochs=2, folds=2)
    result = train(run)
    assert json.loads((result / "network.json").read_text())["precision"] == "bf16"
    assert seen == {(True, torch.bfloat16), (False, torch.float32)}  # of the folds as well
    network = of_folder(result)
    store, table = pictures
    feed = Feed(table, store, LABELS, RECIPE, "test")
    said = outputs.arrays(
        outputs.read(result / "outputs.parquet"), LABELS["department"], "department", "test"
    )
    with torch.inference_mode():
        logits = [
            network(prepare(batch.images, network.fingerprint))["department"].numpy()
            for batch in feed.epoch(0)
        ]
    # fp32 differs by the order of sums alone; bf16 would by a hundredth.
    np.testing.assert_allclose(np.concatenate(logits), said.logits, atol=1e-5)


def test_killed_in_the_middle_of_an_epoch_and_resumed_equals_never_killed(
    prepared: Callable[..., Path],
) -> None:
    whole, cut = prepared("whole", epochs=2), prepared("cut", epochs=2)
    # An epoch is 6 steps. The child's last checkpoint is of the second of epoch 2, and the fourth kills it.
    code = (
        "import os, signal, sys, torch; from pathlib import Path; from models.trainer import loop\n"
        "torch.set_num_threads(1)\n"
        "pause = loop.Training._pause\n"
        "def die(self):\n"
        "    pause(self)\n"
        "    place = self.state.epoch, self.state.batch\n"
        "    if place == (1, 2): self._between = 1e9\n"
        "    if place == (1, 4): os.kill(os.getpid(), signal.SIGKILL)\n"
        "loop.Training._pause = die\n"
        "loop.train(Path(sys.argv[1]), lambda _: None, seconds=0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(cut)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    told = Told()
    train(cut, told)
    assert "goes on in epoch 2 after batch 2" in told.notes()
    train(whole)
    assert_equal_results(whole, cut)


def under_torchrun(folder: Path, code: str, *words: object) -> None:
    """Run the code in two processes, with those words as sys.argv[1:]."""
    script = folder / "child.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script), *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def without(table: pa.Table, row: int, name: str) -> pa.Table:
    """The set, that row's derivative under a name that no file has."""
    paths = table["path"].to_pylist()
    paths[row] = f"derivative/{name}.jpg"
    return table.set_column(table.column_names.index("path"), "path", pa.array(paths))


@pytest.mark.slow
def test_what_stops_one_process_is_said_by_all(
    prepared: Callable[..., Path], pictures: tuple[Path, pa.Table], tmp_path: Path
) -> None:
    from models.feed import Feed

    store, table = pictures
    rows = {
        side: int(next(Feed(table, store, LABELS, RECIPE, side, rank=1, world=2).epoch(0)).rows[0])
        for side in ("train", "validation")
    }
    runs = [
        *(prepared(side, table=without(table, row, f"lost_{side}")) for side, row in rows.items()),
        prepared("busy"),
        prepared("gpu"),
        tmp_path / "nowhere",
    ]
    code = (
        "import json, sys; from contextlib import nullcontext; from pathlib import Path\n"
        "from models.trainer import learner, loop; from models.trainer.distributed import processes\n"
        "from storage.errors import MendableError; import torch\n"
        "said, real = [], learner.gradients\n"
        "def lost(*words): raise RuntimeError('CUDA error: unspecified launch failure')\n"
        "with processes() as among:\n"
        "    loop.processes = lambda: nullcontext(among)\n"
        "    for run in sys.argv[2:]:\n"
        "        learner.gradients = lost if among.rank and run.endswith('gpu') else real\n"
        "        try: loop.train(Path(run), lambda _: None)\n"
        "        except MendableError as error: said.append([type(error).__name__, str(error)])\n"
        "    Path(sys.argv[1], f'{among.rank}.json').write_text(json.dumps(said))"
    )
    with held(tmp_path / "busy" / "trainer.lock", "a test"):
        under_torchrun(tmp_path, code, tmp_path, *runs)
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    kinds = ["FeedError", "FeedError", "BusyError", "TrainingError", "TrainingError"]
    assert [kind for kind, _ in first] == kinds
    wanted = ["lost_train.jpg", "lost_validation.jpg", "a test is running", "launch failure", "no prepared run"]  # fmt: skip
    for (_, text), words in zip(first, wanted, strict=True):
        assert words in text


@pytest.mark.slow
def test_two_processes_see_each_picture_once_and_end_with_the_weights_of_one(
    prepared: Callable[..., Path], tmp_path: Path
) -> None:
    calm = {
        "augmentation": "none",
        "epochs": 2,
        "architecture": Architecture("small", "none", dropout=0.0),
    }
    alone, many = prepared("alone", **calm, frozen=True), prepared("many", **calm, frozen=True)
    code = (
        "import json, sys; from pathlib import Path; from models.trainer import loop\n"
        "from models.trainer.distributed import processes; import torch\n"
        "seen = []\n"
        "step = loop.Training._step\n"
        "def note(self, batch): seen.append((self.state.epoch, batch.rows.tolist())); step(self, batch)\n"
        "loop.Training._step = note\n"
        "kept = {}\n"
        "fit = loop.Training.fit\n"
        "def fitted(self):\n"
        "    fit(self)\n"
        "    state = self.learner.network.state_dict()\n"
        "    kept.update({name: one.double().sum().item() for name, one in state.items()})\n"
        "    Path(sys.argv[2], f'{self.among.rank}.json').write_text(json.dumps([seen, kept]))\n"
        "loop.Training.fit = fitted\n"
        "loop.train(Path(sys.argv[1]), lambda _: None)"
    )
    under_torchrun(tmp_path, code, many, tmp_path)
    (seen0, kept0), (seen1, kept1) = (
        json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)
    )
    assert kept0 == kept1
    for epoch in (0, 1):
        rows = [row for at, rows in seen0 + seen1 if at == epoch for row in rows]
        assert len(rows) == len(set(rows)) == 48
    train(alone)
    one, two = weights(alone), weights(many)
    for name in one:
        np.testing.assert_allclose(two[name], one[name], atol=1e-4, err_msg=name)
    ours, theirs = (outputs.read(run / "result" / "outputs.parquet") for run in (alone, many))
    assert ours.drop(["logits"]).equals(theirs.drop(["logits"]))
    assert json.loads((many / "result" / "network.json").read_text())["processes"] == 2


def test_asked_to_stop_it_finishes_the_step_and_keeps_a_checkpoint(
    prepared: Callable[..., Path],
) -> None:
    whole, cut = prepared("whole", epochs=2), prepared("cut", epochs=2)
    from models.trainer import loop

    step = loop.Training._step

    def stopping(self: Any, batch: Any) -> None:
        step(self, batch)
        if self.state.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    handler = signal.getsignal(signal.SIGTERM)
    told = Told()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.Training, "_step", stopping)
        with pytest.raises(StoppedError, match="epoch 1 after batch 3"):
            train(cut, told)
    assert signal.getsignal(signal.SIGTERM) == handler
    assert "a checkpoint is written" in told.notes()
    train(cut)
    train(whole)
    assert_equal_results(whole, cut)


def test_the_command_shows_epochs_stops_at_sigterm_and_goes_on(
    prepared: Callable[..., Path],
) -> None:
    run = prepared(epochs=400, patience=400)
    process = child(run)
    while not (run / "curve.jsonl").exists() and process.poll() is None:
        time.sleep(0.05)
    process.terminate()
    code, said = finished(process)
    assert code == 143, said
    assert "epoch 1 of 400" in said and "Start the same training again" in said
    assert (run / "checkpoints" / "last.pt").exists()


def test_a_second_trainer_is_refused_by_name(prepared: Callable[..., Path]) -> None:
    run = prepared(epochs=1)
    seen: list[str] = []

    def meanwhile(record: dict[str, Any]) -> None:
        if record["event"] == "epoch":
            with pytest.raises(BusyError, match=f"process {os.getpid()}") as refused:
                train(run)
            seen.append(str(refused.value))

    train(run, meanwhile)
    assert seen and "training in" in seen[0]


def test_a_loss_that_is_no_number_stops_and_names_batch_and_files(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.trainer import checkpoints, learner

    run = prepared()
    real = learner.loss
    calls = 0

    def spoilt(*said: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(*said, **more) * (float("nan") if calls > 2 * 8 else 1)  # 2 attributes a step

    monkeypatch.setattr(learner, "loss", spoilt)
    with pytest.raises(TrainingError, match=r"epoch 2, batch 3 \(files derivative/") as stopped:
        train(run, seconds=0)
    assert str(stopped.value).count(".jpg") == 8
    found = checkpoints.read(run / "checkpoints")
    assert found is not None and (found[0].epoch, found[0].batch) == (1, 2)
    assert all(tensor.isfinite().all() for tensor in found[1]["network"].values())
    assert not (run / "result").exists()
    monkeypatch.setattr(learner, "loss", real)
    whole = prepared("whole")
    assert_equal_results(train(whole).parent, train(run).parent)


def test_out_of_memory_halves_what_is_taken_at_a_time_and_says_so(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from models.trainer import learner

    real, sizes = learner.gradients, []

    def narrow(network: Any, images: Any, targets: Any, labelled: Any, loss: Any, parts: int, forward: Any) -> Any:  # fmt: skip
        def only_three(pieces: Any) -> Any:
            if len(pieces) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory")
            sizes.append(len(pieces))
            return network(pieces)

        return real(only_three, images, targets, labelled, loss, parts, forward)

    monkeypatch.setattr(learner, "gradients", narrow)
    told = Told()
    result = train(prepared("short", epochs=1, frozen=True), told)
    assert told.notes().count("Out of memory in epoch 1, batch 1") == 2
    assert "2 pictures at a time, 4 times a step" in told.notes()
    assert set(sizes) == {2}
    assert json.loads((result / "network.json").read_text())["pictures_at_a_time"] == 2
    assert "batch norm" not in told.notes()  # a frozen backbone's statistics stay as they are
    learning = Told()
    train(prepared("learning", epochs=1, head_epochs=0), learning)
    assert "batch norm's statistics are now of 2 pictures each" in learning.notes()


def test_no_memory_for_a_single_picture_is_an_error(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.trainer import learner

    def never(*_: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    monkeypatch.setattr(learner, "gradients", never)
    with pytest.raises(TrainingError, match="a single picture of 32 pixels"):
        train(prepared())


def test_a_gpu_that_disappears_leaves_a_checkpoint_to_go_on_from(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.trainer import learner

    run, real = prepared(), learner.gradients
    calls = 0

    def lost(*said: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise RuntimeError("CUDA error: unspecified launch failure\nmore")
        return real(*said)

    monkeypatch.setattr(learner, "gradients", lost)
    with pytest.raises(TrainingError, match="unspecified launch failure.*epoch 1, batch 5"):
        train(run, seconds=0)
    told = Told()
    train(run, told)
    assert "goes on in epoch 1 after batch 4" in told.notes()


def test_a_picture_that_vanished_is_named_and_nothing_is_lost(
    prepared: Callable[..., Path], pictures: tuple[Path, pa.Table]
) -> None:
    from models.feed import FeedError

    run = prepared(epochs=1)
    lost = pictures[0] / "derivative/00.jpg"
    data = lost.read_bytes()
    lost.unlink()
    try:
        with pytest.raises(FeedError, match="00.jpg"):
            train(run)
    finally:
        lost.write_bytes(data)
    train(run)


def test_a_folder_begun_as_another_run_is_refused_naming_what_differs(
    prepared: Callable[..., Path], pictures: tuple[Path, pa.Table]
) -> None:
    class EnoughError(Exception):
        pass

    def once(record: dict[str, Any]) -> None:
        if record["event"] == "epoch":
            raise EnoughError

    with pytest.raises(EnoughError):
        train(prepared(), once)
    prepared()  # the same again is no other
    with pytest.raises(TrainingError, match="plan.recipe.batch_size was 8, is 16"):
        prepared(batch_size=16)
    with pytest.raises(TrainingError, match="plan.architecture.sequence was none, is gru"):
        prepared(architecture=Architecture("small", "none", "gru"))
    with pytest.raises(TrainingError, match="set was"):
        prepared(table=pictures[1].slice(1))
    run = prepared()
    other = prepared("other", architecture=Architecture("small", "none", "gru"))
    (other / "checkpoints").mkdir()
    (other / "checkpoints" / "last.pt").write_bytes((run / "checkpoints" / "last.pt").read_bytes())
    with pytest.raises(TrainingError, match="plan.architecture.sequence was none, is gru"):
        train(other)
    (run / "checkpoints" / "last.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match=r"last\.pt cannot be read"):
        train(run)


def test_a_label_without_a_train_picture_is_refused_by_name(
    prepared: Callable[..., Path], pictures: tuple[Path, pa.Table]
) -> None:
    import pyarrow.compute as pc

    _, table = pictures
    red = pc.and_(pc.equal(table["side"], "train"), pc.equal(table["department"], "red"))
    with pytest.raises(TrainingError, match="no train picture of department 'red'"):
        prepared(table=table.filter(pc.invert(red)))
    with pytest.raises(TrainingError, match="no validation picture has a department"):
        prepared(table=table.filter(pc.not_equal(table["side"], "validation")))


def test_folds_say_what_they_think_of_every_picture_they_were_not_taught(
    prepared: Callable[..., Path], pictures: tuple[Path, pa.Table]
) -> None:
    run = prepared(folds=2, epochs=2)
    result = train(run)
    held = outputs.read(result / "held_out.parquet")
    own = held.filter(pa.compute.equal(held["attribute"], "department"))
    _, table = pictures
    wanted = {row["artwork_id"]: row["side"] for row in table.to_pylist() if row["side"] != "test"}
    assert dict(zip(own["artwork_id"].to_pylist(), own["side"].to_pylist(), strict=True)) == wanted
    for number in (0, 1):
        fold = pq.read_table(run / "folds" / str(number) / "set.parquet")
        sides: dict[str, set[str]] = {}
        for row in fold.to_pylist():
            sides.setdefault(row["group_id"], set()).add(row["side"])
        assert all(len(found) == 1 for found in sides.values())
        assert open_run(run / "folds" / str(number)).until in (1, 2)
        assert not (run / "folds" / str(number) / "checkpoints").exists()


def test_a_refit_is_taught_by_train_and_validation_and_never_by_test(
    prepared: Callable[..., Path], pictures: tuple[Path, pa.Table]
) -> None:
    class EnoughError(Exception):
        pass

    def once(record: dict[str, Any]) -> None:
        if record["event"] == "epoch" and record["part"] == "refit":
            raise EnoughError

    _, table = pictures
    plan = {"folds": 2, "epochs": 2}
    plain, run = prepared("plain", **plan), prepared("refit", **plan, refit=True)
    train(plain)
    with pytest.raises(EnoughError):
        train(run, once)
    told = Told()
    result = train(run, told)
    assert "refit: goes on" in told.notes()
    facts = json.loads((result / "network.json").read_text())
    before = json.loads((plain / "result" / "network.json").read_text())
    assert (before["taught_by"], facts["taught_by"]) == (["train"], ["train", "validation"])
    taught = pq.read_table(run / "refit" / "set.parquet").to_pylist()
    wanted = {row["artwork_id"] for row in table.to_pylist() if row["side"] != "test"}
    assert {row["artwork_id"] for row in taught} == wanted
    assert {row["side"] for row in taught} == {"train"}
    assert open_run(run / "refit").until == facts["best_epoch"] == before["best_epoch"]
    assert not (run / "refit" / "checkpoints").exists()
    # What is out of fold, and the curve that chose, are those of the networks that did not see.
    for name in ("held_out.parquet", "curve.json"):
        assert (result / name).read_bytes() == (plain / "result" / name).read_bytes()
    said = [outputs.read(one / "result" / "outputs.parquet") for one in (plain, run)]
    assert said[0].drop(["logits"]).equals(said[1].drop(["logits"]))
    assert not said[0].equals(said[1])
    swapped = {"red": "blue", "blue": "red", "green": "green"}
    labels = [
        swapped[row["department"]] if row["side"] == "test" else row["department"]
        for row in table.to_pylist()
    ]
    column = table.column_names.index("department")
    other = prepared(
        "other", table=table.set_column(column, "department", pa.array(labels)), **plan, refit=True
    )
    train(other)
    one, two = (run / "result" / "weights.safetensors" for run in (run, other))
    assert one.read_bytes() == two.read_bytes()


def test_another_seed_begins_from_other_heads_on_the_same_backbone(
    prepared: Callable[..., Path],
) -> None:
    still = {"frozen": True, "epochs": 1, "learning_rate": 1e-12, "ema": 0.0}
    first, other = prepared("first", **still), prepared("other", **still, seed=1)
    train(first)
    train(other)
    ours, theirs = weights(first), weights(other)
    moved = {name for name in ours if not np.allclose(ours[name], theirs[name], atol=1e-6)}
    assert moved == {name for name in ours if name.startswith("heads.")}


def test_patience_ends_a_training_and_the_best_epoch_is_kept(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.trainer import loop

    real, judged = loop.figures, iter([0.5, 0.6, 0.4, 0.4, 0.4, 0.4])

    def scripted(*said: Any) -> dict[str, Any]:
        value = next(judged)
        return {**real(*said), "validation_accuracy": value, "validation_macro_f1": value}

    monkeypatch.setattr(loop, "figures", scripted)
    facts = json.loads((train(prepared(epochs=9, patience=2)) / "network.json").read_text())
    assert (facts["epochs"], facts["best_epoch"]) == (4, 2)


def test_a_frozen_backbone_keeps_weights_and_statistics(prepared: Callable[..., Path]) -> None:
    from models.networks import build

    run = prepared(frozen=True, epochs=2)
    train(run)
    before = build(PLAN.architecture, LABELS, 32).state_dict()
    moved = {name for name, array in weights(run).items() if not np.allclose(array, before[name])}
    assert moved and all(name.startswith("heads.") for name in moved)


def test_log_priors_are_the_shares_of_the_train_side(
    prepared: Callable[..., Path], pictures: tuple[Path, pa.Table]
) -> None:
    from models.trainer.learner import log_priors

    rows = pictures[1].to_pylist()
    kept = [row for row in rows if row["side"] != "train" or row["department"] != "red"]
    table = pa.Table.from_pylist([*kept, *(row for row in rows if row not in kept)][:60])
    taught = [row["department"] for row in table.to_pylist() if row["side"] == "train"]
    shares = log_priors(open_run(prepared(table=table)))["department"].exp().tolist()
    assert shares == pytest.approx(
        [taught.count(name) / len(taught) for name in LABELS["department"]]
    )
    assert shares[0] > shares[2] > 0


def test_memory_that_runs_out_for_good_is_told(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def never(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(torch.optim.AdamW, "step", never)
    with pytest.raises(TrainingError, match="Memory ran out .*epoch 1, batch 1"):
        train(prepared())
