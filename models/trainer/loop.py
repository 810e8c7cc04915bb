"""The loop: epochs of steps, each judged, and kept so that a killed training ends as if it had not been.

`train` works a run folder off: the network, those of its folds, that of train and validation together where
the recipe says `refit`, the result.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.feed import Batch, Feed
from models.trainer import DivergedError, StoppedError, TrainingError, checkpoints, results
from models.trainer.distributed import Processes, processes
from models.trainer.judging import answers, figures
from models.trainer.learner import Learner
from models.trainer.logs import Logs
from models.trainer.run import Report, Run, open_run, refuse_differences, stop_asked
from models.trainer.step import ending
from models.trainer.watch import Watch
from storage.errors import MendableError
from storage.locks import held

SECONDS = 60.0
_DEAREST = 20  # times what the last checkpoint took, at least, until the next one
_TELL = 1.0  # seconds between two reports of a step


def train(run: Path, report: Report, *, seconds: float = SECONDS) -> Path:
    """Train what `prepare_run` wrote into the folder `run`; go on where a killed training stopped.

    Alone, or as one of the processes of torchrun. report gets, on rank 0: {"event": "step", part, epoch,
    step, of, loss, images_per_second, seconds_left} about once a second, `step` and `of` counted over all
    epochs of this part (`network`, `fold 1 of 3`, `refit`); {"event": "epoch", part, of, best, and the curve's record};
    {"event": "note", text}. seconds: between two checkpoints, at least; 0 for one after every step.
    Returns run/result.

    Raises TrainingError (not memory for one picture, a GPU gone, a folder begun as another run), its
    DivergedError (loss no longer a number), StoppedError after SIGTERM, BusyError when another trainer is at it,
    FeedError for a picture that vanished, WeightsError; on every process, whichever met it. The last checkpoint
    stays whatever happens.
    """
    with stop_asked() as stop, processes() as among, ExitStack() as until_done:

        def begin() -> Run:
            if among.rank == 0:
                until_done.enter_context(held(run / "trainer.lock", f"training in {run}"))
            return open_run(run)

        ours = among.together(begin)
        return _train(ours, among, _silent if among.rank else report, stop, seconds)


def _silent(_: dict[str, Any]) -> None:
    """Rank 0 speaks for all."""


def _train(
    run: Run, among: Processes, report: Report, stop: Callable[[], bool], seconds: float
) -> Path:
    if among.any(among.together(lambda: results.whole(run)))[0]:
        report({"event": "note", "text": f"{run.result} is whole; nothing is left to train."})
        return run.result

    def fitted(run: Run, part: str) -> Training:
        made = Training(run, among, report, stop, seconds, part)
        made.fit()
        return made

    taught = fitted(run, "network")
    recipe, epochs = run.plan.recipe, taught.state.best_epoch + 1
    for number in range(recipe.folds):
        fold = results.prepare_fold(run, number, epochs, among)
        if not among.any(results.held_out(fold).exists())[0]:
            results.write_fold(fitted(open_run(fold), f"fold {number + 1} of {recipe.folds}"))
    kept = taught
    if recipe.refit and recipe.folds:
        kept = fitted(open_run(results.prepare_refit(run, epochs, among)), "refit")
    return results.finish(run, taught, kept)


class Training:
    """One network in the making. seconds: at least, between two checkpoints; part: for reports."""

    def __init__(
        self,
        run: Run,
        among: Processes,
        report: Report,
        stop: Callable[[], bool],
        seconds: float = SECONDS,
        part: str = "network",
    ):
        self.run, self.among, self.part = run, among, part
        self._report, self._stop = report, stop
        self.feed = among.together(lambda: self._feed("train"))
        self.steps = len(self.feed)
        self.epochs = run.plan.recipe.epochs if run.until is None else run.until
        self.learner = Learner(run, among, self.steps, self._note)
        self.state = checkpoints.State()
        weights = self.learner.network.fingerprint.as_dict()
        self._identity = {**run.identity, "weights": weights}
        self._seconds = self._between = seconds

    def fit(self) -> None:
        """Teach to the end; the learner's `judged` then has the weights of the best epoch."""
        self._resume()
        state = self.state
        with Logs(self.run, self.among.rank == 0, state.step) as self._logs:
            try:
                while not state.ended:
                    self._epoch()
            except (RuntimeError, MemoryError) as error:
                said = None if isinstance(error, MendableError) else ending(error)
                if said is None:
                    raise
                raise TrainingError(
                    f"{said}; it was in epoch {state.epoch + 1}, batch {state.batch + 1}. The last checkpoint is "
                    f"in {self.run.checkpoints}: start the same training again to go on from there."
                ) from error
        best = checkpoints.read_best(self.run.checkpoints, state.best_epoch)
        self.learner.judged.load_state_dict(best)

    def _epoch(self) -> None:
        state, learner, recipe = self.state, self.learner, self.run.plan.recipe
        learner.begin(state.epoch)
        self._watch = Watch(state.told)
        self._saved = self._told = self._clock = time.monotonic()
        batches = self.feed.epoch(state.epoch, state.batch)
        # As many on each process, of which one may find a picture gone.
        while (batch := self.among.together(lambda: next(batches, None))) is not None:
            self._step(batch)
            self._pause()
        self._settle(everything=True)
        told, right = self.among.total(state.told)
        self.among.as_first(learner.network, learner.judged)
        record = {
            "epoch": state.epoch + 1,
            "train_loss": told / self.steps,
            "train_accuracy": right / max(state.labels, 1),
            **self._judged(),
        }
        better = self._is_better(record)
        state.curve.append(record)
        if better and self.among.rank == 0:
            weights = learner.judged.state_dict()
            checkpoints.save_best(self.run.checkpoints, state.best_epoch, weights)
        state.epoch, state.batch, state.told, state.labels = state.epoch + 1, 0, [0.0, 0.0], 0
        waited = state.epoch - 1 - max(state.best_epoch, recipe.head_epochs)
        impatient = self.run.until is None and waited >= recipe.patience
        state.ended = impatient or state.epoch >= self.epochs
        self._save()
        self._logs.epoch(state.curve)
        event = {"event": "epoch", "part": self.part, "of": self.epochs, "best": better}
        self._report({**event, **record})

    def _judged(self) -> dict[str, Any]:
        """The figures on validation; none where its pictures teach."""
        watched = self.among.together(lambda: self._feed("validation"))
        if not len(watched.rows):
            return {}
        _, said, wanted = answers(self.learner.judged, watched, self.among, self.learner.parts)
        return figures(said, wanted)

    def _is_better(self, record: dict[str, Any]) -> bool:
        """By macro-F1 + accuracy as models.head chooses, then by loss; who has an `until` only takes its last."""
        state = self.state
        if self.run.until is not None:
            better = state.epoch + 1 == self.run.until
        else:
            figure = record["validation_macro_f1"] + record["validation_accuracy"]
            reached = [figure, -record["validation_loss"]]
            better = state.best is None or reached > state.best
            state.best = reached if better else state.best
        if better:
            state.best_epoch = state.epoch
        return better

    def _step(self, batch: Batch) -> None:
        state = self.state
        told, (pictures, labels) = self.learner.learn(batch, state.epoch, state.batch, state.step)
        paths = self.run.table["path"].take(batch.rows.numpy()).to_pylist()
        place = f"epoch {state.epoch + 1}, batch {state.batch + 1} (files {', '.join(paths)})"
        self._watch.note(place, told)
        state.step, state.batch = state.step + 1, state.batch + 1
        state.labels, state.images = state.labels + labels, state.images + pictures
        now = time.monotonic()
        state.seconds, self._clock = state.seconds + now - self._clock, now

    def _pause(self) -> None:
        """Between two steps: look at losses, tell, write a checkpoint, stop when asked."""
        self._settle(everything=False)
        now = time.monotonic()
        if now - self._told >= _TELL:
            self._tell()
        due = self.among.rank == 0 and now - self._saved >= self._between
        stop, due = self.among.any(self._stop(), due)
        if stop or due:
            self._settle(everything=True)
            self._save()
        if stop:
            text = (
                f"Stopped in epoch {self.state.epoch + 1} after batch {self.state.batch}, as asked"
            )
            self._note(f"{text}; a checkpoint is written.")
            raise StoppedError(f"{text}. Start the same training again to go on from there.")

    def _settle(self, everything: bool) -> None:
        place = self._watch.settle(everything)
        self.state.told = self._watch.told
        if self.among.any(place is not None)[0]:
            places = "; ".join(one for one in self.among.gathered(place) if one)
            raise DivergedError(
                f"The loss or its gradient is no longer a number in {places}. The last good checkpoint is "
                f"in {self.run.checkpoints}. Look at those files; else train in another folder with a lower "
                "learning_rate, or in fp32."
            )

    def _tell(self) -> None:
        state, total = self.state, self.steps * self.epochs
        self._told = time.monotonic()
        rate = state.images / state.seconds
        loss = self._watch.last * self.among.world
        self._logs.step(
            state.step, loss=loss, learning_rate=self.learner.rate, images_per_second=rate
        )
        left = (total - state.step) * state.seconds / state.step
        told = {"event": "step", "part": self.part, "epoch": state.epoch + 1, "step": state.step}
        more = {"of": total, "loss": loss, "images_per_second": rate, "seconds_left": left}
        self._report({**told, **more})

    def _save(self) -> None:
        begun = time.monotonic()
        told = self.among.total(self.state.told)
        randoms = self.among.gathered(checkpoints.random_state())
        if self.among.rank == 0:
            content = {"identity": self._identity, "random": randoms, **self.learner.kept()}
            checkpoints.save(self.run.checkpoints, replace(self.state, told=told), content)
        self._saved = self._clock = time.monotonic()
        if self._seconds:
            self._between = max(self._seconds, _DEAREST * (self._saved - begun))

    def _resume(self) -> None:
        found = checkpoints.read(self.run.checkpoints)
        if found is None:
            return
        self.state, kept = found
        refuse_differences(kept["identity"], self._identity, self.run.checkpoints)
        self.learner.put_back(kept)
        if self.among.rank:
            self.state.told = [0.0, 0.0]  # rank 0 has everybody's
        text = f"goes on in epoch {self.state.epoch + 1} after batch {self.state.batch}"
        if len(kept["random"]) == self.among.world:
            checkpoints.set_random_state(kept["random"][self.among.rank])
        else:
            text += f", begun by {len(kept['random'])} processes, now {self.among.world}"
        self._note(text)

    def _note(self, text: str) -> None:
        self._report({"event": "note", "text": f"{self.part}: {text}"})

    def _feed(self, side: str) -> Feed:
        run, among = self.run, self.among
        recipe = run.plan.recipe
        return Feed(
            run.table, run.store, run.labels, recipe, side, rank=among.rank, world=among.world
        )
