"""Whether training waits for its pictures: steps fed from derivatives, beside the same steps on tensors in memory.

A step is forward, backward and AdamW of the network with a backbone and a head, bf16 where the device is made for it; on
one side its input is a random float tensor that is there, on the other side batches of `models.feed`, moved to the
device, mildly augmented and normalised. In turn, an epoch of the one and an epoch of the other; figures are ratios of images
a second, at least 0.9. `…_ratio`: median of the pairs after the first. `…_first_epoch_ratio`: the first epoch, its threads'
start included, of derivatives just written. A GPU is used where there is one; with none, all cores are.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from benchmarks._derivatives import derivatives
from benchmarks._harness import arguments, report
from models.recipe import Architecture, Recipe

if TYPE_CHECKING:
    import torch

_BACKBONES = {"lite0": "tf_efficientnet_lite0", "resnet18": "resnet18", "resnet50": "resnet50"}
_LABELS = {"department": tuple("abcdefgh")}


def pictures(count: int, store: Path) -> pa.Table:
    """A set of so many rows over the derivatives that there are, with made labels."""
    made = derivatives(min(count, 512), store)
    rows = made.take([number % len(made) for number in range(count)])
    labels = [_LABELS["department"][number % 8] for number in range(count)]
    return rows.append_column("side", pa.array(["train"] * count)).append_column(
        "department", pa.array(labels)
    )


def trainer(backbone: str, recipe: Recipe) -> Any:
    """A step: input and targets in, weights changed."""
    import torch
    from torch.nn.functional import cross_entropy

    from models.networks import build
    from models.trainer import precision

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = build(Architecture(backbone=backbone, weights="none"), _LABELS, recipe.image_size)
    network.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4)
    kind = precision.chosen(recipe.precision, device)

    def step(images: "torch.Tensor", targets: "torch.Tensor") -> None:
        optimizer.zero_grad()
        with precision.autocast(device, kind):
            logits = network(images)["department"]
        cross_entropy(logits.float(), targets).backward()
        optimizer.step()

    return step, network.fingerprint, device


def measure(backbone: str, table: pa.Table, store: Path, recipe: Recipe, pairs: int) -> list[float]:
    """Images a second from the feed over those from memory, of each pair."""
    import torch

    from models.augment import prepare
    from models.feed import Feed

    step, fingerprint, device = trainer(backbone, recipe)
    feed = Feed(table, store, _LABELS, recipe, "train")
    size = recipe.image_size
    ready = torch.randn(recipe.batch_size, 3, size, size, device=device)
    ready = ready.contiguous(memory_format=torch.channels_last)
    wanted = torch.zeros(recipe.batch_size, dtype=torch.int64, device=device)

    def fed(epoch: int) -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
        for number, batch in enumerate(feed.epoch(epoch)):
            images = batch.images.to(device, non_blocking=True)
            seed = epoch * len(feed) + number
            yield (
                prepare(images, fingerprint, augmentation=recipe.augmentation, seed=seed),
                batch.targets["department"].to(device, non_blocking=True),
            )

    def seconds(epoch: Callable[[], "Iterator[tuple[torch.Tensor, torch.Tensor]]"]) -> float:
        started = time.perf_counter()
        for images, targets in epoch():
            step(images, targets)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - started

    def memory() -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
        return ((ready, wanted) for _ in range(len(feed)))

    for _ in range(3):
        step(ready, wanted)
    ratios = []
    for pair in range(pairs):
        if pair % 2:
            ratios.append(1 / seconds(lambda epoch=pair: fed(epoch)) * seconds(memory))
        else:
            ratios.append(seconds(memory) / seconds(lambda epoch=pair: fed(epoch)))
    return ratios


def main() -> None:
    """Measure and report."""
    import torch

    asked = arguments(__doc__ or "")
    on_gpu = torch.cuda.is_available()
    if asked.quick:
        recipe, steps, pairs = Recipe(batch_size=4, image_size=64), 2, 2
    elif on_gpu:
        recipe, steps, pairs = Recipe(batch_size=128), 60, 6
    else:
        recipe, steps, pairs = Recipe(batch_size=32), 6, 6
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        table = pictures(steps * recipe.batch_size, Path(place))
        for name, backbone in _BACKBONES.items():
            first, *later = measure(backbone, table, Path(place), recipe, pairs)
            figures[f"{name}_ratio"] = statistics.median(later)
            figures[f"{name}_first_epoch_ratio"] = first
    sizes: dict[str, int | str] = {
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "batch": recipe.batch_size,
        "steps": steps,
        "pairs": pairs,
        "image_size": recipe.image_size,
    }
    report("feed", figures, peers=["torch", "timm"], sizes=sizes)


if __name__ == "__main__":
    main()
