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


def write_network(taught: "Training") -> None:
    """Write the weights of the best epoch and the outputs of all labelled pictures, unless they are there."""
    from safetensors.torch import save_file

    folder = taught.run.result
    if taught.among.any((folder / "outputs.parquet").exists())[0]:
        return
    said = _outputs(taught, taught.run.table)
    if taught.among.rank == 0:
        state = taught.learner.judged.state_dict()
        with replacing(folder / "weights.safetensors") as part:
            save_file({name: one.cpu().contiguous() for name, one in state.items()}, part)
        outputs.write(folder / "outputs.parquet", said)


def prepare_fold(run: Run, number: int, epochs: int, among: Processes) -> Path:
    """Prepare the run folder of a fold of train and validation, and return it.

    Its network is taught as the first one was for as many epochs as that one chose, and chooses nothing by
    the pictures held out, which are its validation side. Stratified by the first attribute, groups whole.
    Raises TrainingError when there are fewer groups than folds.
    """
    folder = run.folder / "folds" / str(number)
    if among.rank == 0:
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
        plan = replace(run.plan, recipe=replace(run.plan.recipe, folds=0))
        prepare_run(folder, plan, _with_side(table, side), run.store, run.labels, until=epochs)
    among.gathered(None)
    return folder


def write_fold(taught: "Training") -> None:
    """Write what a fold's network says of the pictures held out; its checkpoints are done with."""
    run = taught.run
    said = _outputs(taught, run.table.filter(pc.equal(run.table["side"], "validation")))
    if taught.among.rank == 0:
        outputs.write(held_out(run.folder), said)
        shutil.rmtree(run.checkpoints)
    taught.among.gathered(None)


def finish(taught: "Training") -> Path:
    """Write the out-of-fold outputs, the curve and, last, network.json; checkpoints are done with."""
    run, state, learner = taught.run, taught.state, taught.learner
    if taught.among.rank == 0:
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
            "seconds": round(state.seconds, 1),
            "images_per_second": round(state.images / state.seconds, 2),
            "device": _device(taught.among),
            "processes": taught.among.world,
            "precision": learner.precision,
            "pictures_at_a_time": -(
                -run.plan.recipe.batch_size // taught.among.world // learner.parts
            ),
            "run": run.identity,
        }
        write_bytes(run.result / "network.json", to_json(facts))
        shutil.rmtree(run.checkpoints)
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


def _outputs(taught: "Training", table: pa.Table) -> pa.Table:
    run, among, learner = taught.run, taught.among, taught.learner
    shown = _with_side(table, [_EVERYTHING] * len(table))
    feed = Feed(
        shown,
        run.store,
        run.labels,
        run.plan.recipe,
        _EVERYTHING,
        rank=among.rank,
        world=among.world,
    )
    rows, said, wanted = answers(learner.judged, feed, among, learner.forward, learner.parts)
    return outputs_of(table.take(pa.array(rows)), run.labels, said, wanted)


def _with_side(table: pa.Table, side: "np.ndarray | list[str]") -> pa.Table:
    column = pa.array(list(side), pa.string())
    return table.set_column(table.column_names.index("side"), table.schema.field("side"), column)


def _device(among: Processes) -> str:
    import torch

    if among.device.type == "cuda":
        return torch.cuda.get_device_name(among.device)
    return f"cpu, {torch.get_num_threads()} threads"
