"""Runs to train for the tests of the trainer: a store of plain pictures, a small network, what it reports."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from models.recipe import Architecture, Plan, Recipe
from models.trainer.run import prepare_run

LABELS = {"department": ("blue", "green", "red"), "style": ("dark", "light")}
RECIPE = Recipe(
    epochs=3,
    head_epochs=1,
    batch_size=8,
    learning_rate=3e-3,
    image_size=32,
    precision="fp32",
    ema=0.9,
    label_smoothing=0.0,
)
PLAN = Plan("colours", ("department", "style"), "grouped", Architecture("small", "none"), RECIPE)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pa.Table]:
    """A store of 72 plain pictures, and the set: a colour each, of every other one whether it is light."""
    store = tmp_path_factory.mktemp("store")
    random = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for number in range(72):
        colour, light = number % 3, number // 3 % 2
        pixels = random.integers(0, 60, (48, 48, 3))
        pixels[..., 2 - colour] += 80 + 100 * light
        path = f"derivative/{number:02d}.jpg"
        (store / path).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(store / path, quality=95)
        rows.append(
            {
                "sha256": f"{number:064d}",
                "path": path,
                "artwork_id": f"x:{number:02d}",
                "group_id": f"g{number // 2}",
                "side": ("train", "train", "train", "validation", "test", "train")[number // 6 % 6],
                "department": LABELS["department"][colour],
                "style": LABELS["style"][light] if number % 2 else None,
            }
        )
    return store, pa.Table.from_pylist(rows)


@pytest.fixture
def prepared(tmp_path: Path, pictures: tuple[Path, pa.Table]) -> Callable[..., Path]:
    """Make a run folder of that name, with changes to plan and recipe."""

    def make(name: str = "run", table: pa.Table | None = None, **changes: Any) -> Path:
        store, whole = pictures
        fields = {key: changes.pop(key) for key in ("architecture", "attributes") if key in changes}
        plan = replace(PLAN, recipe=replace(RECIPE, **changes), **fields)
        prepare_run(tmp_path / name, plan, whole if table is None else table, store, LABELS)
        return tmp_path / name

    return make


class Told(list[dict[str, Any]]):
    """What was reported."""

    def __call__(self, record: dict[str, Any]) -> None:
        self.append(record)

    def notes(self) -> str:
        return "\n".join(record["text"] for record in self if record["event"] == "note")
