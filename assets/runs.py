"""Run folders: where a plan is trained, by a child process that a run may stop and go on with.

What belongs here: which folder a training has, starting the child in it under Pipes, and removing old folders.
What is trained, and what becomes of it, is `assets.networks`.
"""

import ast
import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import version
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
_LIBRARIES = ("torch", "timm")
# Every step on a CPU needs the same gigabytes. glibc maps each large block anew, and the kernel clears its pages, which
# was a quarter of a step's time (lite0, 32 pictures: 2.8 s, so 2.2 s); told so, it keeps what is freed. Not for a
# process that does anything else: what it holds at its worst, it holds to its end.
KEEP_FREED = {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**33)}


def labels_of(table: "pa.Table", attributes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The labels of each attribute in a training set, sorted: the order of the logits."""
    return {
        attribute: tuple(sorted(set(table[attribute].drop_null().to_pylist())))
        for attribute in attributes
    }


def run_folder(lake: Lake, plan: Plan, table: "pa.Table") -> Path:
    """Where this plan is trained on this set by this code: another of the three starts anew.

    The code: whatever the trainer imports of ours, and the versions of torch and timm.
    """
    rows = json.dumps(table.to_pylist(), sort_keys=True).encode()
    facts = [
        json.dumps(plan.as_dict(), sort_keys=True),
        hashlib.sha256(rows).hexdigest(),
        sha256_files(code()),
        *(f"{name} {version(name)}" for name in _LIBRARIES),
    ]
    key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
    return lake.file(f"{RUNS}/{plan.name}/{key}")


def code() -> list[Path]:
    """The modules of ours that decide what a training ends in: all that the trainer imports, and what those do.

    Sorted. Read from the source, imports within functions too; what only annotations need is among them.
    """
    found: set[Path] = set()
    left = sorted((_ROOT / "models" / "trainer").glob("*.py"))
    while left:
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                left += [file for one in node.names for file in _files(one.name)]
            elif isinstance(node, ast.ImportFrom) and node.module:
                below = [f"{node.module}.{one.name}" for one in node.names]
                left += [file for name in (node.module, *below) for file in _files(name)]
    return sorted(found)


def _files(module: str) -> list[Path]:
    """A module's file, if it is ours, and those of the packages around it."""
    parts = module.split(".")
    around = [_ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [one for one in (*around, _ROOT.joinpath(*parts).with_suffix(".py")) if one.is_file()]


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
        env=KEEP_FREED,
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
