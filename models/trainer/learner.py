"""One optimizer's step: a batch in, weights changed, however memory and processes cut it.

Loss, gradients and learning rate are those of the whole batch. What is not: batch norm, where it learns, takes
its statistics over the pictures that one process has at a time, and counts the first process's as its running
ones. A step in more parts or processes so sees noisier statistics; small batches of many processes suffer
(Wu and He 2018, arXiv 1803.08494). They are not gathered over the processes (torch.nn.SyncBatchNorm): whoever
runs out of memory within a forward pass would leave the others waiting in it, and could not say so.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from models.augment import prepare
from models.feed import Batch
from models.networks import Network, build, loss
from models.trainer import TrainingError, precision
from models.trainer.distributed import Processes
from models.trainer.ema import Average
from models.trainer.run import Run
from models.trainer.schedule import groups, set_rates
from models.trainer.step import gradients, out_of_memory

_CLIP = 5.0  # norm of the gradients: cuts off spikes, not the everyday


class Learner:
    """Network, moving average and optimizer of a run.

    steps: of an epoch. note: gets a sentence when memory ran out. parts: into which a step is cut, as many as
    memory has asked for.
    """

    def __init__(self, run: Run, among: Processes, steps: int, note: Callable[[str], None]):
        recipe = self._recipe = run.plan.recipe
        self._among, self._note = among, note
        self._device, self._steps = among.device, steps * recipe.epochs
        torch.manual_seed(recipe.seed)
        self.network: Network = among.together(
            lambda: build(run.plan.architecture, run.labels, recipe.image_size, recipe.seed)
        )
        self.network.to(among.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        among.as_first(self.network)
        torch.manual_seed(recipe.seed + among.rank)
        self.average = Average(self.network, recipe.ema) if recipe.ema else None
        self.optimizer = torch.optim.AdamW(groups(self.network.layers(), recipe, steps))
        self.precision = precision.chosen(recipe.precision, among.device)
        if self.precision == "bf16" and among.device.type == "cpu":
            precision.depthwise_in_fp32(self.network)
        self.parts = recipe.accumulation
        self.rate = 0.0
        self._called = torch.compile(self.network) if recipe.compile else self.network
        self._priors = log_priors(run)
        if among.device.type == "cuda":
            torch.backends.cudnn.benchmark = True
            torch.set_float32_matmul_precision("high")

    @property
    def judged(self) -> Network:
        """The network whose figures count: the moving average, where there is one."""
        return self.average.network if self.average else self.network

    def forward(self) -> AbstractContextManager[None]:
        """The context of a forward pass that teaches: the precision's."""
        return precision.autocast(self._device, self.precision)

    def begin(self, epoch: int) -> None:
        """Make ready to learn in `epoch`, from 0: the heads alone, or all."""
        recipe = self._recipe
        still = recipe.frozen or epoch < recipe.head_epochs
        self.network.freeze(still, recipe.frozen_stages).train()

    def learn(
        self, batch: Batch, epoch: int, number: int, step: int
    ) -> tuple[torch.Tensor, list[int]]:
        """Take the optimizer's `step` on a batch, which is the `number`th of its epoch.

        Returns [this process's share of the loss, its right answers, the norm of all gradients], not waited
        for, and how many pictures and how many labels the step had over all processes.
        """
        recipe, among, device = self._recipe, self._among, self._device
        self.rate = set_rates(self.optimizer, step, self._steps, recipe.warm_up)
        seeds = np.random.SeedSequence((recipe.seed, epoch, number, among.rank))
        images = prepare(
            batch.images.to(device, non_blocking=True),
            self.network.fingerprint,
            augmentation=recipe.augmentation,
            seed=int(seeds.generate_state(1)[0]),
        ).contiguous(memory_format=torch.channels_last)
        targets = {name: one.to(device, non_blocking=True) for name, one in batch.targets.items()}
        known = {name: float((one >= 0).sum()) for name, one in batch.targets.items()}
        *counts, pictures = among.total([*known.values(), float(len(images))])
        labelled = dict(zip(known, counts, strict=True))
        told = self._gradients(images, targets, labelled, f"epoch {epoch + 1}, batch {number + 1}")
        among.sum_gradients(self.network.parameters())
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimizer.step()
        if self.average:
            self.average.update(self.network)
        return torch.cat([told, norm.detach().reshape(1)]), [int(pictures), int(sum(counts))]

    def kept(self) -> dict[str, Any]:
        """All that a checkpoint needs of it."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict() if self.average else None,
            "updates": self.average.updates if self.average else 0,
            "optimizer": self.optimizer.state_dict(),
            "parts": self.parts,
        }

    def put_back(self, kept: dict[str, Any]) -> None:
        """Be as `kept` found it, on any device."""
        self.network.load_state_dict(kept["network"])
        if self.average:
            self.average.network.load_state_dict(kept["average"])
            self.average.updates = kept["updates"]
        self.optimizer.load_state_dict(kept["optimizer"])
        self.parts = kept["parts"]

    def _gradients(
        self,
        images: torch.Tensor,
        targets: dict[str, torch.Tensor],
        labelled: dict[str, float],
        where: str,
    ) -> torch.Tensor:
        """The gradients of a batch, in twice as many parts as long as memory runs out anywhere."""
        told = torch.zeros(2, device=self._device)
        while True:
            self.optimizer.zero_grad()
            short, failed = False, None
            try:
                told = gradients(
                    self._called, images, targets, labelled, self._loss, self.parts, self.forward
                )
            except (RuntimeError, MemoryError) as error:
                short = out_of_memory(error)
                failed = None if short else error
            # Only out of the except block does the traceback let go of the part's tensors.
            self._among.raise_any(failed)
            short, stuck = self._among.any(short, short and self.parts >= len(images))
            if not short:
                return told
            self.optimizer.zero_grad()
            torch.cuda.empty_cache()
            if stuck:
                raise TrainingError(
                    f"In {where} memory does not do for a single picture of {self._recipe.image_size} "
                    "pixels. Free memory, or choose a smaller backbone or image_size; the last checkpoint "
                    "stays."
                )
            self.parts *= 2
            size = -(-len(images) // self.parts)
            self._note(
                f"Out of memory in {where}: from here on {size} pictures at a time, {self.parts} times a "
                f"step, which learns from as many as before{self._fewer(size)}."
            )

    def _fewer(self, size: int) -> str:
        """What smaller parts change of a step."""
        norms = (one for one in self.network.modules() if isinstance(one, _BatchNorm))
        if not any(one.training for one in norms):
            return ""
        return (
            f"; but batch norm's statistics are now of {size} pictures each, so figures may differ"
        )

    def _loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> torch.Tensor:
        return loss(
            logits,
            targets,
            label_smoothing=self._recipe.label_smoothing,
            log_priors=self._priors,
            tau=self._recipe.logit_adjustment,
        )


def log_priors(run: Run) -> dict[str, torch.Tensor]:
    """The logarithm of each label's share of the train side; a label that is not there counts once."""
    found = {}
    sides = run.table["side"].to_pylist()
    for attribute, names in run.labels.items():
        pairs = zip(sides, run.table[attribute].to_pylist(), strict=True)
        taught = [label for side, label in pairs if side == "train"]
        counts = torch.tensor([max(taught.count(name), 1) for name in names], dtype=torch.float32)
        found[attribute] = (counts / counts.sum()).log()
    return found
