"""Batch inference over the lake: derivatives to logits, by the engine that a machine is best at.

What belongs here: the kernel, and keeping its engine fed. Probabilities are the softmax of logits divided by the
model's temperature (models.calibration).
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.engines import Engine, open_engine
from models.pixels import read_square
from storage.memo import MISSING, cores

_CODE_VERSION = "1"
BATCH_SIZE = (
    2048  # rows for `map_files`: a shard of results, and enough to keep 16 cores and a GPU at it
)


class Infer:
    """The kernel for `storage.map_files(…, key="sha256", workers=0, batch_size=BATCH_SIZE)`.

    Batch in: `sha256`, and `path` of the JPEG derivative below `store_root`. Batch out: `sha256`; for each
    attribute of the model, sorted, a column of logits (list<float32>, in the order of the model's labels,
    null where it failed); `model`, what gave them; `error`. A derivative that is missing or broken is a row with
    its reason. folder, engine: as `models.engines.open_engine` takes them, and raises for them, here at the
    first use.
    """

    def __init__(self, folder: Path, store_root: Path, engine: str = "auto"):
        self.folder = folder
        self.store_root = store_root
        self.asked = engine

    @property
    def version(self) -> str:
        """The memo's version: changes with the network, its weights, the engine and this code."""
        return f"{_CODE_VERSION}-{self.engine.name}-{self.engine.model_id}"

    @cached_property
    def engine(self) -> Engine:
        """The engine, opened when it is first needed."""
        return open_engine(self.folder, self.asked)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "engine"}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The logits of one batch."""
        engine = self.engine
        paths = batch["path"].to_pylist()
        # While as many as the engine has wait for it, a core each decodes what comes next: in two rounds at
        # least, for in the first one there is nothing yet to wait for.
        threads = cores() + engine.threads
        size = max(1, min(engine.batch, math.ceil(len(paths) / (2 * threads))))
        parts = [paths[at : at + size] for at in range(0, len(paths), size)]
        with ThreadPoolExecutor(threads, thread_name_prefix="infer") as pool:
            rows = [row for part in pool.map(self._part, parts) for row in part]
        logits = pa.list_(pa.float32())
        columns = {
            name: pa.array([said and said[name] for said, _ in rows], logits)
            for name in engine.labels
        }
        return pa.RecordBatch.from_pydict(
            {
                "sha256": batch["sha256"],
                **columns,
                "model": pa.array([engine.model_id] * len(rows), pa.string()),
                "error": pa.array([error for _, error in rows], pa.string()),
            }
        )

    def _part(self, paths: list[str]) -> list[tuple[dict[str, np.ndarray] | None, str | None]]:
        size = self.engine.image_size
        pixels = np.empty((len(paths), size, size, 3), np.uint8)
        errors = [self._read(path, square) for path, square in zip(paths, pixels, strict=True)]
        good = [number for number, error in enumerate(errors) if error is None]
        images = pixels if len(good) == len(paths) else pixels[good]
        said = self.engine(images.transpose(0, 3, 1, 2))
        rows: Iterator[dict[str, np.ndarray]] = (
            {name: logits[number] for name, logits in said.items()} for number in range(len(good))
        )
        return [(None, error) if error else (next(rows), None) for error in errors]

    def _read(self, path: str, square: np.ndarray) -> str | None:
        try:
            read_square(self.store_root / path, self.engine.image_size, square)
        except FileNotFoundError:
            return f"{MISSING}: derivative {path} is not there"
        except OSError as error:
            return f"derivative {path} cannot be read: {error.strerror or error}"
        return None
