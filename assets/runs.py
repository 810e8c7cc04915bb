"""Run folders: where a plan is trained, by a child process that a run may stop and go on with.

What belongs here: which folder a training has, starting the child in it under Pipes, and removing old folders.
What is trained, and what becomes of it, is `assets.networks`.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from models.recipe import Plan
from storage import Lake
from storage.files import sha256_files

if TYPE_CHECKING:
    import pyarrow as pa

RUNS = "training/runs"  # folder of the lake
KEPT = 3  # run folders a plan
_ROOT = Path(__file__).resolve().parent.parent
_MODELS = _ROOT / "models"
# What another outcome may come from: a run begun with other code is not gone on with.
_CODE = sorted(
    [
        *(_MODELS / "trainer").glob("*.py"),
        *(_MODELS / f"{name}.py" for name in ("networks", "small_cnn", "feed", "augment")),
    ]
)


def labels_of(table: "pa.Table", attributes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The labels of each attribute in a training set, sorted: the order of the logits."""
    return {
        attribute: tuple(sorted(set(table[attribute].drop_null().to_pylist())))
        for attribute in attributes
    }


def run_folder(lake: Lake, plan: Plan, table: "pa.Table") -> Path:
    """Where this plan is trained on this set by this code: another of the three starts anew."""
    rows = json.dumps(table.to_pylist(), sort_keys=True).encode()
    facts = [json.dumps(plan.as_dict(), sort_keys=True), hashlib.sha256(rows).hexdigest()]
    key = hashlib.sha256("\n".join([*facts, sha256_files(_CODE)]).encode()).hexdigest()[:12]
    return lake.file(f"{RUNS}/{plan.name}/{key}")


def taught(
    context: dg.AssetExecutionContext,
    pipes: dg.PipesSubprocessClient,
    lake: Lake,
    plan: Plan,
    table: "pa.Table",
) -> Path:
    """Train the plan in a child process, or go on where one stopped, and return the result's folder.

    A process for each GPU, one where there is none. Raises dg.Failure with the trainer's own sentence.
    """
    import torch

    message = in_child(context, pipes, lake, plan, table, processes=torch.cuda.device_count())
    return Path(message["result"])


def in_child(
    context: dg.AssetExecutionContext,
    pipes: dg.PipesSubprocessClient,
    lake: Lake,
    plan: Plan,
    table: "pa.Table",
    *,
    processes: int = 1,
    trials: int | None = None,
) -> dict[str, Any]:
    """Have `assets.train_child` train the plan, or search it by `trials`; return its last message.

    processes: more than one stand under torchrun. Raises dg.Failure with the trainer's own sentence.
    """
    from models.trainer.run import prepare_run

    run = run_folder(lake, plan, table)
    prepare_run(run, plan, table, lake.images.root, labels_of(table, plan.attributes))
    context.log.info(f"{plan.name} is worked on in {run}")
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m"]
    done = pipes.run(
        command=[
            sys.executable,
            "-m",
            *(launcher if processes > 1 else []),
            "assets.train_child",
            json.dumps({"run": str(run), "trials": trials}),
        ],
        context=context.op_execution_context,
        cwd=str(_ROOT),
    )
    message = dict(done.get_custom_messages()[-1])
    if "error" in message:
        raise dg.Failure(message["error"])
    return message


def prune(present: Path) -> None:
    """Remove the run folders of a plan but the present one and the newest, `KEPT` in all.

    Only while no other training goes on: the pool sees to that.
    """

    def used(run: Path) -> float:
        return max(path.stat().st_mtime for path in (run, *run.iterdir()))

    others = sorted((run for run in present.parent.iterdir() if run != present), key=used)
    for run in others[: max(0, len(others) + 1 - KEPT)]:
        shutil.rmtree(run)
