"""One process or many: the few things that processes of one training say to each other.

Gradients are summed by hand once a step, not by DistributedDataParallel's hooks while they arise: so a
process that is out of memory, or is asked to stop, can say so before the others wait for its gradients,
and the step can be done again in smaller parts everywhere. What is given up is the overlap of the two.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from models.trainer import TrainingError


@dataclass(frozen=True)
class Processes:
    """This process among `world`; rank 0 speaks and writes for all."""

    rank: int
    world: int
    device: torch.device

    def total(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes, exact for counts."""
        if self.world == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(sums)
        return sums.tolist()

    def any(self, *flags: bool) -> list[bool]:
        """Of each flag, whether a process raised it."""
        return [count > 0 for count in self.total([float(flag) for flag in flags])]

    def gathered(self, value: Any) -> list[Any]:
        """What each process hands in, by rank."""
        if self.world == 1:
            return [value]
        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, value)
        return found

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace each gradient by its sum over the processes; none counts as zeros."""
        if self.world == 1:
            return
        taught = [one for one in parameters if one.requires_grad]
        for one in taught:
            if one.grad is None:
                one.grad = torch.zeros_like(one)
        gradients = [one.grad for one in taught if one.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        pieces = flat.split([gradient.numel() for gradient in gradients])
        for gradient, piece in zip(gradients, pieces, strict=True):
            gradient.copy_(piece.view_as(gradient))

    def as_first(self, *networks: torch.nn.Module) -> None:
        """Give every process the weights and running statistics of rank 0."""
        if self.world > 1:
            for network in networks:
                for tensor in network.state_dict().values():
                    held = tensor.contiguous()
                    dist.broadcast(held, 0)
                    tensor.copy_(held)


@contextmanager
def processes() -> Iterator[Processes]:
    """What torchrun's RANK, LOCAL_RANK and WORLD_SIZE say, alone without them; a GPU each, or CPU.

    Numbers of GPUs go over nccl, everything on CPU over gloo. Raises TrainingError when there are more
    processes here than GPUs.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    local, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if gpus and local >= gpus:
        raise TrainingError(
            f"There are {gpus} GPUs and process {local} wants one of its own: start torchrun with "
            f"--nproc-per-node {gpus}."
        )
    device = torch.device("cuda", local) if gpus else torch.device("cpu")
    if gpus:
        torch.cuda.set_device(device)
    if world == 1:
        yield Processes(rank, world, device)
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")
    try:
        yield Processes(rank, world, device)
    finally:
        dist.destroy_process_group()
