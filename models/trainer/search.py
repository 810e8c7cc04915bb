"""The search for hyper-parameters: `python -m models.trainer.search RUN --trials 20`.

Each trial is a run folder below RUN/search, taught on the train side and judged on validation; test is never
looked at. Optuna's TPE proposes (Bergstra et al. 2011), its median pruner ends trials that are behind. All of
it is in RUN/search/journal.log, so a search that was killed goes on, at the killed trial's checkpoint too.
A recipe whose loss is no number is given up for good; whatever else fails (a GPU that is gone, memory, a picture
that vanished) ends the search, and its trial is tried again by the next one.
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.folders import to_json
from models.recipe import Plan
from models.trainer import DivergedError, TrainingError
from models.trainer.bar import Bar, shown
from models.trainer.distributed import processes
from models.trainer.loop import Training
from models.trainer.results import one_network
from models.trainer.run import Report, Run, open_run, prepare_run, stop_asked
from storage.files import write_bytes, write_text
from storage.locks import held

if TYPE_CHECKING:
    import optuna

_UNTRIED = 2  # epochs that a trial has for itself before it can be pruned


def search(folder: Path, trials: int, report: Report) -> dict[str, Any]:
    """Try until `trials` recipes were judged or pruned; return {figure, recipe, architecture} of the best.

    Kept besides as RUN/search/best.yaml, a recipe to train by. figure: the mean of accuracy and macro-F1 on
    validation in a trial's best epoch. report: as models.trainer.loop.train gives it, with the trial as `part`.
    Raises what training raises, and StoppedError after SIGTERM; what was tried stays.
    """
    import optuna
    import yaml
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    run, place = open_run(folder), folder / "search"
    place.mkdir(exist_ok=True)
    with held(place / "search.lock", f"search in {folder}"), stop_asked() as stop:
        digest = hashlib.sha256(to_json(run.identity)).hexdigest()[:12]
        study = optuna.create_study(
            study_name=f"{run.plan.name}-{digest}",  # another plan or set is another search
            storage=JournalStorage(JournalFileBackend(str(place / "journal.log"))),
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(n_warmup_steps=_UNTRIED),
            load_if_exists=True,
        )
        _take_up(study)
        # A sampler begins with its seed's first numbers again: a search that goes on needs others.
        study.sampler = optuna.samplers.TPESampler(seed=run.plan.recipe.seed + len(study.trials))
        for _ in range(trials - _judged(study)):
            _tidy(run, study)
            study.optimize(lambda trial: _try(run, trial, report, stop), n_trials=1)
        _tidy(run, study)
        if not study.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
            raise TrainingError(
                f"No trial of {place} came to an end. Look at its notes, and try more."
            )
        best = study.best_trial
        plan = propose(run.plan, best)
        found = {"figure": best.value, **_parts(plan)}
        write_text(place / "best.yaml", yaml.safe_dump(plan.as_dict(), sort_keys=False))
        write_bytes(place / "best.json", to_json({**found, "trials": _judged(study)}))
    return found


def propose(plan: Plan, trial: "optuna.trial.BaseTrial") -> Plan:
    """The plan with a trial's values for what is searched; a frozen backbone has no layers to decay."""
    recipe = replace(
        plan.recipe,
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-3, 0.3, log=True),
        label_smoothing=trial.suggest_float("label_smoothing", 0.0, 0.2),
        logit_adjustment=trial.suggest_float("logit_adjustment", 0.0, 1.0),
    )
    if not recipe.frozen:
        decay = trial.suggest_float("layer_decay", 0.5, 1.0)
        recipe = replace(recipe, layer_decay=decay)
    dropout = trial.suggest_float("dropout", 0.0, 0.5)
    return replace(plan, recipe=recipe, architecture=replace(plan.architecture, dropout=dropout))


def _try(run: Run, trial: "optuna.trial.Trial", report: Report, stop: Callable[[], bool]) -> float:
    """Teach one network by the trial's recipe; its folder is named by that, so it is found again."""
    import optuna

    plan, folder = _place(run, trial)
    prepare_run(folder, plan, run.table, run.store, run.labels)

    def watching(told: dict[str, Any]) -> None:
        report(told)
        if told["event"] == "epoch":
            trial.report(_figure(told), told["epoch"])
            if trial.should_prune():
                raise optuna.TrialPruned

    try:
        with processes() as among:
            taught = Training(
                open_run(folder), among, watching, stop, part=f"trial {trial.number + 1}"
            )
            taught.fit()
    except DivergedError as error:
        report({"event": "note", "text": f"trial {trial.number + 1} is given up: {error}"})
        raise optuna.TrialPruned from error
    return max(_figure(record) for record in taught.state.curve)


def _place(run: Run, trial: "optuna.trial.BaseTrial") -> tuple[Plan, Path]:
    """A trial's plan and run folder."""
    plan = propose(one_network(run.plan), trial)
    name = hashlib.sha256(to_json(plan.as_dict())).hexdigest()[:12]
    return plan, run.folder / "search" / name


def _tidy(run: Run, study: "optuna.Study") -> None:
    """Remove the checkpoints of trials that were told: their curves stay, nobody goes on with them."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED]):
        _, folder = _place(run, trial)
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _figure(record: dict[str, Any]) -> float:
    return float(record["validation_accuracy"] + record["validation_macro_f1"]) / 2


def _take_up(study: "optuna.Study") -> None:
    """Have trials that were killed or stopped tried again, by the same values, which name their folder."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
    trials = study.get_trials()
    others = [
        one.params or one.system_attrs.get("fixed_params")
        for one in trials
        if one.state != TrialState.FAIL
    ]
    for trial in trials:
        if trial.state == TrialState.FAIL and trial.params not in others:
            study.enqueue_trial(trial.params)
            others.append(trial.params)


def _judged(study: "optuna.Study") -> int:
    from optuna.trial import TrialState

    return len(study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED]))


def _parts(plan: Plan) -> dict[str, Any]:
    return {"recipe": asdict(plan.recipe), "architecture": asdict(plan.architecture)}


def main() -> int:
    """Search; the exit status is 0, 1 for an error that a person can mend, 143 when asked to stop."""
    parser = argparse.ArgumentParser(prog="python -m models.trainer.search", description=__doc__)
    parser.add_argument("run", type=Path, help="a folder that models.trainer.run.prepare_run wrote")
    parser.add_argument("--trials", type=int, default=20, help="how many recipes to try in all")
    said = parser.parse_args()
    bar = Bar()
    return shown(bar, lambda: search(said.run, said.trials, bar)["figure"])


if __name__ == "__main__":
    sys.exit(main())
