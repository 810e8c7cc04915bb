"""What comes out of a run: the network's files, what it says of every picture, what folds say out of fold."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models import outputs
from models.feed import Feed
from models.folders import to_json
from models.recipe import Plan
from models.splits import grouped_folds
from models.trainer import TrainingError
from models.trainer.distributed import Processes
from models.trainer.judging import answers, outputs_of
from models.trainer.run import Run, prepare_run, refuse_differences
from storage.files import replacing, write_bytes

if TYPE_CHECKING:
    from models.trainer.loop import Training

_TAUGHT = pa.array(["train", "validation"])
_EVERYTHING = "everything"  # a side of no split: the feed then keeps order and last batch


def whole(run: Run) -> bool:
    """Whether the result is complete. Raises TrainingError when it is another run's."""
    path = run.result / "network.json"
    if not path.exists():
        return False
    refuse_differences(
        json.loads(path.read_text(encoding="utf-8"))["run"], run.identity, run.folder
    )
    return True


def held_out(fold: Path) -> Path:
    """Where a fold's network says what it thinks of the pictures it never saw; the last file of a fold."""
    return fold / "held_out.parquet"


def prepare_fold(run: Run, number: int, epochs: int, among: Processes) -> Path:
    """Prepare the run folder of a fold of train and validation, and return it.

    Its network is taught as the first one was for as many epochs as that one chose, and chooses nothing by
    the pictures held out, which are its validation side. Stratified by the first attribute, groups whole.
    Raises TrainingError when there are fewer groups than folds.
    """
    folder = run.folder / "folds" / str(number)

    def prepare() -> None:
        table = run.table.filter(pc.is_in(run.table["side"], _TAUGHT))
        column = table[run.plan.attributes[0]].to_pylist()
        kinds = np.unique([label or "" for label in column], return_inverse=True)[1]
        groups = np.array(table["group_id"].to_pylist())
        try:
            held = grouped_folds(kinds, groups, run.plan.recipe.folds)[number]
        except ValueError as error:
            raise TrainingError(
                f"{run.plan.name}: {len(set(groups))} groups of pictures do not make {run.plan.recipe.folds} "
                f"folds ({error}). Gather more works, or lower `folds`."
            ) from error
        side = np.full(len(table), "train", dtype=object)
        side[held] = "validation"
        prepare_run(
            folder,
            one_network(run.plan),
            _with_side(table, side),
            run.store,
            run.labels,
            until=epochs,
        )

    among.together(prepare if among.rank == 0 else _nothing)
    return folder


def prepare_refit(run: Run, epochs: int, among: Processes) -> Path:
    """Prepare the run folder of the network that train and validation teach together, and return it.

    Its epochs are those that the first network chose, its learning rates therefore too; nothing is chosen by
    it and nobody watches it. The test side is not in its set.
    """
    folder = run.folder / "refit"

    def prepare() -> None:
        table = run.table.filter(pc.is_in(run.table["side"], _TAUGHT))
        taught = _with_side(table, ["train"] * len(table))
        prepare_run(folder, one_network(run.plan), taught, run.store, run.labels, until=epochs)

    among.together(prepare if among.rank == 0 else _nothing)
    return folder


def _nothing() -> None:
    """What the others do while rank 0 writes."""


def one_network(plan: Plan) -> Plan:
    """The plan, of a network beside which no others are taught."""
    return replace(plan, recipe=replace(plan.recipe, folds=0, refit=False))


def write_fold(taught: "Training") -> None:
    """Write what a fold's network says of the pictures held out; its checkpoints are done with."""
    run = taught.run
    said = _outputs(run, taught, run.table.filter(pc.equal(run.table["side"], "validation")))
    if taught.among.rank == 0:
        outputs.write(held_out(run.folder), said)
        shutil.rmtree(run.checkpoints)
    taught.among.gathered(None)


def finish(run: Run, taught: "Training", kept: "Training") -> Path:
    """Write the result: weights, outputs of all labelled pictures, those out of fold, the curve and, last, network.json.

    taught: the one that validation watched, whose curve and best epoch are told; kept: the one whose weights
    are, which may be the same. Checkpoints are done with.
    """
    from safetensors.torch import save_file

    state, learner = taught.state, kept.learner
    both = [taught.state, kept.state] if kept is not taught else [state]
    seconds, images = sum(one.seconds for one in both), sum(one.images for one in both)
    said = _outputs(run, kept, run.table)
    if taught.among.rank == 0:
        weights = learner.judged.state_dict()
        with replacing(run.result / "weights.safetensors") as part:
            save_file({name: one.cpu().contiguous() for name, one in weights.items()}, part)
        outputs.write(run.result / "outputs.parquet", said)
        outputs.write(run.result / "held_out.parquet", _unseen(run))
        write_bytes(run.result / "curve.json", to_json({"curve": state.curve}))
        network = learner.judged
        facts = {
            "labels": {attribute: list(names) for attribute, names in run.labels.items()},
            "architecture": run.plan.as_dict()["architecture"],
            "recipe": run.plan.as_dict()["recipe"],
            "scheme": run.plan.scheme,
            "image_size": run.plan.recipe.image_size,
            "fingerprint": network.fingerprint.as_dict(),
            "parameters": sum(one.numel() for one in network.parameters()),
            "epochs": state.epoch,
            "best_epoch": state.best_epoch + 1,
            "taught_by": _TAUGHT.to_pylist() if kept is not taught else ["train"],
            "seconds": round(seconds, 1),
            "images_per_second": round(images / seconds, 2),
            "device": _device(taught.among),
            "processes": taught.among.world,
            "precision": learner.precision,
            "pictures_at_a_time": -(
                -run.plan.recipe.batch_size // taught.among.world // learner.parts
            ),
            "run": run.identity,
        }
        write_bytes(run.result / "network.json", to_json(facts))
        for one in {taught.run.checkpoints, kept.run.checkpoints}:
            shutil.rmtree(one)
    taught.among.gathered(None)
    return run.result


def _unseen(run: Run) -> pa.Table:
    """Of train and validation what folds said, under the sides of the run; without folds, of validation."""
    folds = range(run.plan.recipe.folds)
    if not folds:
        said = outputs.read(run.result / "outputs.parquet")
        return said.filter(pc.equal(said["side"], "validation"))
    said = pa.concat_tables(
        [outputs.read(held_out(run.folder / "folds" / str(number))) for number in folds]
    )
    works = run.table["artwork_id"].to_pylist()
    side = dict(zip(works, run.table["side"].to_pylist(), strict=True))
    return _with_side(said, [side[work] for work in said["artwork_id"].to_pylist()])


def _outputs(run: Run, taught: "Training", table: pa.Table) -> pa.Table:
    among, learner = taught.among, taught.learner
    shown = _with_side(table, [_EVERYTHING] * len(table))
    recipe = run.plan.recipe
    feed = Feed(
        shown, run.store, run.labels, recipe, _EVERYTHING, rank=among.rank, world=among.world
    )
    rows, said, wanted = answers(learner.judged, feed, among, learner.parts)
    return outputs_of(table.take(pa.array(rows)), run.labels, said, wanted)


def _with_side(table: pa.Table, side: "np.ndarray | list[str]") -> pa.Table:
    column = pa.array(list(side), pa.string())
    return table.set_column(table.column_names.index("side"), table.schema.field("side"), column)


def _device(among: Processes) -> str:
    import torch

    if among.device.type == "cuda":
        return torch.cuda.get_device_name(among.device)
    return f"cpu, {torch.get_num_threads()} threads"
