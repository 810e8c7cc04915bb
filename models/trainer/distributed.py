"""One process or many: the few things that processes of one training say to each other.

Gradients are summed by hand once a step, not by DistributedDataParallel's hooks while they arise: so a
process that is out of memory, or is asked to stop, can say so before the others wait for its gradients,
and the step can be done again in smaller parts everywhere. What is given up is the overlap of the two.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from models.trainer import TrainingError
from storage.errors import MendableError

_Made = TypeVar("_Made")


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

    def together(self, work: Callable[[], _Made]) -> _Made:
        """Do what each process does by itself, without a word to the others; return what it made.

        Where it fails on one, all raise that failure (the first's, by rank): who waited for the others' word
        would be told of a closed connection alone.
        """
        made, error = None, None
        try:
            made = work()
        except Exception as found:
            if self.world == 1:
                raise
            error = found
        self.raise_any(error)
        return made  # type: ignore[return-value]

    def raise_any(self, error: Exception | None) -> None:
        """Raise on every process the first error, by rank, that one of them hands in.

        An error that nobody can mend is a RuntimeError with the same words to the others, but for memory's.
        """
        if not self.any(error is not None)[0]:
            return
        told = error
        kinds = (MendableError, MemoryError, torch.OutOfMemoryError)
        if error is not None and not isinstance(error, kinds):
            told = RuntimeError(str(error))  # any other may not travel
        all_told = self.gathered(told)
        first = next(rank for rank, one in enumerate(all_told) if one is not None)
        if error is not None and first == self.rank:
            raise error
        raise all_told[first] from error

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
    gpus = torch.cuda.device_count()
    if world == 1:
        yield Processes(rank, world, _own_device(gpus))
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")
    try:
        cpu = Processes(rank, world, torch.device("cpu"))
        yield replace(cpu, device=cpu.together(lambda: _own_device(gpus)))
    finally:
        dist.destroy_process_group()


def _own_device(gpus: int) -> torch.device:
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if not gpus:
        return torch.device("cpu")
    if local >= gpus:
        raise TrainingError(
            f"There are {gpus} GPUs and process {local} wants one of its own: start torchrun with "
            f"--nproc-per-node {gpus}."
        )
    device = torch.device("cuda", local)
    torch.cuda.set_device(device)
    return device
