"""The search for hyper-parameters: it proposes, prunes, goes on, and never looks at test."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.recipe import read
from models.trainer import StoppedError, TrainingError
from tests._trainer import Told, one_thread, pictures, prepared

__all__ = ["one_thread", "pictures", "prepared"]


def search(run: Path, trials: int, report: Any = None) -> dict[str, Any]:
    from models.trainer.search import search

    return search(run, trials, Told() if report is None else report)


def test_a_search_that_was_stopped_goes_on_and_ends_in_a_recipe(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import optuna

    from models.trainer import loop

    run, step = prepared(epochs=1), loop.Training._step
    steps = 0

    def stopping(self: Any, batch: Any) -> None:
        nonlocal steps
        steps += 1
        step(self, batch)
        if steps == 8:  # in the second trial
            monkeypatch.setattr(self, "_stop", lambda: True)

    monkeypatch.setattr(loop.Training, "_step", stopping)
    with pytest.raises(StoppedError):
        search(run, 3)
    told = Told()
    found = search(run, 3, told)
    assert "goes on in epoch 1 after batch 2" in told.notes()
    best = read(run / "search" / "best.yaml")
    assert best.recipe.learning_rate == found["recipe"]["learning_rate"]
    assert (best.name, best.recipe.epochs) == ("colours", 1)
    assert json.loads((run / "search" / "best.json").read_text())["trials"] == 3
    storage = optuna.storages.journal.JournalFileBackend(str(run / "search" / "journal.log"))
    (name,) = optuna.get_all_study_names(optuna.storages.JournalStorage(storage))
    trials = optuna.load_study(
        study_name=name, storage=optuna.storages.JournalStorage(storage)
    ).get_trials(states=[optuna.trial.TrialState.COMPLETE])
    rates = [trial.params["learning_rate"] for trial in trials]
    assert len(set(rates)) == 3
    assert found["figure"] == max(trial.value or 0 for trial in trials)
    assert not (run / "result").exists()


def test_a_recipe_that_goes_astray_is_given_up_and_the_search_goes_on(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.trainer import learner

    run, real, told = prepared(epochs=1), learner.loss, Told()

    def spoilt(*said: Any, **more: Any) -> Any:
        return real(*said, **more) * float("nan")

    monkeypatch.setattr(learner, "loss", spoilt)
    with pytest.raises(TrainingError, match="No trial"):
        search(run, 1, told)
    assert "is given up" in told.notes() and "no longer a number" in told.notes()
    monkeypatch.setattr(learner, "loss", real)
    assert 0 <= search(run, 2)["figure"] <= 1


def test_a_gpu_that_is_gone_ends_the_search_and_its_trial_is_tried_again(
    prepared: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.trainer import learner

    run, real = prepared(epochs=1), learner.gradients
    steps = 0

    def lost(*said: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps > 9:  # in the second trial
            raise RuntimeError("CUDA error: unspecified launch failure")
        return real(*said)

    monkeypatch.setattr(learner, "gradients", lost)
    with pytest.raises(TrainingError, match="The GPU no longer answers"):
        search(run, 2)
    begun = {path for path in (run / "search").iterdir() if path.is_dir()}
    assert len(begun) == 2
    monkeypatch.setattr(learner, "gradients", real)
    search(run, 2)
    tried = {path for path in (run / "search").iterdir() if path.is_dir()}
    assert tried == begun  # a trial's folder is named by its recipe: the same was tried again
    assert all((path / "curve.jsonl").exists() for path in tried)
    assert not any((path / "checkpoints").exists() for path in tried)
