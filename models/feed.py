"""Derivatives to batches: what a training step eats, decoded ahead of it.

What belongs here: which pictures make which batch, and getting them ready in time. Threads do that, not
processes: reading, the JPEG decoder and OpenCV all work without the interpreter's lock, no batch is
copied between processes, a container's small /dev/shm does not matter, and nothing outlives a killed
trainer. How pictures vary from epoch to epoch is models.augment.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.pixels import read_square
from models.recipe import Recipe
from storage.errors import MendableError
from storage.memo import cores

if TYPE_CHECKING:
    import torch

_AHEAD = 4  # batches in the making: at 256 pictures of 224², 150 MB
_TOGETHER = (
    8  # pictures a thread takes at once: handing over costs as much as a twentieth of a picture
)


class FeedError(MendableError):
    """The set or a picture of it cannot be learned from; the message names it."""


@dataclass(frozen=True)
class Batch:
    """Pictures of one step of this process, on the CPU (pinned where there is CUDA).

    images: uint8 n × 3 × size × size, channels last in memory. targets: of each attribute int64 n, the
    label's number, −1 where the picture has none. rows: int64 n, the pictures' rows in the set.
    """

    images: "torch.Tensor"
    targets: dict[str, "torch.Tensor"]
    sha256: list[str]
    rows: "torch.Tensor"


class Feed:
    """The batches of one side of a set, for process `rank` of `world`.

    pictures: as `models.sets.training_set` gives them; labels: of each attribute, in the order of the
    logits. A step's `recipe.batch_size` pictures are dealt out to the processes in turn, so the same
    ones make a step however many there are. Side "train" is shuffled anew each epoch, and gives up its
    last partial batch unless it is the only one; other sides come in the set's order, whole.

    Raises FeedError for a label that `labels` does not have, and for a train side too small for `world`.
    """

    def __init__(
        self,
        pictures: pa.Table,
        store_root: Path,
        labels: Mapping[str, tuple[str, ...]],
        recipe: Recipe,
        side: str,
        *,
        rank: int = 0,
        world: int = 1,
    ):
        self.store_root = store_root
        self.recipe = recipe
        self.side = side
        self.rank, self.world = rank, world
        self.rows = np.flatnonzero(pc.equal(pictures["side"], side).to_numpy(zero_copy_only=False))
        if side == "train" and min(len(self.rows), recipe.batch_size) < world:
            raise FeedError(
                f"{len(self.rows)} pictures to train on in batches of {recipe.batch_size} do not "
                f"give each of {world} processes one. Use fewer processes or a larger set."
            )
        self._paths = pictures["path"].to_pylist()
        self._sha256 = pictures["sha256"].to_pylist()
        self._targets = {name: _numbers(pictures, name, labels[name]) for name in labels}

    def __len__(self) -> int:
        """Batches an epoch of this process."""
        return len(self._batches(0))

    def epoch(self, number: int, start: int = 0) -> "Iterator[Batch]":
        """The batches of an epoch from `start` on; those before it are not decoded.

        Batch `k` of epoch `number` is the same whenever it is asked for. Raises FeedError naming the file
        when a derivative is missing or broken.
        """
        with ThreadPoolExecutor(_threads(), thread_name_prefix="feed") as pool:
            making: deque[tuple[Batch, list[Future[None]]]] = deque()
            try:
                for rows in self._batches(number)[start:]:
                    making.append(self._begin(pool, rows))
                    if len(making) > _AHEAD:
                        yield _made(*making.popleft())
                while making:
                    yield _made(*making.popleft())
            finally:  # also when the trainer stops early: what waits is not decoded any more
                pool.shutdown(cancel_futures=True)

    def _batches(self, epoch: int) -> list[np.ndarray]:
        """The rows of each batch of this process."""
        size, rows = self.recipe.batch_size, self.rows
        if self.side == "train":
            rows = np.random.default_rng([self.recipe.seed, epoch]).permutation(rows)
            if len(rows) > size:
                rows = rows[: len(rows) // size * size]
        steps = [
            rows[first : first + size][self.rank :: self.world]
            for first in range(0, len(rows), size)
        ]
        return [step for step in steps if len(step)]

    def _begin(
        self, pool: ThreadPoolExecutor, rows: np.ndarray
    ) -> tuple[Batch, list[Future[None]]]:
        import torch

        size = self.recipe.image_size
        images = torch.empty(
            (len(rows), size, size, 3), dtype=torch.uint8, pin_memory=torch.cuda.is_available()
        )
        pixels = images.numpy()
        parts = [slice(at, at + _TOGETHER) for at in range(0, len(rows), _TOGETHER)]
        decoding = [pool.submit(self._decode, rows[part], pixels[part]) for part in parts]
        batch = Batch(
            images.permute(0, 3, 1, 2),
            {name: torch.from_numpy(numbers[rows]) for name, numbers in self._targets.items()},
            [self._sha256[row] for row in rows],
            torch.from_numpy(rows),
        )
        return batch, decoding

    def _decode(self, rows: np.ndarray, into: np.ndarray) -> None:
        for row, square in zip(rows, into, strict=True):
            path = self.store_root / self._paths[row]
            try:
                read_square(path, self.recipe.image_size, square)
            except OSError as error:
                raise FeedError(
                    f"The derivative {path} cannot be read: {error.strerror or error}. Make it anew "
                    "(remove what is left of it and of images/memo, and run the stage images), then "
                    "train again: it goes on at its last checkpoint."
                ) from error


def _made(batch: Batch, decoding: "list[Future[None]]") -> Batch:
    for part in decoding:
        part.result()
    return batch


def _numbers(pictures: pa.Table, attribute: str, labels: tuple[str, ...]) -> np.ndarray:
    column = pictures[attribute]
    numbers = pc.index_in(column, value_set=pa.array(labels, pa.string()))
    strange = column.filter(pc.and_(pc.is_valid(column), pc.is_null(numbers)))
    if len(strange):
        raise FeedError(
            f"The set calls {len(strange)} pictures by a {attribute} that the network has not: "
            f"{strange[0]}. Make the set and the labels from the same examples."
        )
    return pc.fill_null(numbers, -1).to_numpy().astype(np.int64)


def _threads() -> int:
    """A thread for each core of this process's share of its machine."""
    return max(1, cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
