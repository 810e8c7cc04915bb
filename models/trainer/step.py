"""One step's gradients: the batch in as many parts as fit into memory, weighed as one.

They are the same whatever the parts' number, but for batch norm where it learns, whose statistics are each
part's own (models.trainer.learner).
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import torch

Losses = Callable[[dict[str, torch.Tensor], dict[str, torch.Tensor]], torch.Tensor]


def gradients(
    network: Callable[[torch.Tensor], dict[str, torch.Tensor]],
    images: torch.Tensor,
    targets: Mapping[str, torch.Tensor],
    labelled: Mapping[str, float],
    loss: Losses,
    parts: int,
    forward: Callable[[], AbstractContextManager[None]],
) -> torch.Tensor:
    """Add the gradients of this process's share of a batch; return [its share of the loss, right answers].

    labelled: how many pictures of the whole batch, over all processes and parts, have each attribute. loss:
    of one attribute, the mean over the labelled; weighed by their share of the whole, the parts' sum is the
    mean over the whole batch, attributes averaged.
    """
    told = torch.zeros(2, device=images.device)
    parts = min(parts, len(images))
    pieces = {attribute: one.tensor_split(parts) for attribute, one in targets.items()}
    for number, piece in enumerate(images.tensor_split(parts)):
        with forward():
            outputs = network(piece)
        whole = torch.zeros((), device=images.device)
        for attribute, logits in outputs.items():
            wanted = pieces[attribute][number]
            known = wanted >= 0
            share = known.sum() / (max(labelled[attribute], 1) * len(outputs))
            whole = whole + loss({attribute: logits.float()}, {attribute: wanted}) * share
            told[1] += ((logits.argmax(1) == wanted) & known).sum()
        whole.backward()
        told[0] += whole.detach()
    return told


def out_of_memory(error: BaseException) -> bool:
    """Whether the error is the device's, or the machine's, memory running out."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError)
        and any(said in str(error) for said in ("can't allocate memory", "STATUS_ALLOC_FAILED"))
    )


def ending(error: BaseException) -> str | None:
    """What to say of an error that no smaller step helps against; None for any other error.

    A GPU that is gone (torch.AcceleratorError, or RuntimeError "CUDA error: …") fails whatever is asked of it
    later in this process, so only a new process can go on.
    """
    first = (str(error).splitlines() or [type(error).__name__])[0]
    if out_of_memory(error):
        return f"Memory ran out ({first}). Free memory, or choose a smaller backbone or image_size"
    if isinstance(error, torch.AcceleratorError) or "CUDA error" in first:
        return f"The GPU no longer answers ({first})"
    return None
